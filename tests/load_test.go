package tests

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/tests/harness"
)

// senders are how many requests are open at once while something breaks.
const senders = 4

// load sends small batches from several senders, each of which asks again until a batch is acknowledged.
type load struct {
	stop    atomic.Bool
	running sync.WaitGroup
	acked   tally
	// again counts batches that had been stored before their answer was lost, and were sent once more.
	again atomic.Int64
	// batches is how many each sender has had acknowledged; read it after finish.
	batches [senders]int
	errs    [senders]error
}

// startLoad begins to send to the services by turns, so that what one has taken without saying so is sent to another.
func startLoad(ctx context.Context, token string, services ...string) *load {
	l := &load{}
	for who := range senders {
		transport := &turns{hosts: services}
		client := simulate.NewClient(simulate.ClientConfig{
			URL: services[0], Key: token, HTTP: &http.Client{Transport: transport, Timeout: 20 * time.Second},
		})
		l.running.Go(func() {
			defer transport.CloseIdleConnections()
			l.errs[who] = l.send(ctx, client, who)
		})
	}
	return l
}

func (l *load) send(ctx context.Context, client *simulate.Client, who int) error {
	for n := 0; !l.stop.Load(); n++ {
		body := batchOf(who, n)
		ack, err := client.Send(ctx, body)
		if err != nil {
			return err
		}
		if ack.Accepted+ack.Duplicates != batchEvents || ack.Attempts == 1 && ack.Duplicates > 0 {
			return fmt.Errorf("batch %d of sender %d: %+v", n, who, ack)
		}
		if ack.Duplicates > 0 {
			l.again.Add(1)
		}
		l.batches[who] = n + 1
		l.acked.add()
		if n%10 != 9 {
			continue
		}
		if ack, err = client.Send(ctx, body); err != nil {
			return err
		}
		if ack.Duplicates != batchEvents {
			return fmt.Errorf("batch %d of sender %d, sent again: %+v", n, who, ack)
		}
	}
	return nil
}

// finish waits until every sender has had its last batch acknowledged.
func (l *load) finish(t *testing.T) {
	t.Helper()
	l.stop.Store(true)
	l.running.Wait()
	for _, err := range l.errs {
		require.NoError(t, err)
	}
}

// batchEvents is how many events a batch has.
const batchEvents = 12

// batchOf makes the nth batch of a sender: requests and events with ids, half of them without a time, and a run with
// its node that the next batch ends. The same batch is always the same events.
func batchOf(who, n int) []byte {
	var b []byte
	line := func(format string, args ...any) { b = append(fmt.Appendf(b, format, args...), '\n') }
	at := ""
	if n%2 == 0 {
		at = `"occurred_at":"` + loadDay.Add(time.Duration(n)*time.Millisecond).Format(time.RFC3339Nano) + `",`
	}
	for i := range 5 {
		line(`{"type":"api_request","id":"r-%d-%d-%d",%s"customer":"c%d","integration":"crm","data":{"method":"POST","url":"https://api.example.com/v1/orders/%d","request":{"body":{"text":"a body of some words"}},"response":{"status":201}}}`, who, n, i, at, i, n)
		line(`{"type":"internal_event","id":"e-%d-%d-%d",%s"customer":"c%d","data":{"event_type":"order.created","payload":{"order":%d}}}`, who, n, i, at, i, n)
	}
	status := "running"
	if n%2 == 1 {
		status = "succeeded"
	}
	line(`{"type":"flow_run","id":"run-%d-%d","customer":"c1","integration":"crm","data":{"flow":"sync","status":"%s"}}`, who, n/2, status)
	line(`{"type":"node_run","id":"node-%d-%d","flow_run":"run-%d-%d","data":{"node":"step-%d","status":"succeeded","parents":[]}}`, who, n, who, n/2, n%2)
	return b
}

// idsOf are the ids of a batch's requests and events.
func idsOf(who, n int) (ids []string) {
	for i := range 5 {
		ids = append(ids, fmt.Sprintf("r-%d-%d-%d", who, n, i), fmt.Sprintf("e-%d-%d-%d", who, n, i))
	}
	return ids
}

var loadDay = time.Now().UTC().Add(-time.Hour)

// turns sends each request to the next of its hosts, and loses the answer of every seventh.
type turns struct {
	http.Transport
	hosts []string
	next  int
}

var errLost = errors.New("the answer was lost")

// RoundTrip is called by one sender only.
func (r *turns) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := url.Parse(r.hosts[r.next%len(r.hosts)])
	if err != nil {
		return nil, err
	}
	r.next++
	req = req.Clone(req.Context())
	req.URL.Host, req.Host = to.Host, to.Host
	resp, err := r.Transport.RoundTrip(req)
	if err != nil || r.next%7 != 0 {
		return resp, err
	}
	return nil, errors.Join(errLost, resp.Body.Close())
}

// tally counts, and wakes those who wait for a count.
type tally struct {
	mu      sync.Mutex
	count   int
	waiting map[chan struct{}]int
}

func (c *tally) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	for ch, at := range c.waiting {
		if c.count >= at {
			close(ch)
			delete(c.waiting, ch)
		}
	}
}

// more returns when n more have been counted.
func (c *tally) more(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	ch := make(chan struct{})
	if c.waiting == nil {
		c.waiting = map[chan struct{}]int{}
	}
	c.waiting[ch] = c.count + n
	c.mu.Unlock()
	select {
	case <-ch:
	case <-within(t, patience).Done():
		t.Fatalf("no %d more batches were acknowledged within %s", n, patience)
	}
}

// kept is what a tenant has, by the senders' ids, and how often.
type kept struct {
	entries map[string]int
	runs    map[string]flowRun
}

type flowRun struct {
	times  int
	status string
	nodes  int
}

// read pages through everything that a tenant has.
func read(t *testing.T, c *harness.Client) kept {
	t.Helper()
	k := kept{entries: map[string]int{}, runs: map[string]flowRun{}}
	type pageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
	var logs struct {
		Logs struct {
			PageInfo pageInfo
			Nodes    []struct{ ExternalID string }
		}
	}
	ctx := within(t, patience)
	for after := any(nil); ; after = logs.Logs.PageInfo.EndCursor {
		require.NoError(t, c.Query(ctx, `query($after: String) { logs(first: 100, after: $after, order: OLDEST_FIRST) {
  nodes { externalId } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after}, &logs))
		for _, one := range logs.Logs.Nodes {
			k.entries[one.ExternalID]++
		}
		if !logs.Logs.PageInfo.HasNextPage {
			break
		}
	}
	var runs struct {
		FlowRuns struct {
			PageInfo pageInfo
			Nodes    []struct {
				ExternalID, RunStatus string
				Graph                 struct{ Nodes []struct{ NodeKey string } }
			}
		}
	}
	for after := any(nil); ; after = runs.FlowRuns.PageInfo.EndCursor {
		require.NoError(t, c.Query(ctx, `query($after: String) { flowRuns(first: 100, after: $after) {
  nodes { externalId runStatus graph { nodes { nodeKey } } } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after}, &runs))
		for _, one := range runs.FlowRuns.Nodes {
			k.runs[one.ExternalID] = flowRun{times: k.runs[one.ExternalID].times + 1, status: one.RunStatus, nodes: len(one.Graph.Nodes)}
		}
		if !runs.FlowRuns.PageInfo.HasNextPage {
			return k
		}
	}
}

// check fails unless the tenant has every batch that was acknowledged exactly once, and nothing that was never sent.
func (l *load) check(t *testing.T, k kept) {
	t.Helper()
	total := 0
	for who, batches := range l.batches {
		total += batches
		for n := range batches {
			for _, id := range idsOf(who, n) {
				require.Equal(t, 1, k.entries[id], "%s, which was acknowledged, is there %d times", id, k.entries[id])
				delete(k.entries, id)
			}
			// Two batches in turn are about one run: the second ends it.
			id, want := fmt.Sprintf("run-%d-%d", who, n/2), flowRun{times: 1, status: "RUNNING", nodes: 1}
			if n%2 == 1 || n/2 < batches/2 {
				want = flowRun{times: 1, status: "SUCCEEDED", nodes: 2}
			}
			require.Equal(t, want, k.runs[id], id)
			delete(k.entries, id)
		}
	}
	require.Empty(t, k.entries, "what was never sent is there")
	require.Greater(t, total, 100)
	require.Positive(t, l.again.Load(), "no answer was lost")
	t.Logf("%d events in %d acknowledged batches are there once each; %d batches had been stored before their answer was lost",
		total*batchEvents, total, l.again.Load())
}
