package journal

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	w := newWorld()
	r := rand.New(rand.NewPCG(1, 2))
	list := w.entries(r, 3000, 20*24*time.Hour)
	put(ctx, t, b.store, list[:10], list[10:2500], list[2500:])
	all, pages, err := walk(ctx, b.store, Query{First: 100})
	require.NoError(t, err)
	t.Log(len(all), pages)
	all, pages, err = walk(ctx, b.store, Query{First: 100, Order: entry.OldestFirst})
	require.NoError(t, err)
	t.Log(len(all), pages)
}
