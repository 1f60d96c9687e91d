package directory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
)

// remembered tells whether a ref is resolved without the database.
func (b *bundle) remembered(t *testing.T, s *directory.Store, ref directory.Ref) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, _, err := s.Resolver().Resolve(ctx, []directory.Ref{ref})
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	return err == nil
}

// Small requests of a tenant would each ask for the few connected apps that they name.
func TestTheConnectedAppsOfATenantAreReadAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 20 {
		b.ingest(t, b.store, directory.Ref{Customer: fmt.Sprint("customer ", i), Integration: "crm"})
	}
	b.ingest(t, b.store, directory.Ref{Customer: "customer 3", Integration: "erp", ConnectedApp: "acme's erp"})

	other := b.process()
	require.False(t, b.remembered(t, other, directory.Ref{Customer: "customer 0", Integration: "crm"}))
	b.ingest(t, other, directory.Ref{Customer: "customer 0", Integration: "crm"})
	for i := range 20 {
		require.True(t, b.remembered(t, other, directory.Ref{Customer: fmt.Sprint("customer ", i), Integration: "crm"}))
	}
	require.True(t, b.remembered(t, other, directory.Ref{ConnectedApp: "acme's erp"}))
	require.True(t, b.remembered(t, other, directory.Ref{Customer: "nobody yet", Integration: "crm"}), "what is not there is known, too")
	other.Resolver().Forget(b.tenantID)
	require.False(t, b.remembered(t, other, directory.Ref{Customer: "customer 0", Integration: "crm"}))
}

// A tenant with very many is asked of one by one, with the same results.
func TestATenantOfManyConnectedAppsIsNotReadAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.RememberWhole(2)
	var apps []string
	for i := range 5 {
		got := b.ingest(t, b.store, directory.Ref{Customer: fmt.Sprint("customer ", i), Integration: "crm", ConnectedApp: fmt.Sprint("app ", i)})
		apps = append(apps, got[0].ConnectedAppID.String())
	}
	other := b.process()
	other.RememberWhole(2)
	for i := range 5 {
		ref := directory.Ref{Customer: fmt.Sprint("customer ", i), Integration: "crm"}
		require.False(t, b.remembered(t, other, ref))
		require.Equal(t, apps[i], b.ingest(t, other, ref)[0].ConnectedAppID.String())
		require.True(t, b.remembered(t, other, ref))
		require.Equal(t, apps[i], b.ingest(t, other, directory.Ref{ConnectedApp: fmt.Sprint("app ", i)})[0].ConnectedAppID.String())
	}
}

// Two processes that both believe to know all of a tenant make one connected app of one pair.
func TestTwoThatRememberATenantMakeOneConnectedApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.process()
	for _, s := range []*directory.Store{b.store, other} {
		b.ingest(t, s, directory.Ref{Customer: "acme", Integration: "crm"})
	}
	named := b.ingest(t, b.store, directory.Ref{Customer: "globex", Integration: "crm", ConnectedApp: "globex crm"})
	require.True(t, b.remembered(t, other, directory.Ref{Customer: "globex", Integration: "crm"}))
	_, need, err := other.Resolver().Resolve(b.ctx, []directory.Ref{{Customer: "globex", Integration: "crm"}})
	require.NoError(t, err)
	_, err = b.commit(other, need, nil)
	require.ErrorIs(t, err, directory.ErrStale)
	other.Resolver().Forget(b.tenantID)
	require.Equal(t, named, b.ingest(t, other, directory.Ref{Customer: "globex", Integration: "crm"}))
}
