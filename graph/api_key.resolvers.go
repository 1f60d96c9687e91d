package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

func (r *mutationResolver) CreateAPIKey(ctx context.Context, input tenant.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	created, secret, err := r.deps.Tenants.CreateAPIKey(ctx, input)
	if err != nil {
		userErrors, err := mend(err)
		return &model.CreateAPIKeyPayload{UserErrors: userErrors}, err
	}
	return &model.CreateAPIKeyPayload{APIKey: model.NewAPIKey(created), Secret: &secret}, nil
}

func (r *mutationResolver) RevokeAPIKey(ctx context.Context, input model.RevokeAPIKeyInput) (*model.APIKeyPayload, error) {
	id, err := nodeid.ParseAs(nodeid.APIKey, input.ID)
	if err != nil {
		return nil, err
	}
	revoked, err := r.deps.Tenants.RevokeAPIKey(ctx, id)
	if err != nil {
		userErrors, err := mend(err)
		return &model.APIKeyPayload{UserErrors: userErrors}, err
	}
	return &model.APIKeyPayload{APIKey: model.NewAPIKey(revoked)}, nil
}

func (r *queryResolver) APIKeys(ctx context.Context, first *int, after *string) (*model.Connection[*model.APIKey], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Tenants.APIKeys(ctx, req)
	return model.APIKeys(found), err
}
