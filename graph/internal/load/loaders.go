package load

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// Nested asks for the first items of a parent.
type Nested struct {
	Parent uuid.UUID
	directory.Head
}

// Loaders are the loaders of one response.
type Loaders struct {
	// Catalogue gives what the tenant's catalogue knows, the same in all of the response.
	Catalogue func() *diagnostics.Catalogue

	Members *Loader[uuid.UUID, *tenant.Member]
	APIKeys *Loader[uuid.UUID, *tenant.APIKey]
	// AuditEntries are those of the audit log.
	AuditEntries *Loader[uuid.UUID, *tenant.AuditEntry]

	Customers     *Loader[uuid.UUID, *directory.Customer]
	Integrations  *Loader[uuid.UUID, *directory.Integration]
	ConnectedApps *Loader[uuid.UUID, *directory.ConnectedApp]
	DataSources   *Loader[uuid.UUID, *directory.DataSource]
	Flows         *Loader[uuid.UUID, *directory.Flow]

	// AppsOfCustomer, AppsOfIntegration and FlowsOf give the first page below each parent.
	AppsOfCustomer    *Loader[Nested, page.Page[*directory.ConnectedApp]]
	AppsOfIntegration *Loader[Nested, page.Page[*directory.ConnectedApp]]
	FlowsOf           *Loader[Nested, page.Page[*directory.Flow]]
	// LastActivity gives when something was last recorded of an integration.
	LastActivity *Loader[uuid.UUID, *time.Time]
	// SourcesOfApp gives a connected app's data sources.
	SourcesOfApp *Loader[uuid.UUID, []*directory.DataSource]

	Entries *Loader[uuid.UUID, *entry.Entry]
	Details *Loader[uuid.UUID, *entry.Detail]
	// Sources gives webhooks and pulls, Events external and internal events, by their senders' ids.
	Sources *Loader[Name, *entry.Entry]
	Events  *Loader[Name, *entry.Entry]
	// EventsBySource gives the events that a webhook or pull brought, by its sender's id.
	EventsBySource *Loader[string, []*entry.Entry]

	FlowRuns     *Loader[uuid.UUID, *run.FlowRun]
	NodeRuns     *Loader[uuid.UUID, *run.NodeRun]
	Graphs       *Loader[uuid.UUID, *run.Graph]
	RunPayloads  *Loader[uuid.UUID, *run.Payload]
	NodePayloads *Loader[uuid.UUID, *run.Payload]
	// RunsByTrigger gives the runs that an event launched, by its sender's id.
	RunsByTrigger *Loader[string, []*run.FlowRun]

	Issues *Loader[uuid.UUID, *issues.Issue]
	// PartsOfIssue gives the ids of an issue's parts.
	PartsOfIssue    *Loader[uuid.UUID, []uuid.UUID]
	ActivityOfIssue *Loader[uuid.UUID, []issues.Activity]
	// CustomersOfIssue gives the first customers that an issue hits.
	CustomersOfIssue *Loader[IssueHead, page.Page[uuid.UUID]]
	// OpenIssues counts an integration's issues that are open, or with uuid.Nil all.
	OpenIssues *Loader[uuid.UUID, int]

	AlarmRules *Loader[uuid.UUID, *alarm.Rule]
	Alarms     *Loader[uuid.UUID, *alarm.Alarm]
	Endpoints  *Loader[uuid.UUID, *notify.Endpoint]
	Deliveries *Loader[uuid.UUID, *notify.Delivery]
	// AttemptsOf gives the attempts of a delivery.
	AttemptsOf *Loader[uuid.UUID, []*notify.Attempt]

	now        func() time.Time
	worst      *Loader[Unit, issues.Severity]
	issues     *Loader[Below[IssueQuery], page.Page[*issues.Issue]]
	issueLists lists[IssueQuery]

	logs     *Loader[Below[journal.Query], journal.ItemPage]
	logLists lists[journal.Query]
	runs     *Loader[Below[run.Query], page.Page[*run.FlowRun]]
	runLists lists[run.Query]
}

func newLoaders(d *desk, src Sources) *Loaders {
	return &Loaders{
		Catalogue:         sync.OnceValue(func() *diagnostics.Catalogue { return src.catalogue(d.ctx) }),
		Members:           loader(d, src.Tenants.MembersByIDs),
		APIKeys:           loader(d, src.Tenants.APIKeysByIDs),
		AuditEntries:      loader(d, src.Tenants.AuditEntriesByIDs),
		Customers:         loader(d, src.Directory.CustomersByIDs),
		Integrations:      loader(d, src.Directory.IntegrationsByIDs),
		ConnectedApps:     loader(d, src.Directory.ConnectedAppsByIDs),
		DataSources:       loader(d, src.Directory.DataSourcesByIDs),
		Flows:             loader(d, src.Directory.FlowsByIDs),
		AppsOfCustomer:    loader(d, nested(src.Directory.ConnectedAppsOf)),
		AppsOfIntegration: loader(d, nested(src.Directory.ConnectedAppsOfIntegrations)),
		FlowsOf:           loader(d, nested(src.Directory.FlowsOf)),
		SourcesOfApp:      loader(d, src.Directory.DataSourcesOf),
		Entries:           loader(d, src.Journal.ByIDs),
		Details:           loader(d, src.Journal.Details),
		Sources:           loader(d, src.named(entry.KindExternalWebhook, entry.KindExternalEventPull)),
		Events:            loader(d, src.named(entry.KindExternalEvent, entry.KindInternalEvent)),
		EventsBySource:    loader(d, src.Journal.BySource),
		FlowRuns:          loader(d, src.Runs.ByIDs),
		NodeRuns:          loader(d, src.Runs.NodeRunsByIDs),
		Graphs:            loader(d, src.graphs),
		RunPayloads:       loader(d, src.Runs.Payloads),
		NodePayloads:      loader(d, src.Runs.NodePayloads),
		RunsByTrigger:     loader(d, src.Runs.LaunchedBy),
		LastActivity:      loader(d, src.Directory.LastActivityOf),
		Issues:            loader(d, src.Issues.ByIDs),
		PartsOfIssue:      loader(d, src.Issues.ChildrenOf),
		ActivityOfIssue:   loader(d, src.Issues.ActivityOf),
		CustomersOfIssue:  loader(d, src.customersOfIssues),
		OpenIssues:        loader(d, src.Issues.OpenCounts),
		AlarmRules:        loader(d, src.Alarms.RulesByIDs),
		Alarms:            loader(d, src.Alarms.AlarmsByIDs),
		Endpoints:         loader(d, src.Notifications.EndpointsByIDs),
		Deliveries:        loader(d, src.Notifications.DeliveriesByIDs),
		AttemptsOf:        loader(d, src.Notifications.AttemptsOf),
		now:               src.Now,
		worst:             loader(d, src.worst),
		issues:            loader(d, src.issuePages),
		logs:              loader(d, src.logPages),
		runs:              loader(d, src.runPages),
	}
}

type contextKey struct{}

// With gives a response's context loaders that read from the sources. They are made when the first is asked for. The
// calling goroutine is the one that begins to answer.
func With(ctx context.Context, src Sources) context.Context {
	d := &desk{wait: wait}
	ctx, d.work = turn.With(ctx, d.dispatch)
	d.ctx = ctx
	return context.WithValue(ctx, contextKey{}, sync.OnceValue(func() *Loaders { return newLoaders(d, src) }))
}

// From gives the loaders of the response to whoever is about to wait for one, so that the next items of lists are not
// held up and can ask it too. There always are some: the handler calls With before any field is resolved.
func From(ctx context.Context) *Loaders {
	turn.Yield(ctx)
	return ctx.Value(contextKey{}).(func() *Loaders)()
}

// One loads what must be there, and is NotFound when it is not.
func One[K comparable, V any](ctx context.Context, l *Loader[K, V], key K) (V, error) {
	v, ok, err := l.load(ctx, key)
	if err == nil && !ok {
		err = errs.New(errs.NotFound, "what this refers to is gone")
	}
	return v, err
}

// Optional loads what may be missing, and gives nil for it. The zero key refers to nothing.
func Optional[K comparable, V any](ctx context.Context, l *Loader[K, *V], key K) (*V, error) {
	var zero K
	if key == zero {
		return nil, nil // Null is what the API answers.
	}
	v, _, err := l.load(ctx, key)
	return v, err
}

// Many loads a list, which is empty when there is none.
func Many[K comparable, V any](ctx context.Context, l *Loader[K, []V], key K) ([]V, error) {
	var zero K
	if key == zero {
		return nil, nil
	}
	list, _, err := l.load(ctx, key)
	return list, err
}

// Zero loads what has the zero value when there is none.
func Zero[K comparable, V any](ctx context.Context, l *Loader[K, V], key K) (V, error) {
	v, _, err := l.load(ctx, key)
	return v, err
}

// All loads several at once, in their order, less those that are missing.
func All[K comparable, V any](ctx context.Context, l *Loader[K, *V], keys []K) ([]*V, error) {
	found, failures := make([]*V, len(keys)), make([]error, len(keys))
	turn.Each(ctx, len(keys), func(i int) { found[i], failures[i] = Optional(ctx, l, keys[i]) })
	return slices.DeleteFunc(found, func(v *V) bool { return v == nil }), errors.Join(failures...)
}

// PayloadsHidden tells whether headers, bodies, inputs and outputs are kept from the context's principal.
func PayloadsHidden(ctx context.Context) bool {
	p, err := tenant.FromContext(ctx)
	return err != nil || !p.SeesPayloads()
}

// ForCustomer tells whether the context's principal is limited to one customer, who does not see what is meant for the
// tenant: docs/tenancy.md lists it.
func ForCustomer(ctx context.Context) bool {
	p, err := tenant.FromContext(ctx)
	return err != nil || p.CustomerID != uuid.Nil
}
