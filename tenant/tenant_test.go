package tenant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/tenant"
)

func TestTenantsAreFoundBySlugAndID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	umbrella, err := b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: "umbrella", Name: "Umbrella", OwnerEmail: " Ada@Example.com"})
	require.NoError(t, err)
	for _, reference := range []string{"umbrella", umbrella.ID.String(), nodeid.Format(nodeid.Tenant, umbrella.ID)} {
		found, err := b.store.FindTenant(t.Context(), reference)
		require.NoError(t, err)
		require.Equal(t, umbrella.ID, found.ID)
		require.Equal(t, "Umbrella", found.Name)
		require.True(t, start.Equal(found.CreatedAt))
	}
	for _, reference := range []string{"", "Umbrella", "umb\x00", "\xff", uuid.NewString()} {
		_, err = b.store.FindTenant(t.Context(), reference)
		require.True(t, errs.Is(err, errs.NotFound), "%q: %v", reference, err)
	}
	all, err := b.store.ListTenants(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	current, err := b.store.Current(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "acme", current.Slug)

	members, err := b.store.Members(asSystem(t, umbrella.ID), page.Request{Size: 5})
	require.NoError(t, err)
	require.Equal(t, 1, members.Total)
	require.Equal(t, "ada@example.com", members.Items[0].Email)
	require.Equal(t, tenant.RoleOwner, members.Items[0].Role)
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, slug := range []string{"", "Acme", "a--b", "-a", "a-", "a b", "ä", strings.Repeat("a", 64), uuid.NewString(), strings.ReplaceAll(uuid.NewString(), "-", "")} {
		_, err := b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: slug, Name: " "})
		fields := errs.All(err)
		require.Len(t, fields, 2, "%q: %v", slug, err)
		require.Equal(t, []string{"slug"}, fields[0].Field)
		require.Equal(t, []string{"name"}, fields[1].Field)
	}
	b.create(t, strings.Repeat("a", 63))
	_, err := b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: "acme", Name: "x", OwnerEmail: "a@example.com"})
	require.True(t, errs.Is(err, errs.Conflict))
	_, err = b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: "c", Name: "x", OwnerEmail: "nobody"})
	require.True(t, errs.Is(err, errs.BadInput))
}

// fill writes a row of the tenant into each of its tables, as the owner of the schema, who bypasses nothing: it makes
// up a value for each column that must have one.
func (b *bundle) fill(t *testing.T, tenantID uuid.UUID) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	_, err = conn.Exec(t.Context(), "SELECT ensure_partitions($1, $1)", start)
	require.NoError(t, err)
	// Foreign keys would want matching ids: what is tested is that nothing stays.
	_, err = conn.Exec(t.Context(), "SET session_replication_role = replica")
	require.NoError(t, err)
	for _, table := range migrations.Tables {
		if table.Placement != migrations.Distributed {
			continue
		}
		rows, err := conn.Query(t.Context(), `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
			WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef AND NOT attisdropped AND attname <> 'tenant_id'`, table.Name)
		require.NoError(t, err)
		columns, values := "tenant_id", fmt.Sprintf("'%s'", tenantID)
		var column, kind string
		_, err = pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
			columns += ", " + column
			values += ", " + sample(t, table.Name, column, kind)
			return nil
		})
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "INSERT INTO "+table.Name+" ("+columns+") VALUES ("+values+")")
		require.NoError(t, err, table.Name)
	}
}

// sample is a value of the type that passes the column's checks.
func sample(t *testing.T, table, column, kind string) string {
	t.Helper()
	switch table + "." + column {
	case "api_key.scopes":
		return "'{READ}'"
	case "member.role":
		return "'ADMIN'"
	case "data_source.mode":
		return "'PULL'"
	case "flow_run.status", "node_run.status":
		return "'FAILED'"
	case "notification_endpoint.channel":
		return "'SLACK'"
	case "notification_endpoint.events":
		return "'{ALARM_FIRING}'"
	case "delivery.status":
		return "'PENDING'"
	case "alarm_rule.comparison":
		return "'ABOVE'"
	case "alarm_rule.metric":
		return "'VOLUME'"
	case "issue.status":
		return "'OPEN'"
	case "issue.severity", "issue.base_severity":
		return "'ERROR'"
	}
	switch kind {
	case "uuid":
		return "gen_random_uuid()"
	case "text":
		return "'text'"
	case "text[]", "uuid[]", "smallint[]":
		return "'{}'"
	case "timestamp with time zone":
		return "'" + start.Format(time.RFC3339) + "'"
	case "bytea":
		return "'\\x00'"
	case "json", "jsonb":
		return "'{}'"
	case "boolean":
		return "false"
	case "date":
		return "'" + start.Format(time.DateOnly) + "'"
	}
	return "1"
}

func (b *bundle) rows(t *testing.T, tenantID uuid.UUID) map[string]int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	out := map[string]int{}
	for _, table := range migrations.Tables {
		column := "tenant_id"
		if table.Name == "tenant_directory" {
			column = "id"
		}
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table.Name+" WHERE "+column+" = $1", tenantID).Scan(&n))
		out[table.Name] = n
	}
	return out
}

func TestDeletingATenantLeavesNoRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	umbrella := b.create(t, "umbrella")
	for _, id := range []uuid.UUID{b.tenant.ID, umbrella.ID} {
		b.fill(t, id)
		_, _, err := b.store.CreateAPIKey(asSystem(t, id), tenant.CreateAPIKeyInput{Name: "k", Scopes: []tenant.Scope{tenant.ScopeRead}})
		require.NoError(t, err)
	}
	before := b.rows(t, umbrella.ID)
	for table, n := range before {
		require.Positive(t, n, table)
	}
	for _, role := range []tenant.Role{tenant.RoleAdmin, tenant.RoleViewer} {
		require.True(t, errs.Is(b.store.DeleteTenant(b.as(t, role)), errs.Forbidden))
	}
	require.NoError(t, b.store.DeleteTenant(b.ctx))
	for table, n := range b.rows(t, b.tenant.ID) {
		require.Zero(t, n, table)
	}
	require.Equal(t, before, b.rows(t, umbrella.ID))
	_, err := b.store.FindTenant(t.Context(), "acme")
	require.True(t, errs.Is(err, errs.NotFound))
	require.NoError(t, b.store.DeleteTenant(b.ctx), "again")
}

func TestDeletingManyRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO customer (tenant_id, id, external_id, name, created_at)
			SELECT $1, gen_random_uuid(), n::text, 'x', '2026-01-01' FROM generate_series(1, 12001) n`, tx.TenantID())
		return err
	}))
	require.NoError(t, b.store.DeleteTenant(b.ctx))
	require.Zero(t, b.count(b.ctx, t))
}
