package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/journal/entry"
)

// Logs is the resolver for the logs field.
func (r *nodeRunResolver) Logs(ctx context.Context, obj *model.NodeRun, first *int, after *string, minLevel *entry.Level) (*model.Connection[*model.LogLine], error) {
	return r.lines(ctx, lineArgs{first, after, minLevel}, obj.FlowRunID(), obj.NodeRunID())
}

// APIRequests is the resolver for the apiRequests field.
func (r *nodeRunResolver) APIRequests(ctx context.Context, obj *model.NodeRun, first *int, after *string) (*model.Connection[model.LogEntry], error) {
	return r.apiRequests(ctx, first, after, entry.Filter{FlowRunID: obj.FlowRunID(), NodeRunID: obj.NodeRunID()})
}

func (r *Resolver) NodeRun() exec.NodeRunResolver { return &nodeRunResolver{r} }

type nodeRunResolver struct{ *Resolver }
