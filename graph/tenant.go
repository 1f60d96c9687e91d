package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/model"
)

// tenant gives the principal's tenant.
func (r *Resolver) tenant(ctx context.Context) (*model.Tenant, error) {
	t, err := r.deps.Tenants.Current(ctx)
	if err != nil {
		return nil, err
	}
	return model.NewTenant(t), nil
}

func (r *Resolver) tenantPayload(ctx context.Context) (*model.TenantPayload, error) {
	t, err := r.tenant(ctx)
	return &model.TenantPayload{Tenant: t}, err
}
