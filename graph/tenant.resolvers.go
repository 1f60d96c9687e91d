package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/tenant"
)

func (r *mutationResolver) UpdateRetention(ctx context.Context, input model.UpdateRetentionInput) (*model.TenantPayload, error) {
	policies := make([]tenant.RetentionInput, len(input.Policies))
	for i, p := range input.Policies {
		policies[i] = tenant.RetentionInput{Kind: p.Kind.String(), Days: p.Days, PayloadDays: p.PayloadDays}
	}
	if _, err := r.deps.Tenants.UpdateRetention(ctx, policies); err != nil {
		userErrors, err := mend(err)
		return &model.TenantPayload{UserErrors: userErrors}, err
	}
	return r.tenantPayload(ctx)
}

func (r *mutationResolver) UpdateRedaction(ctx context.Context, input tenant.RedactionInput) (*model.TenantPayload, error) {
	if _, err := r.deps.Tenants.UpdateRedaction(ctx, input); err != nil {
		userErrors, err := mend(err)
		return &model.TenantPayload{UserErrors: userErrors}, err
	}
	return r.tenantPayload(ctx)
}

func (r *queryResolver) Tenant(ctx context.Context) (*model.Tenant, error) {
	return r.tenant(ctx)
}

func (r *tenantResolver) Retention(ctx context.Context, obj *model.Tenant) ([]*model.RetentionPolicy, error) {
	policies, err := r.deps.Tenants.RetentionPolicies(ctx)
	return model.RetentionPolicies(policies), err
}

func (r *tenantResolver) Redaction(ctx context.Context, obj *model.Tenant) (*tenant.Redaction, error) {
	return r.deps.Tenants.RedactionPolicy(ctx)
}

func (r *Resolver) Tenant() exec.TenantResolver { return &tenantResolver{r} }

type tenantResolver struct{ *Resolver }
