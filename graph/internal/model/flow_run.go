package model

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// FlowRun is one execution of a flow, which is a log entry too.
type FlowRun struct{ of *run.FlowRun }

// NewFlowRun gives a run the shape of the API.
func NewFlowRun(r *run.FlowRun) *FlowRun { return &FlowRun{r} }

func (FlowRun) node()     {}
func (FlowRun) logEntry() {}

// RunID is the run's id in the domain.
func (r FlowRun) RunID() uuid.UUID { return r.of.ID }

// Cursor is the run's place among the tenant's log entries, and among its runs.
func (r FlowRun) Cursor() string { return LogCursor(r.of.Position()) }

// ID is the run's id.
func (r FlowRun) ID() string { return nodeid.Format(nodeid.FlowRun, r.of.ID) }

// Kind is what the entry records.
func (FlowRun) Kind() entry.Kind { return entry.KindFlowRun }

// ExternalID is the sender's id of it.
func (r FlowRun) ExternalID() *string { return optional(r.of.ExternalID) }

// OccurredAt is where the run stands among the log entries.
func (r FlowRun) OccurredAt() time.Time { return r.of.At }

// RecordedAt is when it was first heard of.
func (r FlowRun) RecordedAt() time.Time { return r.of.RecordedAt }

// Status is how the run ended, as a log entry.
func (r FlowRun) Status() entry.Status { return r.of.LogStatus() }

// Summary is one line to show in lists.
func (r FlowRun) Summary(ctx context.Context) (string, error) {
	flow, err := r.Flow(ctx)
	if err != nil {
		return "", err
	}
	return runSummary(flow.Name, r.of), nil
}

// Identifiers are business ids that it can be found by.
func (r FlowRun) Identifiers() []entry.Identifier { return r.of.Identifiers }

// TraceID is a W3C trace id.
func (r FlowRun) TraceID() *string { return optional(r.of.TraceID) }

// Error is what went wrong.
func (r FlowRun) Error() *LogError { return runError(r.of.Error) }

// Customer is whose run it is.
func (r FlowRun) Customer(ctx context.Context) (*Customer, error) {
	return loadCustomer(ctx, r.of.CustomerID)
}

// Integration is what it is of.
func (r FlowRun) Integration(ctx context.Context) (*Integration, error) {
	return loadIntegration(ctx, r.of.IntegrationID)
}

// ConnectedApp is the customer's link to the integration.
func (r FlowRun) ConnectedApp(ctx context.Context) (*ConnectedApp, error) {
	return loadConnectedApp(ctx, r.of.ConnectedAppID)
}

// Issue is what it is a part of: its flow's, as long as that is not over.
func (r FlowRun) Issue(ctx context.Context) (*Issue, error) {
	var category diagnostics.Category
	switch r.of.Status {
	case run.Failed:
		category = diagnostics.FlowFailing
	case run.Running:
		category = diagnostics.RunStuck
	default:
		return nil, nil // Null is what the API answers.
	}
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	flow, err := r.Flow(ctx)
	if err != nil {
		return nil, err
	}
	key := issues.Key{Category: category, Cause: "flow", Scope: flow.ID()}
	if flow.IntegrationID != nil {
		key.IntegrationID = *flow.IntegrationID
	}
	found, err := load.Optional(ctx, load.From(ctx).Issues, key.ID(p.TenantID))
	if err != nil || found == nil || found.Status == issues.Resolved || found.Status == issues.Ignored {
		return nil, err
	}
	return NewIssue(found), nil
}

// Metadata is what the sender added.
func (r FlowRun) Metadata(ctx context.Context) (json.RawMessage, error) {
	payload, err := load.Optional(ctx, load.From(ctx).RunPayloads, r.of.ID)
	if err != nil || payload == nil {
		return nil, err
	}
	return payload.Metadata, nil
}

// PayloadsHidden tells whether input and output are kept from the context's principal.
func (FlowRun) PayloadsHidden(ctx context.Context) bool { return load.PayloadsHidden(ctx) }

// Flow is what ran.
func (r FlowRun) Flow(ctx context.Context) (*Flow, error) {
	found, err := load.One(ctx, load.From(ctx).Flows, r.of.FlowID)
	return &Flow{found}, err
}

// RunStatus is how far the run is.
func (r FlowRun) RunStatus() run.Status { return r.of.Status }

// Trigger is what set it off.
func (r FlowRun) Trigger() run.Trigger { return cmp.Or(r.of.Trigger, run.TriggerAPI) }

// TriggeredBy is the event that launched it.
func (r FlowRun) TriggeredBy(ctx context.Context) (LogEntry, error) {
	return loadNamed(ctx, load.From(ctx).Events, r.of.TriggerEvent, r.of.At)
}

// StartedAt is nil while it has not started.
func (r FlowRun) StartedAt() *time.Time { return r.of.StartedAt }

// FinishedAt is nil while it is not over.
func (r FlowRun) FinishedAt() *time.Time { return r.of.FinishedAt }

// DurationMs is nil while it is not over.
func (r FlowRun) DurationMs() *float64 { return duration(r.of.StartedAt, r.of.FinishedAt) }

// Input is nil for whoever may not see it.
func (r FlowRun) Input(ctx context.Context) (json.RawMessage, error) {
	payload, err := r.payload(ctx)
	return payload.Input, err
}

// Output is nil for whoever may not see it.
func (r FlowRun) Output(ctx context.Context) (json.RawMessage, error) {
	payload, err := r.payload(ctx)
	return payload.Output, err
}

func (r FlowRun) payload(ctx context.Context) (run.Payload, error) {
	return visiblePayload(ctx, load.From(ctx).RunPayloads, r.of.ID)
}

// Graph is what ran, in which order.
func (r FlowRun) Graph(ctx context.Context) (*FlowRunGraph, error) {
	graph, err := load.Optional(ctx, load.From(ctx).Graphs, r.of.ID)
	if err != nil {
		return nil, err
	}
	return newFlowRunGraph(graph), nil
}

// NodeRun is the one that stands for a node in the graph.
func (r FlowRun) NodeRun(ctx context.Context, nodeKey string) (*NodeRun, error) {
	graph, err := r.Graph(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range graph.Nodes {
		if n.of.NodeKey == nodeKey {
			return n, nil
		}
	}
	return nil, nil // Null is what the API answers.
}

// FlowRunGraph is what ran in a flow run.
type FlowRunGraph struct {
	Nodes        []*NodeRun
	Edges        []*FlowRunGraphEdge
	FailurePath  []*NodeRun
	CriticalPath []*NodeRun
	Gaps         []string
}

// FlowRunGraphEdge leads from a node to one that it led to.
type FlowRunGraphEdge struct {
	From  *NodeRun
	To    *NodeRun
	Label *string
}

func newFlowRunGraph(g *run.Graph) *FlowRunGraph {
	out := &FlowRunGraph{}
	if g == nil {
		return out
	}
	known := make(map[*run.Node]*NodeRun, len(g.Nodes))
	wrap := func(nodes []*run.Node) []*NodeRun {
		list := make([]*NodeRun, len(nodes))
		for i, n := range nodes {
			if known[n] == nil {
				known[n] = &NodeRun{of: n.NodeRun, iterations: n.Iterations}
			}
			list[i] = known[n]
		}
		return list
	}
	out.Nodes, out.FailurePath, out.CriticalPath, out.Gaps = wrap(g.Nodes), wrap(g.FailurePath), wrap(g.CriticalPath), g.Gaps
	for _, e := range g.Edges {
		out.Edges = append(out.Edges, &FlowRunGraphEdge{From: known[e.From], To: known[e.To]})
	}
	return out
}

func runError(e *run.Error) *LogError {
	if e == nil {
		return nil
	}
	return &LogError{Code: optional(e.Code), Message: e.Message, Kind: entry.ErrorApplication}
}

func duration(from, to *time.Time) *float64 {
	if from == nil || to == nil || to.Before(*from) {
		return nil
	}
	ms := float64(to.Sub(*from)) / float64(time.Millisecond)
	return &ms
}

func loadFlowRun(ctx context.Context, id uuid.UUID) (*FlowRun, error) {
	found, err := load.Optional(ctx, load.From(ctx).FlowRuns, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewFlowRun(found), nil
}
