package journal

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

func TestLookUpByID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(31, 1))
	list := w.entries(r, 500, 6*24*time.Hour)
	for part := range slices.Chunk(list, 60) {
		put(ctx, t, b.store, part)
	}
	asked := append(ids(list), uuid.New(), nodeid.New(noon), nodeid.New(noon.Add(-1000*time.Hour)))
	found, err := b.store.ByIDs(ctx, asked)
	require.NoError(t, err)
	details, err := b.store.Details(ctx, asked)
	require.NoError(t, err)
	require.Len(t, found, len(list))
	require.Len(t, details, len(list))
	for _, e := range list {
		require.Equal(t, e.Head, found[e.ID].Head)
		require.Equal(t, e.List, found[e.ID].List)
		require.Nil(t, found[e.ID].Detail)
		require.Equal(t, e.Detail, details[e.ID])
	}
	found, err = b.store.ByIDs(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestLookUpByExternalID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(32, 1))
	list := w.entries(r, 800, 6*24*time.Hour)
	for part := range slices.Chunk(list, 90) {
		put(ctx, t, b.store, part)
	}
	newest := func(kind entry.Kind, id string, after time.Time) *entry.Entry {
		for _, e := range model(list, entry.Filter{Kinds: []entry.Kind{kind}, Range: entry.Range{From: after}}, entry.NewestFirst) {
			if e.ExternalID == id {
				return e
			}
		}
		return nil
	}
	events := []string{"ev-1", "ev-2", "ev-3", "ev-900"}
	after := noon.Add(-50 * time.Hour)
	for _, within := range []entry.Range{{}, {From: after}} {
		found, err := b.store.ByExternalIDs(ctx, []entry.Kind{entry.KindExternalEvent}, events, within)
		require.NoError(t, err)
		for _, id := range events {
			if want := newest(entry.KindExternalEvent, id, within.From); want == nil {
				require.NotContains(t, found, id)
			} else {
				require.Equal(t, want.ID, found[id].ID, id)
			}
		}
	}
	hooks := []string{"wh-1", "wh-2", "wh-77"}
	brought, err := b.store.BySource(ctx, hooks)
	require.NoError(t, err)
	for _, id := range hooks {
		want := slices.DeleteFunc(model(list, entry.Filter{Kinds: []entry.Kind{entry.KindExternalEvent}}, entry.NewestFirst), func(e *entry.Entry) bool { return e.SourceID != id })
		require.Equal(t, ids(want), ids(brought[id]), id)
	}
	require.NotEmpty(t, brought["wh-1"])
}

func TestLinesOfARun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(33, 1))
	list := w.entries(r, 900, 6*24*time.Hour)
	put(ctx, t, b.store, list[:300], list[300:320], list[320:])
	for _, q := range []LineQuery{
		{FlowRunID: w.runs[0]}, {FlowRunID: w.runs[1], NodeRunID: w.nodes[0]}, {FlowRunID: w.runs[2], MinLevel: entry.LevelWarn}, {FlowRunID: uuid.New()},
	} {
		want := model(list, entry.Filter{Kinds: []entry.Kind{entry.KindLogLine}, FlowRunID: q.FlowRunID, NodeRunID: q.NodeRunID, MinLevel: q.MinLevel}, entry.OldestFirst)
		var got []*entry.Entry
		for q.First = 7; ; {
			p, err := b.store.Lines(ctx, q)
			require.NoError(t, err)
			got = append(got, p.Items...)
			if q.After = p.Resume; !p.HasNext {
				break
			}
		}
		require.Equal(t, ids(want), ids(got))
		for i := range want {
			require.Equal(t, want[i].Detail, got[i].Detail)
		}
	}
}

func TestHistogramCountsWhatEntriesFind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID, w := uuid.New(), newWorld()
	ctx := as(t, tenantID)
	r := rand.New(rand.NewPCG(34, 1))
	list := w.entries(r, 1500, 12*24*time.Hour)
	put(ctx, t, b.store, list[:700], list[700:720], list[720:])
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		name, f := w.filter(r)
		if rapid.Bool().Draw(rt, "bounded") {
			f.Range.From = noon.Add(-time.Duration(rapid.IntRange(1, 300*3600_000_000).Draw(rt, "from")) * time.Microsecond)
			f.Range.To = f.Range.From.Add(time.Duration(rapid.IntRange(1, 200*3600_000_000).Draw(rt, "span")) * time.Microsecond)
		}
		buckets, err := b.store.Histogram(ctx, f, rapid.IntRange(1, 100).Draw(rt, "buckets"))
		require.NoError(rt, err)
		total := 0
		for i, bucket := range buckets {
			within := f
			within.Range = entry.Range{From: bucket.From, To: bucket.To}
			found := model(list, within, entry.NewestFirst)
			within.Statuses = []entry.Status{entry.StatusFailure}
			require.Equal(rt, len(found), bucket.Total, name)
			require.Equal(rt, len(model(found, entry.Filter{Statuses: within.Statuses}, entry.NewestFirst)), bucket.Failed, name)
			total += bucket.Total
			require.True(rt, bucket.From.Before(bucket.To))
			if i > 0 {
				require.Equal(rt, buckets[i-1].To, bucket.From)
			}
		}
		require.Len(rt, model(list, f, entry.NewestFirst), total, name)
	})
}

func TestHistogramHasBounds(t *testing.T) {
	t.Parallel()
	var ticks time.Duration
	b := setup(t, func(o *Options) {
		o.HistogramTime = time.Second
		o.Now = func() time.Time { ticks += 700 * time.Millisecond; return noon.Add(ticks) }
	})
	ctx, w := as(t, uuid.New()), newWorld()
	put(ctx, t, b.store, w.entries(rand.New(rand.NewPCG(35, 1)), 20, 20*24*time.Hour))
	_, err := b.store.Histogram(ctx, entry.Filter{}, 10)
	require.True(t, errs.Is(err, errs.Unavailable), "%v", err)
	for _, n := range []int{0, MaxBuckets + 1} {
		_, err := b.store.Histogram(ctx, entry.Filter{}, n)
		require.True(t, errs.Is(err, errs.BadInput), "%v", err)
	}
}
