package alarm_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// follow reads what is new after a commit.
func (b *bundle) follow(t *testing.T, tenantID uuid.UUID, no int64) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Equal(t, b.tenant, tenantID)
	for more := true; more; {
		page, err := b.store.Updates(context.WithoutCancel(b.ctx), b.upTo)
		require.NoError(t, err)
		for _, u := range page.Items {
			require.Greater(t, u.No, b.upTo)
			b.upTo, b.followed[u.ID] = u.No, u.Alarm
		}
		b.upTo, more = page.Through, page.More
	}
	require.GreaterOrEqual(t, b.upTo, no)
}

// checkFollowed makes sure, at the end of every test, that who followed shows every alarm as it is.
func (b *bundle) checkFollowed(t *testing.T) {
	t.Helper()
	list, err := b.store.Alarms(context.WithoutCancel(b.ctx), "", page.Request{Size: 1000})
	require.NoError(t, err)
	for _, a := range list.Items {
		require.Equal(t, a, b.followed[a.ID], "what was told last of an alarm is what it is")
	}
}

func TestUpdatesOfAlarms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	last, err := b.store.LastUpdate(b.ctx)
	require.NoError(t, err)
	require.Zero(t, last)
	var rules []*alarm.Rule
	for range 450 {
		in := failures(2)
		in.Comparison = alarm.Below
		r, err := b.store.CreateRule(b.ctx, in)
		require.NoError(t, err)
		rules = append(rules, r)
	}
	b.evaluate(t, noon.Add(alarm.Lag+1))
	require.Len(t, b.followed, len(rules))
	last, err = b.store.LastUpdate(b.ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(rules), last)
	off := false
	_, err = b.store.UpdateRule(b.ctx, alarm.UpdateRuleInput{ID: rules[0].ID, Enabled: &off})
	require.NoError(t, err)
	now, err := b.store.Updates(b.ctx, last)
	require.NoError(t, err)
	require.Len(t, now.Items, 1)
	require.Equal(t, rules[0].ID, now.Items[0].RuleID)
	require.Equal(t, alarm.Resolved, now.Items[0].Status())
	_, err = b.store.Updates(b.ctx, last+2)
	require.True(t, errs.Is(err, errs.Conflict))
	customer := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant, Kind: tenant.KindCustomer, CustomerID: uuid.New()})
	_, err = b.store.Updates(customer, 0)
	require.True(t, errs.Is(err, errs.Forbidden))
	_, err = b.store.LastUpdate(customer)
	require.True(t, errs.Is(err, errs.Forbidden))
	other, err := b.store.Updates(tenant.WithPrincipal(t.Context(), tenant.System(uuid.New())), 0)
	require.NoError(t, err)
	require.Empty(t, other.Items)
}
