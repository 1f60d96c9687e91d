package directory

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

var connectedAppList = tenant.Listing[ConnectedApp]{
	Name: "connected_apps", Column: "created_at", Parse: tenant.ByTime,
	Key: func(a *ConnectedApp) (string, uuid.UUID) { return tenant.TimeKey(a.CreatedAt), a.ID },
}

// Cursor is the connected app's place in the list of connected apps.
func (a *ConnectedApp) Cursor() string { return connectedAppList.Cursor(a) }

// ConnectedApps lists connected apps, the oldest first, with the count of all that the filter lets through.
func (s *Store) ConnectedApps(ctx context.Context, filter ConnectedAppFilter, req page.Request) (page.Page[*ConnectedApp], error) {
	if _, err := reader(ctx); err != nil {
		return page.Page[*ConnectedApp]{}, err
	}
	return connectedAppList.Load(ctx, s.door, req, func(q *bun.SelectQuery) {
		if filter.CustomerID != uuid.Nil {
			q.Where("a.customer_id = ?", filter.CustomerID)
		}
		if filter.IntegrationID != uuid.Nil {
			q.Where("a.integration_id = ?", filter.IntegrationID)
		}
		if len(filter.Statuses) > 0 {
			q.Where("a.status IN (?)", bun.List(filter.Statuses))
		}
		filter.Among.where(q)
	})
}

// ConnectedAppsByIDs reads connected apps; one that does not exist is not in the map.
func (s *Store) ConnectedAppsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*ConnectedApp, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[ConnectedApp](ctx, s.door, "SELECT * FROM connected_app WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read connected apps: %w", err)
	}
	return byID(rows, func(a *ConnectedApp) uuid.UUID { return a.ID }), nil
}

// ConnectedAppsOf reads the first connected apps, the oldest first, of each customer, and how many each has where the head asks for it. Every id
// is in the map.
func (s *Store) ConnectedAppsOf(ctx context.Context, customerIDs []uuid.UUID, head Head) (map[uuid.UUID]page.Page[*ConnectedApp], error) {
	return nested[ConnectedApp](ctx, s.door, customerIDs, head, nestedSQL{
		page: `SELECT a.* FROM unnest($2::uuid[]) parent (id) CROSS JOIN LATERAL (
			SELECT * FROM connected_app a WHERE a.tenant_id = $1 AND a.customer_id = parent.id ORDER BY a.created_at, a.id LIMIT $3) a ORDER BY a.created_at, a.id`,
		count: `SELECT customer_id, count(*) FROM connected_app WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[]) GROUP BY 1`,
	}, func(a *ConnectedApp) uuid.UUID { return a.CustomerID })
}

// ConnectedAppsOfIntegrations is ConnectedAppsOf for integrations.
func (s *Store) ConnectedAppsOfIntegrations(ctx context.Context, integrationIDs []uuid.UUID, head Head) (map[uuid.UUID]page.Page[*ConnectedApp], error) {
	return nested[ConnectedApp](ctx, s.door, integrationIDs, head, nestedSQL{
		page: `SELECT a.* FROM unnest($2::uuid[]) parent (id) CROSS JOIN LATERAL (
			SELECT * FROM connected_app a WHERE a.tenant_id = $1 AND a.integration_id = parent.id ORDER BY a.created_at, a.id LIMIT $3) a ORDER BY a.created_at, a.id`,
		count: `SELECT integration_id, count(*) FROM connected_app WHERE tenant_id = $1 AND integration_id = ANY ($2::uuid[]) GROUP BY 1`,
	}, func(a *ConnectedApp) uuid.UUID { return a.IntegrationID })
}
