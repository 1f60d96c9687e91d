package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/journal/entry"
)

// Logs is the resolver for the logs field.
func (r *connectedAppResolver) Logs(ctx context.Context, obj *model.ConnectedApp, first *int, after *string, filter *model.LogFilter, order *entry.Order) (*model.Connection[model.LogEntry], error) {
	return r.logs(ctx, logArgs{first, after, filter, order}, func(f *entry.Filter) bool { return within(&f.ConnectedAppIDs, obj.ConnectedApp.ID) })
}

// ConnectedApp is the resolver for the connectedApp field.
func (r *queryResolver) ConnectedApp(ctx context.Context, id string) (*model.ConnectedApp, error) {
	return nodeAs[*model.ConnectedApp](ctx, r.Resolver, id)
}

// ConnectedApps is the resolver for the connectedApps field.
func (r *queryResolver) ConnectedApps(ctx context.Context, first *int, after *string, filter *model.ConnectedAppFilter) (*model.Connection[*model.ConnectedApp], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	where, err := connectedAppFilter(filter)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Directory.ConnectedApps(ctx, where, req)
	return model.ConnectedApps(found), err
}

func (r *Resolver) ConnectedApp() exec.ConnectedAppResolver { return &connectedAppResolver{r} }

type connectedAppResolver struct{ *Resolver }
