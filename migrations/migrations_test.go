package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// schema is what the migrations made: columns, keys and checks, indexes, policies, functions, and rights.
const schema = `
	SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
		|| ' ' || a.attstorage::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS line
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
	UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
	UNION ALL SELECT 'policy ' || polrelid::regclass || ' ' || polname || ' ' || polpermissive || ' ' || pg_get_expr(polqual, polrelid)
		FROM pg_policy
	UNION ALL SELECT 'rights ' || relname || ' ' || relrowsecurity || ' ' || relforcerowsecurity || ' ' || coalesce(relacl::text, '')
		FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
	UNION ALL SELECT 'function ' || oid::regprocedure || ' ' || coalesce(proacl::text, '') || ' ' || coalesce(prosrc, '')
		FROM pg_proc WHERE pronamespace = 'public'::regnamespace
	ORDER BY 1`

func describe(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		require.NoError(t, conn.Close(ctx))
	}()
	rows, err := conn.Query(t.Context(), schema)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

func steps(t *testing.T, url string) (applied, all int) {
	t.Helper()
	list, err := migrations.Status(t.Context(), url)
	require.NoError(t, err)
	for _, s := range list {
		if s.Applied {
			applied++
		}
	}
	return applied, len(list)
}

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	applied, all := steps(t, db.OwnerURL)
	require.Equal(t, all, applied)
	first := describe(t, db.OwnerURL)
	require.NoError(t, migrations.Up(t.Context(), db.OwnerURL), "again, with nothing to do")
	require.Equal(t, first, describe(t, db.OwnerURL))

	for left := all; left > 0; left-- {
		require.NoError(t, migrations.Down(t.Context(), db.OwnerURL))
		applied, _ = steps(t, db.OwnerURL)
		require.Equal(t, left-1, applied)
	}
	require.ErrorIs(t, migrations.Down(t.Context(), db.OwnerURL), sql.ErrNoRows)
	for _, line := range describe(t, db.OwnerURL) {
		require.Contains(t, line, "goose_db_version", "nothing else may be left")
	}

	require.NoError(t, migrations.Up(t.Context(), db.OwnerURL))
	require.Equal(t, first, describe(t, db.OwnerURL))
}

// Each step down and up again leaves the schema as it was.
func TestEachStepAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	first := describe(t, db.OwnerURL)
	_, all := steps(t, db.OwnerURL)
	for down := 1; down <= all; down++ {
		for range down {
			require.NoError(t, migrations.Down(t.Context(), db.OwnerURL))
		}
		require.NoError(t, migrations.Up(t.Context(), db.OwnerURL))
		require.Equal(t, first, describe(t, db.OwnerURL), "%d down and up", down)
	}
}

func TestBehind(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	pool := db.Pool(t)
	behind, err := migrations.Behind(t.Context(), pool)
	require.NoError(t, err)
	require.Zero(t, behind)
	require.NoError(t, migrations.Down(t.Context(), db.OwnerURL))
	behind, err = migrations.Behind(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, 1, behind)
}

func TestProcessesThatMigrateAtOnceWaitForOneAnother(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, all := steps(t, db.OwnerURL)
	for range all {
		require.NoError(t, migrations.Down(t.Context(), db.OwnerURL))
	}
	var wait sync.WaitGroup
	results := make([]error, 3)
	for i := range results {
		wait.Go(func() { results[i] = migrations.Up(t.Context(), db.OwnerURL) })
	}
	wait.Wait()
	require.NoError(t, errors.Join(results...))
	applied, _ := steps(t, db.OwnerURL)
	require.Equal(t, all, applied)
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	pool := db.Pool(t)
	days := func() (first, last time.Time) {
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT first_day, last_day FROM partition_days()").Scan(&first, &last))
		return first, last
	}
	call := func(sql string, args ...any) (n int) {
		require.NoError(t, pool.QueryRow(t.Context(), sql, args...).Scan(&n))
		return n
	}
	partitioned := 0
	for _, table := range migrations.Tables {
		if table.Partitioned {
			partitioned++
		}
	}
	require.Equal(t, 3*partitioned, call("SELECT ensure_partitions('2026-02-27', '2026-03-01')"))
	require.Zero(t, call("SELECT ensure_partitions('2026-02-27', '2026-03-01')"))
	first, last := days()
	require.Equal(t, "2026-02-27", first.Format(time.DateOnly))
	require.Equal(t, "2026-03-01", last.Format(time.DateOnly))
	require.Equal(t, 2*partitioned, call("SELECT drop_partitions('2026-03-01')"))
	first, _ = days()
	require.Equal(t, "2026-03-01", first.Format(time.DateOnly))
	require.Zero(t, call("SELECT count(*) FROM partitions_before('2026-03-01')"))
	require.Equal(t, partitioned, call("SELECT count(*) FROM partitions_before('2026-03-02')"))
	_, err := pool.Exec(t.Context(), "SELECT ensure_partitions('2026-01-01', '2028-01-01')")
	require.Error(t, err, "a slip of a date must not make thousands of tables")
}

// Whatever the caller believes, nothing goes that the tenant with the longest policy still keeps.
func TestPartitionsThatAreStillKeptAreNotDropped(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	tenant := func(slug string, days ...int) {
		id := uuid.New()
		_, err := pool.Exec(t.Context(), "SELECT create_tenant($1, $2, $2, now())", id, slug)
		require.NoError(t, err)
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "SELECT enter_tenant($1)", id)
		require.NoError(t, err)
		for kind, n := range days {
			_, err := tx.Exec(t.Context(), "INSERT INTO retention_policy VALUES ($1, $2, $3, 1)", id, fmt.Sprint("KIND_", kind), n)
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit(t.Context()))
	}
	longest := func() (days int) {
		var entered *string
		row := pool.QueryRow(t.Context(), "SELECT longest_retention(), current_tenant()::text")
		require.NoError(t, row.Scan(&days, &entered))
		require.Nil(t, entered, "no tenant is left entered")
		return days
	}
	require.Equal(t, 90, longest(), "without tenants")
	tenant("short", 3, 4, 5, 3, 4, 5, 3)
	require.Equal(t, 5, longest(), "who says something of each kind")
	tenant("default")
	require.Equal(t, 90, longest())
	tenant("some", 200, 1)
	require.Equal(t, 200, longest())

	_, err := pool.Exec(t.Context(), "SELECT ensure_partitions((now() AT TIME ZONE 'UTC')::date - 202, (now() AT TIME ZONE 'UTC')::date - 198)")
	require.NoError(t, err)
	drop := func(daysAgo int) (n int, err error) {
		err = pool.QueryRow(t.Context(), "SELECT drop_partitions((now() AT TIME ZONE 'UTC')::date - $1::int)", daysAgo).Scan(&n)
		return n, err
	}
	_, err = drop(199)
	require.ErrorContains(t, err, "still kept")
	n, err := drop(200)
	require.NoError(t, err)
	require.Equal(t, 4, n, "two days of two tables")
}
