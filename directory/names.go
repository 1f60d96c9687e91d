package directory

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// IntegrationNames gives the names of all integrations by their ids, and the keys by which events name them.
func (s *Store) IntegrationNames(ctx context.Context) (names, keys map[uuid.UUID]string, err error) {
	if _, err := reader(ctx); err != nil {
		return nil, nil, err
	}
	rows, err := collect[Integration](ctx, s.door, "SELECT id, name, key FROM integration WHERE tenant_id = $1")
	if err != nil {
		return nil, nil, fmt.Errorf("read the names of integrations: %w", err)
	}
	names, keys = make(map[uuid.UUID]string, len(rows)), make(map[uuid.UUID]string, len(rows))
	for _, i := range rows {
		names[i.ID], keys[i.ID] = i.Name, i.Key
	}
	return names, keys, nil
}
