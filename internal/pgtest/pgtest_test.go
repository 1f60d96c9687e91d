package pgtest_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weirhq/weir/internal/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.Main(m, func() error { return goleak.Find() })
}

func TestNew_IsMigratedAndRunsAsTheService(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	var (
		role       string
		privileged bool
		tables     int
	)
	err := pool.QueryRow(t.Context(), `SELECT current_user::text, rolsuper OR rolbypassrls FROM pg_roles
		WHERE rolname = current_user`).Scan(&role, &privileged)
	require.NoError(t, err)
	require.Equal(t, "weir_service", role)
	require.False(t, privileged, "or isolation tests pass for nothing")

	err = pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity`).Scan(&tables)
	require.NoError(t, err)
	require.Positive(t, tables, "the migrations have run")

	_, err = pool.Exec(t.Context(), "CREATE TABLE mine (n int)")
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "42501", pgErr.Code)
}

func TestNew_DatabasesAreApart(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	names := map[string]bool{}
	for range 3 {
		db := pgtest.New(t)
		require.False(t, names[db.Name])
		names[db.Name] = true
		conn, err := pgx.Connect(ctx, db.OwnerURL)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "CREATE TABLE apart (n int)")
		require.NoError(t, err)
		require.NoError(t, conn.Close(ctx))
	}
}

func TestCopy_HasWhatTheDatabaseHas(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), db.OwnerURL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 7 AS n")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	for range 2 {
		conn, err := pgx.Connect(t.Context(), db.Copy(t).OwnerURL)
		require.NoError(t, err)
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "DELETE FROM kept RETURNING n").Scan(&n))
		require.Equal(t, 7, n)
		require.NoError(t, conn.Close(t.Context()))
	}
}

func TestNew_DropsItsDatabase(t *testing.T) {
	t.Parallel()
	var dropped *pgtest.DB
	// A group of its own, so that the cleanup has run when it returns.
	require.True(t, t.Run("test", func(t *testing.T) {
		dropped = pgtest.New(t)
		require.NoError(t, dropped.Pool(t).Ping(t.Context()))
	}))
	conn, err := pgx.Connect(t.Context(), dropped.AdminURL)
	if err == nil {
		err = errors.Join(errors.New("still there"), conn.Close(t.Context()))
	}
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "3D000", pgErr.Code, "no such database")
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		pgtest.New(b)
	}
}
