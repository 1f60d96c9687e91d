package graph

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/fakedns"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/channel"
	"github.com/weirhq/weir/notify/reach"
)

// reaching is an API whose time passes as a test says, and which reaches receivers on this machine by HTTP. An attempt may
// take so long.
func reaching(t *testing.T, timeout time.Duration, change ...func(*notify.Options)) *lived {
	t.Helper()
	allow, err := reach.Parse([]string{"127.0.0.0/8"})
	require.NoError(t, err)
	return living(t, append([]func(*notify.Options){func(o *notify.Options) {
		o.Reach, o.Sender, o.Random = allow, channel.New(channel.Options{Reach: allow, Timeout: timeout}), rand.Float64
	}}, change...)...)
}

// receiver takes webhooks, and answers as it is told to.
type receiver struct {
	url string

	mu     sync.Mutex
	got    []string
	answer http.HandlerFunc
}

// receive begins to take webhooks; with a nil answer all of them.
func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got = append(r.got, string(body))
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, req)
	}
}

func (r *receiver) answers(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// bodies are those of what came so far.
func (r *receiver) bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// A delivery that fails is tried for a day, each attempt can be seen, and after five days of it the endpoint is disabled
// with a reason, and others are told. Enabled again, it gets what it missed when that is asked for.
func TestTheLifeOfADeliveryThatFails(t *testing.T) {
	t.Parallel()
	l := reaching(t, 10*time.Second, func(o *notify.Options) { o.Random = func() float64 { return 0.5 } })
	broken := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "down")
	})
	watch := receive(t, nil)
	id := l.endpointAt(t, broken.url, "FLOW_RUN_FAILED")
	l.endpointAt(t, watch.url, "ENDPOINT_DISABLED")
	l.fail(t, 1)
	first := l.deliver(t)
	require.Equal(t, noon.Add(5*time.Second), first.UTC())
	one := l.seen(t, id)
	require.Equal(t, "RETRYING", one.text(t, "node.deliveries.nodes.0.status"))
	require.Equal(t, "2026-03-10T12:00:05Z", one.text(t, "node.deliveries.nodes.0.nextAttemptAt"))
	attempt, ok := one.at(t, "node.deliveries.nodes.0.attempts.0").(map[string]any)
	require.True(t, ok)
	require.Positive(t, attempt["durationMs"])
	delete(attempt, "durationMs")
	require.Equal(t, map[string]any{"at": "2026-03-10T12:00:00Z", "statusCode": 503.0, "error": "the receiver answered 503 Service Unavailable", "responseBody": "down"}, attempt)
	for next := first; !next.IsZero(); next = l.deliver(t) {
		l.pass(next.Sub(l.clock()))
	}
	over := l.seen(t, id)
	require.Equal(t, "FAILED", over.text(t, "node.deliveries.nodes.0.status"))
	require.Greater(t, len(over.list(t, "node.deliveries.nodes.0.attempts")), 9)
	require.Len(t, over.list(t, "node.deliveries.nodes.0.attempts"), len(broken.bodies()), "each of them can be seen")
	require.Equal(t, 24*time.Hour, l.clock().Sub(noon))

	for range 4 {
		l.pass(25 * time.Hour)
		l.fail(t, 1)
		l.deliver(t)
	}
	disabled := l.seen(t, id)
	require.Equal(t, false, disabled.at(t, "node.enabled"))
	require.Contains(t, disabled.text(t, "node.disabledReason"), "five days")
	l.deliver(t)
	require.Len(t, watch.bodies(), 1)
	require.Contains(t, watch.bodies()[0], `"endpoint.disabled"`)

	broken.answers(nil)
	refused := l.ask(t, l.who, `mutation($id: ID!) { replayNotifications(input: {id: $id, since: "2026-03-01T00:00:00Z"}) { count userErrors { message } } }`, vars{"id": id})
	require.Contains(t, refused.raw, "enable it first")
	l.get(t, l.who, `mutation($id: ID!) { updateNotificationEndpoint(input: {id: $id, enabled: true}) { endpoint { enabled } userErrors { message } } }`, vars{"id": id})
	replayed := l.get(t, l.who, `mutation($id: ID!) { replayNotifications(input: {id: $id, since: "2026-03-01T00:00:00Z"}) { count userErrors { message } } }`, vars{"id": id})
	require.Equal(t, 5.0, replayed.at(t, "replayNotifications.count"))
	l.deliver(t)
	for _, d := range l.seen(t, id).list(t, "node.deliveries.nodes") {
		require.Equal(t, "DELIVERED", d.(map[string]any)["status"])
	}
}

// What fails in one moment is not tried again in one moment: neither two endpoints, nor one of them the next time.
func TestWhatFailedTogetherDoesNotComeBackTogether(t *testing.T) {
	t.Parallel()
	l := reaching(t, 10*time.Second)
	down := receive(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	var ids []string
	for range 8 {
		ids = append(ids, l.endpointAt(t, down.url, "FLOW_RUN_FAILED"))
	}
	l.fail(t, 1)
	step := 5 * time.Second
	for range 4 {
		began := l.clock()
		l.deliver(t)
		moments, last := map[time.Time]bool{}, began
		for _, id := range ids {
			at, err := time.Parse(time.RFC3339Nano, l.seen(t, id).text(t, "node.deliveries.nodes.0.nextAttemptAt"))
			require.NoError(t, err)
			require.GreaterOrEqual(t, at.Sub(began), step*8/10)
			require.LessOrEqual(t, at.Sub(began), step*12/10)
			moments[at] = true
			if at.After(last) {
				last = at
			}
		}
		require.Len(t, moments, len(ids), "each comes at its own time")
		// All fail together once more.
		l.pass(last.Sub(began))
		step *= 3
	}
	require.Len(t, down.bodies(), 4*len(ids))
}

// A receiver that does not answer is left when its time is over, which the API shows; one that has said that it took it, and
// does not end what it says, has taken it.
func TestAReceiverHasItsTime(t *testing.T) {
	t.Parallel()
	l := reaching(t, 200*time.Millisecond)
	end := make(chan struct{})
	silent := receive(t, func(http.ResponseWriter, *http.Request) { <-end })
	endless := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-end
	})
	t.Cleanup(func() { close(end) })
	late, taken := l.endpointAt(t, silent.url, "FLOW_RUN_FAILED"), l.endpointAt(t, endless.url, "FLOW_RUN_FAILED")
	l.fail(t, 1)
	l.deliver(t)
	seen := l.seen(t, late)
	require.Equal(t, "RETRYING", seen.text(t, "node.deliveries.nodes.0.status"))
	require.Nil(t, seen.at(t, "node.deliveries.nodes.0.attempts.0.statusCode"))
	require.Contains(t, seen.text(t, "node.deliveries.nodes.0.attempts.0.error"), "no answer within the time")
	require.GreaterOrEqual(t, seen.at(t, "node.deliveries.nodes.0.attempts.0.durationMs"), 200.0)
	require.Equal(t, "DELIVERED", l.seen(t, taken).text(t, "node.deliveries.nodes.0.status"))
}

// A name that meant an allowed address when the endpoint was made, and for its first delivery, may mean another one later:
// it is looked up for each attempt, and what it means then is not connected to.
func TestANameThatComesToMeanAForbiddenAddress(t *testing.T) {
	t.Parallel()
	allow, err := reach.Parse([]string{"127.0.0.0/8"})
	require.NoError(t, err)
	var turned atomic.Bool
	resolver := fakedns.Resolver(t, func(string) net.IP {
		if turned.Load() {
			return net.IPv4(10, 0, 0, 1)
		}
		return net.IPv4(127, 0, 0, 1)
	})
	got := &receiver{}
	server := httptest.NewTLSServer(got)
	t.Cleanup(server.Close)
	l := reaching(t, 0, func(o *notify.Options) {
		o.Sender = channel.New(channel.Options{Reach: allow, Resolver: resolver, Timeout: 10 * time.Second, Transport: func(tr *http.Transport) {
			tr.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			tr.TLSClientConfig.ServerName = "example.com"
		}})
	})
	port := server.Listener.Addr().(*net.TCPAddr).Port
	id := l.endpointAt(t, fmt.Sprintf("https://rebinding.example.com:%d/", port), "FLOW_RUN_FAILED")
	l.fail(t, 1)
	l.deliver(t)
	require.Equal(t, "DELIVERED", l.seen(t, id).text(t, "node.deliveries.nodes.0.status"))
	require.Len(t, got.bodies(), 1)

	turned.Store(true)
	l.fail(t, 1)
	l.deliver(t)
	seen := l.seen(t, id)
	require.Equal(t, "RETRYING", seen.text(t, "node.deliveries.nodes.0.status"))
	require.Contains(t, seen.text(t, "node.deliveries.nodes.0.attempts.0.error"), "private or reserved")
	require.Len(t, got.bodies(), 1)
}

// Of an answer without an end 64 KiB are read: the receiver cannot get rid of more than what the way to there holds. The
// API shows the first 4 KiB.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	t.Parallel()
	l := reaching(t, 30*time.Second)
	cut := make(chan int, 1)
	chatty := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for block := bytes.Repeat([]byte("x"), 32<<10); ; n += len(block) {
			if _, err := w.Write(block); err != nil {
				cut <- n
				return
			}
		}
	})
	id := l.endpointAt(t, chatty.url, "FLOW_RUN_FAILED")
	l.fail(t, 1)
	l.deliver(t)
	seen := l.seen(t, id)
	require.Equal(t, "DELIVERED", seen.text(t, "node.deliveries.nodes.0.status"))
	kept := len(strings.TrimRight(seen.text(t, "node.deliveries.nodes.0.attempts.0.responseBody"), "…"))
	require.True(t, kept > 4000 && kept <= 4<<10, "%d bytes are kept", kept)
	require.Less(t, seen.at(t, "node.deliveries.nodes.0.attempts.0.durationMs"), 20_000.0, "it did not wait for the end")
	select {
	case n := <-cut:
		require.Less(t, n, 64<<20, "bytes until the service hung up")
	case <-t.Context().Done():
	}
}
