package statistics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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
