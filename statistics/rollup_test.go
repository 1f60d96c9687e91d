package statistics_test

import (
	"context"
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

// Roll-ups that are made at any moment change no figure: neither of late entries, nor of runs that are taken back.
func TestRollUpsChangeNoFigure(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string]int{"days of few cells": 100, "days of many": 9_500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollUpsChangeNoFigure(t, entries)
		})
	}
}

func rollUpsChangeNoFigure(t *testing.T, entries int) {
	t.Helper()
	w := newTwins(t)
	r := rand.New(rand.NewPCG(11, 12))
	first := draw(r, entries)
	for _, e := range first { // of no customer, so that it matters when one of the few that have one is taken back
		e.CustomerID, e.ConnectedAppID = uuid.Nil, uuid.Nil
	}
	w.commit(t, cellsOf(first)...)
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
	for range 30 {
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
	if entries < 1000 {
		require.LessOrEqual(t, w.count(t, w.rolled, "statistic_rollup"), 5, "integrations with little share a row a day")
	}
	for range 10 {
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

// A roll-up does not say what is left when something of it is taken back: then cells by minute are read.
func TestWhatIsTakenBackAfterItWasRolledUp(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	day := noon.Add(-24 * time.Hour).Truncate(24 * time.Hour)
	var many []statistics.Cell
	for i := range int64(3000) { // of no customer
		many = append(many, statistics.Cell{Count: 1, Dimensions: statistics.Dimensions{
			Minute: statistics.MinuteOf(day) + i%1440, Kind: entry.KindInternalEvent, Status: entry.StatusSuccess, IntegrationID: ids[3], StatusCode: int(i),
		}})
	}
	failed := func(at time.Duration, customer uuid.UUID) statistics.Cell {
		return statistics.Cell{Count: 1, Dimensions: statistics.Dimensions{
			Minute: statistics.MinuteOf(day.Add(at)), Kind: entry.KindFlowRun, Status: entry.StatusFailure, IntegrationID: ids[3], CustomerID: customer,
			Error: statistics.Error{Kind: entry.ErrorApplication, Code: "BOOM"},
		}}
	}
	w.commit(t, append(many, failed(9*time.Hour, ids[1]), failed(10*time.Hour, ids[0]))...)
	_, err := w.store.Compact(w.rolled, noon)
	require.NoError(t, err)
	require.Zero(t, w.count(t, w.rolled, "statistic"))
	back := failed(10*time.Hour, ids[0])
	back.TakeBack()
	w.commit(t, back, failed(8*time.Hour, ids[2]))
	for _, g := range []statistics.Granularity{statistics.Hour, statistics.Day} {
		buckets, err := statistics.NewBuckets(day, day.Add(24*time.Hour), g, time.UTC)
		require.NoError(t, err)
		d, err := w.store.Dashboard(w.rolled, ids[3], buckets, statistics.WithBreakdown)
		require.NoError(t, err)
		require.Equal(t, day.Add(9*time.Hour), d.Failures[0].LastSeenAt)
		require.Equal(t, map[uuid.UUID]struct{}{ids[1]: {}, ids[2]: {}}, d.All)
		require.Equal(t, w.everything(t, w.plain, buckets, buckets), w.everything(t, w.rolled, buckets, buckets))
	}
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
