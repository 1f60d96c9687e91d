package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

var customerList = tenant.Listing[Customer]{
	Name: "customers", Column: "name", Parse: tenant.ByText,
	Key: func(c *Customer) (string, uuid.UUID) { return c.Name, c.ID },
}

// Cursor is the customer's place in the list of customers.
func (c *Customer) Cursor() string { return customerList.Cursor(c) }

// Customers lists customers by name, with the count of all that the filter lets through.
func (s *Store) Customers(ctx context.Context, filter CustomerFilter, req page.Request) (page.Page[*Customer], error) {
	if _, err := reader(ctx); err != nil {
		return page.Page[*Customer]{}, err
	}
	return customerList.Load(ctx, s.door, req, func(q *bun.SelectQuery) {
		if search := strings.TrimSpace(filter.Search); search != "" {
			q.Where("(strpos(lower(c.name), lower(?)) > 0 OR strpos(lower(c.external_id), lower(?)) > 0)", search, search)
		}
		if filter.IntegrationID != uuid.Nil {
			q.Where("EXISTS (SELECT FROM connected_app a WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id AND a.integration_id = ?)",
				filter.IntegrationID)
		}
		filter.Among.where(q)
	})
}

// CustomersByIDs reads customers; one that does not exist is not in the map.
func (s *Store) CustomersByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Customer, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[Customer](ctx, s.door, "SELECT * FROM customer WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	return byID(rows, func(c *Customer) uuid.UUID { return c.ID }), nil
}

// CustomerByExternalID reads the customer, or says NotFound.
func (s *Store) CustomerByExternalID(ctx context.Context, externalID string) (*Customer, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	id := CustomerID(p.TenantID, externalID)
	rows, err := s.CustomersByIDs(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	return only(rows, id, "customer")
}
