package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/lru"
	"github.com/weirhq/weir/tenant"
)

const (
	// rememberFor bounds how long a process believes that a row is there which another process deleted, and how long
	// it does not see a connected app that another made.
	rememberFor = 30 * time.Second
	// activityEvery is how far last_activity_at must move to be worth a write.
	activityEvery = time.Minute
	// activityPause is how long activity of a row that was just written waits before it is written again. Live traffic
	// never waits, since activityEvery is as long; a load of old events, which moves hundreds of rows with each commit, does.
	activityPause = activityEvery
	// eventEvery is the same of last_event_at, which the diagnosis of silent data sources reads.
	eventEvery = time.Second
	// maxRemembered bounds each of the resolver's caches: 200 bytes or so a row.
	maxRemembered = 100_000
)

// ErrStale says that what a Need was resolved from is no longer so: another process gave a connected app a name, or
// deleted a row, in between. Nothing is wrong with the events: Forget the tenant and resolve them again.
var ErrStale = errors.New("the directory changed after names were resolved")

// Resolver turns names into ids, and remembers for half a minute what it has seen, so that most events need nothing of
// the database. It is safe for concurrent use.
type Resolver struct {
	store *Store

	mu    sync.Mutex
	rows  *lru.Cache[rowKey, *row]
	links *lru.Cache[linkKey, *link]
	named *lru.Cache[namedKey, *namedApp]
	// wholes are the tenants with at most mostWhole connected apps; links and named are of the others.
	wholes    wholes
	mostWhole int
	// later is the activity that was put off.
	later map[uuid.UUID]*putOff
}

type rowKey struct{ tenantID, id uuid.UUID }

// row is what is known of a row of any table.
type row struct {
	// until is when to make sure of the row again; zero when it never was.
	until time.Time
	// The rest is what was written last.
	activity, pulledAt, eventAt int64
	integration, pull           bool
	// pause is until when activity that moves is put off.
	pause time.Time
}

type linkKey struct{ tenantID, customerID, integrationID uuid.UUID }

// link is all connected apps of a customer and an integration, the oldest first.
type link struct {
	until time.Time
	apps  []*app
}

type namedKey struct {
	tenantID   uuid.UUID
	externalID string
}

// namedApp is the connected app with an external id, or nil.
type namedApp struct {
	until time.Time
	app   *app
}

type app struct {
	id, customerID, integrationID uuid.UUID
	externalID                    string
	implicit                      bool
}

func newResolver(s *Store) *Resolver {
	return &Resolver{
		store:  s,
		rows:   lru.New[rowKey, *row](maxRemembered),
		links:  lru.New[linkKey, *link](maxRemembered),
		named:  lru.New[namedKey, *namedApp](maxRemembered),
		wholes: newWholes(), mostWhole: mostWhole,
		later: map[uuid.UUID]*putOff{},
	}
}

// Resolve says of each ref what it stands for, and what a commit must make sure of before it stores any of them. A ref
// that cannot be stored has Err in its target and costs its neighbours nothing. The database is asked only for
// connected apps that are not remembered, once for all refs.
func (r *Resolver) Resolve(ctx context.Context, refs []Ref) ([]Target, *Need, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	if p.CustomerID != uuid.Nil {
		return nil, nil, errs.New(errs.Forbidden, "a credential that is limited to one customer cannot store events")
	}
	a := newAsked(p.TenantID, refs)
	if err := r.load(ctx, a); err != nil {
		return nil, nil, fmt.Errorf("resolve names: %w", err)
	}
	need := NewNeed()
	r.mu.Lock()
	now := r.store.now()
	for _, g := range a.groups {
		r.settle(a, g, need, now)
	}
	r.mu.Unlock()
	return a.targets(refs), need, nil
}

// Committed notes that a commit that ensured the need is on disk. Without it the rows are made sure of again.
func (r *Resolver) Committed(tenantID uuid.UUID, need *Need) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	until := now.Add(rememberFor)
	note := func(id uuid.UUID) *row {
		w := r.row(tenantID, id)
		w.until = until
		return w
	}
	for id, c := range need.customers {
		note(id).wrote(c.activity, now)
	}
	for id := range need.integrations {
		note(id)
	}
	for id, a := range need.apps {
		note(id).wrote(a.activity, now)
	}
	for id, f := range need.flows {
		w := note(id)
		w.integration = w.integration || f.integrationID != uuid.Nil
	}
	for id, s := range need.sources {
		w := note(id)
		w.pull = w.pull || s.pull
		w.pulledAt, w.eventAt = max(w.pulledAt, s.pulledAt), max(w.eventAt, s.eventAt)
	}
}

// Forget drops all that is remembered of the tenant.
func (r *Resolver) Forget(tenantID uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows.DeleteFunc(func(k rowKey, _ *row) bool { return k.tenantID == tenantID })
	r.links.DeleteFunc(func(k linkKey, _ *link) bool { return k.tenantID == tenantID })
	r.named.DeleteFunc(func(k namedKey, _ *namedApp) bool { return k.tenantID == tenantID })
	r.wholes.forget(tenantID)
	delete(r.later, tenantID)
}

func (r *Resolver) row(tenantID, id uuid.UUID) *row {
	key := rowKey{tenantID, id}
	w, ok := r.rows.Get(key)
	if !ok {
		w = &row{}
		r.rows.Put(key, w)
	}
	return w
}

// IsStale tells whether a commit failed because the directory had changed since its names were resolved: it is worth
// another try after Forget.
func IsStale(err error) bool {
	return errors.Is(err, ErrStale) || errs.SQLState(err) == foreignKeyViolation
}

const foreignKeyViolation = "23503"
