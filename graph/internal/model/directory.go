package model

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/run"
)

// Customer is one of the tenant's customers.
type Customer struct{ *directory.Customer }

// NewCustomer gives a customer the shape of the API.
func NewCustomer(c *directory.Customer) *Customer { return &Customer{c} }

func (Customer) node() {}

// ID is the customer's id.
func (c Customer) ID() string { return nodeid.Format(nodeid.Customer, c.Customer.ID) }

// Attributes are what the tenant keeps of the customer; none for the customer itself.
func (c Customer) Attributes(ctx context.Context) json.RawMessage {
	if load.ForCustomer(ctx) {
		return json.RawMessage("{}")
	}
	return c.Customer.Attributes
}

// Integration is an external application that the tenant integrates with.
type Integration struct{ *directory.Integration }

// NewIntegration gives a integration the shape of the API.
func NewIntegration(i *directory.Integration) *Integration { return &Integration{i} }

func (Integration) node() {}

// ID is the integration's id.
func (i Integration) ID() string { return nodeid.Format(nodeid.Integration, i.Integration.ID) }

// ConnectedApp is one customer's own link to one integration.
type ConnectedApp struct{ *directory.ConnectedApp }

// NewConnectedApp gives a connected app the shape of the API.
func NewConnectedApp(a *directory.ConnectedApp) *ConnectedApp { return &ConnectedApp{a} }

func (ConnectedApp) node() {}

// ID is the connected app's id.
func (a ConnectedApp) ID() string { return nodeid.Format(nodeid.ConnectedApp, a.ConnectedApp.ID) }

// Customer is whose link it is.
func (a ConnectedApp) Customer(ctx context.Context) (*Customer, error) {
	found, err := load.One(ctx, load.From(ctx).Customers, a.CustomerID)
	return NewCustomer(found), err
}

// Integration is what it is linked to.
func (a ConnectedApp) Integration(ctx context.Context) (*Integration, error) {
	found, err := load.One(ctx, load.From(ctx).Integrations, a.IntegrationID)
	return NewIntegration(found), err
}

// StatusReason says why the status is what it is.
func (a ConnectedApp) StatusReason() *string { return a.Reason }

// DataSources are where its external events come from.
func (a ConnectedApp) DataSources(ctx context.Context) ([]*DataSource, error) {
	found, err := load.Many(ctx, load.From(ctx).SourcesOfApp, a.ConnectedApp.ID)
	if err != nil {
		return nil, err
	}
	list := make([]*DataSource, len(found))
	for i, d := range found {
		list[i] = &DataSource{d}
	}
	return list, nil
}

// DataSource is where a connected app's external events come from.
type DataSource struct{ *directory.DataSource }

// NewDataSource gives a data source the shape of the API.
func NewDataSource(d *directory.DataSource) *DataSource { return &DataSource{d} }

func (DataSource) node() {}

// ID is the data source's id.
func (d DataSource) ID() string { return nodeid.Format(nodeid.DataSource, d.DataSource.ID) }

// StateReason says why the state is what it is.
func (d DataSource) StateReason() *string { return d.Reason }

// PullIntervalSeconds is nil of webhooks.
func (d DataSource) PullIntervalSeconds() *int { return d.PullIntervalS }

// ConnectedApp is what it belongs to.
func (d DataSource) ConnectedApp(ctx context.Context) (*ConnectedApp, error) {
	found, err := load.One(ctx, load.From(ctx).ConnectedApps, d.ConnectedAppID)
	return NewConnectedApp(found), err
}

// Flow is a named automation.
type Flow struct{ *directory.Flow }

// NewFlow gives a flow the shape of the API.
func NewFlow(f *directory.Flow) *Flow { return &Flow{f} }

func (Flow) node() {}

// ID is the flow's id.
func (f Flow) ID() string { return nodeid.Format(nodeid.Flow, f.Flow.ID) }

// Integration is what the flow belongs to, if to one.
func (f Flow) Integration(ctx context.Context) (*Integration, error) {
	if f.IntegrationID == nil {
		return nil, nil // Null is what the API answers.
	}
	return loadIntegration(ctx, *f.IntegrationID)
}

// FlowTrigger is what sets a flow off.
type FlowTrigger struct {
	Kind       run.Trigger
	EventTypes []string
	Schedule   *string
	Filter     *string
}

// Trigger is nil while nobody has said what sets the flow off. Its filter is the tenant's own logic: none for customers.
func (f Flow) Trigger(ctx context.Context) *FlowTrigger {
	if f.TriggerKind == nil {
		return nil
	}
	kind, _ := run.ParseTrigger(string(*f.TriggerKind))
	t := &FlowTrigger{Kind: cmp.Or(kind, run.TriggerAPI), EventTypes: f.EventTypes, Schedule: f.Schedule, Filter: f.Filter}
	if load.ForCustomer(ctx) {
		t.Filter = nil
	}
	return t
}

// Customers gives a page of customers the shape of the API.
func Customers(p page.Page[*directory.Customer]) *CustomerConnection {
	return NewConnection(mapped(p, NewCustomer), "")
}

// Integrations gives a page of integrations the shape of the API.
func Integrations(p page.Page[*directory.Integration]) *IntegrationConnection {
	return NewConnection(mapped(p, NewIntegration), "")
}

// ConnectedApps gives a page of connected apps the shape of the API.
func ConnectedApps(p page.Page[*directory.ConnectedApp]) *ConnectedAppConnection {
	return NewConnection(mapped(p, NewConnectedApp), "")
}

// Flows gives a page of flows the shape of the API.
func Flows(p page.Page[*directory.Flow]) *FlowConnection {
	return NewConnection(mapped(p, NewFlow), "")
}

func mapped[A, B any](p page.Page[A], shape func(A) B) page.Page[B] {
	out := page.Page[B]{HasNext: p.HasNext, HasPrevious: p.HasPrevious, Total: p.Total, Items: make([]B, len(p.Items))}
	for i, item := range p.Items {
		out.Items[i] = shape(item)
	}
	return out
}

func loadCustomer(ctx context.Context, id uuid.UUID) (*Customer, error) {
	found, err := load.Optional(ctx, load.From(ctx).Customers, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewCustomer(found), nil
}

func loadIntegration(ctx context.Context, id uuid.UUID) (*Integration, error) {
	found, err := load.Optional(ctx, load.From(ctx).Integrations, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewIntegration(found), nil
}

func loadConnectedApp(ctx context.Context, id uuid.UUID) (*ConnectedApp, error) {
	found, err := load.Optional(ctx, load.From(ctx).ConnectedApps, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewConnectedApp(found), nil
}

func loadDataSource(ctx context.Context, id uuid.UUID) (*DataSource, error) {
	found, err := load.Optional(ctx, load.From(ctx).DataSources, id)
	if err != nil || found == nil {
		return nil, err
	}
	return NewDataSource(found), nil
}
