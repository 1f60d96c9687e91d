package statistics_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/statistics"
)

// Whoever reads on has counted the same as who reads all, whatever is rolled up in between.
func TestReadingOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := rand.New(rand.NewPCG(7, 9)) //nolint:gosec // no secret
	from, to := noon.Add(-30*time.Hour), noon.Add(time.Hour)
	count := func(of map[statistics.Dimensions]int64) func(c *statistics.Cell) {
		return func(c *statistics.Cell) { of[c.Dimensions] += c.Count }
	}
	var mark statistics.Mark
	held, begun := map[statistics.Dimensions]int64{}, 0
	readOn := func() {
		var err error
		mark, err = b.store.CellsAfter(b.ctx, mark, from, to, func() { clear(held); begun++ }, count(held))
		require.NoError(t, err)
		all := map[statistics.Dimensions]int64{}
		require.NoError(t, b.store.Cells(b.ctx, statistics.Filter{}, from, to, count(all)))
		require.Equal(t, all, held)
	}
	readOn()
	require.Empty(t, held)
	for range 4 {
		b.put(t, draw(r, 50))
		readOn()
	}
	require.NotEmpty(t, held)
	require.Equal(t, 1, begun, "from then on only what is new is read")
	for range 40 {
		b.put(t, draw(r, 5))
	}
	done, err := b.store.Compact(b.ctx, noon.Add(-3*time.Hour))
	require.NoError(t, err)
	require.NotZero(t, done.Before)
	readOn()
	require.Equal(t, 2, begun, "what was rolled up is not known to be new or not")
	b.put(t, draw(r, 50))
	readOn()
	readOn()
	require.Equal(t, 2, begun)
}
