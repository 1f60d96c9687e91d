package model

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// Health is how the customer is.
func (c Customer) Health(ctx context.Context) (issues.Health, error) {
	return load.From(ctx).Health(ctx, load.Unit{Of: entry.ParentCustomer, ID: c.Customer.ID}, c.LastActivityAt)
}

// Health is how the connected app is.
func (a ConnectedApp) Health(ctx context.Context) (issues.Health, error) {
	return load.From(ctx).Health(ctx, load.Unit{Of: entry.ParentConnectedApp, ID: a.ConnectedApp.ID}, a.LastActivityAt)
}

// Health is how the integration is. It is as active as its connected apps are.
func (i Integration) Health(ctx context.Context) (issues.Health, error) {
	l := load.From(ctx)
	last, err := load.Optional(ctx, l.LastActivity, i.Integration.ID)
	if err != nil {
		return "", err
	}
	return l.Health(ctx, load.Unit{Of: entry.ParentIntegration, ID: i.Integration.ID}, last)
}

// OpenIssues is how many issues of the integration are open.
func (d *IntegrationDashboard) OpenIssues(ctx context.Context) (int, error) {
	return load.Zero(ctx, load.From(ctx).OpenIssues, d.Integration.Integration.ID)
}

// IntegrationSummary is the figures of one integration among the others.
type IntegrationSummary struct {
	Integration      *Integration
	Totals, Previous *StatTotals
	Adoption         *Adoption
	Trend            statistics.Trend
}

// OpenIssues is how many issues of the integration are open.
func (s *IntegrationSummary) OpenIssues(ctx context.Context) (int, error) {
	return load.Zero(ctx, load.From(ctx).OpenIssues, s.Integration.Integration.ID)
}

// Overview is the figures of all integrations.
type Overview struct {
	Totals, Previous *StatTotals
	Integrations     []*IntegrationSummary
}

// OpenIssues is how many issues of the tenant are open.
func (*Overview) OpenIssues(ctx context.Context) (int, error) {
	return load.Zero(ctx, load.From(ctx).OpenIssues, uuid.Nil)
}
