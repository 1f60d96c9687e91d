package graph

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/graph/internal/model"
)

// CreateAPIKey is the resolver for the createApiKey field.
func (r *mutationResolver) CreateAPIKey(ctx context.Context, input model.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	panic(fmt.Errorf("not implemented: CreateAPIKey - createApiKey"))
}

// RevokeAPIKey is the resolver for the revokeApiKey field.
func (r *mutationResolver) RevokeAPIKey(ctx context.Context, input model.RevokeAPIKeyInput) (*model.APIKeyPayload, error) {
	panic(fmt.Errorf("not implemented: RevokeAPIKey - revokeApiKey"))
}

// APIKeys is the resolver for the apiKeys field.
func (r *queryResolver) APIKeys(ctx context.Context, first *int, after *string) (*model.Connection[*model.APIKey], error) {
	panic(fmt.Errorf("not implemented: APIKeys - apiKeys"))
}
