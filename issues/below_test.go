package issues_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// What is read of many issues at once is what is read of each.
func TestBelowManyIssuesIsAsBelowEach(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	keys := []issues.Key{b.key(diagnostics.FlowFailing, "one"), b.key(diagnostics.FlowFailing, "all"), b.key(diagnostics.ProviderIncident)}
	var conditions []issues.Condition
	for i, hit := range []int{1, 4, 0} {
		c := issues.Condition{Key: keys[i], Severity: issues.Error}
		for _, a := range b.apps[:hit] {
			c.Affected = append(c.Affected, issues.Affected{CustomerID: a.customer, ConnectedAppID: a.id, Since: b.now})
		}
		conditions = append(conditions, c)
	}
	require.NoError(t, b.store.Observe(b.ctx, []diagnostics.Category{diagnostics.FlowFailing, diagnostics.ProviderIncident}, conditions))
	ids := []uuid.UUID{b.id(keys[0]), b.id(keys[1]), b.id(keys[2]), uuid.New()}
	for first := 1; first <= 5; first++ {
		below, err := b.store.CustomersBelow(b.ctx, ids, first)
		require.NoError(t, err)
		require.Len(t, below, len(ids))
		for _, id := range ids {
			alone, err := b.store.Customers(b.ctx, id, page.Request{Size: first})
			require.NoError(t, err)
			require.Equal(t, append([]uuid.UUID{}, alone.Items...), append([]uuid.UUID{}, below[id].Items...), "in the same order")
			require.Equal(t, alone.Total, below[id].Total)
			require.Equal(t, alone.HasNext, below[id].HasNext)
		}
	}
	b.told.off = true // Nobody hears of this.
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		b.exec(ctx, tx, "UPDATE issue SET parent_id = $3 WHERE tenant_id = $1 AND id = $2", ids[0], ids[2])
	})
	children, err := b.store.ChildrenOf(b.ctx, ids)
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID][]uuid.UUID{ids[2]: {ids[0]}}, children)

	limited := b.limited(b.apps[3].customer)
	mine, err := b.store.CustomersBelow(limited, ids, 5)
	require.NoError(t, err)
	require.Empty(t, mine[ids[0]].Items)
	require.Equal(t, []uuid.UUID{b.apps[3].customer}, mine[ids[1]].Items)
	children, err = b.store.ChildrenOf(limited, ids)
	require.NoError(t, err)
	require.Empty(t, children, "a part that does not hit it")
}
