package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

func TestEachFilterFindsWhatItSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(1, 2))
	list := w.entries(r, 2500, 20*24*time.Hour)
	put(ctx, t, b.store, list[:1200], list[1200:1210], list[1210:])
	for name, f := range w.filters() {
		for _, order := range []entry.Order{entry.NewestFirst, entry.OldestFirst} {
			want := model(list, f, order)
			got, _, err := walk(ctx, b.store, Query{Filter: f, Order: order, First: 70})
			require.NoError(t, err, name)
			require.Equal(t, ids(want), ids(got), "%s, order %d", name, order)
			for i, e := range got {
				require.Equal(t, want[i].Head, e.Head)
				require.Equal(t, want[i].List, e.List)
				require.Nil(t, e.Detail)
			}
		}
	}
	require.NotEmpty(t, model(list, w.filters()["everything at once"], entry.NewestFirst))
	require.NotEmpty(t, model(list, w.filters()["phrase"], entry.NewestFirst))
}

// Whatever is committed and compacted between the pages, they give each entry that was there at the beginning exactly
// once, in order, and of the others none twice.
func TestPagesNeitherSkipNorRepeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 7))
		atMost, days := rapid.SampledFrom([]int{1, 20_000}).Draw(rt, "segments a page"), 25
		if atMost == 1 {
			days = 3 // A page a segment: many pages.
		}
		store := b.another(func(o *Options) { o.PageSegments, o.TokenBytes = atMost, 2000 })
		ctx, w := as(t, uuid.New()), newWorld()
		span := time.Duration(rapid.IntRange(1, days*24).Draw(rt, "hours")) * time.Hour
		var early, late []*entry.Entry
		for range rapid.IntRange(1, 5).Draw(rt, "commits") {
			list := w.entries(r, rapid.IntRange(1, 90).Draw(rt, "entries"), span)
			put(ctx, rt, store, list)
			early = append(early, list...)
		}
		name, f := w.filter(r)
		q := Query{Filter: f, Order: entry.Order(rapid.IntRange(0, 1).Draw(rt, "order"))}
		var got []*entry.Entry
		for {
			q.First = rapid.IntRange(20, 150).Draw(rt, "first")
			p, err := store.Entries(ctx, q)
			require.NoError(rt, err)
			require.LessOrEqual(rt, len(p.Items), q.First)
			require.Equal(rt, q.After != nil, p.HasPrevious)
			got = append(got, p.Items...)
			if !p.HasNext {
				break
			}
			q.After = p.Resume
			switch rapid.IntRange(0, 4).Draw(rt, "meanwhile") {
			case 0:
				list := w.entries(r, 20, span)
				put(ctx, rt, store, list)
				late = append(late, list...)
			case 1:
				_, err := store.Compact(ctx, noon.Add(-time.Duration(r.Int64N(int64(span)))))
				require.NoError(rt, err)
			}
		}
		require.True(rt, slices.IsSortedFunc(got, func(a, b *entry.Entry) int {
			if q.Order == entry.NewestFirst {
				a, b = b, a
			}
			return byID(a, b)
		}), name)
		require.Len(rt, slices.Compact(ids(got)), len(got))
		isLate := map[uuid.UUID]bool{}
		for _, e := range model(late, f, q.Order) {
			isLate[e.ID] = true
		}
		there := slices.DeleteFunc(slices.Clone(got), func(e *entry.Entry) bool { return isLate[e.ID] })
		require.Equal(rt, ids(model(early, f, q.Order)), ids(there), name)
	})
}

// While others commit and compact all the time, each page is of one moment.
func TestPagesAmongConcurrentWriters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	early := w.entries(rand.New(rand.NewPCG(2, 2)), 600, 50*time.Hour)
	for part := range slices.Chunk(early, 40) {
		put(ctx, t, b.store, part)
	}
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		r := rand.New(rand.NewPCG(4, 4))
		for n := range 60 {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			_, err := commit(ctx, b.store, Batch{Loose: w.entries(r, 15, 50*time.Hour)})
			if err == nil && n%5 == 0 {
				_, err = b.store.Compact(ctx, noon)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	was := map[uuid.UUID]bool{}
	for _, e := range early {
		was[e.ID] = true
	}
	for _, f := range []entry.Filter{{}, {Statuses: []entry.Status{entry.StatusFailure}}, {Search: "retry"}, {FlowRunID: w.runs[0]}} {
		for _, order := range []entry.Order{entry.NewestFirst, entry.OldestFirst} {
			got, _, err := walk(ctx, b.store, Query{Filter: f, Order: order, First: 60})
			require.NoError(t, err)
			got = slices.DeleteFunc(got, func(e *entry.Entry) bool { return !was[e.ID] })
			require.Equal(t, ids(model(early, f, order)), ids(got))
		}
	}
	close(stop)
	require.NoError(t, <-done)
}

func TestPageSaysWhereToGoOnWhenItCostTooMuch(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PageSegments = 1 })
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(3, 3))
	var list []*entry.Entry
	for range 60 {
		at := noon.Add(-time.Duration(r.Int64N(int64(10 * 24 * time.Hour))))
		e := w.entry(r, at)
		put(ctx, t, b.store, []*entry.Entry{e})
		list = append(list, e)
	}
	for _, order := range []entry.Order{entry.NewestFirst, entry.OldestFirst} {
		got, pages, err := walk(ctx, b.store, Query{Filter: entry.Filter{Search: "quota"}, Order: order, First: 50})
		require.NoError(t, err)
		require.Greater(t, pages, 2)
		require.Equal(t, ids(model(list, entry.Filter{Search: "quota"}, order)), ids(got))
	}
}

func TestPageSizeIsChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, first := range []int{0, -1, MaxFirst + 1} {
		_, err := b.store.Entries(as(t, uuid.New()), Query{First: first})
		require.True(t, errs.Is(err, errs.BadInput), "%v", err)
	}
	_, err := b.store.Entries(as(t, uuid.New()), Query{First: 1, Filter: entry.Filter{Search: strings.Repeat("long ", 300)}})
	require.True(t, errs.Is(err, errs.BadInput), "%v", err)
	_, err = b.store.Entries(t.Context(), Query{First: 1})
	require.True(t, errs.Is(err, errs.Unauthenticated), "%v", err)
}

// A day with more hints than are read at once is still complete, also where a segment lies on both sides of the cut.
func TestManyFailuresAndTermsOfOneDay(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 20} {
		t.Run(fmt.Sprintf("segments of %d", size), func(t *testing.T) {
			t.Parallel()
			testManyOfOneDay(t, size)
		})
	}
}

func testManyOfOneDay(t *testing.T, size int) {
	t.Helper()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(5, 5))
	var list []*entry.Entry
	for i := range 400 {
		at := noon.Add(-time.Duration(i/3) * time.Second)
		if i > 390 {
			at = at.Add(-50 * time.Hour)
		}
		e := w.entry(r, at)
		for e.Kind != entry.KindAPIRequest {
			e = w.entry(r, at)
		}
		e.Status, e.FlowRunID = entry.StatusFailure, w.runs[0]
		list = append(list, e)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for part := range slices.Chunk(list, size) {
		put(ctx, t, b.store, part)
	}
	failures := []entry.Status{entry.StatusFailure}
	for _, f := range []entry.Filter{
		{Statuses: failures}, {FlowRunID: w.runs[0]},
		{Statuses: failures, Range: entry.Range{From: noon.Add(-24 * time.Hour), To: noon.Add(time.Hour)}},
		{Statuses: failures, Range: entry.Range{From: noon.Add(-time.Minute), To: noon.Add(time.Hour)}},
		{Statuses: failures, Range: entry.Range{From: noon.Add(-50 * time.Hour), To: noon.Add(-49 * time.Hour)}},
		{Statuses: failures, Range: entry.Range{From: noon.Add(-50*time.Hour - 3*time.Minute), To: noon.Add(-27 * time.Hour)}},
	} {
		for _, order := range []entry.Order{entry.NewestFirst, entry.OldestFirst} {
			got, _, err := walk(ctx, b.store, Query{Filter: f, Order: order, First: 50})
			require.NoError(t, err)
			require.Equal(t, ids(model(list, f, order)), ids(got))
		}
	}
}

func TestTenantsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ours, theirs, w := as(t, uuid.New()), as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(6, 6))
	list := w.entries(r, 300, 40*time.Hour)
	put(ours, t, b.store, list)
	got, _, err := walk(ours, b.store, Query{First: 100})
	require.NoError(t, err)
	require.NotEmpty(t, got)

	for name, f := range w.filters() {
		none, err := b.store.Entries(theirs, Query{Filter: f, First: 100})
		require.NoError(t, err)
		require.Empty(t, none.Items, name)
		require.False(t, none.HasNext, name)
	}
	byIDs, err := b.store.ByIDs(theirs, ids(list))
	require.NoError(t, err)
	require.Empty(t, byIDs)
	details, err := b.store.Details(theirs, ids(list))
	require.NoError(t, err)
	require.Empty(t, details)
	external, err := b.store.ByExternalIDs(theirs, entryKinds, []string{"wh-1", "ev-1", "pull-1"}, entry.Range{})
	require.NoError(t, err)
	require.Empty(t, external)
	sourced, err := b.store.BySource(theirs, []string{"wh-1", "wh-2"})
	require.NoError(t, err)
	require.Empty(t, sourced)
	lines, err := b.store.Lines(theirs, LineQuery{FlowRunID: w.runs[0], First: 10})
	require.NoError(t, err)
	require.Empty(t, lines.Items)
	counts, err := b.store.Histogram(theirs, entry.Filter{Range: entry.Range{From: noon.Add(-50 * time.Hour)}}, 5)
	require.NoError(t, err)
	for _, c := range counts {
		require.Zero(t, c.Total)
	}
	done, err := b.store.Compact(theirs, noon)
	require.NoError(t, err)
	require.Zero(t, done)
	erased, err := b.store.EraseCustomer(theirs, w.customers[0])
	require.NoError(t, err)
	require.Zero(t, erased)
	again, _, err := walk(ours, b.store, Query{First: 100})
	require.NoError(t, err)
	require.Equal(t, ids(got), ids(again))
}

func TestACustomerSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID, w := uuid.New(), newWorld()
	r := rand.New(rand.NewPCG(8, 8))
	list := w.entries(r, 400, 70*time.Hour)
	put(as(t, tenantID), t, b.store, list)
	me := w.customers[1]
	ctx := asCustomer(t, tenantID, me)
	for name, f := range w.filters() {
		mine := f
		mine.CustomerIDs = []uuid.UUID{me}
		want := model(list, mine, entry.NewestFirst)
		if len(f.CustomerIDs) > 0 && !slices.Contains(f.CustomerIDs, me) {
			want = nil
		}
		got, _, err := walk(ctx, b.store, Query{Filter: f, First: 90})
		require.NoError(t, err)
		require.Equal(t, ids(want), ids(got), name)
	}
	found, err := b.store.ByIDs(ctx, ids(list))
	require.NoError(t, err)
	details, err := b.store.Details(ctx, ids(list))
	require.NoError(t, err)
	for _, e := range list {
		require.Equal(t, e.CustomerID == me, found[e.ID] != nil)
		require.Equal(t, e.CustomerID == me, details[e.ID] != nil)
	}
}

func TestDamagedSegmentIsSetAsideAndBreaksNoPage(t *testing.T) {
	t.Parallel()
	for _, column := range []string{"head", "list", "tokens", "body"} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tenantID, w := uuid.New(), newWorld()
			ctx := as(t, tenantID)
			r := rand.New(rand.NewPCG(9, 9))
			good, bad := w.entries(r, 50, time.Hour), w.entries(r, 50, time.Hour)
			put(ctx, t, b.store, bad)
			b.spoil(ctx, t, column)
			put(ctx, t, b.store, good)
			q := Query{First: 20, Filter: entry.Filter{Search: "example"}}
			got, _, err := walk(ctx, b.store, q)
			require.NoError(t, err)
			want := model(good, q.Filter, q.Order)
			if column == "tokens" {
				want = model(append(good, bad...), q.Filter, q.Order) // What cannot exclude a segment does not hide it.
			} else {
				require.Contains(t, b.log.String(), "set aside")
				require.Equal(t, 1, b.count(ctx, t, "damaged"))
			}
			require.Equal(t, ids(want), ids(got))
		})
	}
}

// A segment of a format that only a newer release writes is skipped, and stays for that release.
func TestSegmentOfANewerFormatStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	put(ctx, t, b.store, w.entries(rand.New(rand.NewPCG(9, 1)), 5, time.Hour))
	b.exec(ctx, t, "UPDATE journal_segment SET format = $2, head = 'new' WHERE tenant_id = $1", segment.Format+1)
	p, err := b.store.Entries(ctx, Query{First: 10})
	require.NoError(t, err)
	require.Empty(t, p.Items)
	require.Zero(t, b.count(ctx, t, "damaged"))
	_, err = b.store.Compact(ctx, noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, b.count(ctx, t, fmt.Sprintf("format = %d", segment.Format+1)))
}

// spoil changes a byte in the middle of a column of all segments.
func (b *bundle) spoil(ctx context.Context, t *testing.T, column string) {
	t.Helper()
	b.exec(ctx, t, fmt.Sprintf(`UPDATE journal_segment SET %[1]s = set_byte(%[1]s, octet_length(%[1]s) / 2, get_byte(%[1]s, octet_length(%[1]s) / 2) # 255)
WHERE tenant_id = $1`, column))
}

func (b *bundle) exec(ctx context.Context, t *testing.T, sql string, args ...any) {
	t.Helper()
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, sql, append([]any{tx.TenantID()}, args...)...)
		return err
	}))
}

// count is how many segments of the tenant there are of which the condition holds.
func (b *bundle) count(ctx context.Context, t *testing.T, where string) (n int) {
	t.Helper()
	require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM journal_segment WHERE tenant_id = $1 AND "+where, tx.TenantID()).Scan(&n)
	}))
	return n
}
