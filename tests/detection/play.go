package detection

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/tests/detection/town"
)

const (
	// sendsEvery is how long an agent keeps what failed before it sends: Weir's own batches for at most so long.
	sendsEvery = 10 * time.Second
	// mostOfRequest is how many events a request holds.
	mostOfRequest = 4000
	// tidyEvery is how often segments and statistics are compacted, as far as tidyDelay before; a service does it more
	// often, and with the same result.
	tidyEvery, tidyDelay = 6 * time.Hour, 15 * time.Minute
)

// Source is where events come from.
type Source interface {
	// Until gives what is sent up to a time, in order, and each event once.
	Until(to time.Time) []town.Event
}

// Pace says how closely time is followed.
type Pace struct {
	// Step is how often the jobs of a minute are done.
	Step time.Duration
	// Prompt sends what failed within sendsEvery, and counts it at once, as a service does. Without it all events of a step
	// are sent at its end.
	Prompt bool
}

// The paces. Live is that of a service. Coarse is for days at which nobody looks closely: what is found is found, later.
var (
	Live   = Pace{Step: time.Minute, Prompt: true}
	Coarse = Pace{Step: 3 * time.Hour}
)

// Play lets the source live up to a time.
func (w *World) Play(ctx context.Context, from Source, to time.Time, pace Pace) error {
	for w.Now().Before(to) {
		end := w.Now().Add(pace.Step).Truncate(pace.Step)
		if end.After(to) {
			end = to
		}
		if err := w.deliver(ctx, from.Until(end), end, pace); err != nil {
			return err
		}
		w.At(end)
		if err := w.Look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends the events of a step.
func (w *World) deliver(ctx context.Context, events []town.Event, end time.Time, pace Pace) error {
	for pace.Prompt {
		failed := slices.IndexFunc(events, func(e town.Event) bool { return e.Failed })
		if failed < 0 {
			break
		}
		at := events[failed].At.Truncate(sendsEvery).Add(sendsEvery)
		if !at.Before(end) {
			break
		}
		n := failed
		for n < len(events) && !events[n].At.After(at) {
			n++
		}
		w.At(at)
		if err := w.Send(ctx, events[:n]); err != nil {
			return err
		}
		if err := w.take(ctx); err != nil {
			return err
		}
		events = events[n:]
	}
	w.At(end)
	return w.Send(ctx, events)
}

// Send posts events with the key. All of them must be taken.
func (w *World) Send(ctx context.Context, events []town.Event) error {
	for step := range slices.Chunk(events, mostOfRequest) {
		var body bytes.Buffer
		for _, e := range step {
			body.Write(e.JSON)
			body.WriteByte('\n')
		}
		if err := w.timed("ingest", func() error { return w.post(ctx, &body) }); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) post(ctx context.Context, body *bytes.Buffer) error {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/events", body)
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+w.account.key)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var said ingest.Result
	if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil || answer.Code != http.StatusAccepted || len(said.Rejected) > 0 {
		return fmt.Errorf("events were answered with %d: %.500s", answer.Code, answer.Body)
	}
	return nil
}

// Look does what the jobs of a minute do, and compaction and partitions when their time has come.
func (w *World) Look(ctx context.Context) error {
	err := w.timed("flush", func() error { return errors.Join(w.directory.FlushActivity(ctx), w.sampler.Flush(ctx)) })
	if err != nil {
		return err
	}
	if err := w.take(ctx); err != nil {
		return err
	}
	if err := w.detect(ctx); err != nil {
		return err
	}
	if w.Now().Sub(w.tidied) < tidyEvery {
		return nil
	}
	w.tidied = w.Now()
	if err := w.makePartitions(ctx); err != nil {
		return err
	}
	return w.timed("tidy", func() error { return w.tidy(w.system(ctx)) })
}

// tidy merges what many small commits left.
func (w *World) tidy(ctx context.Context) error {
	before := w.Now().Add(-tidyDelay).Truncate(time.Hour)
	if _, err := w.journal.Compact(ctx, before); err != nil {
		return err
	}
	_, err := w.statistics.Compact(ctx, before)
	return err
}

// makePartitions makes those of the days that come.
func (w *World) makePartitions(ctx context.Context) error {
	today := journal.DayOf(w.Now())
	if today+1 < w.madeTo {
		return nil
	}
	from := max(today-1, w.madeTo)
	w.madeTo = today + 8
	_, err := w.journal.EnsurePartitions(ctx, from, w.madeTo)
	return err
}
