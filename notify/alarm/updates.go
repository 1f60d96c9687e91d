package alarm

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/numbering"
	"github.com/weirhq/weir/tenant"
)

// stream is what is told of alarms to those who follow them.
var stream = numbering.Of("alarm", "true")

// Update is an alarm that changed: as it is now, with the number of its last change.
type Update struct {
	No int64
	*Alarm
}

// Updates are the alarms that changed behind a number, each once, by the number of its last change: all up to Through.
type Updates struct {
	Items   []Update
	Through int64
	More    bool
}

// updatesAtOnce is how many alarms Updates gives at a time.
const updatesAtOnce = 200

// write runs fn in a transaction that changes alarms, and numbers what it changed.
func (s *Store) write(ctx context.Context, fn func(ctx context.Context, tx *tenant.Tx) error) error {
	var tenantID uuid.UUID
	var no int64
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		tenantID = tx.TenantID()
		no, err = stream.Number(ctx, tx)
		return err
	})
	if err == nil && no > 0 && s.opt.Committed != nil {
		s.opt.Committed(tenantID, no)
	}
	return err
}

// LastUpdate is the number of the last change of the tenant's alarms, 0 when there was none yet. It needs the role VIEWER.
func (s *Store) LastUpdate(ctx context.Context) (no int64, err error) {
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return 0, err
	}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		no, err = stream.Last(ctx, tx)
		return err
	})
	return no, err
}

// Updates gives the next alarms that changed behind a number. A number that the tenant has not come to is a Conflict: the
// database has been put back to an earlier state. It needs the role VIEWER.
func (s *Store) Updates(ctx context.Context, after int64) (out Updates, err error) {
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return out, err
	}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if out.Through, err = stream.Reach(ctx, tx, after); err != nil || out.Through == after {
			return err
		}
		rows, err := tx.Pgx().Query(ctx, `SELECT change_no, id, rule_id, value, peak, fired_at, resolved_at FROM alarm
			WHERE tenant_id = $1 AND change_no > $2 ORDER BY change_no LIMIT $3`, tx.TenantID(), after, updatesAtOnce+1)
		if err != nil {
			return err
		}
		out.Items, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u Update, err error) {
			u.Alarm, err = scanAlarmBehind(row, &u.No)
			return u, err
		})
		if err == nil && len(out.Items) > updatesAtOnce {
			out.Items, out.More = out.Items[:updatesAtOnce], true
			out.Through = out.Items[updatesAtOnce-1].No
		}
		return err
	})
	if err != nil {
		return Updates{}, fmt.Errorf("read which alarms changed: %w", err)
	}
	return out, nil
}
