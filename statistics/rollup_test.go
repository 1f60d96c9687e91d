package statistics_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// twins are two tenants that commit the same: one is rolled up, the other never.
type twins struct {
	*bundle
	rolled, plain context.Context
	commits       int64
	runs          []statistics.Cell
}

func newTwins(t *testing.T) *twins {
	t.Helper()
	b := setup(t)
	return &twins{bundle: b, rolled: b.ctx, plain: tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))}
}

// commit counts cells in one commit of each.
func (w *twins) commit(t *testing.T, cells ...statistics.Cell) {
	t.Helper()
	w.commits++
	for _, as := range []context.Context{w.rolled, w.plain} {
		c := statistics.NewCollector()
		for i := range cells {
			c.Add(&cells[i])
		}
		rows := c.Pack()
		require.NoError(t, w.door.Write(as, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Pgx().Exec(ctx, statistics.SQLAppend, statistics.Columns(tx.TenantID(), w.commits, rows)...)
			return err
		}))
	}
}

func cellsOf(list []*entry.Entry) (cells []statistics.Cell) {
	for _, e := range list {
		cells = append(cells, statistics.CellOf(e))
	}
	return cells
}

// run begins a run, or takes back what was counted of one and counts it as it is now.
func (w *twins) run(r *rand.Rand) []statistics.Cell {
	now := statistics.Cell{Count: 1, Dimensions: statistics.Dimensions{
		Minute: statistics.MinuteOf(noon) - r.Int64N(96*60), Kind: entry.KindFlowRun, Status: entry.StatusPending,
		CustomerID: ids[r.IntN(3)], IntegrationID: ids[3+r.IntN(3)], FlowID: ids[6+r.IntN(2)],
	}}
	if len(w.runs) == 0 || r.IntN(3) == 0 {
		w.runs = append(w.runs, now)
		return []statistics.Cell{now}
	}
	i := r.IntN(len(w.runs))
	back := w.runs[i]
	back.TakeBack()
	if r.IntN(3) > 0 {
		now.Minute, now.CustomerID = back.Minute, back.CustomerID
	}
	switch now.Status = entry.StatusSuccess; r.IntN(3) {
	case 0:
		now.Status, now.Error = entry.StatusFailure, statistics.Error{Kind: entry.ErrorApplication, Code: "BOOM"}
	case 1:
		now.Durations = []statistics.BinCount{{Bin: 300 + r.IntN(200), Count: 1}}
	}
	w.runs[i] = now
	return []statistics.Cell{back, now}
}

// said is figures as the API has them.
type said struct {
	Total, Failed int64
	Percentiles   [3]float64
}

func say(t *statistics.Totals) said {
	out := said{Total: t.Total, Failed: t.Failed}
	for i, q := range []float64{0.5, 0.95, 0.99} {
		if v := t.Percentile(q); v != nil {
			out.Percentiles[i] = *v
		}
	}
	return out
}

func sayAll(list []statistics.Totals) (out []said) {
	for i := range list {
		out = append(out, say(&list[i]))
	}
	return out
}

// everything is all that can be asked of a range.
func (b *bundle) everything(t *testing.T, ctx context.Context, buckets, days statistics.Buckets) map[string]any { //nolint:revive // The context is the tenant.
	t.Helper()
	out := map[string]any{}
	for name, f := range map[string]statistics.Filter{
		"all": {}, "integration": {IntegrationID: ids[3]}, "customer": {CustomerID: ids[0]}, "flow": {FlowID: ids[6]},
		"both": {CustomerID: ids[1], IntegrationID: ids[4]},
	} {
		s, err := b.store.Series(ctx, f, buckets)
		require.NoError(t, err)
		out["series "+name] = []any{say(&s.Totals), sayAll(s.Points)}
	}
	for i, id := range ids[3:6] {
		d, err := b.store.Dashboard(ctx, id, buckets, statistics.WithPrevious|statistics.WithBreakdown)
		require.NoError(t, err)
		name := fmt.Sprintf("dashboard %d ", i)
		out[name+"series"] = []any{say(&d.Totals), say(&d.Previous), sayAll(d.Points)}
		out[name+"breakdown"] = []any{d.StatusCodes, d.Failures, d.Active, d.All}
		for _, c := range d.Calls {
			out[name+c.Method+c.Endpoint] = say(&c.Totals)
		}
		for _, c := range d.Customers {
			out[name+c.CustomerID.String()] = say(&c.Totals)
		}
	}
	o, err := b.store.Overview(ctx, days)
	require.NoError(t, err)
	out["overview"] = []any{say(&o.Totals), say(&o.Previous)}
	for id, one := range o.Integrations {
		out["overview "+id.String()] = []any{say(&one.Totals), say(&one.Previous), one.Active, one.All}
	}
	links, err := b.store.Links(ctx, days)
	require.NoError(t, err)
	for _, l := range links {
		out[fmt.Sprint("link ", l.From, l.To)] = []any{say(&l.Totals), l.Operations, l.LastSeenAt}
	}
	return out
}

// Roll-ups that are made at any moment change no figure: neither of late entries, nor of runs that are taken back.
func TestRollUpsChangeNoFigure(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	r := rand.New(rand.NewPCG(11, 12))
	kolkata, err := time.LoadLocation("Asia/Kolkata") // half an hour off
	require.NoError(t, err)
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	require.NoError(t, err)
	check := func() {
		from := noon.Add(-time.Duration(r.Int64N(100*60)) * time.Minute)
		g, in := statistics.Granularity(2+r.IntN(2)), []*time.Location{time.UTC, helsinki, kolkata}[r.IntN(3)] //nolint:gosec // One of two.
		to := from.Add(time.Duration(1+r.Int64N(72*60)) * time.Minute)
		if r.IntN(2) == 0 {
			from, to = from.Truncate(24*time.Hour), to.Truncate(24*time.Hour).Add(24*time.Hour)
		}
		buckets, err := statistics.NewBuckets(from, to, g, in)
		require.NoError(t, err)
		days, err := statistics.NewBuckets(from, to, statistics.Day, time.UTC)
		require.NoError(t, err)
		customer := func(ctx context.Context) context.Context {
			p, err := tenant.FromContext(ctx)
			require.NoError(t, err)
			return tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: p.TenantID, Kind: tenant.KindCustomer, CustomerID: ids[1]})
		}
		want, got := w.everything(t, w.plain, buckets, days), w.everything(t, w.rolled, buckets, days)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			require.Equal(t, want[name], got[name], "%s of %s to %s by %s in %s", name, from, to, g, in)
		}
		require.Len(t, got, len(want))
		require.Equal(t, w.everything(t, customer(w.plain), buckets, days), w.everything(t, customer(w.rolled), buckets, days), "limited to a customer")
	}
	rolledUp := 0
	for range 60 {
		switch r.IntN(4) {
		case 0:
			w.commit(t, cellsOf(draw(r, 1+r.IntN(200)))...)
		case 1:
			for range 1 + r.IntN(40) { // many rows
				w.commit(t, w.run(r)...)
			}
		case 2:
			w.commit(t, append(cellsOf(draw(r, 20)), w.run(r)...)...)
		default:
			done, err := w.store.Compact(w.rolled, noon.Add(time.Duration(r.Int64N(150)-100)*time.Hour))
			require.NoError(t, err)
			rolledUp += done.Before
			check()
		}
		check()
	}
	require.Greater(t, rolledUp, 100)
	_, err = w.store.Compact(w.rolled, noon.Add(10*24*time.Hour))
	require.NoError(t, err)
	require.Zero(t, w.count(t, w.rolled, "statistic"), "all is rolled up")
	require.LessOrEqual(t, w.count(t, w.rolled, "statistic_rollup"), 5, "integrations with little share a row a day")
	for range 20 {
		check()
	}
}

func (b *bundle) count(t *testing.T, ctx context.Context, table string) (n int) { //nolint:revive // The context is the tenant.
	t.Helper()
	require.NoError(t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()+" WHERE tenant_id = $1", tx.TenantID()).Scan(&n)
	}))
	return n
}

// Large integrations have rows of their own, and their figures are the same.
func TestLargeIntegrationsHaveRowsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	r := rand.New(rand.NewPCG(13, 14))
	for range 6 {
		w.commit(t, cellsOf(draw(r, 3000))...)
	}
	_, err := w.store.Compact(w.rolled, noon.Add(48*time.Hour))
	require.NoError(t, err)
	require.Greater(t, w.count(t, w.rolled, "statistic_rollup"), 5, "more than one a day")
	buckets, err := statistics.NewBuckets(noon.Add(-70*time.Hour), noon, statistics.Hour, time.UTC)
	require.NoError(t, err)
	require.Equal(t, w.everything(t, w.plain, buckets, buckets), w.everything(t, w.rolled, buckets, buckets))
}

// A day is rolled up when it is over; what is late, later.
func TestWhenADayIsRolledUp(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	midnight := noon.Truncate(24 * time.Hour)
	cell := func(at time.Time) statistics.Cell {
		return statistics.Cell{Count: 1, Dimensions: statistics.Dimensions{Minute: statistics.MinuteOf(at), Kind: entry.KindInternalEvent, Status: entry.StatusSuccess}}
	}
	waits := func(before time.Time) int {
		_, err := w.store.Compact(w.rolled, before)
		require.NoError(t, err)
		return w.count(t, w.rolled, "statistic")
	}
	w.commit(t, cell(midnight.Add(-time.Hour)))
	require.Equal(t, 1, waits(midnight.Add(-time.Minute)), "the day goes on")
	require.Equal(t, 0, waits(midnight))
	w.commit(t, cell(midnight.Add(-2*time.Hour)))
	require.Equal(t, 1, waits(midnight.Add(time.Hour)), "it was rolled up just now")
	require.Equal(t, 0, waits(midnight.Add(7*time.Hour)))
	for i := range 40 {
		w.commit(t, cell(midnight.Add(time.Duration(i)*time.Minute)))
	}
	w.commit(t, cell(midnight.Add(2*time.Hour)))
	w.commit(t, cell(midnight.Add(time.Minute)))
	require.Equal(t, 2, waits(midnight.Add(time.Hour)), "many rows are rolled up at once, but not past a commit that is not over")
}

// Whoever reads while days are rolled up counts nothing twice, and misses nothing.
func TestReadersSeeADayBeforeOrAfter(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	r := rand.New(rand.NewPCG(15, 16))
	for range 20 {
		w.commit(t, cellsOf(draw(r, 200))...)
	}
	buckets, err := statistics.NewBuckets(noon.Add(-100*time.Hour), noon, statistics.Hour, time.UTC)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := w.store.Compact(w.rolled, noon.Add(48*time.Hour))
		done <- err
	}()
	for rolling := true; rolling; {
		select {
		case err := <-done:
			require.NoError(t, err)
			rolling = false
		default:
		}
		for _, f := range []statistics.Filter{{}, {CustomerID: ids[0]}} {
			got, err := w.store.Series(w.rolled, f, buckets)
			require.NoError(t, err)
			want, err := w.store.Series(w.plain, f, buckets)
			require.NoError(t, err)
			require.Equal(t, say(&want.Totals), say(&got.Totals))
		}
	}
}

// counting counts statements.
type counting struct{ n atomic.Int64 }

func (c *counting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if q.SQL != "ROLLBACK" {
		c.n.Add(1)
	}
	return ctx
}

func (c *counting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A month of an integration is one statement, and so is everything else.
func TestFiguresAreOneStatement(t *testing.T) {
	t.Parallel()
	cfg, err := pgxpool.ParseConfig(pgtest.New(t).ServiceURL)
	require.NoError(t, err)
	statements := &counting{}
	cfg.ConnConfig.DefaultQueryExecMode, cfg.ConnConfig.Tracer = pgx.QueryExecModeExec, statements
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	door := tenant.NewDoor(pool)
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	w := &twins{bundle: &bundle{door: door, store: statistics.NewStore(door, nil)}}
	w.rolled = tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	w.plain = tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	w.commit(t, cellsOf(draw(rand.New(rand.NewPCG(17, 18)), 500))...)
	_, err = w.store.Compact(w.rolled, noon.Add(48*time.Hour))
	require.NoError(t, err)
	w.commit(t, cellsOf(draw(rand.New(rand.NewPCG(19, 20)), 50))...)
	month, err := statistics.NewBuckets(noon.Add(-30*24*time.Hour-time.Minute), noon, statistics.Hour, time.UTC)
	require.NoError(t, err)
	days, err := statistics.NewBuckets(noon.Add(-30*24*time.Hour), noon, statistics.Day, time.UTC)
	require.NoError(t, err)
	for name, ask := range map[string]func() error{
		"series": func() error {
			_, err := w.store.Series(w.rolled, statistics.Filter{IntegrationID: ids[3]}, month)
			return err
		},
		"customer": func() error {
			_, err := w.store.Series(w.rolled, statistics.Filter{CustomerID: ids[0]}, month)
			return err
		},
		"dashboard": func() error {
			_, err := w.store.Dashboard(w.rolled, ids[3], month, statistics.WithPrevious|statistics.WithBreakdown)
			return err
		},
		"overview":  func() error { _, err := w.store.Overview(w.rolled, days); return err },
		"landscape": func() error { _, err := w.store.Links(w.rolled, days); return err },
	} {
		before := statements.n.Load()
		require.NoError(t, ask())
		require.Equal(t, int64(1), statements.n.Load()-before, name)
	}
}

// What cannot be read is left out, and the rest is there.
func TestDamagedRowsAreLeftOut(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	w.commit(t, cellsOf(draw(rand.New(rand.NewPCG(21, 22)), 500))...)
	_, err := w.store.Compact(w.rolled, noon.Add(48*time.Hour))
	require.NoError(t, err)
	buckets, err := statistics.NewBuckets(noon.Add(-100*time.Hour), noon, statistics.Hour, time.UTC)
	require.NoError(t, err)
	whole, err := w.store.Series(w.rolled, statistics.Filter{}, buckets)
	require.NoError(t, err)
	for _, column := range []string{"hours", "parts"} {
		require.NoError(t, w.door.Write(w.rolled, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Pgx().Exec(ctx, "UPDATE statistic_rollup SET "+column+" = set_byte("+column+", 9, 255 - get_byte("+column+", 9)) WHERE tenant_id = $1 AND day = $2",
				tx.TenantID(), noon.Truncate(24*time.Hour))
			return err
		}))
	}
	got, err := w.store.Series(w.rolled, statistics.Filter{}, buckets)
	require.NoError(t, err)
	require.Less(t, got.Totals.Total, whole.Totals.Total)
	require.NotZero(t, got.Totals.Total)
	got, err = w.store.Series(w.rolled, statistics.Filter{CustomerID: ids[0]}, buckets)
	require.NoError(t, err)
	require.NotZero(t, got.Totals.Total)
}
