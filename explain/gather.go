package explain

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// How much is read: of events and runs what a person would look through, of the rest what proves a point.
const (
	mostEvents   = 200
	mostRuns     = 200
	mostPulls    = 100
	mostApps     = 20
	mostRejected = maxEvidence
)

// gather reads the facts. NotFound says that there is no such flow or customer, which is all that a principal learns of
// those that it may not see.
func (x *Explainer) gather(ctx context.Context, in *Input) (*Facts, error) {
	f := &Facts{Now: x.now().UTC(), Range: in.Range, Identifier: in.Identifier, Unfinished: map[entry.Kind]bool{}}
	if f.Range.To.After(f.Now) {
		f.Range.To = f.Now
	}
	for _, read := range []func(context.Context, *Input, *Facts) error{x.readDirectory, x.readKept, x.readSources, x.readEvents, x.readRuns, x.readFailure} {
		if err := read(ctx, in, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (x *Explainer) readDirectory(ctx context.Context, in *Input, f *Facts) error {
	flows, err := x.directory.FlowsByIDs(ctx, []uuid.UUID{in.FlowID})
	if err != nil {
		return err
	}
	customers, err := x.directory.CustomersByIDs(ctx, []uuid.UUID{in.CustomerID})
	if err != nil {
		return err
	}
	if f.Flow, f.Customer = flows[in.FlowID], customers[in.CustomerID]; f.Flow == nil {
		return errs.New(errs.NotFound, "no such flow")
	}
	if f.Customer == nil {
		return errs.New(errs.NotFound, "no such customer")
	}
	if f.Flow.IntegrationID == nil {
		return nil
	}
	integrations, err := x.directory.IntegrationsByIDs(ctx, []uuid.UUID{*f.Flow.IntegrationID})
	if err != nil {
		return err
	}
	if i := integrations[*f.Flow.IntegrationID]; i != nil {
		f.Provider = i.Key
	}
	apps, err := x.directory.ConnectedApps(ctx, directory.ConnectedAppFilter{CustomerID: in.CustomerID, IntegrationID: *f.Flow.IntegrationID}, page.Request{Size: mostApps})
	if err != nil || len(apps.Items) == 0 {
		return err
	}
	f.Apps = apps.Items
	ids := make([]uuid.UUID, len(f.Apps))
	for i, a := range f.Apps {
		ids[i] = a.ID
	}
	sources, err := x.directory.DataSourcesOf(ctx, ids)
	for _, id := range ids {
		f.Sources = append(f.Sources, sources[id]...)
	}
	return err
}

// readKept finds out since when entries of each kind are kept: by the tenant's policy, and by the days that are there.
func (x *Explainer) readKept(ctx context.Context, _ *Input, f *Facts) error {
	retention, err := x.tenants.Retention(ctx)
	if err != nil {
		return err
	}
	first, _, some, err := x.journal.Days(ctx)
	if err != nil {
		return err
	}
	f.Kept = map[entry.Kind]time.Time{}
	for _, k := range entry.Kinds {
		since := f.Now.AddDate(0, 0, -retention.Of(k.String()).Days)
		switch {
		case k == entry.KindFlowRun:
		case !some:
			since = f.Now
		case first.Time().After(since):
			since = first.Time()
		}
		f.Kept[k] = since
	}
	return nil
}

// entries gives the first entries of the kinds that match, the newest first.
func (x *Explainer) entries(ctx context.Context, f *Facts, filter entry.Filter, first int) ([]*entry.Entry, error) {
	filter.CustomerIDs, filter.Range = []uuid.UUID{f.Customer.ID}, f.Range
	found, err := x.journal.Entries(ctx, journal.Query{Filter: filter, First: first})
	if err != nil {
		return nil, err
	}
	if found.HasNext && len(found.Items) < first {
		for _, k := range filter.Kinds {
			f.Unfinished[k] = true
		}
	}
	return found.Items, nil
}

// ofIntegration narrows a filter to the flow's integration, if it has one.
func ofIntegration(f *Facts, filter entry.Filter) entry.Filter {
	if f.Flow.IntegrationID != nil {
		filter.IntegrationIDs = []uuid.UUID{*f.Flow.IntegrationID}
	}
	return filter
}

func (x *Explainer) readSources(ctx context.Context, _ *Input, f *Facts) (err error) {
	if !f.external() {
		return nil
	}
	webhooks := ofIntegration(f, entry.Filter{Kinds: []entry.Kind{entry.KindExternalWebhook}})
	if f.Webhooks, err = x.entries(ctx, f, webhooks, maxEvidence); err != nil {
		return err
	}
	webhooks.Statuses = []entry.Status{entry.StatusFailure}
	if f.Rejected, err = x.entries(ctx, f, webhooks, mostRejected); err != nil {
		return err
	}
	f.Pulls, err = x.entries(ctx, f, ofIntegration(f, entry.Filter{Kinds: []entry.Kind{entry.KindExternalEventPull}}), mostPulls)
	return err
}

func (x *Explainer) readEvents(ctx context.Context, in *Input, f *Facts) (err error) {
	kinds := f.eventKinds()
	if len(kinds) == 0 {
		return nil
	}
	filter := entry.Filter{Kinds: kinds, Identifier: in.Identifier}
	if !slices.Contains(kinds, entry.KindInternalEvent) {
		filter = ofIntegration(f, filter)
	}
	wide := filter
	filter.EventTypes = f.Flow.EventTypes
	if f.Events, err = x.entries(ctx, f, filter, mostEvents); err != nil {
		return err
	}
	var named *entry.Entry
	if in.Identifier != nil && in.Identifier.Key == "" {
		if named, err = x.named(ctx, f, wide); err != nil {
			return err
		}
	}
	if named != nil && entryIs(f.Flow.EventTypes, named.EventType) && !slices.ContainsFunc(f.Events, func(e *entry.Entry) bool { return e.ID == named.ID }) {
		f.Events = append(f.Events, named)
		slices.SortFunc(f.Events, func(a, b *entry.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	}
	if len(f.Events) > 0 || len(filter.EventTypes) == 0 {
		return nil
	}
	if f.Others, err = x.entries(ctx, f, wide, maxEvidence); err != nil {
		return err
	}
	if named != nil && len(f.Others) == 0 {
		f.Others = []*entry.Entry{named}
	}
	return nil
}

func entryIs(types []string, is string) bool { return len(types) == 0 || slices.Contains(types, is) }

// named is the event that its sender gave the identifier's value as its id, if it is one that the filter lets through.
func (x *Explainer) named(ctx context.Context, f *Facts, filter entry.Filter) (*entry.Entry, error) {
	found, err := x.journal.ByExternalIDs(ctx, filter.Kinds, []string{f.Identifier.Value}, f.Range)
	e := found[f.Identifier.Value]
	if err != nil || e == nil || e.CustomerID != f.Customer.ID || !entry.Allows(filter.IntegrationIDs, e.IntegrationID) {
		return nil, err
	}
	return e, nil
}

func (x *Explainer) readRuns(ctx context.Context, in *Input, f *Facts) error {
	found, err := x.runs.List(ctx, run.Query{Size: mostRuns, Filter: run.Filter{
		FlowIDs: []uuid.UUID{f.Flow.ID}, CustomerIDs: []uuid.UUID{f.Customer.ID}, Range: f.Range, Identifier: in.Identifier,
	}})
	if err != nil {
		return err
	}
	f.Runs = found.Items
	var ids []string
	for _, e := range f.Events {
		if e.ExternalID != "" {
			ids = append(ids, e.ExternalID)
		}
	}
	launched, err := x.runs.LaunchedBy(ctx, ids)
	if err != nil {
		return err
	}
	for _, list := range launched {
		for _, r := range list {
			known := slices.ContainsFunc(f.Runs, func(other *run.FlowRun) bool { return other.ID == r.ID })
			if r.FlowID == f.Flow.ID && r.CustomerID == f.Customer.ID && !known {
				f.Runs = append(f.Runs, r)
			}
		}
	}
	slices.SortFunc(f.Runs, func(a, b *run.FlowRun) int {
		return cmp.Or(b.At.Compare(a.At), bytes.Compare(b.ID[:], a.ID[:]))
	})
	return nil
}

// readFailure looks where the run that failed went wrong.
func (x *Explainer) readFailure(ctx context.Context, _ *Input, f *Facts) error {
	failed := f.failedRun()
	if failed == nil {
		return nil
	}
	f.Failure = &Failure{Run: failed}
	nodes, err := x.runs.NodeRuns(ctx, []uuid.UUID{failed.ID})
	if err != nil {
		return err
	}
	if path := run.BuildGraph(nodes[failed.ID], f.Now).FailurePath; len(path) > 0 {
		f.Failure.Node = path[len(path)-1]
	}
	found, err := x.journal.Entries(ctx, journal.Query{First: maxEvidence, Filter: entry.Filter{
		Kinds: []entry.Kind{entry.KindAPIRequest}, Statuses: []entry.Status{entry.StatusFailure},
		FlowRunID: failed.ID, CustomerIDs: []uuid.UUID{f.Customer.ID},
	}})
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		x.diagnose(f, nil)
		return nil
	}
	ids, of := make([]uuid.UUID, len(found.Items)), make([]uuid.UUID, len(found.Items))
	for i, e := range found.Items {
		ids[i], of[i] = e.ID, e.IntegrationID
	}
	details, err := x.journal.Details(ctx, ids)
	if err != nil {
		return err
	}
	// A node may call another application than the flow's.
	integrations, err := x.directory.IntegrationsByIDs(ctx, of)
	if err != nil {
		return err
	}
	for _, e := range found.Items {
		whole := *e
		whole.Detail = details[e.ID]
		f.Failure.Requests = append(f.Failure.Requests, &whole)
	}
	x.diagnose(f, integrations)
	return nil
}

// diagnose says why the run failed: by the request that the failing node made, by another that failed, or by the error
// that the node or the run itself gave, of which nobody says what application's it is.
func (x *Explainer) diagnose(f *Facts, integrations map[uuid.UUID]*directory.Integration) {
	requests := slices.Clone(f.Failure.Requests)
	if n := f.Failure.Node; n != nil {
		slices.SortStableFunc(requests, func(a, b *entry.Entry) int {
			return cmp.Compare(isOf(b, n.ID), isOf(a, n.ID))
		})
	}
	for _, e := range requests {
		provider := ""
		if i := integrations[e.IntegrationID]; i != nil {
			provider = i.Key
		}
		if d := x.catalogue.Diagnose(diagnostics.Observe(e, provider)); d.Category != diagnostics.None {
			f.Failure.Diagnosis = &d
			return
		}
	}
	if e := f.Failure.err(); e != nil {
		d := x.catalogue.Diagnose(diagnostics.ObserveError(e.Code, e.Message))
		if d.Entry != "" {
			f.Failure.Diagnosis = &d
		}
	}
}

func isOf(e *entry.Entry, nodeRun uuid.UUID) int {
	if e.NodeRunID == nodeRun {
		return 1
	}
	return 0
}

// err is what the failing node, or else the run, said of its failure; nil when neither said anything.
func (f *Failure) err() *run.Error {
	if f.Node != nil && f.Node.Error != nil {
		return f.Node.Error
	}
	return f.Run.Error
}
