package tenant_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/migrations"
)

// catalog asks the database as its superuser, who sees everything; partitions are there.
func (b *bundle) catalog(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, conn.Close(ctx))
	})
	_, err = conn.Exec(t.Context(), "SELECT ensure_partitions('2026-03-01', '2026-03-03')")
	require.NoError(t, err)
	return conn
}

func list[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	require.NoError(t, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return out
}

// dump is all rows of all tables as text.
func (b *bundle) dump(t *testing.T) map[string]string {
	t.Helper()
	conn := b.catalog(t)
	out := map[string]string{}
	for _, table := range migrations.Tables {
		out[table.Name] = strings.Join(list[string](t, conn, "SELECT r::text FROM "+table.Name+" r"), "\n")
	}
	return out
}

func TestEveryTableIsListed(t *testing.T) {
	t.Parallel()
	conn := setup(t).catalog(t)
	listed := []string{}
	for _, table := range migrations.Tables {
		listed = append(listed, table.Name)
	}
	tables := list[string](t, conn, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
		AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition AND relname <> 'goose_db_version'`)
	require.ElementsMatch(t, listed, tables, "a table that migrations.Tables does not know has no rule for its tenants")

	partitioned := list[string](t, conn, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'")
	for _, table := range migrations.Tables {
		require.Equal(t, table.Partitioned, slices.Contains(partitioned, table.Name), table.Name)
	}
}

func TestEveryTenantTableForcesItsPolicy(t *testing.T) {
	t.Parallel()
	conn := setup(t).catalog(t)
	withTenant := list[string](t, conn, `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'tenant_id'`)
	for _, table := range migrations.Tables {
		if table.Placement != migrations.Distributed {
			require.Empty(t, table.Rights, "%s is the directory's", table.Name)
			continue
		}
		require.Contains(t, withTenant, table.Name)
		forced := list[bool](t, conn, "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = $1::regclass", table.Name)
		require.Equal(t, []bool{true}, forced, table.Name)
		policies := list[string](t, conn, `SELECT polname || '|' || polcmd::text || '|' || (polroles = '{0}')
			|| '|' || pg_get_expr(polqual, polrelid) || '|' || pg_get_expr(polwithcheck, polrelid)
			FROM pg_policy WHERE polrelid = $1::regclass AND polpermissive`, table.Name)
		require.Equal(t, []string{"tenant|*|true|(tenant_id = current_tenant())|(tenant_id = current_tenant())"}, policies, table.Name)
		null := list[bool](t, conn, "SELECT attnotnull FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'tenant_id'", table.Name)
		require.Equal(t, []bool{true}, null, table.Name)
	}
}

// Keys and foreign keys look past row-level security, so each must hold the tenant.
func TestEveryKeyHoldsTheTenant(t *testing.T) {
	t.Parallel()
	conn := setup(t).catalog(t)
	for _, table := range migrations.Tables {
		if table.Placement != migrations.Distributed {
			continue
		}
		loose := list[string](t, conn, `SELECT x.name FROM (
				SELECT c.relname AS name, i.indkey::int2[] AS keys FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
					WHERE i.indrelid = $1::regclass
				UNION ALL SELECT conname, conkey FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('f', 'p', 'u')) x
			JOIN pg_attribute a ON a.attrelid = $1::regclass AND a.attname = 'tenant_id' WHERE a.attnum <> ALL (x.keys)`, table.Name)
		require.Empty(t, loose, table.Name)
	}
}

func TestTheServiceMayDoNoMoreThanItIsGiven(t *testing.T) {
	t.Parallel()
	conn := setup(t).catalog(t)
	role := migrations.ServiceRole
	require.Equal(t, []bool{false}, list[bool](t, conn, `SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
		FROM pg_roles WHERE rolname = $1`, role))
	require.Empty(t, list[string](t, conn, "SELECT r.rolname FROM pg_roles r WHERE pg_has_role($1, r.oid, 'MEMBER') AND r.rolname <> $1", role))
	require.Empty(t, list[string](t, conn, `SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = $1)
		UNION ALL SELECT proname FROM pg_proc WHERE proowner = (SELECT oid FROM pg_roles WHERE rolname = $1)
		UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = (SELECT oid FROM pg_roles WHERE rolname = $1)`, role), "owns")
	require.Equal(t, []bool{false}, list[bool](t, conn, "SELECT has_schema_privilege($1, 'public', 'CREATE')", role))

	partitions := list[string](t, conn, "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relnamespace = 'public'::regnamespace")
	require.NotEmpty(t, partitions)
	const every = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
	for _, partition := range partitions {
		require.Equal(t, []bool{false}, list[bool](t, conn, "SELECT has_table_privilege($1, $2::text, $3)", role, partition, every), partition)
	}
	for _, table := range migrations.Tables {
		beyond := "TRUNCATE, REFERENCES, TRIGGER"
		if table.Rights == "" {
			beyond = every
		}
		require.Equal(t, []bool{false}, list[bool](t, conn, "SELECT has_table_privilege($1, $2::text, $3)", role, table.Name, beyond), table.Name)
	}
}

func TestFunctionsAreNotForEverybody(t *testing.T) {
	t.Parallel()
	conn := setup(t).catalog(t)
	require.Empty(t, list[string](t, conn, `SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prokind <> 'p'
		AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))`))
	require.Empty(t, list[string](t, conn, `SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
		AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')`), "runs as the owner on the caller's search path")
	require.Empty(t, list[string](t, conn, `SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'p' AND has_function_privilege($1, p.oid, 'EXECUTE')
		AND p.prosecdef`, migrations.ServiceRole))
}
