package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/lru"
)

const (
	// mostWhole is how many connected apps a tenant has at most of which all are read at once, and remembered: then a small
	// request asks for none of its own, and a link that is not there is known not to be.
	mostWhole = 1000
	// largeFor is how long a tenant is believed to have more.
	largeFor = 10 * time.Minute
)

const allAppsSQL = `SELECT id, customer_id, integration_id, external_id, implicit FROM connected_app
	WHERE tenant_id = $1 ORDER BY created_at, id LIMIT $2`

// whole is all connected apps of a tenant, by what they are looked for. What is not in it was not there when they were read.
type whole struct {
	until time.Time
	// large tells that the tenant has too many: the maps are empty, and links are remembered one by one.
	large bool
	links map[pair]*link
	named map[string]*namedApp
	// size is how many connected apps it counts as.
	size int
}

// link is that of a pair, which may have no connected app yet.
func (w *whole) link(of pair) *link {
	l := w.links[of]
	if l == nil {
		l = &link{}
		w.links[of] = l
	}
	return l
}

// name is what has the external id, which may be nothing yet. The name may stand in a request's buffer.
func (w *whole) name(externalID string) *namedApp {
	n := w.named[externalID]
	if n == nil {
		n = &namedApp{}
		w.named[strings.Clone(externalID)] = n
	}
	return n
}

// wholes are the tenants whose connected apps are remembered, the least recently used of which go when there are more than
// maxRemembered connected apps.
type wholes struct {
	tenants *lru.Cache[uuid.UUID, *whole]
	apps    int
}

func newWholes() wholes {
	return wholes{tenants: lru.New[uuid.UUID, *whole](maxRemembered)}
}

// get is what is remembered of the tenant and still believed; nil when there is nothing.
func (w *wholes) get(tenantID uuid.UUID, now time.Time) *whole {
	if one, ok := w.tenants.Get(tenantID); ok && now.Before(one.until) {
		return one
	}
	return nil
}

func (w *wholes) put(tenantID uuid.UUID, one *whole) {
	w.forget(tenantID)
	w.tenants.Put(tenantID, one)
	w.apps += one.size
	for w.apps > maxRemembered && w.tenants.Len() > 1 {
		oldest, _ := w.tenants.Oldest()
		w.forget(oldest)
	}
}

func (w *wholes) forget(tenantID uuid.UUID) {
	if one, ok := w.tenants.Get(tenantID); ok {
		w.apps -= one.size
		w.tenants.Delete(tenantID)
	}
}

// loadWhole gives asked its connected apps, after reading all of the tenant's unless they are remembered; large tells that
// there are too many for that, and that nothing was given.
func (r *Resolver) loadWhole(ctx context.Context, a *asked) (large bool, err error) {
	if !slices.ContainsFunc(a.groups, a.asksForApp) {
		return false, nil
	}
	r.mu.Lock()
	one := r.wholes.get(a.tenantID, r.store.now())
	r.mu.Unlock()
	if one == nil {
		var list []*app
		err := r.store.door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
			b.Queue(allAppsSQL, tenantID, r.mostWhole+1)
		}, func(results pgx.BatchResults) (err error) {
			list, err = readRows(results, scanApp)
			return err
		})
		if err != nil {
			return false, err
		}
		one = r.rememberWhole(a.tenantID, list)
	}
	if !one.large {
		r.recallWhole(a, one)
	}
	return one.large, nil
}

// rememberWhole keeps what was read, unless another call was quicker: what was decided by that counts.
func (r *Resolver) rememberWhole(tenantID uuid.UUID, list []*app) *whole {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	if one := r.wholes.get(tenantID, now); one != nil {
		return one
	}
	if len(list) > r.mostWhole {
		one := &whole{until: now.Add(largeFor), large: true, size: 1}
		r.wholes.put(tenantID, one)
		return one
	}
	one := &whole{
		until: now.Add(rememberFor), size: 1 + len(list),
		links: make(map[pair]*link, len(list)), named: make(map[string]*namedApp, len(list)),
	}
	for _, found := range list {
		l := one.link(pair{found.customerID, found.integrationID})
		l.apps = append(l.apps, found)
		one.named[found.externalID] = &namedApp{app: found}
		// The customer and the integration of a connected app are there, too.
		for _, id := range [...]uuid.UUID{found.id, found.customerID, found.integrationID} {
			r.row(tenantID, id).until = one.until
		}
	}
	r.wholes.put(tenantID, one)
	return one
}

// recallWhole gives asked what its groups may belong to.
func (r *Resolver) recallWhole(a *asked, one *whole) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range a.groups {
		if g.target.Err != nil {
			continue
		}
		if name := g.ConnectedApp; name != "" {
			a.named[name] = one.name(name)
		}
		if key, ok := a.link(g); ok {
			a.links[key] = one.link(pair{key.customerID, key.integrationID})
		}
	}
}
