package issues_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// told is what somebody shows who follows the issues.
type told struct {
	mu    sync.Mutex
	at    int64
	shown map[uuid.UUID]*issues.Issue
	n     int
	// off says that the test changes issues behind the store's back.
	off bool
}

// hear reads what is new after a commit.
func (b *bundle) hear() {
	b.told.mu.Lock()
	defer b.told.mu.Unlock()
	for _, u := range b.updates(b.told.at) {
		require.Greater(b.t, u.No, b.told.at)
		b.told.at, b.told.shown[u.ID] = u.No, u.Issue
		b.told.n++
	}
}

// updates are all that are behind a number.
func (b *bundle) updates(after int64) (list []issues.Update) {
	for more := true; more; {
		page, err := b.store.Updates(context.WithoutCancel(b.ctx), after, true)
		require.NoError(b.t, err)
		list, after, more = append(list, page.Items...), page.Through, page.More
	}
	return list
}

// checkTold makes sure, at the end of every test, that who followed shows every issue as it is.
func (b *bundle) checkTold() {
	if b.told.off {
		return
	}
	ctx := context.WithoutCancel(b.ctx)
	var ids []uuid.UUID
	require.NoError(b.t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT id FROM issue WHERE tenant_id = $1 AND diagnosis IS NOT NULL", tx.TenantID())
		require.NoError(b.t, err)
		for rows.Next() {
			var id uuid.UUID
			require.NoError(b.t, rows.Scan(&id))
			ids = append(ids, id)
		}
		return rows.Err()
	}))
	list, err := b.store.ByIDs(ctx, ids)
	require.NoError(b.t, err)
	for id, i := range list {
		require.Equal(b.t, i, b.told.shown[id], "what was told last of an issue is what it is")
	}
}

func TestUpdatesArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	const n = 230
	last, err := b.store.LastUpdate(b.ctx)
	require.NoError(t, err)
	require.Zero(t, last)
	var seen []issues.Sighting
	for at := range 2 * n {
		seen = append(seen, b.sighting(b.key(diagnostics.EndpointOrVersionRetired, fmt.Sprint("GET /", at/2)), b.apps[0]))
	}
	b.enqueue(seen...)
	b.take()
	last, err = b.store.LastUpdate(b.ctx)
	require.NoError(t, err)
	require.Len(t, b.updates(0), n)
	all, err := b.store.Updates(b.ctx, 0, false)
	require.NoError(t, err)
	require.True(t, all.More)
	rest, err := b.store.Updates(b.ctx, last-10, false)
	require.NoError(t, err)
	require.Len(t, rest.Items, 10)
	require.False(t, rest.More)
	require.Equal(t, last, rest.Through)
	_, err = b.store.Updates(b.ctx, last+1, false)
	require.True(t, errs.Is(err, errs.Conflict))

	// One that changes again is behind all others, and only there.
	first := all.Items[0]
	_, err = b.store.Acknowledge(b.ctx, first.ID, "")
	require.NoError(t, err)
	list := b.updates(0)
	require.Len(t, list, n)
	require.Equal(t, first.ID, list[n-1].ID)
	require.Equal(t, last+1, list[n-1].No)
	require.Equal(t, issues.Acknowledged, list[n-1].Status)

	// What changes nothing of issues has no number, nor has what is undone.
	told := b.told.n
	b.settle()
	_, err = b.store.Acknowledge(b.ctx, first.ID, "")
	require.True(t, errs.Is(err, errs.Conflict))
	b.see(b.key(diagnostics.RateLimited), b.apps[0], 1)
	b.take()
	require.Equal(t, told, b.told.n)
	none, err := b.store.Updates(tenant.WithPrincipal(t.Context(), tenant.System(uuid.New())), 0, true)
	require.NoError(t, err)
	require.Empty(t, none.Items)
}

// Who follows by a filter is told of what a list by it shows.
func TestMatchersAreAsFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	keys := b.various(4)
	b.see(b.key(diagnostics.QuotaExhausted), b.apps[4], 2)
	b.take()
	_, err := b.store.Acknowledge(b.ctx, b.id(keys[0]), "")
	require.NoError(t, err)
	_, err = b.store.Resolve(b.ctx, b.id(keys[1]), "")
	require.NoError(t, err)
	// An earlier episode hit the first customer too; the present one hits the second alone.
	b.pass(time.Hour)
	b.see(keys[1], b.apps[1], 2)
	b.take()
	require.Equal(t, 1, b.issue(keys[1]).CustomerCount)
	var filters []issues.Filter
	for _, f := range []issues.Filter{
		{}, {Statuses: []issues.Status{issues.Acknowledged, issues.Open}}, {Severities: []issues.Severity{issues.Warning}},
		{Categories: []diagnostics.Category{diagnostics.QuotaExhausted}}, {IntegrationIDs: []uuid.UUID{b.integration}}, {IntegrationIDs: []uuid.UUID{uuid.New()}},
		{AssigneeID: uuid.New()},
	} {
		for at := range 5 {
			one, two := f, f
			one.CustomerIDs = []uuid.UUID{b.apps[at].customer}
			two.CustomerIDs, two.ConnectedAppIDs = []uuid.UUID{b.apps[at].customer, b.apps[0].customer}, []uuid.UUID{b.apps[1].id}
			filters = append(filters, f, one, two)
		}
	}
	for _, ctx := range []context.Context{b.ctx, b.limited(b.apps[0].customer), b.limited(b.apps[1].customer), b.limited(uuid.New())} {
		p, err := tenant.FromContext(ctx)
		require.NoError(t, err)
		own, err := b.store.Updates(ctx, 0, true)
		require.NoError(t, err)
		for _, f := range filters {
			m, err := issues.NewMatcher(p, f)
			require.NoError(t, err)
			listed, err := b.store.List(ctx, f, page.Request{Size: 50})
			require.NoError(t, err)
			want := make([]string, 0)
			for _, i := range listed.Items {
				want = append(want, i.ID.String())
			}
			for _, list := range [][]issues.Update{b.updates(0), own.Items} {
				got := make([]string, 0)
				for _, u := range list {
					if !m.NeedsHits() {
						u = u.Lean()
					}
					if m.Matches(&u) {
						got = append(got, u.ID.String())
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				require.Equal(t, want, got, "%+v", f)
			}
		}
	}
	_, err = issues.NewMatcher(&tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindAPIKey}, issues.Filter{})
	require.True(t, errs.Is(err, errs.Forbidden))
}
