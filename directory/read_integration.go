package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

var integrationList = tenant.Listing[Integration]{
	Name: "integrations", Column: "name", Parse: tenant.ByText,
	Key: func(i *Integration) (string, uuid.UUID) { return i.Name, i.ID },
}

// Cursor is the integration's place in the list of integrations.
func (i *Integration) Cursor() string { return integrationList.Cursor(i) }

// Integrations lists integrations by name, with the count of all.
func (s *Store) Integrations(ctx context.Context, req page.Request) (page.Page[*Integration], error) {
	if _, err := reader(ctx); err != nil {
		return page.Page[*Integration]{}, err
	}
	return integrationList.Load(ctx, s.door, req, func(*bun.SelectQuery) {})
}

// IntegrationsByIDs reads integrations; one that does not exist is not in the map.
func (s *Store) IntegrationsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Integration, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[Integration](ctx, s.door, "SELECT * FROM integration WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read integrations: %w", err)
	}
	return byID(rows, func(i *Integration) uuid.UUID { return i.ID }), nil
}

// LastActivityOf gives when something was last recorded of the connected apps of each integration, to the minute; one of
// which nothing was is not in the map.
func (s *Store) LastActivityOf(ctx context.Context, integrationIDs []uuid.UUID) (map[uuid.UUID]*time.Time, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[ConnectedApp](ctx, s.door, `SELECT integration_id, max(last_activity_at) AS last_activity_at FROM connected_app
WHERE tenant_id = $1 AND integration_id = ANY ($2::uuid[]) AND last_activity_at IS NOT NULL GROUP BY 1`, tenant.UUIDs(integrationIDs))
	if err != nil {
		return nil, fmt.Errorf("read the last activity of integrations: %w", err)
	}
	out := make(map[uuid.UUID]*time.Time, len(rows))
	for _, a := range rows {
		out[a.IntegrationID] = a.LastActivityAt
	}
	return out, nil
}

// IntegrationByKey reads the integration, or says NotFound.
func (s *Store) IntegrationByKey(ctx context.Context, key string) (*Integration, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	id := IntegrationID(p.TenantID, key)
	rows, err := s.IntegrationsByIDs(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	return only(rows, id, "integration")
}
