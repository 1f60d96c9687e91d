//go:build unix

package localpg_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
)

func TestJoin_UsesARunningServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := dataDir(t)
	_, err := localpg.Join(ctx, dir)
	require.ErrorIs(t, err, localpg.ErrNotRunning)

	s := start(t, localpg.Options{DataDir: dir})
	joined, err := localpg.Join(ctx, dir)
	require.NoError(t, err)
	require.True(t, joined.Joined())
	require.Equal(t, s.URL(localpg.Owner), joined.URL(localpg.Owner))

	_, err = localpg.Start(ctx, localpg.Options{DataDir: dir})
	require.ErrorIs(t, err, localpg.ErrInUse)
	_, err = localpg.StartOrJoin(ctx, localpg.Options{DataDir: dir, Fresh: true})
	require.ErrorIs(t, err, localpg.ErrInUse, "a running server is never wiped")

	again, err := localpg.StartOrJoin(ctx, localpg.Options{DataDir: dir})
	require.NoError(t, err)
	require.True(t, again.Joined())
	require.NoError(t, again.Stop(ctx))
	require.Equal(t, 1, query[int](t, s.URL(localpg.Service), "SELECT 1"), "a guest stops nothing")

	require.NoError(t, s.Stop(ctx))
	_, err = localpg.Join(ctx, dir)
	require.ErrorIs(t, err, localpg.ErrNotRunning)
}

func TestJoin_WaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	type result struct {
		server *localpg.Server
		err    error
	}
	results := make(chan result, 2)
	for range cap(results) {
		go func() {
			s, err := localpg.StartOrJoin(t.Context(), localpg.Options{DataDir: dir, Fast: true})
			results <- result{s, err}
		}()
	}
	joined := 0
	for range cap(results) {
		r := <-results
		require.NoError(t, r.err)
		t.Cleanup(func() { require.NoError(t, r.server.Stop(context.Background())) })
		if r.server.Joined() {
			joined++
		}
		require.Equal(t, 1, query[int](t, r.server.URL(localpg.Service), "SELECT 1"))
	}
	require.Equal(t, 1, joined, "one starts, the other joins")
}

func TestJoin_GivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir})
	require.NoError(t, os.Remove(filepath.Join(dir, "pg.json")))
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	_, err := localpg.Join(ctx, dir)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, s.Stop(t.Context()))
}

func TestJoin_WithoutDataDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), "none")
	_, err := localpg.Join(t.Context(), dir)
	require.ErrorIs(t, err, localpg.ErrNotRunning)
	require.NoDirExists(t, dir)
}
