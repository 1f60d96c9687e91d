package issues_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// start is when the tests' clocks begin, within a minute.
var start = time.Date(2026, 3, 2, 10, 0, 30, 0, time.UTC)

// traffic is what was called, as the tests say.
type traffic struct {
	mu    sync.Mutex
	cells []statistics.Cell
	reads int
}

func (t *traffic) Cells(_ context.Context, f statistics.Filter, from, to time.Time, take func(c *statistics.Cell)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	for _, c := range t.cells {
		minute := time.Unix(c.Minute*60, 0)
		if (f.IntegrationID == uuid.Nil || f.IntegrationID == c.IntegrationID) && !minute.Before(from.Truncate(time.Minute)) && minute.Before(to) {
			take(&c)
		}
	}
	return nil
}

// TrafficAfter takes the number of cells for that of a commit.
func (t *traffic) TrafficAfter(_ context.Context, m statistics.Mark, from, to time.Time, anew func(), take func(t *statistics.Traffic, i int)) (statistics.Mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	if m.No == 0 {
		anew()
	}
	return statistics.Mark{No: int64(len(t.cells))}, issues.GiveTraffic(t.cells[m.No:], from, to, take)
}

// app is a connected app of the tests, of the customer with the same number.
type app struct{ id, customer, integration uuid.UUID }

type bundle struct {
	t           *testing.T
	door        *tenant.Door
	dir         *directory.Store
	store       *issues.Store
	traffic     *traffic
	tenantID    uuid.UUID
	ctx         context.Context
	now         time.Time
	integration uuid.UUID
	apps        []app
	commitNo    int64
	// undiagnosed makes Diagnose find no entry any more.
	undiagnosed bool
	told        *told
}

// setup makes a tenant with an integration, and as many customers who have it connected.
func setup(t *testing.T, customers int) *bundle {
	t.Helper()
	door := tenant.NewDoor(pgtest.New(t).Pool(t))
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	b := &bundle{t: t, door: door, tenantID: uuid.New(), now: start, traffic: &traffic{}}
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenantID))
	b.dir = directory.NewStore(door, b.clock)
	b.told = &told{shown: map[uuid.UUID]*issues.Issue{}}
	b.store = b.process()
	t.Cleanup(b.checkTold)
	b.integration, b.apps = b.connect("crm", customers)
	return b
}

func (b *bundle) clock() time.Time { return b.now }

// process is a store as another process has it. Those of half of the tests hold nothing of what is only watched, and must
// come to the same.
func (b *bundle) process() *issues.Store {
	s := issues.NewStore(issues.Deps{
		Door: b.door, Now: b.clock, Traffic: b.traffic, Apps: b.dir, Committed: func(uuid.UUID, int64) { b.hear() },
		Diagnose: func(_ context.Context, e issues.Evidence) (diagnostics.Diagnosis, bool, error) {
			return diagnostics.Diagnosis{Title: "Of an entry", Confidence: 0.9, Signals: []string{e.ID.String()}}, !b.undiagnosed, nil
		},
		Advice: func(c diagnostics.Category, provider string) diagnostics.Diagnosis {
			return diagnostics.Diagnosis{Title: "Advice on " + string(c) + " of " + provider, Confidence: 1}
		},
	})
	if len(b.t.Name())%2 == 0 {
		issues.Hold(s, 0)
	}
	return s
}

func (b *bundle) connect(key string, customers int) (uuid.UUID, []app) {
	integration := directory.IntegrationID(b.tenantID, key)
	apps := make([]app, customers)
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		b.exec(ctx, tx, "INSERT INTO integration (tenant_id, id, key, name, created_at) VALUES ($1, $2, $3, $3, $4)", integration, key, b.now)
		var ids, owners []uuid.UUID
		var names []string
		for i := range apps {
			name := fmt.Sprintf("customer-%04d", i)
			apps[i] = app{nodeid.Derive(b.tenantID, nodeid.ConnectedApp, key+name), directory.CustomerID(b.tenantID, name), integration}
			ids, owners, names = append(ids, apps[i].id), append(owners, apps[i].customer), append(names, name)
		}
		b.exec(ctx, tx, `INSERT INTO customer (tenant_id, id, external_id, name, created_at)
			SELECT $1, v.id, v.name, v.name, $4 FROM unnest($2::uuid[], $3::text[]) AS v (id, name) ON CONFLICT DO NOTHING`, tenant.UUIDs(owners), names, b.now)
		b.exec(ctx, tx, `INSERT INTO connected_app (tenant_id, id, external_id, customer_id, integration_id, created_at)
			SELECT $1, v.id, $5 || v.name, v.owner, $4, $6 FROM unnest($2::uuid[], $3::uuid[], $7::text[]) AS v (id, owner, name)`,
			tenant.UUIDs(ids), tenant.UUIDs(owners), integration, key, b.now, names)
	})
	return integration, apps
}

func (b *bundle) write(fn func(ctx context.Context, tx *tenant.Tx)) {
	require.NoError(b.t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		fn(ctx, tx)
		return nil
	}))
}

func (b *bundle) exec(ctx context.Context, tx *tenant.Tx, sql string, args ...any) {
	_, err := tx.Pgx().Exec(ctx, sql, append([]any{tx.TenantID()}, args...)...)
	require.NoError(b.t, err)
}

// key is a problem of the category; of the endpoint where one is given.
func (b *bundle) key(c diagnostics.Category, scope ...string) issues.Key {
	k := issues.Key{Category: c, IntegrationID: b.integration, Cause: "cause"}
	if len(scope) > 0 {
		k.Scope = scope[0]
	}
	return k
}

func (b *bundle) id(k issues.Key) uuid.UUID { return k.ID(b.tenantID) }

// sighting is one of an app, now.
func (b *bundle) sighting(k issues.Key, a app) issues.Sighting {
	return issues.Sighting{
		Key: k, CustomerID: a.customer, ConnectedAppID: a.id, At: b.now, Confidence: 0.9,
		Evidence: issues.Evidence{ID: nodeid.New(b.now), Kind: entry.KindAPIRequest},
	}
}

// see has an app see a problem n times, now, and fail as often.
func (b *bundle) see(k issues.Key, a app, n int) {
	list := make([]issues.Sighting, n)
	for i := range list {
		list[i] = b.sighting(k, a)
	}
	b.enqueue(list...)
	b.call(a, entry.StatusFailure, n, k.Scope)
}

func (b *bundle) enqueue(list ...issues.Sighting) {
	b.commitNo++
	require.NoError(b.t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		batch := &pgx.Batch{}
		issues.Enqueue(batch, b.tenantID, b.commitNo, list)
		return tx.Pgx().SendBatch(ctx, batch).Close()
	}))
}

// call has an app make n calls, now, of an endpoint such as "GET /a".
func (b *bundle) call(a app, status entry.Status, n int, endpoint string) {
	b.callAs(entry.KindAPIRequest, a, status, n, endpoint)
}

func (b *bundle) callAs(kind entry.Kind, a app, status entry.Status, n int, endpoint string) {
	c := statistics.Cell{Count: int64(n), Dimensions: statistics.Dimensions{
		Minute: statistics.MinuteOf(b.now), Kind: kind, Status: status, CustomerID: a.customer, IntegrationID: a.integration, ConnectedAppID: a.id,
	}}
	if _, err := fmt.Sscanf(endpoint, "%s %s", &c.Call.Method, &c.Call.Endpoint); err != nil {
		c.Call = statistics.Call{Method: "GET", Endpoint: "/other"}
	}
	b.traffic.mu.Lock()
	defer b.traffic.mu.Unlock()
	b.traffic.cells = append(b.traffic.cells, c)
}

func (b *bundle) succeed(a app, n int) { b.call(a, entry.StatusSuccess, n, "") }

// take takes all that is enqueued.
func (b *bundle) take() {
	_, err := b.store.Take(b.ctx)
	require.NoError(b.t, err)
}

func (b *bundle) settle() { require.NoError(b.t, b.store.Settle(b.ctx)) }

// pass moves the clock.
func (b *bundle) pass(d time.Duration) { b.now = b.now.Add(d) }

// issue is the issue of a key, or nil.
func (b *bundle) issue(k issues.Key) *issues.Issue {
	list, err := b.store.ByIDs(b.ctx, []uuid.UUID{b.id(k)})
	require.NoError(b.t, err)
	return list[b.id(k)]
}

func (b *bundle) status(k issues.Key) issues.Status {
	if i := b.issue(k); i != nil {
		return i.Status
	}
	return ""
}

// actions are what happened to an issue.
func (b *bundle) actions(k issues.Key) (list []string) {
	all, err := b.store.ActivityOf(b.ctx, []uuid.UUID{b.id(k)})
	require.NoError(b.t, err)
	for _, a := range all[b.id(k)] {
		list = append(list, a.Action)
	}
	return list
}

// appStatus is the status of a connected app.
func (b *bundle) appStatus(a app) directory.ConnectedAppStatus {
	rows, err := b.dir.ConnectedAppsByIDs(b.ctx, []uuid.UUID{a.id})
	require.NoError(b.t, err)
	return rows[a.id].Status
}

// report has a sender say what the status of an app is, as of now.
func (b *bundle) report(a app, status directory.ConnectedAppStatus) {
	require.NoError(b.t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := b.dir.ApplyStates(ctx, tx, []directory.StateEvent{{
			Target: directory.Target{ConnectedAppID: a.id}, At: b.now, ConnectedApp: &directory.ConnectedAppState{Status: status},
		}}, nil)
		return err
	}))
}

// limited is a context of somebody who may see one customer.
func (b *bundle) limited(customer uuid.UUID) context.Context {
	return tenant.WithPrincipal(b.t.Context(), &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindCustomer, Subject: "them", CustomerID: customer})
}

// member is a context of a member with a role.
func (b *bundle) member(role tenant.Role) context.Context {
	return tenant.WithPrincipal(b.t.Context(), &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindMember, Subject: "sub", Email: "kim@example.com", Role: role})
}
