package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// parents of one kind, with one that nothing stands below, and how a filter asks for one of them.
func (w *world) parents(of entry.ParentKind) (list []entry.Parent, below func(f *entry.Filter, id uuid.UUID) bool) {
	ids, field := w.apps, func(f *entry.Filter) *[]uuid.UUID { return &f.ConnectedAppIDs }
	switch of {
	case entry.ParentCustomer:
		ids, field = w.customers, func(f *entry.Filter) *[]uuid.UUID { return &f.CustomerIDs }
	case entry.ParentIntegration:
		ids, field = w.integrations, func(f *entry.Filter) *[]uuid.UUID { return &f.IntegrationIDs }
	}
	for _, id := range append([]uuid.UUID{uuid.New()}, ids...) {
		list = append(list, entry.Parent{ID: id})
	}
	return list, func(f *entry.Filter, id uuid.UUID) bool {
		if !entry.Allows(*field(f), id) {
			return false
		}
		*field(f) = []uuid.UUID{id}
		return true
	}
}

// Whatever is asked, the pages of many parents are those that each of them would be given alone.
func TestPagesAreThoseOfEachParentAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID, w := uuid.New(), newWorld()
	ctx := as(t, tenantID)
	r := rand.New(rand.NewPCG(21, 1))
	list := w.entries(r, 3000, 20*24*time.Hour)
	put(ctx, t, b.store, list[:1200], list[1200:1210], list[1210:1500], list[1500:])
	for i := range 60 { // many small segments
		put(ctx, t, b.store, w.entries(r, 1+i%5, 8*24*time.Hour))
	}
	runs := b.runs(ctx, t, r, 50, 60*time.Hour)
	logs := NewLogs(b.store, run.NewStore(b.door))
	rapid.Check(t, func(rt *rapid.T) {
		name, f := w.filter(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "filter"), 3)))
		if rapid.IntRange(0, 3).Draw(rt, "of a run") == 0 {
			f.FlowRunID = runs[0].ID
		}
		who := ctx
		if rapid.IntRange(0, 3).Draw(rt, "customer's") == 0 {
			who = asCustomer(t, tenantID, w.customers[0])
		}
		q := PagesQuery{Of: entry.ParentKind(rapid.IntRange(int(entry.ParentCustomer), int(entry.ParentConnectedApp)).Draw(rt, "of")), Query: Query{
			Filter: f, Order: entry.Order(rapid.IntRange(0, 1).Draw(rt, "order")), First: rapid.SampledFrom([]int{1, 3, 20, 100}).Draw(rt, "first"),
		}}
		if rapid.Bool().Draw(rt, "after") {
			q.After = &entry.Position{Micros: rapid.SampledFrom(list).Draw(rt, "position").Micros(), ID: uuid.New()}
		}
		var below func(*entry.Filter, uuid.UUID) bool
		q.Parents, below = w.parents(q.Of)
		if rapid.Bool().Draw(rt, "twice") {
			q.Parents = append(q.Parents, q.Parents[1])
		}
		pages, err := b.store.Pages(who, q)
		require.NoError(rt, err)
		items, err := logs.Pages(who, q)
		require.NoError(rt, err)
		for _, parent := range q.Parents {
			alone := q.Query
			empty := page.Page[*entry.Entry]{HasPrevious: q.After != nil, Total: -1}
			want, wantItems := Page{Page: empty}, ItemPage{Page: page.Page[Item]{HasPrevious: q.After != nil, Total: -1}}
			if below(&alone.Filter, parent.ID) {
				want, err = b.store.Entries(who, alone)
				require.NoError(rt, err)
				wantItems, err = logs.List(who, alone)
				require.NoError(rt, err)
			}
			requireSamePage(rt, want, pages[parent.ID], fmt.Sprintf("%s, of %d", name, q.Of))
			requireSameItems(rt, wantItems, items[parent.ID], name)
		}
	})
}

func requireSamePage(t require.TestingT, want, got Page, name string) {
	require.Equal(t, ids(want.Items), ids(got.Items), name)
	for i, e := range want.Items {
		require.Equal(t, e, got.Items[i])
	}
	require.Equal(t, want.Resume, got.Resume, name)
	want.Items, got.Items = nil, nil
	require.Equal(t, want.Page, got.Page, name)
}

func requireSameItems(t require.TestingT, want, got ItemPage, name string) {
	require.Len(t, got.Items, len(want.Items), name)
	for i := range want.Items {
		require.Equal(t, want.Items[i], got.Items[i], name)
	}
	require.Equal(t, want.Resume, got.Resume, name)
	want.Items, got.Items = nil, nil
	require.Equal(t, want.Page, got.Page, name)
}

// What lies behind all that the first chunk covers is found too.
func TestPagesReachBehindTheirFirstChunk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	list := w.entries(rand.New(rand.NewPCG(23, 1)), coverLeast+2000, 20*24*time.Hour)
	slices.SortFunc(list, byID)
	rare := uuid.New()
	list[0].ConnectedAppID, list[0].Kind, list[1000].ConnectedAppID, list[1000].Kind = rare, entry.KindTransaction, rare, entry.KindTransaction
	put(ctx, t, b.store, list)
	parents, below := w.parents(entry.ParentConnectedApp)
	q := PagesQuery{Of: entry.ParentConnectedApp, Parents: append(parents, entry.Parent{ID: rare}), Query: Query{First: 3}}
	pages, err := b.store.Pages(ctx, q)
	require.NoError(t, err)
	require.Equal(t, ids([]*entry.Entry{list[1000], list[0]}), ids(pages[rare].Items))
	for _, parent := range q.Parents {
		alone := q.Query
		require.True(t, below(&alone.Filter, parent.ID))
		want, err := b.store.Entries(ctx, alone)
		require.NoError(t, err)
		requireSamePage(t, want, pages[parent.ID], "behind the first chunk")
	}
}

// Pages that may not cost more end where the walk did, and going on gives the rest.
func TestPagesThatCostTooMuchGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(22, 1))
	var list []*entry.Entry
	for range 80 {
		some := w.entries(r, 4, 20*24*time.Hour)
		put(ctx, t, b.store, some)
		list = append(list, some...)
	}
	store := b.another(func(o *Options) { o.PageSegments = 1 })
	short := 0
	for _, f := range []entry.Filter{{}, {Search: "invoice"}, {Statuses: []entry.Status{entry.StatusPending}}} {
		parents, below := w.parents(entry.ParentConnectedApp)
		pages, err := store.Pages(ctx, PagesQuery{Of: entry.ParentConnectedApp, Parents: parents, Query: Query{Filter: f, First: 40}})
		require.NoError(t, err)
		for _, parent := range parents {
			alone := f
			require.True(t, below(&alone, parent.ID))
			p := pages[parent.ID]
			got := p.Items
			if p.HasNext {
				if len(p.Items) < 40 {
					short++
				}
				rest, _, err := walk(ctx, b.store, Query{Filter: alone, First: 40, After: p.Resume})
				require.NoError(t, err)
				got = append(got, rest...)
			}
			require.Equal(t, ids(model(list, alone, entry.NewestFirst)), ids(got))
		}
	}
	require.NotZero(t, short, "a walk was ended")
}

// However many parents there are, and wherever their entries lie, the walk is one.
func TestPagesTakeFewStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	for day := range 30 {
		put(ctx, t, b.store, w.entriesAt(rand.New(rand.NewPCG(uint64(day), 1)), 40, noon.AddDate(0, 0, -day)))
	}
	counter := &statementCounter{}
	store := b.traced(t, counter)
	parents, _ := w.parents(entry.ParentConnectedApp)
	for _, c := range []struct{ first, most int }{{1, 3}, {100, 3}, {1000, 3}} {
		q := PagesQuery{Of: entry.ParentConnectedApp, Parents: parents, Query: Query{First: c.first}}
		_, err := store.Pages(ctx, q) // learns which days there are
		require.NoError(t, err)
		counter.n.Store(0)
		_, err = store.Pages(ctx, q)
		require.NoError(t, err)
		require.LessOrEqual(t, int(counter.n.Load()), c.most, "first: %d", c.first)
	}
	parents = parents[1:]
	counter.n.Store(0)
	pages, err := store.Pages(ctx, PagesQuery{Of: entry.ParentConnectedApp, Parents: parents, Query: Query{First: 20}})
	require.NoError(t, err)
	require.Len(t, pages, len(parents))
	require.EqualValues(t, 1, counter.n.Load(), "what is near takes one")
}

func (w *world) entriesAt(r *rand.Rand, n int, at time.Time) []*entry.Entry {
	out := make([]*entry.Entry, n)
	for i := range out {
		out[i] = w.entry(r, at.Add(-time.Duration(r.Int64N(int64(time.Hour)))))
	}
	return out
}

func TestPagesRefuseWhatEntriesDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	for _, q := range []Query{{First: 0}, {First: MaxFirst + 1}, {First: 1, Filter: entry.Filter{Search: "\""}}} {
		_, want := b.store.Entries(ctx, q)
		_, err := b.store.Pages(ctx, PagesQuery{Query: q, Of: entry.ParentCustomer, Parents: []entry.Parent{{ID: uuid.New()}}})
		require.Equal(t, want, err)
	}
	_, err := b.store.Pages(context.Background(), PagesQuery{Query: Query{First: 1}, Of: entry.ParentCustomer, Parents: []entry.Parent{{ID: uuid.New()}}})
	require.Error(t, err)
	pages, err := b.store.Pages(ctx, PagesQuery{Query: Query{First: 1}, Of: entry.ParentCustomer})
	require.NoError(t, err)
	require.Empty(t, pages)
}

// statementCounter counts the statements of a pool.
type statementCounter struct{ n atomic.Int64 }

func (c *statementCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *statementCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// traced makes a store of the same data whose statements are counted.
func (b *bundle) traced(t *testing.T, counter *statementCounter) *Store {
	t.Helper()
	config := b.pool.Config()
	config.ConnConfig.Tracer = counter
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	door := tenant.NewDoor(pool)
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	return NewStore(door, Options{Now: func() time.Time { return noon }})
}
