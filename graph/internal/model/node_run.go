package model

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/run"
)

// NodeRun is one execution of one node of a flow run.
type NodeRun struct {
	of *run.NodeRun
	// iterations is 0 until the run's graph is asked.
	iterations int
}

func (NodeRun) node() {}

// NewNodeRun gives a node run the shape of the API.
func NewNodeRun(n *run.NodeRun) *NodeRun { return &NodeRun{of: n} }

// NodeRunID is the node run's id in the domain.
func (n NodeRun) NodeRunID() uuid.UUID { return n.of.ID }

// FlowRunID is the id of its flow run in the domain.
func (n NodeRun) FlowRunID() uuid.UUID { return n.of.FlowRunID }

// ID is the node run's id.
func (n NodeRun) ID() string { return nodeid.Format(nodeid.NodeRun, n.of.ID) }

// NodeKey is the node's key in its flow.
func (n NodeRun) NodeKey() string { return n.of.NodeKey }

// Name is what to show.
func (n NodeRun) Name() string { return cmp.Or(n.of.Name, n.of.NodeKey) }

// Type is what kind of node it is.
func (n NodeRun) Type() string { return n.of.Type }

// RunStatus is how far it is.
func (n NodeRun) RunStatus() run.Status { return n.of.Status }

// Attempt counts from 1.
func (n NodeRun) Attempt() int { return max(n.of.Attempt, 1) }

// Iterations is how often the node ran in its run.
func (n NodeRun) Iterations(ctx context.Context) (int, error) {
	if n.iterations > 0 {
		return n.iterations, nil
	}
	graph, err := load.Optional(ctx, load.From(ctx).Graphs, n.of.FlowRunID)
	if err != nil || graph == nil {
		return 1, err
	}
	for _, other := range graph.Nodes {
		if other.NodeKey == n.of.NodeKey {
			return other.Iterations, nil
		}
	}
	return 1, nil
}

// StartedAt is nil while it has not started.
func (n NodeRun) StartedAt() *time.Time { return n.of.StartedAt }

// FinishedAt is nil while it is not over.
func (n NodeRun) FinishedAt() *time.Time { return n.of.FinishedAt }

// DurationMs is nil while it is not over.
func (n NodeRun) DurationMs() *float64 { return duration(n.of.StartedAt, n.of.FinishedAt) }

// Input is nil for whoever may not see it.
func (n NodeRun) Input(ctx context.Context) (json.RawMessage, error) {
	payload, err := visiblePayload(ctx, load.From(ctx).NodePayloads, n.of.ID)
	return payload.Input, err
}

// Output is nil for whoever may not see it.
func (n NodeRun) Output(ctx context.Context) (json.RawMessage, error) {
	payload, err := visiblePayload(ctx, load.From(ctx).NodePayloads, n.of.ID)
	return payload.Output, err
}

// PayloadsHidden tells whether input and output are kept from the context's principal.
func (NodeRun) PayloadsHidden(ctx context.Context) bool { return load.PayloadsHidden(ctx) }

// Error is why it failed.
func (n NodeRun) Error() *LogError { return runError(n.of.Error) }

// FlowRun is the run that it belongs to.
func (n NodeRun) FlowRun(ctx context.Context) (*FlowRun, error) {
	found, err := loadFlowRun(ctx, n.of.FlowRunID)
	if err == nil && found == nil {
		return nil, errs.New(errs.NotFound, "the flow run of this node run is gone")
	}
	return found, err
}

// visiblePayload is empty for whoever may not see payloads.
func visiblePayload(ctx context.Context, loader *load.Loader[uuid.UUID, *run.Payload], id uuid.UUID) (run.Payload, error) {
	if load.PayloadsHidden(ctx) {
		return run.Payload{}, nil
	}
	payload, err := load.Optional(ctx, loader, id)
	if err != nil || payload == nil {
		return run.Payload{}, err
	}
	return *payload, nil
}

func loadNodeRun(ctx context.Context, id uuid.UUID) (*NodeRun, error) {
	found, err := load.Optional(ctx, load.From(ctx).NodeRuns, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewNodeRun(found), nil
}
