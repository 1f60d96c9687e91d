package tests

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// TestKilledServicesLoseNothing kills one of two services again and again while both are sent events.
func TestKilledServicesLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "killed")
	var services [2]*harness.Service
	var addrs [2]string
	for i := range services {
		addr, err := harness.FreeAddr(t.Context())
		require.NoError(t, err)
		addrs[i] = addr
		services[i], err = w.binary.ServeAt(within(t, patience), w.env, addr, "serve")
		require.NoError(t, err)
	}
	l := startLoad(within(t, 3*patience), a.Token, services[0].URL, services[1].URL)
	for i := range 10 {
		// The moment is another one each time: right after an acknowledgement, with the other requests under way.
		l.acked.more(t, 20+7*i)
		victim := i % 2
		require.NoError(t, services[victim].Kill())
		l.acked.more(t, 10)
		var err error
		services[victim], err = w.binary.ServeAt(within(t, patience), w.env, addrs[victim], "serve")
		require.NoError(t, err)
	}
	l.acked.more(t, 20)
	l.finish(t)
	l.check(t, read(t, a.Client))
	for _, s := range services {
		require.NoError(t, s.Stop(within(t, 10*time.Second)))
		require.Zero(t, s.Code(), s.Stderr())
	}
}

// TestStoppedDatabaseLosesNothing stops PostgreSQL under a service that is sent events: once in order, once as in a
// crash.
func TestStoppedDatabaseLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	w := &world{binary: binary(t), dir: filepath.Join(t.TempDir(), "data")}
	start := func() {
		server, err := localpg.Start(within(t, patience), localpg.Options{DataDir: w.dir})
		require.NoError(t, err)
		if w.server != nil {
			require.Equal(t, w.server.URL(localpg.Service), server.URL(localpg.Service))
		}
		w.server = server
	}
	start()
	t.Cleanup(func() { _ = w.server.Stop(context.Background()) })
	w.env = harness.EnvOf(w.server)
	var err error
	w.service, err = w.binary.Serve(within(t, patience), w.env, "--migrate")
	require.NoError(t, err)
	a := w.tenant(t, "database")
	l := startLoad(within(t, 3*patience), a.Token, w.service.URL)
	for _, crash := range []bool{false, true} {
		l.acked.more(t, 60)
		ctx, cancel := context.WithCancel(within(t, patience))
		if crash {
			cancel()
		}
		require.NoError(t, w.server.Stop(ctx))
		cancel()
		checkWithoutDatabase(t, w.service.URL, a.Token)
		start()
		began := time.Now()
		l.acked.more(t, 1)
		t.Logf("events are taken again %s after the database is back", time.Since(began))
		l.acked.more(t, 60)
	}
	l.finish(t)
	l.check(t, read(t, a.Client))
	require.NoError(t, w.service.WaitReady(within(t, patience)))
	require.NoError(t, w.service.Stop(within(t, 10*time.Second)))
	require.Zero(t, w.service.Code(), w.service.Stderr())
}

// checkWithoutDatabase looks at a service whose database is gone: it lives, is not ready, and takes nothing.
func checkWithoutDatabase(t *testing.T, url, token string) {
	t.Helper()
	ctx := within(t, patience)
	code, err := harness.Probe(ctx, url+"/healthz")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
	eventually(t, patience, "/readyz says no", func(ctx context.Context) bool {
		code, err := harness.Probe(ctx, url+"/readyz")
		return err == nil && code == http.StatusServiceUnavailable
	})
	answer := post(t, &harness.Client{URL: url, Token: token}, `{"type":"internal_event","data":{"event_type":"never.stored"}}`)
	require.Equal(t, http.StatusServiceUnavailable, answer.Status, "%s", answer.Body)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	require.Contains(t, string(answer.Body), `"error":{"code":`)
}

// TestCleanShutdownUnderLoad asks a service to stop while it is sent events, and in the middle of a request.
func TestCleanShutdownUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "shutdown")
	s, err := w.binary.Serve(within(t, patience), w.env)
	require.NoError(t, err)

	var l load // whose senders give up at the first failure
	for who := range senders {
		l.running.Go(func() {
			c := &harness.Client{URL: s.URL, Token: a.Token, HTTP: &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}}
			for n := 0; ; n++ {
				answer, err := c.Events(t.Context(), batchOf(who, n))
				if err != nil || answer.Status != http.StatusAccepted {
					return
				}
				l.batches[who] = n + 1
				l.acked.add()
			}
		})
	}
	open := newOpenRequest(t, s.URL, a.Token, `{"type":"internal_event","id":"open-request","data":{"event_type":"order.created"}}`)
	l.acked.more(t, 60)
	select {
	case <-open.begun:
	case <-within(t, patience).Done():
		t.Fatal("the open request was not read")
	}
	began := time.Now()
	require.NoError(t, s.Terminate())
	eventually(t, 10*time.Second, "nobody is let in any more", func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			return true
		}
		return conn.Close() != nil
	})
	close(open.finish)
	select {
	case <-s.Done():
	case <-within(t, patience).Done():
		t.Fatal("the service did not stop")
	}
	took := time.Since(began)
	t.Logf("stopped after %s", took)
	require.Less(t, took, 10*time.Second)
	require.Zero(t, s.Code(), s.Stderr())
	answered := <-open.answer
	require.NoError(t, answered.err)
	require.Equal(t, http.StatusAccepted, answered.status, "the request that was open is finished: %s", answered.body)
	l.running.Wait()

	k := read(t, a.Client)
	require.Equal(t, 1, k.entries["open-request"])
	for id, times := range k.entries {
		require.Equal(t, 1, times, id)
	}
	for who, batches := range l.batches {
		// The batch after the last that was acknowledged may be there too: its answer may have been lost.
		for n := range batches {
			for _, id := range idsOf(who, n) {
				require.Equal(t, 1, k.entries[id], id)
			}
		}
	}
}

// openRequest is a request whose body stops in the middle until it is told to go on.
type openRequest struct {
	begun, finish chan struct{}
	answer        chan openAnswer
	rest          io.Reader
	once          sync.Once
}

type openAnswer struct {
	status int
	body   string
	err    error
}

// newOpenRequest sends the head of a request and waits with the body for the service's word that it reads it.
func newOpenRequest(t *testing.T, url, token, event string) *openRequest {
	t.Helper()
	o := &openRequest{begun: make(chan struct{}), finish: make(chan struct{}), answer: make(chan openAnswer, 1), rest: strings.NewReader(event)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/events", o)
	require.NoError(t, err)
	req.ContentLength = int64(len(event))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Expect", "100-continue")
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience}}
	go func() {
		resp, err := client.Do(req)
		if err != nil {
			o.answer <- openAnswer{err: err}
			return
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		o.answer <- openAnswer{resp.StatusCode, string(body), err}
	}()
	return o
}

// Read is called once the service has asked for the body: the first byte goes, the others wait.
func (o *openRequest) Read(p []byte) (int, error) {
	first := false
	o.once.Do(func() { first = true; close(o.begun) })
	if first {
		return o.rest.Read(p[:1])
	}
	<-o.finish
	return o.rest.Read(p)
}
