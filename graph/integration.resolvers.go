package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
)

// ConnectedApps is the resolver for the connectedApps field.
func (r *integrationResolver) ConnectedApps(ctx context.Context, obj *model.Integration, first *int, after *string, filter *model.ConnectedAppFilter) (*model.Connection[*model.ConnectedApp], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	if req.After == "" && filter == nil {
		found, err := load.One(ctx, load.From(ctx).AppsOfIntegration, load.Nested{Parent: obj.Integration.ID, First: req.Size})
		return model.ConnectedApps(found), err
	}
	where, err := connectedAppFilter(filter)
	if err != nil {
		return nil, err
	}
	if where.IntegrationID != uuid.Nil && where.IntegrationID != obj.Integration.ID {
		return model.ConnectedApps(page.Page[*directory.ConnectedApp]{}), nil
	}
	where.IntegrationID = obj.Integration.ID
	found, err := r.deps.Directory.ConnectedApps(ctx, where, req)
	return model.ConnectedApps(found), err
}

// Flows is the resolver for the flows field.
func (r *integrationResolver) Flows(ctx context.Context, obj *model.Integration, first *int, after *string) (*model.Connection[*model.Flow], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	if req.After == "" {
		found, err := load.One(ctx, load.From(ctx).FlowsOf, load.Nested{Parent: obj.Integration.ID, First: req.Size})
		return model.Flows(found), err
	}
	found, err := r.deps.Directory.Flows(ctx, directory.FlowFilter{IntegrationID: obj.Integration.ID}, req)
	return model.Flows(found), err
}

// CreateIntegration is the resolver for the createIntegration field.
func (r *mutationResolver) CreateIntegration(ctx context.Context, input directory.CreateIntegrationInput) (*model.IntegrationPayload, error) {
	created, err := r.deps.Directory.CreateIntegration(ctx, input)
	if err != nil {
		userErrors, err := mend(err)
		return &model.IntegrationPayload{UserErrors: userErrors}, err
	}
	return &model.IntegrationPayload{Integration: &model.Integration{Integration: created}}, nil
}

// UpdateIntegration is the resolver for the updateIntegration field.
func (r *mutationResolver) UpdateIntegration(ctx context.Context, input model.UpdateIntegrationInput) (*model.IntegrationPayload, error) {
	id, err := nodeid.ParseAs(nodeid.Integration, input.ID)
	if err != nil {
		return nil, err
	}
	updated, err := r.deps.Directory.UpdateIntegration(ctx, directory.UpdateIntegrationInput{ID: id, Name: input.Name, Provider: input.Provider})
	if err != nil {
		userErrors, err := mend(err)
		return &model.IntegrationPayload{UserErrors: userErrors}, err
	}
	return &model.IntegrationPayload{Integration: &model.Integration{Integration: updated}}, nil
}

// Integration is the resolver for the integration field.
func (r *queryResolver) Integration(ctx context.Context, id *string, key *string) (*model.Integration, error) {
	if err := oneOf(id, key, "id", "key"); err != nil {
		return nil, err
	}
	if id != nil {
		return nodeAs[*model.Integration](ctx, r.Resolver, *id)
	}
	found, err := orNull(r.deps.Directory.IntegrationByKey(ctx, *key))
	if err != nil || found == nil {
		return nil, err
	}
	return &model.Integration{Integration: found}, nil
}

// Integrations is the resolver for the integrations field.
func (r *queryResolver) Integrations(ctx context.Context, first *int, after *string) (*model.Connection[*model.Integration], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Directory.Integrations(ctx, req)
	return model.Integrations(found), err
}

func (r *Resolver) Integration() exec.IntegrationResolver { return &integrationResolver{r} }

type integrationResolver struct{ *Resolver }
