package alarm

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

const alarmColumns = "SELECT id, rule_id, value, peak, fired_at, resolved_at FROM alarm WHERE tenant_id = $1 "

func scanAlarm(row pgx.CollectableRow) (*Alarm, error) { return scanAlarmBehind(row) }

// scanAlarmBehind reads an alarm of a row that begins with something else.
func scanAlarmBehind(row pgx.CollectableRow, before ...any) (*Alarm, error) {
	a := &Alarm{}
	var id, of [16]byte
	err := row.Scan(append(before, &id, &of, &a.Value, &a.Peak, &a.FiredAt, &a.ResolvedAt)...)
	a.ID, a.RuleID, a.FiredAt = id, of, a.FiredAt.UTC()
	if a.ResolvedAt != nil {
		*a.ResolvedAt = a.ResolvedAt.UTC()
	}
	return a, err
}

// Alarms lists the tenant's alarms, the latest first; of one status unless it is "". It needs the role VIEWER.
func (s *Store) Alarms(ctx context.Context, status Status, req page.Request) (out page.Page[*Alarm], err error) {
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return out, err
	}
	at, before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max
	if req.After != "" {
		if at, before, err = position(alarmList, req.After); err != nil {
			return out, err
		}
	}
	where := map[Status]string{Firing: "AND resolved_at IS NULL ", Resolved: "AND resolved_at IS NOT NULL "}[status]
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, alarmColumns+where+"AND (fired_at, id) < ($2, $3) ORDER BY fired_at DESC, id DESC LIMIT $4", tx.TenantID(), at, before, req.Size+1)
		if err != nil {
			return err
		}
		out.Items, err = pgx.CollectRows(rows, scanAlarm)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("list alarms: %w", err)
	}
	return cut(out, req), nil
}

// AlarmsByIDs reads alarms; one that does not exist is not in the map. It needs the role VIEWER.
func (s *Store) AlarmsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Alarm, error) {
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*Alarm{}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, alarmColumns+"AND id = ANY($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, scanAlarm)
		for _, a := range list {
			out[a.ID] = a
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	return out, nil
}
