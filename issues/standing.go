package issues

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tenant"
)

// standing tells what there is to look after. Most tenants have nothing at most minutes, and one short statement that says
// so costs less than planning all that would find nothing.
type standing struct {
	// any tells that issues are open, acknowledged or snoozed, and incidents that one of a provider is among them.
	any, incidents bool
}

const sqlStanding = `SELECT count(*) > 0, count(*) FILTER (WHERE category = $2) > 0 FROM issue
WHERE tenant_id = $1 AND status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED')`

// standingIn looks at what the transaction sees.
func standingIn(ctx context.Context, tx *tenant.Tx) (s standing, err error) {
	if err := tx.Pgx().QueryRow(ctx, sqlStanding, pgx.QueryExecModeCacheStatement, tx.TenantID(), string(diagnostics.ProviderIncident)).Scan(&s.any, &s.incidents); err != nil {
		return s, fmt.Errorf("look for open issues: %w", err)
	}
	return s, nil
}

// sqlHeld tells whether an issue of a condition is there that may have to end, or that hits somebody who may be over it.
const sqlHeld = `SELECT EXISTS (SELECT FROM issue WHERE tenant_id = $1 AND by_condition AND category = ANY ($2)
	AND status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'IGNORED'))`

// nothingHeld tells whether no issue of the categories is there that a condition might have left.
func (s *Store) nothingHeld(ctx context.Context, categories []string) (nothing bool, err error) {
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		err := tx.Pgx().QueryRow(ctx, sqlHeld, tx.TenantID(), categories).Scan(&nothing)
		nothing = !nothing
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for what conditions left: %w", err)
	}
	return nothing, nil
}
