package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// IdleAfter is how long nothing was recorded of who is idle.
const IdleAfter = 7 * day

// HealthOf is the health of whom issues hit, of which the worst is open; "" is for none. lastActivity is nil where nothing
// was ever recorded.
func HealthOf(worst Severity, lastActivity *time.Time, now time.Time) Health {
	switch {
	case worst == Error || worst == Critical:
		return Failing
	case worst == Warning:
		return Degraded
	case lastActivity == nil || now.Sub(*lastActivity) > IdleAfter:
		return Idle
	default:
		return Healthy
	}
}

// An issue counts for health and on dashboards when it is open or acknowledged, and stands for itself.
const counts = "i.status IN ('OPEN', 'ACKNOWLEDGED') AND i.parent_id IS NULL"

// worstOf is the statement that gives whom open issues hit, and the worst severity's place among the severities.
func worstOf(of entry.ParentKind) (string, error) {
	const rank = "max(array_position(ARRAY['INFO', 'WARNING', 'ERROR', 'CRITICAL'], i.severity)) - 1"
	var column string
	switch of {
	case entry.ParentIntegration:
		return "SELECT i.integration_id AS id, " + rank + " AS worst FROM issue i WHERE i.tenant_id = $1 AND " + counts +
			" AND i.integration_id IS NOT NULL GROUP BY 1", nil
	case entry.ParentCustomer:
		column = "a.customer_id"
	case entry.ParentConnectedApp:
		column = "a.connected_app_id"
	default:
		return "", errs.New(errs.BadInput, "health is of customers, integrations and connected apps")
	}
	return "SELECT " + column + " AS id, " + rank + ` AS worst FROM issue i
		JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id AND a.cleared_at IS NULL
		WHERE i.tenant_id = $1 AND ` + counts + " AND " + column + " <> '00000000-0000-0000-0000-000000000000' GROUP BY 1", nil
}

// Worst tells the worst severity of the open issues of integrations, or of those that hit customers or connected apps now.
// Whom none hits is not in the map.
func (s *Store) Worst(ctx context.Context, of entry.ParentKind, ids []uuid.UUID) (map[uuid.UUID]Severity, error) {
	return s.worst(ctx, of, " WHERE w.id = ANY ($2::uuid[])", tenant.UUIDs(ids))
}

// Unwell is Worst of all that open issues hit.
func (s *Store) Unwell(ctx context.Context, of entry.ParentKind) (map[uuid.UUID]Severity, error) {
	return s.worst(ctx, of, "")
}

func (s *Store) worst(ctx context.Context, of entry.ParentKind, where string, args ...any) (map[uuid.UUID]Severity, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	sql, err := worstOf(of)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]Severity{}
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue("SELECT w.id, w.worst FROM ("+sql+") w"+where, append([]any{tenantID}, args...)...)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var id uuid.UUID
		var rank int
		_, err = pgx.ForEachRow(rows, []any{&id, &rank}, func() error {
			out[id] = severities[rank]
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the worst of issues: %w", err)
	}
	return out, nil
}

// OpenCounts tells how many open issues integrations have. uuid.Nil asks for those of the tenant. Every id is in the map.
func (s *Store) OpenCounts(ctx context.Context, integrationIDs []uuid.UUID) (map[uuid.UUID]int, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]int, len(integrationIDs))
	for _, id := range integrationIDs {
		out[id] = 0
	}
	err := s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue("SELECT coalesce(i.integration_id, '00000000-0000-0000-0000-000000000000'), count(*) FROM issue i WHERE i.tenant_id = $1 AND "+counts+" GROUP BY 1", tenantID)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var id uuid.UUID
		var n int
		_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
			if _, asked := out[id]; asked && id != uuid.Nil {
				out[id] = n
			}
			if _, asked := out[uuid.Nil]; asked {
				out[uuid.Nil] += n
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count open issues: %w", err)
	}
	return out, nil
}
