package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

const dashboardQuery = `query($id: ID!, $range: TimeRange!) { integration(id: $id) { dashboard(range: $range, granularity: HOUR) {
  totals { total } series { at total failed p50Ms p95Ms p99Ms } } } }`

const (
	dashboardName = "Q4 30 days of one integration by hour, with percentiles"
	// limitDashboard is of the p50 of the store, in ms, of what is rolled up. A month that was loaded within a minute is not, until
	// the job has run.
	limitDashboard = 5
)

// measureDashboards asks for series of integrations over GraphQL and of the store, by turns.
func (b *bench) measureDashboards(ctx context.Context, state string) error {
	debug.FreeOSMemory()
	door := tenant.NewDoor(b.pool)
	defer door.Close() //nolint:errcheck // It holds nothing but the pool.
	figures := statistics.NewStore(door, nil)
	d := b.held().Draw(b.options.seed, 100)
	var graph, store workload.Latencies
	found := 0
	for n := -warmUp; n < b.options.queries; n++ {
		at := d.IntN(len(b.tenants))
		b.corpus.Fill(&d.Entry, at, d.IntN(b.corpus.Len()))
		id := directory.IntegrationID(b.tenants[at].id, d.Integration)
		var totals [2]int
		asks := [2]func() (int, error){
			func() (int, error) { return b.askDashboard(ctx, at, id) },
			func() (int, error) { return monthOf(b.as(ctx, at), figures, id, b.month) },
		}
		for _, i := range [2][2]int{{0, 1}, {1, 0}}[n&1] {
			began := time.Now()
			total, err := asks[i]()
			if err != nil {
				return fmt.Errorf("%s: %w", dashboardName, err)
			}
			totals[i] = total
			if n >= 0 {
				[2]*workload.Latencies{&graph, &store}[i].Add(time.Since(began))
			}
		}
		if totals[0] == 0 || totals[0] != totals[1] {
			return fmt.Errorf("%s: GraphQL counts %d and the store %d entries", dashboardName, totals[0], totals[1])
		}
		found += totals[0]
	}
	var most workload.Most
	if state != "loaded" {
		most.Store = limitDashboard
	}
	b.report.Queries = append(b.report.Queries, answering{
		Question: dashboardName, State: state, Most: most, Found: float64(found) / float64(max(b.options.queries+warmUp, 1)),
		GraphQL: graph.Summary(), Store: store.Summary(),
	})
	return nil
}

// month is the whole hours that hold all entries of the bench.
func (b *bench) month() (from, to time.Time) {
	return b.end.Add(-time.Duration(b.options.days) * 24 * time.Hour).Truncate(time.Hour), b.end.Truncate(time.Hour).Add(time.Hour)
}

func (b *bench) askDashboard(ctx context.Context, at int, id uuid.UUID) (int, error) {
	var got struct {
		Integration struct {
			Dashboard struct {
				Totals struct{ Total int }
				Series []struct{ Total int }
			}
		}
	}
	from, to := b.month()
	client := &harness.Client{URL: b.service.URL, Token: b.tenants[at].key, HTTP: b.http}
	err := client.Query(ctx, dashboardQuery, map[string]any{
		"id": nodeid.Format(nodeid.Integration, id), "range": map[string]any{"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)},
	}, &got)
	return got.Integration.Dashboard.Totals.Total, err
}

// monthOf asks the store for a month of an integration by hour, and for each hour's percentiles.
func monthOf(ctx context.Context, figures *statistics.Store, id uuid.UUID, month func() (from, to time.Time)) (int, error) {
	from, to := month()
	buckets, err := statistics.NewBuckets(from, to, statistics.Hour, time.UTC)
	if err != nil {
		return 0, err
	}
	d, err := figures.Dashboard(ctx, id, buckets, 0)
	if err != nil {
		return 0, err
	}
	for i := range d.Points {
		for _, q := range []float64{0.5, 0.95, 0.99} {
			d.Points[i].Percentile(q)
		}
	}
	return int(d.Totals.Total), nil
}

// rollUp rolls the statistics of all tenants up, as the hourly job does, and lets PostgreSQL reuse the room.
func (b *bench) rollUp(ctx context.Context) error {
	door := tenant.NewDoor(b.pool)
	defer door.Close() //nolint:errcheck // It holds nothing but the pool.
	figures := statistics.NewStore(door, nil)
	for i := range b.tenants {
		if _, err := figures.Compact(b.as(ctx, i), time.Now().Truncate(time.Hour)); err != nil {
			return err
		}
	}
	return b.vacuum(ctx)
}
