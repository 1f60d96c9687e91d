package directory

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/weirhq/weir/tenant"
)

// DataSourcesByIDs reads data sources; one that does not exist is not in the map.
func (s *Store) DataSourcesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*DataSource, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[DataSource](ctx, s.door, "SELECT * FROM data_source WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read data sources: %w", err)
	}
	return byID(rows, func(d *DataSource) uuid.UUID { return d.ID }), nil
}

// DataSourcesOf reads the data sources, by key, of each connected app; one without any is not in the map. They are few:
// of each app at most 200 are read.
func (s *Store) DataSourcesOf(ctx context.Context, connectedAppIDs []uuid.UUID) (map[uuid.UUID][]*DataSource, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[DataSource](ctx, s.door, `SELECT d.* FROM unnest($2::uuid[]) parent (id) CROSS JOIN LATERAL (
		SELECT * FROM data_source d WHERE d.tenant_id = $1 AND d.connected_app_id = parent.id ORDER BY d.key LIMIT 200) d ORDER BY d.key`,
		tenant.UUIDs(distinct(connectedAppIDs)))
	if err != nil {
		return nil, fmt.Errorf("read data sources of connected apps: %w", err)
	}
	out := map[uuid.UUID][]*DataSource{}
	for _, d := range rows {
		out[d.ConnectedAppID] = append(out[d.ConnectedAppID], d)
	}
	return out, nil
}
