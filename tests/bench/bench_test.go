package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/workload"
)

// The bench itself fails when the store holds anything but what was sent, or when GraphQL and the store answer differently.
// How fast it was on a machine that runs other tests says nothing.
func TestTheBenchMeasuresAll(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	o, err := parse([]string{"-short"})
	require.NoError(t, err)
	o.queries = 5
	r, err := measure(ctx, o)
	require.NoError(t, err)

	require.Len(t, r.Service.Rounds, o.rounds)
	for _, one := range r.Baselines {
		require.Len(t, one.Rounds, o.rounds)
		require.Equal(t, r.Service.total().Entries, one.total().Entries)
	}
	require.Greater(t, r.Service.total().Entries, o.entries*9/10, "the rest warmed up")
	require.Positive(t, r.Service.Requests.P95)
	require.Positive(t, r.Compaction.Seconds)
	require.Len(t, r.Disk, 3)
	require.Len(t, r.Queries, 2*(len(workload.Questions())+1), "and dashboards")
	for _, q := range r.Queries {
		require.Equal(t, o.queries, q.GraphQL.Count, q.Question)
		require.GreaterOrEqual(t, q.Found, 1.0, q.Question)
	}
	var printed strings.Builder
	require.NoError(t, r.print(&printed))
	for _, row := range []string{"weir over HTTP", "raw COPY", "ratio", "compaction", "weir, loaded", "weir, packed", "rows with jsonb, packed", "rows with text, packed", "Q1 ", "Q2 ", "Q3 ", "Q4 "} {
		require.Contains(t, printed.String(), "\n"+row)
	}
}
