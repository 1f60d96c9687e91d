package graph

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/model"
)

// UpdateRetention is the resolver for the updateRetention field.
func (r *mutationResolver) UpdateRetention(ctx context.Context, input model.UpdateRetentionInput) (*model.TenantPayload, error) {
	panic(fmt.Errorf("not implemented: UpdateRetention - updateRetention"))
}

// UpdateRedaction is the resolver for the updateRedaction field.
func (r *mutationResolver) UpdateRedaction(ctx context.Context, input model.UpdateRedactionInput) (*model.TenantPayload, error) {
	panic(fmt.Errorf("not implemented: UpdateRedaction - updateRedaction"))
}

// Tenant is the resolver for the tenant field.
func (r *queryResolver) Tenant(ctx context.Context) (*model.Tenant, error) {
	panic(fmt.Errorf("not implemented: Tenant - tenant"))
}

// Retention is the resolver for the retention field.
func (r *tenantResolver) Retention(ctx context.Context, obj *model.Tenant) ([]*model.RetentionPolicy, error) {
	panic(fmt.Errorf("not implemented: Retention - retention"))
}

// Redaction is the resolver for the redaction field.
func (r *tenantResolver) Redaction(ctx context.Context, obj *model.Tenant) (*model.RedactionPolicy, error) {
	panic(fmt.Errorf("not implemented: Redaction - redaction"))
}

func (r *Resolver) Tenant() exec.TenantResolver { return &tenantResolver{r} }

type tenantResolver struct{ *Resolver }
