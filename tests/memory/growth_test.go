package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/tests/harness"
)

const (
	// bodyBytes is what is sent, unpacked: the most that one body may be.
	bodyBytes = 64 << 20
	// mostGrowth is by how much that may raise the memory of the service, for each body that is sent at once.
	mostGrowth = 32 << 20
	// mostEvents is how many events a request may have, entryBytes how long an ordinary one is.
	mostEvents, entryBytes = 5000, 1200
	// attempts is how many services may try: on a machine that others keep busy, Go collects later than it means to.
	attempts = 3
	// warmEvents are sent before, in ordinary requests.
	warmEvents = 4000
)

// shipment is how 64 MiB of events are sent.
type shipment struct {
	name string
	// events is how many there are. Ordinary ones fill a request of 5,000 long before 64 MiB: they take several.
	events      int
	array, gzip bool
	// senders send at once.
	senders int
}

func TestABodyOf64MiBNeedsNoneSuchMemory(t *testing.T) {
	t.Parallel()
	for i, s := range []shipment{
		{name: "lines", events: bodyBytes / entryBytes, senders: 1},
		{name: "arrays", events: bodyBytes / entryBytes, array: true, senders: 1},
		{name: "lines by four senders", events: bodyBytes / entryBytes, senders: 4},
		{name: "one gzip of lines", events: mostEvents, gzip: true, senders: 1},
		{name: "one gzip of an array", events: mostEvents, gzip: true, array: true, senders: 1},
	} {
		t.Run(s.name, func(t *testing.T) { // one after another: each has the machine to itself
			most := mib(int64(s.senders) * mostGrowth)
			var grown float64
			for attempt := range attempts {
				if grown = s.growth(t, fmt.Sprintf("large-body-%d-%d", i, attempt)); grown <= most {
					return
				}
			}
			require.LessOrEqual(t, grown, most)
		})
	}
}

// growth is by how many MiB the shipment raises the memory of a service of its own, which has done ordinary work before.
func (s *shipment) growth(t *testing.T, slug string) float64 {
	t.Helper()
	service := ours.start(t, slug)
	if _, ok := service.Memory(); !ok {
		t.Skipf("what a process holds in memory is read from /proc, which %s does not have", runtime.GOOS)
	}
	corpus := simulate.NewCorpus(simulate.CorpusOptions{Seed: 1, Entries: 100_000, Days: 1, End: time.Now()})
	for from := 0; from < warmEvents; from += 200 {
		answer, err := service.client.Events(within(t, patience), corpus.Batch(nil, 0, from, from+200))
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	}
	service.collect(t)
	require.NoError(t, service.ForgetPeak())
	before, _ := service.Memory()

	sent := s.send(t, service.client, corpus)
	after, _ := service.Memory()
	grown := after.Peak - before.RSS
	t.Logf("%.1f MiB unpacked, %.1f as sent, in %d requests: RSS from %.1f MiB to at most %.1f: +%.1f",
		mib(sent.unpacked), mib(sent.sent), sent.requests, mib(before.RSS), mib(after.Peak), mib(grown))
	require.Greater(t, sent.unpacked, int64(bodyBytes*98/100))
	return mib(grown)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// total is what a shipment came to.
type total struct {
	mu             sync.Mutex
	sent, unpacked int64
	requests       int
}

func (s *shipment) send(t *testing.T, client *harness.Client, corpus *simulate.Corpus) *total {
	t.Helper()
	sent := &total{}
	next := make(chan int, s.events/mostEvents+1)
	for from := 0; from < s.events; from += mostEvents {
		next <- from
	}
	close(next)
	var wg sync.WaitGroup
	errs := make([]error, s.senders)
	for i := range s.senders {
		wg.Go(func() {
			for from := range next {
				if errs[i] = s.request(t.Context(), client, corpus, from, min(from+mostEvents, s.events), sent); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return sent
}

// request sends the events from up to to in one request, whose body is made while it is sent.
func (s *shipment) request(ctx context.Context, client *harness.Client, corpus *simulate.Corpus, from, to int, sum *total) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reader, writer := io.Pipe()
	b := &body{shipment: s, corpus: corpus}
	go func() { writer.CloseWithError(b.write(writer, from, to)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, client.URL+"/v1/events", reader)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+client.Token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	if s.array {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var ack simulate.Ack
	if err := json.Unmarshal(text, &ack); err != nil || ack.Accepted != to-from {
		return fmt.Errorf("the service answered %d for %d events: %.500s", resp.StatusCode, to-from, text)
	}
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.sent, sum.unpacked, sum.requests = sum.sent+b.sent, sum.unpacked+b.unpacked, sum.requests+1
	return nil
}
