package directory

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// The connected apps of pairs of customer ($2) and integration ($3), the oldest of a pair first, and those with an
// external id ($2). They are two statements because one with OR would read all apps of the tenant.
const (
	linkedSQL = `SELECT a.id, a.customer_id, a.integration_id, a.external_id, a.implicit
		FROM unnest($2::uuid[], $3::uuid[]) link (customer_id, integration_id)
		JOIN connected_app a ON a.tenant_id = $1 AND a.customer_id = link.customer_id AND a.integration_id = link.integration_id
		ORDER BY a.created_at, a.id`
	namedSQL = `SELECT id, customer_id, integration_id, external_id, implicit
		FROM connected_app WHERE tenant_id = $1 AND external_id = ANY ($2::text[])`
)

// load gives asked the connected apps that its groups may belong to, from memory or else from the database.
func (r *Resolver) load(ctx context.Context, a *asked) error {
	if large, err := r.loadWhole(ctx, a); err != nil || !large {
		return err
	}
	links, names := r.recall(a)
	if len(links)+len(names) == 0 {
		return nil
	}
	var found *apps
	err := r.store.door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		queueApps(b, tenantID, links, names)
	}, func(results pgx.BatchResults) (err error) {
		found, err = readApps(results)
		return err
	})
	if err != nil {
		return err
	}
	r.remember(a, links, names, found)
	return nil
}

// recall takes from memory what is there, and gives back what is not.
func (r *Resolver) recall(a *asked) (links []linkKey, names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	for _, g := range a.groups {
		if g.target.Err != nil {
			continue
		}
		if name := g.ConnectedApp; name != "" {
			if _, asked := a.named[name]; !asked {
				n, ok := r.named.Get(namedKey{a.tenantID, name})
				if ok = ok && now.Before(n.until); !ok {
					n, names = nil, append(names, name)
				}
				a.named[name] = n
			}
			if n := a.named[name]; n != nil && n.app != nil {
				continue
			}
		}
		if key, ok := a.link(g); ok {
			if _, asked := a.links[key]; !asked {
				l, ok := r.links.Get(key)
				if ok = ok && now.Before(l.until); !ok {
					l, links = nil, append(links, key)
				}
				a.links[key] = l
			}
		}
	}
	return links, names
}

// remember keeps what was read, unless another call was quicker: what that one decided counts.
func (r *Resolver) remember(a *asked, links []linkKey, names []string, found *apps) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	until := now.Add(rememberFor)
	for _, key := range links {
		l, ok := r.links.Get(key)
		if !ok || !now.Before(l.until) {
			l = &link{until: until, apps: found.linked[pair{key.customerID, key.integrationID}]}
			r.links.Put(key, l)
		}
		a.links[key] = l
	}
	for _, name := range names {
		n, ok := r.named.Get(namedKey{a.tenantID, name})
		if !ok || !now.Before(n.until) {
			n = &namedApp{until: until, app: found.named[name]}
			// The name may stand in a request's buffer, which the key must not keep.
			r.named.Put(namedKey{a.tenantID, strings.Clone(name)}, n)
		}
		a.named[name] = n
	}
	for id := range found.byID {
		if w := r.row(a.tenantID, id); w.until.Before(now) {
			w.until = until
		}
	}
}

// apps is connected apps that were read, by all that they are looked for.
type apps struct {
	byID   map[uuid.UUID]*app
	named  map[string]*app
	linked map[pair][]*app
}

type pair struct{ customerID, integrationID uuid.UUID }

// queueApps asks for connected apps by their pairs and names; readApps takes the answers.
func queueApps(b *pgx.Batch, tenantID uuid.UUID, links []linkKey, names []string) {
	customers, integrations := make([]uuid.UUID, len(links)), make([]uuid.UUID, len(links))
	for i, key := range links {
		customers[i], integrations[i] = key.customerID, key.integrationID
	}
	if names == nil {
		names = []string{}
	}
	b.Queue(linkedSQL, tenantID, tenant.UUIDs(customers), tenant.UUIDs(integrations))
	b.Queue(namedSQL, tenantID, names)
}

func readApps(results pgx.BatchResults) (*apps, error) {
	found := &apps{byID: map[uuid.UUID]*app{}, named: map[string]*app{}, linked: map[pair][]*app{}}
	linked, err := readRows(results, scanApp)
	if err != nil {
		return nil, err
	}
	named, err := readRows(results, scanApp)
	if err != nil {
		return nil, err
	}
	for _, a := range linked {
		found.byID[a.id], found.named[a.externalID] = a, a
		key := pair{a.customerID, a.integrationID}
		found.linked[key] = append(found.linked[key], a)
	}
	for _, a := range named {
		if found.byID[a.id] == nil {
			found.byID[a.id], found.named[a.externalID] = a, a
		}
	}
	return found, nil
}

func readRows[T any](results pgx.BatchResults, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func scanApp(row pgx.CollectableRow) (*app, error) {
	a := &app{}
	return a, row.Scan(&a.id, &a.customerID, &a.integrationID, &a.externalID, &a.implicit)
}

// implicitExternalID is the external id of an implicit connected app: its own id, which is no sender's.
func implicitExternalID(id uuid.UUID) string { return nodeid.Format(nodeid.ConnectedApp, id) }
