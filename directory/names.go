package directory

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// IntegrationNames gives the names of all integrations by their ids, and the keys by which events name them.
func (s *Store) IntegrationNames(ctx context.Context) (names, keys map[uuid.UUID]string, err error) {
	names, keys = map[uuid.UUID]string{}, map[uuid.UUID]string{}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT id, name, key FROM integration WHERE tenant_id = $1", tx.TenantID())
		if err != nil {
			return fmt.Errorf("read the names of integrations: %w", err)
		}
		var id [16]byte
		var name, key string
		if _, err := pgx.ForEachRow(rows, []any{&id, &name, &key}, func() error {
			names[id], keys[id] = name, key
			return nil
		}); err != nil {
			return fmt.Errorf("read the names of integrations: %w", err)
		}
		return nil
	})
	return names, keys, err
}
