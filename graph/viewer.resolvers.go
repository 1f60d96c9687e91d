package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/tenant"
)

func (r *queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return model.NewViewer(p), nil
}

func (r *viewerResolver) Tenant(ctx context.Context, obj *model.Viewer) (*model.Tenant, error) {
	return r.tenant(ctx)
}

func (r *Resolver) Viewer() exec.ViewerResolver { return &viewerResolver{r} }

type viewerResolver struct{ *Resolver }
