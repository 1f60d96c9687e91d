package directory

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

var flowList = tenant.Listing[Flow]{
	Name: "flows", Column: "name", Parse: tenant.ByText,
	Key: func(f *Flow) (string, uuid.UUID) { return f.Name, f.ID },
}

// Cursor is the flow's place in the list of flows.
func (f *Flow) Cursor() string { return flowList.Cursor(f) }

// Flows lists flows by name, with the count of all that the filter lets through.
func (s *Store) Flows(ctx context.Context, filter FlowFilter, req page.Request) (page.Page[*Flow], error) {
	if _, err := reader(ctx); err != nil {
		return page.Page[*Flow]{}, err
	}
	return flowList.Load(ctx, s.door, req, func(q *bun.SelectQuery) {
		if filter.IntegrationID != uuid.Nil {
			q.Where("f.integration_id = ?", filter.IntegrationID)
		}
	})
}

// FlowsByIDs reads flows; one that does not exist is not in the map.
func (s *Store) FlowsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Flow, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[Flow](ctx, s.door, "SELECT * FROM flow WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read flows: %w", err)
	}
	return byID(rows, func(f *Flow) uuid.UUID { return f.ID }), nil
}

// FlowByKey reads the flow, or says NotFound.
func (s *Store) FlowByKey(ctx context.Context, key string) (*Flow, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	id := FlowID(p.TenantID, key)
	rows, err := s.FlowsByIDs(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	return only(rows, id, "flow")
}

// FlowsOf reads the first flows, by name, of each integration, and how many each has where the head asks for it. Every id
// is in the map.
func (s *Store) FlowsOf(ctx context.Context, integrationIDs []uuid.UUID, head Head) (map[uuid.UUID]page.Page[*Flow], error) {
	return nested[Flow](ctx, s.door, integrationIDs, head, nestedSQL{
		page: `SELECT f.* FROM unnest($2::uuid[]) parent (id) CROSS JOIN LATERAL (
			SELECT * FROM flow f WHERE f.tenant_id = $1 AND f.integration_id = parent.id ORDER BY f.name, f.id LIMIT $3) f ORDER BY f.name, f.id`,
		count: `SELECT integration_id, count(*) FROM flow WHERE tenant_id = $1 AND integration_id = ANY ($2::uuid[]) GROUP BY 1`,
	}, func(f *Flow) uuid.UUID { return *f.IntegrationID })
}
