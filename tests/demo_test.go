package tests

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// demo starts the demo in a directory of its own and gives it with a credential that it prints.
func demo(t *testing.T, args ...string) (*harness.Service, *harness.Client, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	ctx := within(t, 2*patience)
	addr, err := harness.FreeAddr(ctx)
	require.NoError(t, err)
	began := time.Now()
	s, err := binary(t).ServeAt(ctx, harness.Env{}, addr, append([]string{"demo", "--data-dir", dir}, args...)...)
	require.NoError(t, err)
	t.Logf("ready after %s", time.Since(began))
	t.Cleanup(func() { require.NoError(t, s.Kill()) })
	// Everything that is needed to go on is printed: the address, a query and a request for ingestion, with credentials.
	eventually(t, patience, "the demo prints how to go on: "+s.Stderr(), func(context.Context) bool {
		return bearer.MatchString(s.Stdout()) && regexp.MustCompile(`/v1/events`).MatchString(s.Stdout()) && regexp.MustCompile(`/graphql`).MatchString(s.Stdout())
	})
	return s, &harness.Client{URL: s.URL, Token: bearer.FindStringSubmatch(s.Stdout())[1]}, dir
}

var bearer = regexp.MustCompile(`Bearer ([A-Za-z0-9._-]{20,})`)

func TestDemoShowsHistory(t *testing.T) {
	t.Parallel()
	s, c, _ := demo(t)
	var seen struct {
		FlowRuns struct {
			Nodes []struct {
				RunStatus string
				Graph     struct{ Nodes []struct{ NodeKey string } }
			}
		}
		Logs struct{ Nodes []struct{ ID string } }
	}
	took := eventually(t, patience, "the demo shows runs", func(ctx context.Context) bool {
		err := c.Query(ctx, `{ flowRuns(first: 5) { nodes { runStatus graph { nodes { nodeKey } } } } logs(first: 100) { nodes { id } } }`, nil, &seen)
		return err == nil && len(seen.FlowRuns.Nodes) == 5 && len(seen.Logs.Nodes) == 100
	})
	t.Logf("runs are there after %s more", took)
	require.Regexp(t, regexp.QuoteMeta(s.URL)+`/live#token=weir_\w+`, s.Stdout())
	for _, path := range []string{"/playground/", "/live"} {
		answer, err := c.Send(within(t, patience), http.MethodGet, path, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.Status)
		require.Contains(t, answer.Header.Get("Content-Type"), "text/html")
	}
	require.NoError(t, s.Stop(within(t, 10*time.Second)))
	require.Zero(t, s.Code(), s.Stderr())
}

// Detectors that look while the history is told would take what is not told yet for pulls that stopped, of everybody.
func TestDemoFindsOnlyThePullThatStopped(t *testing.T) {
	t.Parallel()
	_, c, _ := demo(t)
	type issue struct {
		Category, Title string
		Customers       struct{ Nodes []struct{ Name string } }
	}
	var seen struct{ Issues struct{ Nodes []issue } }
	stalled := func(i issue) bool { return i.Category == "PULL_STALLED" }
	eventually(t, patience, "the demo shows that a pull stopped", func(ctx context.Context) bool {
		err := c.Query(ctx, `{ issues(first: 50, filter: {statuses: [OPEN]}) { nodes { category title customers(first: 3) { nodes { name } } } } }`, nil, &seen)
		return err == nil && slices.ContainsFunc(seen.Issues.Nodes, stalled)
	})
	for _, i := range seen.Issues.Nodes {
		if stalled(i) {
			require.Len(t, i.Customers.Nodes, 1, i.Title)
		}
	}
}

func TestDemoDiesWithItsDatabase(t *testing.T) {
	t.Parallel()
	s, c, dir := demo(t, "--no-traffic")
	var seen struct {
		Logs struct{ Nodes []struct{ ID string } }
	}
	require.NoError(t, c.Query(within(t, patience), `{ logs { nodes { id } } }`, nil, &seen))
	require.Empty(t, seen.Logs.Nodes)

	running, err := localpg.Join(within(t, patience), dir)
	require.NoError(t, err)
	require.True(t, running.Joined())
	require.NoError(t, s.Kill())
	took := eventually(t, patience, "PostgreSQL ends after a kill -9 of the demo", func(ctx context.Context) bool {
		_, err := localpg.Join(ctx, dir)
		return errors.Is(err, localpg.ErrNotRunning)
	})
	t.Logf("PostgreSQL had ended after %s", took)
}
