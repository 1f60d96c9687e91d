package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// Entries and runs make one list, whatever the pages are.
func TestLogsAreEntriesAndRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(41, 1))
	list := w.entries(r, 300, 60*time.Hour)
	put(ctx, t, b.store, list[:100], list[100:])
	runs := b.runs(ctx, t, r, 150, 60*time.Hour)
	logs := NewLogs(b.store, run.NewStore(b.door))
	value := 500
	filters := map[string]entry.Filter{
		"nothing": {}, "failures": {Statuses: []entry.Status{entry.StatusFailure}}, "pending": {Statuses: []entry.Status{entry.StatusPending}},
		"runs": {Kinds: []entry.Kind{entry.KindFlowRun}}, "runs and events": {Kinds: []entry.Kind{entry.KindFlowRun, entry.KindExternalEvent}},
		"requests": {Kinds: []entry.Kind{entry.KindAPIRequest}}, "range": {Range: entry.Range{From: noon.Add(-30 * time.Hour), To: noon.Add(-3 * time.Hour)}},
		"one run": {FlowRunID: runs[0].ID}, "status code": {StatusCode: entry.IntRange{Equal: &value}},
		"errors": {ErrorKinds: []entry.ErrorKind{entry.ErrorApplication, entry.ErrorTimeout}}, "customer": {CustomerIDs: w.customers[:1]},
	}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"nothing", "failures", "pending", "runs", "runs and events", "requests", "range", "one run", "status code", "errors", "customer"}).Draw(rt, "filter")
		f := filters[name]
		q := Query{Filter: f, Order: entry.Order(rapid.IntRange(0, 1).Draw(rt, "order")), First: rapid.IntRange(20, 300).Draw(rt, "first")}
		want := positions(list, runs, f, q.Order)
		var got []entry.Position
		for {
			p, err := logs.List(ctx, q)
			require.NoError(rt, err)
			for _, i := range p.Items {
				got = append(got, i.Position())
			}
			if q.After = p.Resume; !p.HasNext {
				break
			}
		}
		require.Equal(rt, want, got, name)
		buckets, err := logs.Histogram(ctx, f, rapid.IntRange(1, 40).Draw(rt, "buckets"))
		require.NoError(rt, err)
		total := 0
		for _, bucket := range buckets {
			total += bucket.Total
		}
		require.Len(rt, want, total, name)
	})
}

func positions(list []*entry.Entry, runs []*run.FlowRun, f entry.Filter, order entry.Order) (all []entry.Position) {
	for _, e := range model(list, f, order) {
		all = append(all, Item{Entry: e}.Position())
	}
	for _, r := range runs {
		asEntry := &entry.Entry{Head: entry.Head{ID: nodeid.New(r.At), Kind: entry.KindFlowRun, Status: r.LogStatus(), DurationMS: -1, FlowRunID: r.ID}}
		if r.Error != nil {
			asEntry.ErrorKind = entry.ErrorApplication
		}
		asEntry.Detail = &entry.Detail{}
		if finds(f, asEntry) {
			all = append(all, r.Position())
		}
	}
	slices.SortFunc(all, func(a, b entry.Position) int { return comparePositions(order, a, b) })
	return all
}

// runs makes flow runs at random times.
func (b *bundle) runs(ctx context.Context, t *testing.T, r *rand.Rand, n int, span time.Duration) []*run.FlowRun {
	t.Helper()
	store, flow := run.NewStore(b.door), uuid.New()
	ids := make([]uuid.UUID, n)
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "INSERT INTO flow (tenant_id, id, key, name, created_at) VALUES ($1, $2, 'flow', 'Flow', $3)", tx.TenantID(), flow, noon); err != nil {
			return err
		}
		events := make([]run.FlowRunEvent, n)
		for i := range events {
			at := noon.Add(-time.Duration(r.Int64N(int64(span)))).Truncate(time.Microsecond)
			ids[i] = run.FlowRunID(tx.TenantID(), fmt.Sprint("run-", i))
			events[i] = run.FlowRunEvent{ID: ids[i], ExternalID: fmt.Sprint("run-", i), At: at, RecordedAt: at, FlowID: flow, StartedAt: &at,
				Status: run.Status(1 + r.IntN(6))}
			if events[i].Status == run.Failed && r.IntN(2) == 0 {
				events[i].Error = &run.Error{Code: "E", Message: "broken"}
			}
		}
		_, err := store.Apply(ctx, tx, 1, events, nil)
		return err
	}))
	found, err := store.ByIDs(ctx, ids)
	require.NoError(t, err)
	list := make([]*run.FlowRun, n)
	for i, id := range ids {
		list[i] = found[id]
	}
	return list
}
