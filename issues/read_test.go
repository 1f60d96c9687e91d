package issues_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// various opens an issue for each of some endpoints, a minute apart, of which each hits one more app.
func (b *bundle) various(n int) (keys []issues.Key) {
	for at := range n {
		k := b.key(diagnostics.EndpointOrVersionRetired, "GET /"+string(rune('a'+at)))
		for _, a := range b.apps[:at+1] {
			b.see(k, a, 2)
		}
		b.take()
		b.pass(time.Minute)
		keys = append(keys, k)
	}
	return keys
}

// all reads a list page by page.
func all[T any](t *testing.T, size int, load func(req page.Request) (page.Page[T], error), cursor func(T) string) (list []T) {
	t.Helper()
	req := page.Request{Size: size}
	for {
		p, err := load(req)
		require.NoError(t, err)
		require.Equal(t, req.After != "", p.HasPrevious)
		require.LessOrEqual(t, len(p.Items), size)
		list = append(list, p.Items...)
		if !p.HasNext {
			require.Equal(t, len(list), p.Total)
			return list
		}
		req.After = cursor(p.Items[len(p.Items)-1])
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	keys := b.various(5)
	slices.Reverse(keys)
	list := all(t, 2, func(req page.Request) (page.Page[*issues.Issue], error) {
		return b.store.List(b.ctx, issues.Filter{}, req)
	}, (*issues.Issue).Cursor)
	for n, i := range list {
		require.Equal(t, keys[n], i.Key)
		require.Equal(t, 5-n, i.CustomerCount)
		require.EqualValues(t, 2*(5-n), i.Occurrences)
	}
	widest := list[0].ID
	customers := all(t, 2, func(req page.Request) (page.Page[uuid.UUID], error) {
		return b.store.Customers(b.ctx, widest, req)
	}, issues.CustomerCursor)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(texts(customers)))), 5)
	evidence := all(t, 3, func(req page.Request) (page.Page[issues.Evidence], error) {
		return b.store.Evidence(b.ctx, widest, req)
	}, b.store.EvidenceCursor)
	require.Len(t, evidence, 10)
	require.True(t, slices.IsSortedFunc(evidence, func(a, b issues.Evidence) int { return b.At.Compare(a.At) }))

	_, err := b.store.List(b.ctx, issues.Filter{}, page.Request{Size: 1, After: issues.CustomerCursor(uuid.New())})
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.List(b.ctx, issues.Filter{}, page.Request{})
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.Customers(b.ctx, widest, page.Request{Size: 1, After: issues.CustomerCursor(uuid.New())})
	require.True(t, errs.Is(err, errs.BadInput))
}

func texts(ids []uuid.UUID) (out []string) {
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	keys := b.various(4)
	warn := b.key(diagnostics.QuotaExhausted)
	b.see(warn, b.apps[4], 2)
	b.take()
	_, err := b.store.Acknowledge(b.ctx, b.id(keys[0]), "")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		filter issues.Filter
		want   int
	}{
		"all":            {issues.Filter{}, 5},
		"status":         {issues.Filter{Statuses: []issues.Status{issues.Acknowledged, issues.Resolved}}, 1},
		"severity":       {issues.Filter{Severities: []issues.Severity{issues.Warning}}, 1},
		"category":       {issues.Filter{Categories: []diagnostics.Category{diagnostics.QuotaExhausted, diagnostics.RunStuck}}, 1},
		"integration":    {issues.Filter{IntegrationIDs: []uuid.UUID{b.integration}}, 5},
		"other":          {issues.Filter{IntegrationIDs: []uuid.UUID{uuid.New()}}, 0},
		"customer":       {issues.Filter{CustomerIDs: []uuid.UUID{b.apps[2].customer}}, 2},
		"app":            {issues.Filter{ConnectedAppIDs: []uuid.UUID{b.apps[3].id}}, 1},
		"assignee":       {issues.Filter{AssigneeID: uuid.New()}, 0},
		"several":        {issues.Filter{CustomerIDs: []uuid.UUID{b.apps[0].customer}, Statuses: []issues.Status{issues.Open}}, 3},
		"any of a list":  {issues.Filter{CustomerIDs: []uuid.UUID{b.apps[3].customer, b.apps[4].customer}}, 2},
		"nothing at all": {issues.Filter{CustomerIDs: []uuid.UUID{b.apps[4].customer}, Statuses: []issues.Status{issues.Acknowledged}}, 0},
	} {
		p, err := b.store.List(b.ctx, c.filter, page.Request{Size: 50})
		require.NoError(t, err, name)
		require.Len(t, p.Items, c.want, name)
		require.Equal(t, c.want, p.Total, name)
	}
}

func TestListsBelowMany(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	b.various(4)
	for of, ids := range map[entry.ParentKind][]uuid.UUID{
		entry.ParentCustomer:     {b.apps[0].customer, b.apps[2].customer, b.apps[4].customer, b.apps[0].customer},
		entry.ParentConnectedApp: {b.apps[0].id, b.apps[2].id, b.apps[4].id},
	} {
		below, err := b.store.ListBelow(b.ctx, of, ids, issues.Filter{}, 3)
		require.NoError(t, err)
		require.Len(t, below, 3)
		for n, want := range map[int]int{0: 4, 1: 2, 2: 0} {
			p := below[ids[n]]
			require.Equal(t, want, p.Total)
			require.Len(t, p.Items, min(want, 3))
			require.Equal(t, want > 3, p.HasNext)
		}
	}
	below, err := b.store.ListBelow(b.ctx, entry.ParentIntegration, []uuid.UUID{b.integration}, issues.Filter{}, 9)
	require.NoError(t, err)
	require.Equal(t, 4, below[b.integration].Total)
	require.Len(t, below[b.integration].Items, 4)
	_, err = b.store.ListBelow(b.ctx, entry.ParentFlow, nil, issues.Filter{}, 9)
	require.True(t, errs.Is(err, errs.BadInput))
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	k := b.open(b.apps[:2]...)
	b.pass(2 * time.Hour)
	b.see(k, b.apps[2], 3)
	b.take()
	buckets, err := statistics.NewBuckets(start.Add(-30*time.Minute), start.Add(3*time.Hour), statistics.Hour, time.UTC)
	require.NoError(t, err)
	points, err := b.store.Timeline(b.ctx, b.id(k), buckets)
	require.NoError(t, err)
	hour := start.Truncate(time.Hour)
	require.Equal(t, []issues.Point{
		{At: hour.Add(-time.Hour)}, {At: hour, Occurrences: 4, Customers: 2}, {At: hour.Add(time.Hour)},
		{At: hour.Add(2 * time.Hour), Occurrences: 3, Customers: 1}, {At: hour.Add(3 * time.Hour)},
	}, points)
	points, err = b.store.Timeline(b.limited(b.apps[0].customer), b.id(k), buckets)
	require.NoError(t, err)
	require.Equal(t, issues.Point{At: hour, Occurrences: 2, Customers: 1}, points[1])
}

func TestHealth(t *testing.T) {
	t.Parallel()
	now := start
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	for _, c := range []struct {
		worst issues.Severity
		last  *time.Time
		want  issues.Health
	}{
		{issues.Critical, nil, issues.Failing},
		{issues.Error, ago(0), issues.Failing},
		{issues.Warning, nil, issues.Degraded},
		{issues.Info, ago(time.Hour), issues.Healthy},
		{"", ago(7 * 24 * time.Hour), issues.Healthy},
		{"", ago(7*24*time.Hour + time.Second), issues.Idle},
		{issues.Info, nil, issues.Idle},
	} {
		require.Equal(t, c.want, issues.HealthOf(c.worst, c.last, now), c)
	}

	b := setup(t, 3)
	warn, fail := b.key(diagnostics.QuotaExhausted), b.key(diagnostics.PermissionMissingScope)
	b.see(warn, b.apps[0], 2)
	b.see(warn, b.apps[1], 2)
	b.see(fail, b.apps[1], 2)
	b.take()
	for of, of2 := range map[entry.ParentKind][2]uuid.UUID{
		entry.ParentCustomer: {b.apps[0].customer, b.apps[1].customer}, entry.ParentConnectedApp: {b.apps[0].id, b.apps[1].id},
	} {
		want := map[uuid.UUID]issues.Severity{of2[0]: issues.Warning, of2[1]: issues.Error}
		unwell, err := b.store.Unwell(b.ctx, of)
		require.NoError(t, err)
		require.Equal(t, want, unwell)
		worst, err := b.store.Worst(b.ctx, of, append(of2[:], b.apps[2].customer))
		require.NoError(t, err)
		require.Equal(t, want, worst)
	}
	worst, err := b.store.Worst(b.ctx, entry.ParentIntegration, []uuid.UUID{b.integration})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]issues.Severity{b.integration: issues.Error}, worst)
	_, err = b.store.Ignore(b.ctx, b.id(fail), "")
	require.NoError(t, err)
	worst, err = b.store.Worst(b.ctx, entry.ParentIntegration, []uuid.UUID{b.integration})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]issues.Severity{b.integration: issues.Warning}, worst)
}

// Who is limited to one customer sees that customer's part of an issue, and nothing of others.
func TestACustomerSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	k := b.open(b.apps[:2]...)
	b.observe(b.condition(b.apps[:2]...))
	mine, others := b.limited(b.apps[0].customer), b.limited(b.apps[2].customer)

	p, err := b.store.List(mine, issues.Filter{}, page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, 2, p.Total)
	for _, i := range p.Items {
		require.Equal(t, 1, i.CustomerCount)
		require.Equal(t, 1, i.ConnectedAppCount)
		require.Empty(t, i.Diagnosis.Signals)
		require.NotContains(t, i.Diagnosis.Title, "sync", "a condition's words are about all whom it hits")
	}
	list, err := b.store.ByIDs(mine, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	require.EqualValues(t, 2, list[b.id(k)].Occurrences)
	customers, err := b.store.Customers(mine, b.id(k), page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{b.apps[0].customer}, customers.Items)
	evidence, err := b.store.Evidence(mine, b.id(k), page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, 2, evidence.Total)
	activity, err := b.store.ActivityOf(mine, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	require.Empty(t, activity)
	unwell, err := b.store.Unwell(mine, entry.ParentCustomer)
	require.NoError(t, err)
	require.Len(t, unwell, 1)

	p, err = b.store.List(others, issues.Filter{CustomerIDs: []uuid.UUID{b.apps[0].customer}}, page.Request{Size: 9})
	require.NoError(t, err)
	require.Zero(t, p.Total)
	list, err = b.store.ByIDs(others, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	require.Empty(t, list)
	foreign := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	list, err = b.store.ByIDs(foreign, []uuid.UUID{b.id(k)})
	require.NoError(t, err)
	require.Empty(t, list)
}

// rows are all rows of the tables of issues, as text.
func (b *bundle) rows() (text string) {
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		for _, table := range []string{"finding", "issue", "issue_affected", "issue_minute", "issue_hour", "issue_evidence", "issue_activity"} {
			rows, err := tx.Pgx().Query(ctx, "SELECT t::text FROM "+table+" t WHERE tenant_id = $1", tx.TenantID())
			require.NoError(b.t, err)
			list, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(b.t, err)
			for _, line := range list {
				text += table + " " + line + "\n"
			}
		}
		text += b.watched(ctx, tx)
	})
	return text
}

func TestErasingACustomerLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	gone, stays := b.apps[0], b.apps[1]
	shared := b.open(stays, gone)
	alone := b.key(diagnostics.QuotaExhausted)
	b.see(alone, gone, 2)
	watched := b.key(diagnostics.RateLimited)
	b.see(watched, gone, 1)
	b.take()
	held := b.condition(b.apps...)
	b.observe(held)
	b.enqueue(b.sighting(shared, gone), b.sighting(shared, stays))
	evidence, err := b.store.Evidence(b.limited(gone.customer), b.id(shared), page.Request{Size: 9})
	require.NoError(t, err)
	require.NotEmpty(t, evidence.Items)

	for range 2 {
		require.NoError(t, b.store.EraseCustomer(b.ctx, gone.customer))
	}
	text := b.rows()
	require.NotContains(t, text, gone.customer.String())
	require.NotContains(t, text, gone.id.String())
	for _, e := range evidence.Items {
		require.NotContains(t, text, e.ID.String(), "nor what shows it, in a diagnosis")
	}
	require.Nil(t, b.issue(alone))
	require.NotContains(t, text, "rate_limited", "what hit nobody else is gone")
	require.Equal(t, "Of an entry", b.issue(shared).Diagnosis.Title)
	require.Equal(t, "Advice on run_stuck of crm", b.issue(held.Key).Diagnosis.Title)
	b.take()
	require.EqualValues(t, 3, b.issue(shared).Occurrences, "what the other saw is still counted")
	require.Equal(t, 1, b.issue(shared).CustomerCount)
}

func TestExpire(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	old := b.open(b.apps[0])
	_, err := b.store.Resolve(b.ctx, b.id(old), "")
	require.NoError(t, err)
	long := b.key(diagnostics.QuotaExhausted)
	b.see(long, b.apps[0], 2)
	b.take()
	b.pass(48 * time.Hour)
	b.see(long, b.apps[1], 2)
	b.take()
	require.NoError(t, b.store.Expire(b.ctx, start.Add(24*time.Hour)))
	require.Nil(t, b.issue(old))
	require.Equal(t, issues.Open, b.status(long))
	evidence, err := b.store.Evidence(b.ctx, b.id(long), page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, 2, evidence.Total)
	require.Equal(t, 2, b.issue(long).CustomerCount, "it still hits the first")
}

// watched is what the rows say of problems that are only watched, in words.
func (b *bundle) watched(ctx context.Context, tx *tenant.Tx) (text string) {
	rows, err := tx.Pgx().Query(ctx, "SELECT counts FROM issue_watched WHERE tenant_id = $1", tx.TenantID())
	require.NoError(b.t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	require.NoError(b.t, err)
	for _, packed := range list {
		some, err := issues.SheetText(b.tenantID, packed)
		require.NoError(b.t, err)
		text += some
	}
	return text
}
