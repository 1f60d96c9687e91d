package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/errs"
)

// Config says what Run sends, where and how fast. URL and Key are required.
type Config struct {
	URL, Key string
	// Rate is the mean number of events a second of a story that unfolds as it is sent. 0 sends plain
	// API requests of a corpus instead, as fast as the service acknowledges them.
	Rate float64
	// Duration ends the run; 0 goes on until the context ends.
	Duration time.Duration
	// Senders is how many requests are open at once; 0 is 4.
	Senders int
	// Batch is the most events of one request; 0 is 500.
	Batch int
	Seed  uint64
	Gzip  bool
	// Out gets a line a second and the summary; nil prints nothing.
	Out  io.Writer
	HTTP *http.Client
}

// Validate reports every bad setting at once.
func (c Config) Validate() error {
	var bad errs.Fields
	bad.Check(c.URL != "", "url", "is missing: the address of a running service, such as http://127.0.0.1:8080")
	bad.Check(c.Key != "", "key", "is missing: an API key with the scope INGEST")
	bad.Check(c.Rate >= 0, "rate", "must not be negative")
	bad.Check(c.Duration >= 0, "duration", "must not be negative")
	bad.Check(c.Senders >= 0 && c.Senders <= 1024, "senders", "must be between 1 and 1024")
	bad.Check(c.Batch >= 0 && c.Batch <= MaxBatch, "batch", "must be between 1 and %d", MaxBatch)
	return bad.Err()
}

// drain is how long a run that is over waits for the answers to what it has sent.
const drain = 10 * time.Second

// tick is how often a story is asked for what has happened since. It bounds how late an event is.
const tick = 100 * time.Millisecond

// Run sends traffic to a running service until the duration is over or the context ends, and says
// what was acknowledged. A context that ends is the ordinary way to stop, and no error.
func Run(ctx context.Context, c Config) (Summary, error) {
	if err := c.Validate(); err != nil {
		return Summary{}, err
	}
	if c.Senders == 0 {
		c.Senders = 4
	}
	if c.Batch == 0 {
		c.Batch = 500
	}
	if c.Out == nil {
		c.Out = io.Discard
	}
	if c.HTTP == nil {
		transport := &http.Transport{MaxIdleConnsPerHost: c.Senders}
		defer transport.CloseIdleConnections()
		c.HTTP = &http.Client{Transport: transport, Timeout: time.Minute}
	}
	l := &load{config: c, client: NewClient(ClientConfig{URL: c.URL, Key: c.Key, Gzip: c.Gzip, HTTP: c.HTTP}), batches: make(chan batch, c.Senders)}
	l.client.trouble = l.tally.trouble
	return l.run(ctx)
}

// batch is the body of one request.
type batch struct {
	ndjson []byte
	events int
}

type load struct {
	config  Config
	client  *Client
	batches chan batch
	tally   tally
}

func (l *load) run(ctx context.Context) (Summary, error) {
	began := time.Now()
	produce, stop := context.WithCancel(ctx)
	defer stop()
	if l.config.Duration > 0 {
		var done context.CancelFunc
		produce, done = context.WithTimeout(produce, l.config.Duration)
		defer done()
	}
	// What is under way when the run is over may still be answered; a failure ends it at once.
	sending, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)

	var senders sync.WaitGroup
	for range l.config.Senders {
		senders.Go(func() { l.send(sending, abort, stop) })
	}
	var reporter sync.WaitGroup
	finished := make(chan struct{})
	reporter.Go(func() { l.report(finished, began) })

	if l.config.Rate > 0 {
		l.unfold(produce)
	} else {
		l.pour(produce)
	}
	close(l.batches)
	giveUp := time.AfterFunc(drain, func() {
		abort(errs.New(errs.Unavailable, "the service did not answer for what was sent within %s", drain))
	})
	senders.Wait()
	giveUp.Stop()
	close(finished)
	reporter.Wait()

	s := l.tally.summary(time.Since(began))
	if err := context.Cause(sending); err != nil && !errors.Is(err, context.Canceled) {
		return s, err
	}
	_, _ = fmt.Fprintln(l.config.Out, s)
	return s, nil
}

// send posts batches until there are none. What cannot be mended by waiting ends the whole run.
func (l *load) send(ctx context.Context, abort context.CancelCauseFunc, stop func()) {
	for b := range l.batches {
		if ctx.Err() != nil {
			continue
		}
		ack, err := l.client.Send(ctx, b.ndjson)
		if err != nil {
			abort(fmt.Errorf("send events: %w", err))
			stop()
			continue
		}
		l.tally.add(b.events, ack)
	}
}

// unfold sends a story as it happens.
func (l *load) unfold(ctx context.Context) {
	now := time.Now()
	story := New(Options{Seed: l.config.Seed, Start: now, Now: now, Rate: l.config.Rate, Flat: true, IncidentEvery: time.Minute})
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	var open batch
	for {
		story.Advance(time.Now(), func(e Event) {
			open.ndjson = append(e.AppendJSON(open.ndjson), '\n')
			if open.events++; open.events == l.config.Batch {
				l.hand(ctx, open)
				open = batch{}
			}
		})
		if open.events > 0 {
			l.hand(ctx, open)
			open = batch{}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// pour sends entries of a corpus as fast as they are taken. Their times are the present ones.
func (l *load) pour(ctx context.Context) {
	const chunk = 1 << 40 // entries a day: so close together that all lie within the last moments
	now := time.Now()
	corpus := NewCorpus(CorpusOptions{Seed: l.config.Seed ^ uint64(now.UnixNano()), Entries: chunk, Days: 1, End: now.Add(24 * time.Hour)}) //nolint:gosec // after 1970
	for from := 0; ctx.Err() == nil; from += l.config.Batch {
		l.hand(ctx, batch{ndjson: corpus.Batch(nil, 0, from, from+l.config.Batch), events: l.config.Batch})
	}
}

// hand gives a batch to a sender, or drops it when the run is over: it was never promised.
func (l *load) hand(ctx context.Context, b batch) {
	select {
	case l.batches <- b:
	case <-ctx.Done():
	}
}

// report prints a line a second.
func (l *load) report(finished <-chan struct{}, began time.Time) {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case <-finished:
			return
		case now := <-seconds.C:
			_, _ = fmt.Fprintln(l.config.Out, l.tally.line(now.Sub(began)))
		}
	}
}
