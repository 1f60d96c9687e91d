package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// Four customers: two were active a day ago, one a month ago, and one never.
func TestAmongWhoAndWhen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, "never", "never")
	at := func(name string, at time.Time) directory.Target {
		return b.ingest(t, b.store, directory.Ref{Customer: name, Integration: "crm", At: at})[0]
	}
	old := at("old", start.Add(-30*24*time.Hour))
	lately, sick := at("lately", start.Add(-24*time.Hour)), at("sick", start.Add(-24*time.Hour))
	names := func(among *directory.Among) (out []string) {
		for _, c := range walk(t, func(r page.Request) (page.Page[*directory.Customer], error) {
			return b.store.Customers(b.ctx, directory.CustomerFilter{Among: among}, r)
		}) {
			out = append(out, c.ExternalID)
		}
		return out
	}
	week := start.Add(-7 * 24 * time.Hour)
	not := []uuid.UUID{sick.CustomerID}
	require.Equal(t, []string{"lately", "never", "old", "sick"}, names(nil))
	require.Equal(t, []string{"sick"}, names(&directory.Among{IDs: not, Except: not, Since: week}))
	require.Equal(t, []string{"lately"}, names(&directory.Among{Except: not, Active: true, Since: week}))
	require.Equal(t, []string{"lately", "sick"}, names(&directory.Among{Active: true, Since: week}))
	require.Equal(t, []string{"never", "old"}, names(&directory.Among{Except: not, Idle: true, Since: week}))
	require.Equal(t, []string{"never", "old", "sick"}, names(&directory.Among{IDs: not, Except: not, Idle: true, Since: week}))
	require.Equal(t, []string{"lately", "never", "old", "sick"}, names(&directory.Among{Active: true, Idle: true, Since: week}))
	require.Empty(t, names(&directory.Among{Since: week}))

	apps, err := b.store.ConnectedApps(b.ctx, directory.ConnectedAppFilter{Among: &directory.Among{
		IDs: []uuid.UUID{lately.ConnectedAppID}, Except: []uuid.UUID{lately.ConnectedAppID}, Idle: true, Since: week,
	}}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 2, apps.Total)
	require.ElementsMatch(t, []uuid.UUID{lately.ConnectedAppID, old.ConnectedAppID}, []uuid.UUID{apps.Items[0].ID, apps.Items[1].ID})
}

func TestTheLastActivityOfIntegrations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.ingest(t, b.store, directory.Ref{Customer: "a", Integration: "crm", At: start.Add(-time.Hour)})[0]
	b.ingest(t, b.store, directory.Ref{Customer: "b", Integration: "crm", At: start.Add(-time.Minute)})
	quiet, err := b.store.CreateIntegration(b.ctx, directory.CreateIntegrationInput{Key: "quiet", Name: "Quiet"})
	require.NoError(t, err)
	last, err := b.store.LastActivityOf(b.ctx, []uuid.UUID{first.IntegrationID, quiet.ID, uuid.New()})
	require.NoError(t, err)
	require.Len(t, last, 1)
	require.WithinDuration(t, start.Add(-time.Minute), *last[first.IntegrationID], time.Minute)

	limited := tenant.WithPrincipal(context.Background(), &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindCustomer, CustomerID: first.CustomerID, Role: tenant.RoleViewer})
	last, err = b.store.LastActivityOf(limited, []uuid.UUID{first.IntegrationID})
	require.NoError(t, err)
	require.WithinDuration(t, start.Add(-time.Hour), *last[first.IntegrationID], time.Minute, "a customer's credential sees its own")
	_, err = b.store.LastActivityOf(context.Background(), nil)
	require.True(t, errs.Is(err, errs.Unauthenticated))
}
