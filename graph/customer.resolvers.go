package graph

import (
	"context"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// ConnectedApps is the resolver for the connectedApps field.
func (r *customerResolver) ConnectedApps(ctx context.Context, obj *model.Customer, first *int, after *string) (*model.Connection[*model.ConnectedApp], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	if req.After == "" {
		found, err := load.One(ctx, load.From(ctx).AppsOfCustomer, load.Nested{Parent: obj.Customer.ID, First: req.Size})
		return model.ConnectedApps(found), err
	}
	found, err := r.deps.Directory.ConnectedApps(ctx, directory.ConnectedAppFilter{CustomerID: obj.Customer.ID}, req)
	return model.ConnectedApps(found), err
}

// Logs is the resolver for the logs field.
func (r *customerResolver) Logs(ctx context.Context, obj *model.Customer, first *int, after *string, filter *model.LogFilter, order *entry.Order) (*model.Connection[model.LogEntry], error) {
	return r.logs(ctx, logArgs{first, after, filter, order}, func(f *entry.Filter) bool { return within(&f.CustomerIDs, obj.Customer.ID) })
}

// FlowRuns is the resolver for the flowRuns field.
func (r *customerResolver) FlowRuns(ctx context.Context, obj *model.Customer, first *int, after *string, filter *model.FlowRunFilter) (*model.Connection[*model.FlowRun], error) {
	return r.flowRuns(ctx, runArgs{first, after, filter}, func(f *run.Filter) bool { return within(&f.CustomerIDs, obj.Customer.ID) })
}

// CreateCustomer is the resolver for the createCustomer field.
func (r *mutationResolver) CreateCustomer(ctx context.Context, input directory.CreateCustomerInput) (*model.CustomerPayload, error) {
	created, err := r.deps.Directory.CreateCustomer(ctx, input)
	if err != nil {
		userErrors, err := mend(err)
		return &model.CustomerPayload{UserErrors: userErrors}, err
	}
	return &model.CustomerPayload{Customer: &model.Customer{Customer: created}}, nil
}

// UpdateCustomer is the resolver for the updateCustomer field.
func (r *mutationResolver) UpdateCustomer(ctx context.Context, input model.UpdateCustomerInput) (*model.CustomerPayload, error) {
	id, err := nodeid.ParseAs(nodeid.Customer, input.ID)
	if err != nil {
		return nil, err
	}
	updated, err := r.deps.Directory.UpdateCustomer(ctx, directory.UpdateCustomerInput{ID: id, Name: input.Name, Attributes: input.Attributes})
	if err != nil {
		userErrors, err := mend(err)
		return &model.CustomerPayload{UserErrors: userErrors}, err
	}
	return &model.CustomerPayload{Customer: &model.Customer{Customer: updated}}, nil
}

// DeleteCustomer is the resolver for the deleteCustomer field.
func (r *mutationResolver) DeleteCustomer(ctx context.Context, input model.DeleteCustomerInput) (*model.DeletePayload, error) {
	id, err := nodeid.ParseAs(nodeid.Customer, input.ID)
	if err != nil {
		return nil, err
	}
	if err := r.deps.Directory.DeleteCustomer(ctx, id); err != nil {
		userErrors, err := mend(err)
		return &model.DeletePayload{UserErrors: userErrors}, err
	}
	return &model.DeletePayload{DeletedID: &input.ID}, nil
}

// Customer is the resolver for the customer field.
func (r *queryResolver) Customer(ctx context.Context, id *string, externalID *string) (*model.Customer, error) {
	if err := oneOf(id, externalID, "id", "externalId"); err != nil {
		return nil, err
	}
	if id != nil {
		return nodeAs[*model.Customer](ctx, r.Resolver, *id)
	}
	found, err := orNull(r.deps.Directory.CustomerByExternalID(ctx, *externalID))
	if err != nil || found == nil {
		return nil, err
	}
	return &model.Customer{Customer: found}, nil
}

// Customers is the resolver for the customers field.
func (r *queryResolver) Customers(ctx context.Context, first *int, after *string, filter *model.CustomerFilter) (*model.Connection[*model.Customer], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	where, err := customerFilter(filter)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Directory.Customers(ctx, where, req)
	return model.Customers(found), err
}

func (r *Resolver) Customer() exec.CustomerResolver { return &customerResolver{r} }

type customerResolver struct{ *Resolver }
