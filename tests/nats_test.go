package tests

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/natstest"
	"github.com/weirhq/weir/tests/harness"
)

// numbersOf is a subscription to what numbered sends.
const numbersOf = `subscription($after: String) { logAdded(after: $after, filter: {kinds: [INTERNAL_EVENT]}) { id state: externalId } }`

// A commit of one process is told by another over NATS. When NATS goes away, both are ready and tell all the same, by their
// polls; when it comes back they are told by it again. Each entry is told once.
func TestTwoProcessesOverNATS(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	broker := natstest.Start(t)
	env := w.env.With("WEIR_NATS_URL", "nats://"+broker.Addr).With("WEIR_NATS_PREFIX", "weir.fan-out")
	var services [2]*harness.Service
	for i := range services {
		var err error
		services[i], err = w.binary.Serve(within(t, patience), env)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, services[i].Stop(context.WithoutCancel(t.Context()))) })
	}
	a := w.tenant(t, "nats")
	writer := &harness.Client{URL: services[0].URL, Token: a.Token}
	numbers := 0
	commit := func(n int) {
		for range n {
			numbers++
			require.Equal(t, http.StatusAccepted, post(t, writer, numbered(numbers)).Status)
		}
	}
	socket, events := follow(t, "nats", a.Token, numbersOf, services[1].URL)
	both := []*follower{socket, events}
	told := func(what string) {
		t.Helper()
		for _, f := range both {
			eventually(t, patience, what+": "+f.report(), func(context.Context) bool {
				list := f.heard()
				return len(list) > 0 && list[len(list)-1].State == fmt.Sprint("n-", numbers)
			})
		}
	}
	eventually(t, patience, "all have begun", func(context.Context) bool {
		commit(1)
		return len(socket.heard()) > 0 && len(events.heard()) > 0
	})
	first := numbers
	bus := func(i int, want string) {
		t.Helper()
		eventually(t, patience, "the state of the bus", func(ctx context.Context) bool {
			return figure(ctx, t, services[i], `weir_live_bus_up{bus="nats"}`) == want
		})
	}
	bus(0, "1")
	bus(1, "1")
	hearsMore := func() {
		t.Helper()
		heard := `weir_live_hints_total{outcome="heard"}`
		before := figure(t.Context(), t, services[1], heard)
		eventually(t, patience, "hints are heard", func(ctx context.Context) bool {
			commit(1)
			return figure(ctx, t, services[1], heard) != before
		})
		told("over NATS")
	}
	hearsMore()

	broker.Stop()
	for i := range services {
		bus(i, "0")
		code, err := harness.Probe(t.Context(), services[i].URL+"/readyz")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
	}
	commit(20)
	told("without NATS")

	broker.Again()
	bus(0, "1")
	bus(1, "1")
	hearsMore()
	want := map[string]int{}
	for i := first + 1; i <= numbers; i++ {
		want[fmt.Sprint("n-", i)] = 1
	}
	for _, f := range both {
		got := map[string]int{}
		for _, h := range f.heard() {
			if want[h.State] > 0 {
				got[h.State]++
			}
		}
		require.Equal(t, want, got, f.report())
	}
}

// A setting of NATS that cannot be read stops the start, and is not repeated.
func TestSettingsOfNATSStopTheStart(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	for _, c := range []struct{ name, value, want string }{
		{"WEIR_NATS_URL", "nats//weir:hunter2@host", "WEIR_NATS_URL"},
		{"WEIR_NATS_CREDS", "/hunter2/weir.creds", "WEIR_NATS_CREDS"},
	} {
		p, err := w.binary.Start(w.env.With(c.name, c.value), "serve", "--addr", "127.0.0.1:0")
		require.NoError(t, err)
		select {
		case <-p.Done():
		case <-within(t, patience).Done():
			require.NoError(t, p.Kill())
			t.Fatal("it runs")
		}
		require.Equal(t, 1, p.Code())
		require.Contains(t, p.Stderr(), c.want)
		require.NotContains(t, p.Stderr(), "hunter2")
	}
}

// figure is the value of a metric of a service, "" when there is none.
func figure(ctx context.Context, t *testing.T, s *harness.Service, name string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	value := ""
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value = rest
		}
	}
	require.NoError(t, lines.Err())
	return value
}
