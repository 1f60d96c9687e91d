package tenant_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// start is when the tests' clocks begin.
var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type bundle struct {
	db     *pgtest.DB
	pool   *pgxpool.Pool
	door   *tenant.Door
	store  *tenant.Store
	clock  *clock
	tenant *tenant.Tenant
	// ctx is of the tenant's owner.
	ctx context.Context
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{db: pgtest.New(t), clock: &clock{at: start}}
	b.pool = b.db.Pool(t)
	b.door = tenant.NewDoor(b.pool)
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	b.store = tenant.NewStore(b.door, b.clock.now)
	b.tenant = b.create(t, "acme")
	b.ctx = b.as(t, tenant.RoleOwner)
	return b
}

func (b *bundle) create(t *testing.T, slug string) *tenant.Tenant {
	t.Helper()
	made, err := b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: slug, Name: "Name of " + slug})
	require.NoError(t, err)
	return made
}

// as is a context of a member with the role.
func (b *bundle) as(t *testing.T, role tenant.Role) context.Context {
	t.Helper()
	return tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant.ID, Kind: tenant.KindMember, Role: role})
}

// asSystem is a context of Weir's own work for a tenant.
func asSystem(t *testing.T, tenantID uuid.UUID) context.Context {
	t.Helper()
	return tenant.WithPrincipal(t.Context(), tenant.System(tenantID))
}

func ptr[T any](v T) *T { return &v }

var quiet = slog.New(slog.DiscardHandler)
