package load

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// Sources are what the loaders read from.
type Sources struct {
	Tenants   Tenants
	Directory Directory
	Journal   Journal
	Logs      Logs
	Runs      Runs

	Alarms        Alarms
	Notifications Notifications

	Issues Issues
	// Catalogues say what is wrong with entries.
	Catalogues Catalogues
	// Now is the clock.
	Now func() time.Time
}

// Catalogues is what is known of errors, by tenant.
type Catalogues interface {
	Of(ctx context.Context, tenantID uuid.UUID) *diagnostics.Catalogue
}

// catalogue is that of the context's tenant. Without one nothing is shown that could be diagnosed.
func (src Sources) catalogue(ctx context.Context) *diagnostics.Catalogue {
	var id uuid.UUID
	if p, err := tenant.FromContext(ctx); err == nil {
		id = p.TenantID
	}
	return src.Catalogues.Of(ctx, id)
}

// Tenants is what the loaders ask of the tenants' administration.
type Tenants interface {
	MembersByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*tenant.Member, error)
	APIKeysByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*tenant.APIKey, error)
	AuditEntriesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*tenant.AuditEntry, error)
}

// Directory is what the loaders ask of the directory.
type Directory interface {
	CustomersByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Customer, error)
	IntegrationsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Integration, error)
	ConnectedAppsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.ConnectedApp, error)
	DataSourcesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.DataSource, error)
	FlowsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Flow, error)
	ConnectedAppsOf(ctx context.Context, customerIDs []uuid.UUID, head directory.Head) (map[uuid.UUID]page.Page[*directory.ConnectedApp], error)
	ConnectedAppsOfIntegrations(ctx context.Context, integrationIDs []uuid.UUID, head directory.Head) (map[uuid.UUID]page.Page[*directory.ConnectedApp], error)
	FlowsOf(ctx context.Context, integrationIDs []uuid.UUID, head directory.Head) (map[uuid.UUID]page.Page[*directory.Flow], error)
	LastActivityOf(ctx context.Context, integrationIDs []uuid.UUID) (map[uuid.UUID]*time.Time, error)
	DataSourcesOf(ctx context.Context, connectedAppIDs []uuid.UUID) (map[uuid.UUID][]*directory.DataSource, error)
}

// Journal is what the loaders ask of the journal.
type Journal interface {
	ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Entry, error)
	Details(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Detail, error)
	ByExternalIDs(ctx context.Context, kinds []entry.Kind, externalIDs []string, around entry.Range) (map[string]*entry.Entry, error)
	BySource(ctx context.Context, sourceIDs []string) (map[string][]*entry.Entry, error)
}

// Logs is what the loaders ask of the list of entries and runs.
type Logs interface {
	Pages(ctx context.Context, query journal.PagesQuery) (map[uuid.UUID]journal.ItemPage, error)
}

// Runs is what the loaders ask of the store of runs.
type Runs interface {
	ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.FlowRun, error)
	NodeRuns(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID][]*run.NodeRun, error)
	NodeRunsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.NodeRun, error)
	Payloads(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID]*run.Payload, error)
	NodePayloads(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.Payload, error)
	Pages(ctx context.Context, query run.PagesQuery) (map[uuid.UUID]page.Page[*run.FlowRun], error)
	LaunchedBy(ctx context.Context, eventExternalIDs []string) (map[string][]*run.FlowRun, error)
}

// Alarms is what the loaders ask of rules and their alarms.
type Alarms interface {
	RulesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*alarm.Rule, error)
	AlarmsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*alarm.Alarm, error)
}

// Notifications is what the loaders ask of endpoints and what is sent to them.
type Notifications interface {
	EndpointsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*notify.Endpoint, error)
	DeliveriesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*notify.Delivery, error)
	AttemptsOf(ctx context.Context, deliveryIDs []uuid.UUID) (map[uuid.UUID][]*notify.Attempt, error)
}

// Name is the sender's id of an entry, with the day near which the entry is looked for.
type Name struct {
	ExternalID string
	day        int64
}

const (
	day = int64(24 * time.Hour / time.Second)
	// before and after are how far from its day a named entry is looked for, in days: what refers to it comes later,
	// and clocks differ.
	before, after = 8, 2
)

// NameOf is the name of what refers to it at a time; the zero Name when there is no external id.
func NameOf(externalID string, at time.Time) Name {
	if externalID == "" {
		return Name{}
	}
	return Name{ExternalID: externalID, day: at.Unix() / day}
}

// named reads entries of some kinds by their senders' ids, in the span of time that covers all of them.
func (src Sources) named(kinds ...entry.Kind) func(context.Context, []Name) (map[Name]*entry.Entry, error) {
	return func(ctx context.Context, names []Name) (map[Name]*entry.Entry, error) {
		first, last := names[0].day, names[0].day
		ids := make([]string, len(names))
		for i, n := range names {
			ids[i], first, last = n.ExternalID, min(first, n.day), max(last, n.day)
		}
		around := entry.Range{From: time.Unix((first-before)*day, 0).UTC(), To: time.Unix((last+after)*day, 0).UTC()}
		found, err := src.Journal.ByExternalIDs(ctx, kinds, ids, around)
		out := make(map[Name]*entry.Entry, len(found))
		for _, n := range names {
			if e := found[n.ExternalID]; e != nil {
				out[n] = e
			}
		}
		return out, err
	}
}

// graphs draws the graphs of runs.
func (src Sources) graphs(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID]*run.Graph, error) {
	nodes, err := src.Runs.NodeRuns(ctx, runIDs)
	now := src.Now()
	out := make(map[uuid.UUID]*run.Graph, len(nodes))
	for id, list := range nodes {
		out[id] = run.BuildGraph(list, now)
	}
	return out, err
}

// nested reads the first items of many parents. Parents of one answer ask for the same number, unless their fields
// have aliases.
func nested[V any](read func(context.Context, []uuid.UUID, directory.Head) (map[uuid.UUID]page.Page[V], error)) func(context.Context, []Nested) (map[Nested]page.Page[V], error) {
	return func(ctx context.Context, keys []Nested) (map[Nested]page.Page[V], error) {
		parents := map[directory.Head][]uuid.UUID{}
		for _, k := range keys {
			parents[k.Head] = append(parents[k.Head], k.Parent)
		}
		out := make(map[Nested]page.Page[V], len(keys))
		for head, ids := range parents {
			pages, err := read(ctx, ids, head)
			if err != nil {
				return nil, err
			}
			for id, p := range pages {
				out[Nested{Parent: id, Head: head}] = p
			}
		}
		return out, nil
	}
}
