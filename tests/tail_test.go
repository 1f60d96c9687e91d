package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// numbered is an event that says its number.
func numbered(n int) string {
	return fmt.Sprintf(`{"type":"internal_event","id":"n-%d","customer":"acme","data":{"event_type":"order.created","payload":{"n":%d}}}`, n, n)
}

// followed reads the external ids that a tail has printed.
func followed(t *testing.T, p *harness.Process) (ids []string) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(p.Stdout()))
	for lines.Scan() {
		var e struct{ ExternalID, Cursor string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			break // The last line may not be whole yet.
		}
		require.NotEmpty(t, e.Cursor)
		ids = append(ids, e.ExternalID)
	}
	return ids
}

// What is committed while a service is killed, another started and PostgreSQL killed reaches those who follow: all of it,
// once, in the order of its commits.
func TestTailMissesNothing(t *testing.T) {
	t.Parallel()
	b := binary(t)
	ctx := within(t, 3*time.Minute)
	dir := filepath.Join(t.TempDir(), "postgres")
	server, err := localpg.Start(ctx, localpg.Options{DataDir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(context.WithoutCancel(ctx))) }()
	env := harness.EnvOf(server)
	other, err := b.Serve(ctx, env, "--migrate", "--roles", "ingest,worker")
	require.NoError(t, err)
	defer func() { _ = other.Kill() }()
	addr, err := harness.FreeAddr(ctx)
	require.NoError(t, err)
	api, err := b.ServeAt(ctx, env, addr, "serve", "--roles", "api")
	require.NoError(t, err)
	made, err := b.CreateTenant(ctx, env, "tail")
	require.NoError(t, err)
	key, err := b.CreateKey(ctx, env, made.Slug, "ingest,read")
	require.NoError(t, err)
	sender := &harness.Client{URL: other.URL, Token: key.Secret}
	sent := 0
	send := func(n int) {
		for range n {
			sent++
			eventually(t, time.Minute, "an event is taken", func(ctx context.Context) bool {
				answer, err := sender.Events(ctx, []byte(numbered(sent)))
				return err == nil && answer.Status < 300
			})
		}
	}
	send(1)
	var page struct {
		Logs struct{ PageInfo struct{ EndCursor string } }
	}
	reader := &harness.Client{URL: api.URL, Token: key.Secret}
	require.NoError(t, reader.Query(ctx, `{ logs(order: OLDEST_FIRST) { pageInfo { endCursor } } }`, nil, &page))
	tail, err := b.Start(env, "tail", "--url", api.URL, "--key", key.Secret, "--json", "--kind", "internal_event", "--after", page.Logs.PageInfo.EndCursor)
	require.NoError(t, err)
	defer func() { _ = tail.Kill() }()
	caughtUp := func() {
		eventually(t, time.Minute, "all was followed", func(context.Context) bool { return len(followed(t, tail)) >= sent-1 })
	}
	send(5)
	caughtUp()

	// The process that answers is killed, and another takes its place.
	require.NoError(t, api.Kill())
	send(5)
	api, err = b.ServeAt(ctx, env, addr, "serve", "--roles", "api")
	require.NoError(t, err)
	defer func() { _ = api.Kill() }()
	send(5)
	caughtUp()

	// It is asked to stop.
	require.NoError(t, api.Stop(ctx))
	send(5)
	api, err = b.ServeAt(ctx, env, addr, "serve", "--roles", "api")
	require.NoError(t, err)
	caughtUp()

	// PostgreSQL goes away and comes back.
	require.NoError(t, server.Stop(ctx))
	server, err = localpg.Start(ctx, localpg.Options{DataDir: dir})
	require.NoError(t, err)
	send(5)
	caughtUp()

	var want []string
	for n := 2; n <= sent; n++ {
		want = append(want, fmt.Sprint("n-", n))
	}
	require.Equal(t, want, followed(t, tail), tail.Stderr())
	require.Contains(t, tail.Stderr(), "the service restarts")

	// For people.
	shown, err := b.Output(ctx, env, "tail", "--url", api.URL, "--key", key.Secret, "--after", page.Logs.PageInfo.EndCursor, "--count", "2", "--color", "always")
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(shown), "\n"), 2)
	require.Contains(t, shown, "\x1b[")
	require.Contains(t, shown, "order.created")
	refused, err := b.Run(ctx, env, "tail", "--url", api.URL, "--key", key.Secret+"x")
	require.NoError(t, err)
	require.Equal(t, 1, refused.Code)
	require.Contains(t, refused.Stderr, "not accepted")
}
