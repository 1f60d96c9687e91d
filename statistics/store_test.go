package statistics_test

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)

type bundle struct {
	door    *tenant.Door
	journal *journal.Store
	store   *statistics.Store
	ctx     context.Context //nolint:containedctx // of the one tenant of a test
	tenant  uuid.UUID
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{door: tenant.NewDoor(pgtest.New(t).Pool(t)), tenant: uuid.New()}
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	b.journal = journal.NewStore(b.door, journal.Options{Now: func() time.Time { return noon }})
	b.store = statistics.NewStore(b.door, slog.New(slog.DiscardHandler))
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenant))
	_, err := b.journal.EnsurePartitions(t.Context(), journal.DayOf(noon)-5, journal.DayOf(noon)+1)
	require.NoError(t, err)
	return b
}

func (b *bundle) put(t *testing.T, entries []*entry.Entry) {
	t.Helper()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := b.journal.Begin(ctx, tx, nil)
		if err != nil {
			return err
		}
		return c.Append(ctx, journal.Batch{Loose: slices.Clone(entries)})
	}))
}

var ids = func() (list []uuid.UUID) {
	for i := range byte(8) {
		list = append(list, uuid.UUID{6: 0x50, 8: 0x80, 15: i + 1})
	}
	return list
}()

// draw makes entries of the four days before noon: of three customers (ids 0 to 2) and three integrations (ids 3 to 5).
func draw(r *rand.Rand, n int) []*entry.Entry {
	list := make([]*entry.Entry, n)
	for i := range list {
		at := noon.Add(-time.Duration(r.Int64N(int64(96 * time.Hour)))).Truncate(time.Microsecond)
		e := &entry.Entry{Head: entry.Head{
			ID: nodeid.New(at), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Direction: entry.Outbound,
			Method: "GET", Endpoint: []string{"/a", "/b/{id}"}[r.IntN(2)], StatusCode: 200,
			CustomerID: ids[r.IntN(3)], IntegrationID: ids[3+r.IntN(3)], DurationMS: math.Exp(r.NormFloat64() + 5),
		}}
		e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
		switch r.IntN(8) {
		case 0:
			e.Status, e.StatusCode, e.ErrorKind, e.ErrorCode = entry.StatusFailure, 401, entry.ErrorHTTP, "INVALID"
		case 1:
			e.Kind, e.Method, e.Endpoint, e.StatusCode, e.DurationMS = entry.KindExternalWebhook, "POST", "", 0, -1
		case 2:
			e.Kind, e.Method, e.Endpoint, e.EventType, e.StatusCode = entry.KindTransaction, "", "", "ship", 0
			e.Transaction = &entry.Transaction{From: "ERP", To: "WMS"}
			e.CustomerID, e.IntegrationID, e.ConnectedAppID = uuid.Nil, uuid.Nil, uuid.Nil
		}
		list[i] = e
	}
	return list
}

type figures struct{ total, failed int64 }

func within(list []*entry.Entry, from, to time.Time, match func(*entry.Entry) bool) (f figures, durations []float64) {
	for _, e := range list {
		if at := e.OccurredAt(); at.Before(from) || !at.Before(to) || !match(e) {
			continue
		}
		f.total++
		if e.Status == entry.StatusFailure {
			f.failed++
		}
		if e.DurationMS >= 0 {
			durations = append(durations, e.DurationMS)
		}
	}
	slices.Sort(durations)
	return f, durations
}

func all(*entry.Entry) bool { return true }

func of(f statistics.Filter) func(*entry.Entry) bool {
	return func(e *entry.Entry) bool {
		return (f.CustomerID == uuid.Nil || e.CustomerID == f.CustomerID) && (f.IntegrationID == uuid.Nil || e.IntegrationID == f.IntegrationID) &&
			(f.ConnectedAppID == uuid.Nil || e.ConnectedAppID == f.ConnectedAppID)
	}
}

func checkSeries(t *testing.T, b *bundle, list []*entry.Entry, f statistics.Filter, buckets statistics.Buckets) {
	t.Helper()
	got, err := b.store.Series(b.ctx, f, buckets)
	require.NoError(t, err)
	require.Len(t, got.Points, buckets.Len())
	var sum figures
	for i := range got.Points {
		p := &got.Points[i]
		from := buckets.At(i)
		if i > 0 {
			require.Equal(t, buckets.End(i-1), from)
		} else {
			from = buckets.Begin()
		}
		want, durations := within(list, from, buckets.End(i), of(f))
		require.Equal(t, want, figures{p.Total, p.Failed}, "%s", from)
		sum.total, sum.failed = sum.total+p.Total, sum.failed+p.Failed
		if len(durations) == 0 {
			require.Nil(t, p.Percentile(0.5))
			continue
		}
		for _, q := range []float64{0.5, 0.95, 0.99} {
			require.InEpsilon(t, durations[int(q*float64(len(durations)-1))], *p.Percentile(q), 0.0101)
		}
	}
	require.Equal(t, sum, figures{got.Totals.Total, got.Totals.Failed})
}

// Sums over any split equal the total and a count over the entries, fresh and merged.
func TestFiguresAreThoseOfTheEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := rand.New(rand.NewPCG(1, 1))
	list := draw(r, 3000)
	for part := range slices.Chunk(list, 100) {
		b.put(t, part)
	}
	helsinki, err := time.LoadLocation("Europe/Helsinki") // the clock is put forward on 29 March
	require.NoError(t, err)
	kolkata, err := time.LoadLocation("Asia/Kolkata") // half an hour off
	require.NoError(t, err)
	check := func() {
		for _, f := range []statistics.Filter{
			{}, {IntegrationID: ids[3]}, {CustomerID: ids[0]}, {CustomerID: ids[1], IntegrationID: ids[4]},
			{ConnectedAppID: nodeid.ImpliedApp(ids[2], ids[5])}, {CustomerID: uuid.New()},
		} {
			for range 3 {
				from := noon.Add(-time.Duration(r.Int64N(int64(100*60))) * time.Minute)
				to := from.Add(time.Duration(1+r.Int64N(48*60)) * time.Minute)
				for _, g := range []statistics.Granularity{statistics.Hour, statistics.Day} {
					for _, in := range []*time.Location{time.UTC, helsinki, kolkata} {
						buckets, err := statistics.NewBuckets(from, to, g, in)
						require.NoError(t, err)
						checkSeries(t, b, list, f, buckets)
					}
				}
				short, err := statistics.NewBuckets(from, from.Add(2*time.Hour), statistics.Minute, time.UTC)
				require.NoError(t, err)
				checkSeries(t, b, list, f, short)
			}
		}
	}
	check()
	done, err := b.store.Compact(b.ctx, noon)
	require.NoError(t, err)
	require.Greater(t, done.Before, 100)
	require.Less(t, done.After, 10)
	check()
	again, err := b.store.Compact(b.ctx, noon)
	require.NoError(t, err)
	require.Zero(t, again.Before)
}

func TestDashboardOverviewAndLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := draw(rand.New(rand.NewPCG(2, 2)), 1000)
	for part := range slices.Chunk(list, 250) {
		b.put(t, part)
	}
	from, to := noon.Add(-48*time.Hour), noon
	buckets, err := statistics.NewBuckets(from, to, statistics.Hour, time.UTC)
	require.NoError(t, err)
	integration := ids[3]
	mine := of(statistics.Filter{IntegrationID: integration})
	d, err := b.store.Dashboard(b.ctx, integration, buckets, statistics.WithPrevious|statistics.WithBreakdown)
	require.NoError(t, err)
	want, _ := within(list, from, to, mine)
	require.Equal(t, want, figures{d.Totals.Total, d.Totals.Failed})
	before, _ := within(list, from.Add(-48*time.Hour), from, mine)
	require.Equal(t, before, figures{d.Previous.Total, d.Previous.Failed})

	sum := int64(0)
	for _, c := range d.StatusCodes {
		n, _ := within(list, from, to, func(e *entry.Entry) bool { return mine(e) && e.StatusCode == c.Code })
		require.Equal(t, n.total, c.Total)
		sum += c.Total
	}
	require.Equal(t, want.total, sum)
	for _, c := range d.Calls {
		n, _ := within(list, from, to, func(e *entry.Entry) bool {
			return mine(e) && e.Kind == entry.KindAPIRequest && e.Endpoint == c.Endpoint
		})
		require.Equal(t, n, figures{c.Total, c.Failed})
	}
	require.Len(t, d.Calls, 2)
	var customers figures
	for _, c := range d.Customers {
		customers.total, customers.failed = customers.total+c.Total, customers.failed+c.Failed
	}
	require.Equal(t, want, customers)
	require.Len(t, d.Failures, 1)
	require.Equal(t, "HTTP 401 INVALID", d.Failures[0].Category())
	require.Equal(t, want.failed, d.Failures[0].Total)
	require.Equal(t, 3, d.Failures[0].Customers)
	require.Len(t, d.All, 3)

	whole, err := statistics.NewBuckets(from, to, statistics.Day, time.UTC)
	require.NoError(t, err)
	o, err := b.store.Overview(b.ctx, whole)
	require.NoError(t, err)
	everything, _ := within(list, from, to, all)
	require.Equal(t, everything, figures{o.Totals.Total, o.Totals.Failed})
	require.Equal(t, want, figures{o.Integrations[integration].Totals.Total, o.Integrations[integration].Totals.Failed})

	links, err := b.store.Links(b.ctx, whole)
	require.NoError(t, err)
	seen := map[statistics.Party]int64{}
	for _, l := range links {
		seen[l.From] += l.Total
		require.NotEmpty(t, l.MostOperations(1))
	}
	transfers, _ := within(list, from, to, func(e *entry.Entry) bool { return e.Kind == entry.KindTransaction })
	require.Equal(t, transfers.total, seen[statistics.Party{Name: "ERP"}])
	calls, _ := within(list, from, to, func(e *entry.Entry) bool { return e.Kind == entry.KindAPIRequest })
	require.Equal(t, calls.total, seen[statistics.Party{}], "the tenant's own product calls")
}

func TestFiguresAreTheTenantsAndTheCustomersOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := draw(rand.New(rand.NewPCG(3, 3)), 300)
	b.put(t, list)
	buckets, err := statistics.NewBuckets(noon.Add(-100*time.Hour), noon, statistics.Day, time.UTC)
	require.NoError(t, err)
	got, err := b.store.Series(tenant.WithPrincipal(t.Context(), tenant.System(uuid.New())), statistics.Filter{}, buckets)
	require.NoError(t, err)
	require.Zero(t, got.Totals.Total)
	_, err = b.store.Series(t.Context(), statistics.Filter{}, buckets)
	require.True(t, errs.Is(err, errs.Unauthenticated))

	limited := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant, Kind: tenant.KindCustomer, CustomerID: ids[0]})
	want, _ := within(list, noon.Add(-100*time.Hour), noon, of(statistics.Filter{CustomerID: ids[0]}))
	got, err = b.store.Series(limited, statistics.Filter{}, buckets)
	require.NoError(t, err)
	require.Equal(t, want.total, got.Totals.Total)
	got, err = b.store.Series(limited, statistics.Filter{CustomerID: ids[1]}, buckets)
	require.NoError(t, err)
	require.Zero(t, got.Totals.Total)
	o, err := b.store.Overview(limited, buckets)
	require.NoError(t, err)
	require.Equal(t, want.total, o.Totals.Total)
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	_, err := statistics.NewBuckets(noon, noon.Add(48*time.Hour), statistics.Minute, time.UTC)
	require.True(t, errs.Is(err, errs.BadInput))
	require.ErrorContains(t, err, "HOUR")
	_, err = statistics.NewBuckets(noon, noon, statistics.Hour, time.UTC)
	require.True(t, errs.Is(err, errs.BadInput))
	b, err := statistics.NewBuckets(noon.Add(30*time.Second), noon.Add(90*time.Second), statistics.Minute, time.UTC)
	require.NoError(t, err)
	require.Equal(t, 2, b.Len(), "widened to whole minutes")
}

// Days have 23 hours, or begin at one o'clock, where the clock says so.
func TestDaysOfATimeZone(t *testing.T) {
	t.Parallel()
	for name, hours := range map[string][]int{
		"Europe/Helsinki": {24, 23, 24}, // 29 March 2026
		"Asia/Beirut":     {24, 23, 24}, // 29 March 2026, at midnight
	} {
		in, err := time.LoadLocation(name)
		require.NoError(t, err)
		from := time.Date(2026, 3, 28, 0, 0, 0, 0, in)
		b, err := statistics.NewBuckets(from, time.Date(2026, 3, 31, 0, 0, 0, 0, in), statistics.Day, in)
		require.NoError(t, err)
		require.Equal(t, len(hours), b.Len(), name)
		for i, h := range hours {
			require.Equal(t, time.Duration(h)*time.Hour, b.End(i).Sub(b.At(i)), "%s %d", name, i)
		}
	}
}
