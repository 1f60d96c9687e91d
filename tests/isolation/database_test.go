package isolation

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/migrations"
)

// insufficientPrivilege is the SQLSTATE of what a role, or a row's policy, does not allow.
const insufficientPrivilege = "42501"

// inside runs fn in a transaction that is undone: as the service's role, in a tenant, or in none when it is uuid.Nil.
func (w *world) inside(t *testing.T, tenantID uuid.UUID, fn func(ctx context.Context, tx pgx.Tx)) {
	t.Helper()
	ctx := t.Context()
	cfg, err := pgx.ParseConfig(w.db.ServiceURL)
	require.NoError(t, err)
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(context.WithoutCancel(ctx))) }()
	if tenantID != uuid.Nil {
		_, err = tx.Exec(ctx, "SELECT enter_tenant($1)", tenantID)
		require.NoError(t, err)
	}
	fn(ctx, tx)
}

// attempt runs a statement without breaking off the transaction, and gives its rows and its SQLSTATE.
func attempt(ctx context.Context, t *testing.T, tx pgx.Tx, statement string, args ...any) (rows int64, state string) {
	t.Helper()
	probed.Add(1)
	inner, err := tx.Begin(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, inner.Rollback(ctx)) }()
	tag, err := inner.Exec(ctx, statement, args...)
	if err == nil {
		return tag.RowsAffected(), ""
	}
	failed := &pgconn.PgError{}
	require.ErrorAs(t, err, &failed, statement)
	return 0, failed.Code
}

// tables asks each tenant table for tenant a's rows and tries to change them, outside of any tenant and inside of b.
func (w *world) tables(t *testing.T) {
	t.Parallel()
	for _, table := range migrations.Tables {
		if table.Placement != migrations.Distributed {
			continue
		}
		t.Run(table.Name, func(t *testing.T) {
			t.Parallel()
			name := pgx.Identifier{table.Name}.Sanitize()
			a, b := w.a.tenant.ID, w.b.tenant.ID
			for _, of := range []uuid.UUID{a, b} {
				w.inside(t, of, func(ctx context.Context, tx pgx.Tx) {
					w.fillQueue(ctx, t, tx, table.Name, of)
					rows, _ := attempt(ctx, t, tx, "SELECT FROM "+name+" WHERE tenant_id = $1", of)
					require.Positive(t, rows, "a tenant has no row: send what makes one in events_test.go")
				})
			}
			for _, in := range []uuid.UUID{uuid.Nil, b} {
				w.inside(t, in, func(ctx context.Context, tx pgx.Tx) {
					w.fillQueue(ctx, t, tx, table.Name, in)
					w.reachForA(ctx, t, tx, name, in)
				})
			}
		})
	}
}

// fillQueue puts a row into a table that jobs empty, in a tenant.
func (*world) fillQueue(ctx context.Context, t *testing.T, tx pgx.Tx, table string, tenantID uuid.UUID) {
	t.Helper()
	if table == "finding" && tenantID != uuid.Nil {
		_, err := tx.Exec(ctx, "INSERT INTO finding (tenant_id, commit_no, sightings) VALUES ($1, 1, '[]'::bytea) ON CONFLICT DO NOTHING", tenantID)
		require.NoError(t, err)
	}
}

func (w *world) reachForA(ctx context.Context, t *testing.T, tx pgx.Tx, name string, in uuid.UUID) {
	t.Helper()
	a := w.a.tenant.ID
	for _, statement := range []string{
		"SELECT FROM %s WHERE tenant_id = $1", "SELECT FROM %s WHERE tenant_id = $1 FOR UPDATE",
		"UPDATE %s SET tenant_id = tenant_id WHERE tenant_id = $1", "DELETE FROM %s WHERE tenant_id = $1",
	} {
		rows, state := attempt(ctx, t, tx, fmt.Sprintf(statement, name), a)
		require.Zero(t, rows, statement)
		require.Empty(t, state, statement)
	}
	_, state := attempt(ctx, t, tx, "TRUNCATE "+name)
	require.Equal(t, insufficientPrivilege, state)
	if in == uuid.Nil {
		rows, state := attempt(ctx, t, tx, "SELECT FROM "+name)
		require.Zero(t, rows)
		require.Empty(t, state)
		return
	}
	rows, _ := attempt(ctx, t, tx, "SELECT FROM "+name+" WHERE tenant_id <> $1", in)
	require.Zero(t, rows)
	for _, statement := range []string{
		// A row like one of b's, for a.
		"INSERT INTO %[1]s SELECT (jsonb_populate_record(r, jsonb_build_object('tenant_id', $1::uuid))).* FROM %[1]s r LIMIT 1",
		"UPDATE %[1]s SET tenant_id = $1",
	} {
		_, state := attempt(ctx, t, tx, fmt.Sprintf(statement, name), a)
		require.Equal(t, insufficientPrivilege, state, statement)
	}
}

// unreachable are the directory's tables and all partitions: inside of a tenant as outside.
func (w *world) unreachable(t *testing.T) {
	t.Parallel()
	w.inside(t, w.b.tenant.ID, func(ctx context.Context, tx pgx.Tx) {
		var names []string
		for _, table := range migrations.Tables {
			if table.Placement == migrations.Local {
				names = append(names, table.Name)
			}
		}
		require.NotEmpty(t, names)
		rows, err := tx.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
			WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`)
		require.NoError(t, err)
		partitions, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.NotEmpty(t, partitions)
		for _, name := range append(names, partitions...) {
			for _, statement := range []string{
				"SELECT FROM %s", "INSERT INTO %s DEFAULT VALUES", "DELETE FROM %s", "TRUNCATE %s", "DROP TABLE %s",
				"ALTER TABLE %s DISABLE ROW LEVEL SECURITY", "COPY %s TO STDOUT",
			} {
				_, state := attempt(ctx, t, tx, fmt.Sprintf(statement, pgx.Identifier{name}.Sanitize()))
				require.Equal(t, insufficientPrivilege, state, statement, name)
			}
		}
		for _, table := range migrations.Tables {
			_, state := attempt(ctx, t, tx, "ALTER TABLE "+pgx.Identifier{table.Name}.Sanitize()+" NO FORCE ROW LEVEL SECURITY")
			require.Equal(t, insufficientPrivilege, state)
		}
		for _, role := range []string{"weir_owner", "postgres", "pg_read_all_data", "pg_write_all_data"} {
			_, state := attempt(ctx, t, tx, "SET ROLE "+role)
			require.NotEmpty(t, state, role)
		}
	})
}

// calls are how the functions that the service may call are called with what is tenant a's. $1 is a's id, $2 its slug,
// $3 an id of an API key of a's, $4 the hash of a secret that is nobody's. What a call gives as text must not be a's.
var calls = map[string]string{
	"current_tenant":        "SELECT current_tenant()",
	"current_customer":      "SELECT current_customer()",
	"create_tenant":         "SELECT create_tenant($1, $2 || '-other', 'x', now())",
	"delete_current_tenant": "SELECT delete_current_tenant()",
	"register_api_key":      "SELECT register_api_key($4, $3)",
	"find_api_key":          "SELECT find_api_key($4)",
	"ensure_partitions":     "SELECT ensure_partitions(current_date, current_date)",
	"partition_days":        "SELECT partition_days()",
	"partitions_before":     "SELECT partitions_before(current_date + 1)",
	"longest_retention":     "SELECT longest_retention()",
}

// procedures are for migrations: whoever owns no table gets nowhere with them.
var procedures = map[string]string{
	"isolate": "CALL isolate('customer')", "limit_to_customer": "CALL limit_to_customer('customer', 'true')",
}

// documented are functions that give something of a tenant by design, with where it is said.
var documented = map[string]string{
	"enter_tenant":    "the door itself: package tenant alone calls it, with a principal's tenant",
	"find_tenant":     "gives the tenant whose slug or id the argument is, before there is a tenant",
	"list_tenants":    "for background work and operators: ADR 2",
	"drop_partitions": "drops whole days that no tenant keeps: ADR 2",
}

// functions calls what the service may call, as b, with a's values.
func (w *world) functions(t *testing.T) {
	t.Parallel()
	b := w.b.tenant.ID
	hash := sha256.Sum256([]byte("nobody's"))
	w.inside(t, b, func(ctx context.Context, tx pgx.Tx) {
		rows, err := tx.Query(ctx, `SELECT DISTINCT p.proname FROM pg_proc p
			WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')`)
		require.NoError(t, err)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(names), len(calls))
		for _, name := range names {
			if documented[name] != "" {
				continue
			}
			if call := procedures[name]; call != "" {
				_, state := attempt(ctx, t, tx, call)
				require.Equal(t, insufficientPrivilege, state, call)
				continue
			}
			call, ok := calls[name]
			require.True(t, ok, "the service may call %s: add to calls in database_test.go how, with another tenant's values", name)
			t.Run(name, func(t *testing.T) { w.call(ctx, t, tx, name, call, hash[:]) })
		}
	})
	w.inside(t, b, func(ctx context.Context, tx pgx.Tx) {
		// A key of a's, registered as b's, opens neither.
		key := w.keyOfA(t)
		_, err := tx.Exec(ctx, "SELECT register_api_key($1, $2)", hash[:], key)
		require.NoError(t, err)
		rows, state := attempt(ctx, t, tx, "SELECT FROM find_api_key($1)", hash[:])
		require.Zero(t, rows)
		require.Empty(t, state)
	})
}

func (w *world) call(ctx context.Context, t *testing.T, tx pgx.Tx, name, call string, hash []byte) {
	t.Helper()
	probed.Add(1)
	inner, err := tx.Begin(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, inner.Rollback(ctx)) }()
	// Every call takes all four values, used or not.
	all := "WITH given AS (SELECT $1::uuid, $2::text, $3::uuid, $4::bytea) SELECT coalesce(r.it::text, '') FROM (" + call + " AS it) r"
	rows, err := inner.Query(ctx, all, w.a.tenant.ID, w.a.tenant.Slug, w.keyOfA(t), hash)
	require.NoError(t, err)
	given, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if failed := (&pgconn.PgError{}); err != nil {
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "create_tenant", name)
		require.Equal(t, "23505", failed.Code)
	}
	for _, text := range given {
		require.NotContains(t, text, w.a.tenant.ID.String())
		require.NotContains(t, text, "TENANT-A")
	}
	// Whatever it did, the transaction is still b's, and sees nothing of a.
	if err == nil {
		for _, table := range migrations.Tables {
			if table.Placement == migrations.Distributed {
				seen, _ := attempt(ctx, t, inner, "SELECT FROM "+pgx.Identifier{table.Name}.Sanitize()+" WHERE tenant_id <> $1", w.b.tenant.ID)
				require.Zero(t, seen, table.Name)
			}
		}
	}
}

// keyOfA is the id of an API key of a's, as the database has it.
func (w *world) keyOfA(t *testing.T) uuid.UUID {
	t.Helper()
	_, id, err := nodeid.Parse(w.seenOfA.idsOf("ApiKey")[0])
	require.NoError(t, err)
	return id
}
