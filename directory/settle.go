package directory

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
)

// settle decides which connected app and data source the group belongs to, and notes what its commit must make sure
// of. The resolver is locked.
func (r *Resolver) settle(a *asked, g *group, need *Need, now time.Time) {
	if g.target.Err != nil {
		return
	}
	found, problem := r.findApp(a, g)
	if problem != nil {
		g.target = Target{Err: problem}
		return
	}
	// The connected app says of which customer and integration it is where the event does not: those rows exist.
	if found != nil {
		g.target.ConnectedAppID = found.id
		g.target.CustomerID, g.target.IntegrationID = found.customerID, found.integrationID
	}
	r.needCustomer(a, g, need, now)
	r.needIntegration(a, g, need, now)
	if found != nil {
		r.needApp(a, g, found, need, now)
	}
	r.needFlow(a, g, need, now)
	if found != nil && g.DataSource != "" {
		r.needSource(a, g, need, now)
	}
}

// findApp finds the group's connected app, or decides that one is to be made; nil when it belongs to none.
func (r *Resolver) findApp(a *asked, g *group) (*app, *errs.Error) {
	key, linked := a.link(g)
	if g.ConnectedApp == "" {
		if !linked {
			return nil, nil
		}
		l := a.links[key]
		if found := choose(l.apps); found != nil {
			return found, nil
		}
		made := &app{
			id:         nodeid.ImpliedApp(key.customerID, key.integrationID),
			customerID: key.customerID, integrationID: key.integrationID, implicit: true,
		}
		made.externalID = implicitExternalID(made.id)
		l.apps = append(l.apps, made)
		return made, nil
	}
	named := a.named[g.ConnectedApp]
	if found := named.app; found != nil {
		if g.Customer != "" && g.target.CustomerID != found.customerID {
			return nil, errs.Invalid("connected_app", "%q is a connected app of another customer", g.ConnectedApp)
		}
		if g.Integration != "" && g.target.IntegrationID != found.integrationID {
			return nil, errs.Invalid("connected_app", "%q is a connected app of another integration", g.ConnectedApp)
		}
		return found, nil
	}
	if !linked {
		return nil, errs.Invalid("connected_app", "%q is not known yet: name its customer and integration too", g.ConnectedApp)
	}
	named.app = r.adopt(a, a.links[key], key, strings.Clone(g.ConnectedApp))
	return named.app, nil
}

// adopt makes a connected app that names itself, which takes the place of an implicit one if there is one.
func (r *Resolver) adopt(a *asked, l *link, key linkKey, name string) *app {
	for _, had := range l.apps {
		if had.implicit {
			had.externalID, had.implicit = name, false
			r.row(a.tenantID, had.id).until = time.Time{}
			return had
		}
	}
	made := &app{
		id: namedAppID(a.tenantID, name), customerID: key.customerID, integrationID: key.integrationID, externalID: name,
	}
	l.apps = append(l.apps, made)
	return made
}

// choose picks the connected app of an event that names none: the customer's only one, or, of several, the oldest.
func choose(apps []*app) *app {
	if len(apps) == 0 {
		return nil
	}
	return apps[0]
}

func (r *Resolver) needCustomer(a *asked, g *group, need *Need, now time.Time) {
	id := g.target.CustomerID
	if id == uuid.Nil {
		return
	}
	w := r.row(a.tenantID, id)
	// A customer that the event does not name is that of a connected app, so it exists.
	missing := g.Customer != "" && !now.Before(w.until)
	active := w.active(g.latest, now, func() *int64 { return placeOf(r.put(a.tenantID).customers, id) })
	if missing || active {
		c := need.customer(id, g.Customer)
		c.missing = c.missing || missing
		if active {
			c.activity = max(c.activity, g.latest)
		}
		if c.externalID == "" {
			c.externalID = g.Customer
		}
	}
}

func (r *Resolver) needIntegration(a *asked, g *group, need *Need, now time.Time) {
	if id := g.target.IntegrationID; g.Integration != "" && !now.Before(r.row(a.tenantID, id).until) {
		need.integrations[id] = g.Integration
	}
}

func (r *Resolver) needApp(a *asked, g *group, found *app, need *Need, now time.Time) {
	w := r.row(a.tenantID, found.id)
	missing := !now.Before(w.until)
	active := w.active(g.latest, now, func() *int64 { return placeOf(r.put(a.tenantID).apps, found.id) })
	if missing || active {
		n := need.app(found.id, &appNeed{
			customerID: found.customerID, integrationID: found.integrationID,
			externalID: found.externalID, implicit: found.implicit,
		})
		n.missing = n.missing || missing
		if active {
			n.activity = max(n.activity, g.latest)
		}
	}
}

func (r *Resolver) needFlow(a *asked, g *group, need *Need, now time.Time) {
	id := g.target.FlowID
	if id == uuid.Nil {
		return
	}
	w := r.row(a.tenantID, id)
	if !now.Before(w.until) || (g.target.IntegrationID != uuid.Nil && !w.integration) {
		f := need.flows[id]
		if f == nil {
			f = &flowNeed{key: g.Flow}
			need.flows[id] = f
		}
		if f.integrationID == uuid.Nil {
			f.integrationID = g.target.IntegrationID
		}
	}
}

func (r *Resolver) needSource(a *asked, g *group, need *Need, now time.Time) {
	id := DataSourceID(a.tenantID, g.target.ConnectedAppID, g.DataSource)
	g.target.DataSourceID = id
	w := r.row(a.tenantID, id)
	n := sourceNeed{appID: g.target.ConnectedAppID, customerID: g.target.CustomerID, key: g.DataSource}
	n.missing = !now.Before(w.until)
	switch g.Use {
	case UsePull:
		n.pull = !w.pull
		if moved(g.latest, w.pulledAt, time.Microsecond) {
			n.pulledAt, n.pulls = g.latest, g.pulls
		}
	case UseWebhook, UseEvent:
		if moved(g.latest, w.eventAt, eventEvery) {
			n.eventAt = g.latest
		}
	case UseNone:
	}
	if n.missing || n.pull || n.pulledAt != 0 || n.eventAt != 0 {
		s := need.source(id, &n)
		s.missing = s.missing || n.missing
		s.pull = s.pull || n.pull
		s.pulledAt, s.eventAt = max(s.pulledAt, n.pulledAt), max(s.eventAt, n.eventAt)
		s.pulls = append(s.pulls, n.pulls...)
	}
}
