package graph

import (
	"context"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/run"
)

// Runs is the resolver for the runs field.
func (r *flowResolver) Runs(ctx context.Context, obj *model.Flow, first *int, after *string, filter *model.FlowRunFilter) (*model.Connection[*model.FlowRun], error) {
	return r.flowRuns(ctx, runArgs{first, after, filter}, func(f *run.Filter) bool { return within(&f.FlowIDs, obj.Flow.ID) })
}

// Flow is the resolver for the flow field.
func (r *queryResolver) Flow(ctx context.Context, id *string, key *string) (*model.Flow, error) {
	if err := oneOf(id, key, "id", "key"); err != nil {
		return nil, err
	}
	if id != nil {
		return nodeAs[*model.Flow](ctx, r.Resolver, *id)
	}
	found, err := orNull(r.deps.Directory.FlowByKey(ctx, *key))
	if err != nil || found == nil {
		return nil, err
	}
	return &model.Flow{Flow: found}, nil
}

// Flows is the resolver for the flows field.
func (r *queryResolver) Flows(ctx context.Context, first *int, after *string, integrationID *string) (*model.Connection[*model.Flow], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	of, err := idIn(nodeid.Integration, "integrationId", integrationID)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Directory.Flows(ctx, directory.FlowFilter{IntegrationID: of}, req)
	return model.Flows(found), err
}

func (r *Resolver) Flow() exec.FlowResolver { return &flowResolver{r} }

type flowResolver struct{ *Resolver }
