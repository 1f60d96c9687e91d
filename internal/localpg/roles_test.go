//go:build unix

package localpg_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/internal/localpg"
)

func TestEnsureRoles_RepairsAnyServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := start(t, localpg.Options{DataDir: dataDir(t)})
	admin := s.DatabaseURL(localpg.Admin, "postgres")
	require.NoError(t, execute(ctx, admin, "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'it''s'"))
	require.NoError(t, execute(ctx, admin, "ALTER ROLE weir_service SUPERUSER BYPASSRLS NOLOGIN"))

	chief, err := url.Parse(admin)
	require.NoError(t, err)
	chief.User = url.UserPassword("chief", "it's")
	in := localpg.RolesInput{
		Database: "Other's", AdminPassword: "a'\\%$", OwnerPassword: "o/@:?", ServicePassword: "s s",
	}
	var g errgroup.Group
	for range 3 {
		g.Go(func() error {
			_, err := localpg.EnsureRoles(ctx, chief.String(), in)
			return err
		})
	}
	require.NoError(t, g.Wait(), "several processes may do this at once")

	urls, err := localpg.EnsureRoles(ctx, chief.String(), in)
	require.NoError(t, err)
	require.Equal(t, "weir_owner", query[string](t, urls.Owner, "SELECT current_user::text"))
	require.Equal(t, "weir_admin", query[string](t, urls.Admin, "SELECT current_user::text"))
	require.True(t, query[bool](t, urls.Service,
		"SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"))
	require.Equal(t, "weir_owner", query[string](t, urls.Owner,
		"SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"))
}

func TestEnsureRoles_DoesNotShowABadAddress(t *testing.T) {
	t.Parallel()
	_, err := localpg.EnsureRoles(t.Context(), "host=db password=hunter2", localpg.RolesInput{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
