package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// Logs is the resolver for the logs field.
func (r *flowRunResolver) Logs(ctx context.Context, obj *model.FlowRun, first *int, after *string, minLevel *entry.Level) (*model.Connection[*model.LogLine], error) {
	return r.lines(ctx, lineArgs{first, after, minLevel}, obj.RunID(), uuid.Nil)
}

// APIRequests is the resolver for the apiRequests field.
func (r *flowRunResolver) APIRequests(ctx context.Context, obj *model.FlowRun, first *int, after *string) (*model.Connection[model.LogEntry], error) {
	return r.apiRequests(ctx, first, after, entry.Filter{FlowRunID: obj.RunID()})
}

// FlowRun is the resolver for the flowRun field.
func (r *queryResolver) FlowRun(ctx context.Context, id *string, externalID *string) (*model.FlowRun, error) {
	if err := oneOf(id, externalID, "id", "externalId"); err != nil {
		return nil, err
	}
	if id != nil {
		return nodeAs[*model.FlowRun](ctx, r.Resolver, *id)
	}
	found, err := orNull(r.deps.Runs.ByExternalID(ctx, *externalID))
	if err != nil || found == nil {
		return nil, err
	}
	return model.NewFlowRun(found), nil
}

// FlowRuns is the resolver for the flowRuns field.
func (r *queryResolver) FlowRuns(ctx context.Context, first *int, after *string, filter *model.FlowRunFilter) (*model.Connection[*model.FlowRun], error) {
	return r.flowRuns(ctx, runArgs{first, after, filter}, func(*run.Filter) bool { return true })
}

func (r *Resolver) FlowRun() exec.FlowRunResolver { return &flowRunResolver{r} }

type flowRunResolver struct{ *Resolver }
