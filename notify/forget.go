package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// EraseCustomer removes what was told of a customer of the context's tenant. What names other customers too goes on
// without this one, and without the evidence, which may be this one's.
func (s *Store) EraseCustomer(ctx context.Context, customerID uuid.UUID) error {
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		// What waits in a digest is due by itself again, as the digest goes.
		if _, err := tx.Pgx().Exec(ctx, `UPDATE delivery SET digest_id = NULL, told_at = NULL, next_attempt_at = $3 WHERE tenant_id = $1 AND status IN ('PENDING', 'RETRYING')
			AND digest_id IN (SELECT d.id FROM delivery d JOIN notification n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id
			WHERE d.tenant_id = $1 AND d.kind = 'DIGEST' AND $2 = ANY(n.customer_ids))`, tx.TenantID(), customerID, s.moment()); err != nil {
			return err
		}
		if err := forgetAmongOthers(ctx, tx, customerID); err != nil {
			return err
		}
		_, err := tx.Pgx().Exec(ctx, "DELETE FROM notification WHERE tenant_id = $1 AND $2 = ANY(customer_ids)", tx.TenantID(), customerID)
		return err
	})
	if err != nil {
		return fmt.Errorf("erase a customer from notifications: %w", err)
	}
	return nil
}

// forgetAmongOthers writes anew what names the customer and others. Digests are gone for good: what they told is kept
// beside them.
func forgetAmongOthers(ctx context.Context, tx *tenant.Tx, customerID uuid.UUID) error {
	rows, err := tx.Pgx().Query(ctx, `SELECT id, payload::text FROM notification WHERE tenant_id = $1 AND $2 = ANY(customer_ids) AND cardinality(customer_ids) > 1
		AND kind <> 'DIGEST'`, tx.TenantID(), customerID)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	var id pgtype.UUID
	var text string
	if _, err := pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		var p Payload
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return fmt.Errorf("read a payload: %w", err)
		}
		p.Data.Customers = slices.DeleteFunc(p.Data.Customers, func(n Named) bool { return n.ID == nodeid.Format(nodeid.Customer, customerID) })
		p.Data.CustomerCount = max(p.Data.CustomerCount-1, len(p.Data.Customers))
		p.Data.Evidence = nil
		without, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("encode a notification: %w", err)
		}
		b.Queue("UPDATE notification SET payload = $3::text::json, customer_ids = array_remove(customer_ids, $4) WHERE tenant_id = $1 AND id = $2",
			tx.TenantID(), id, string(without), customerID)
		return nil
	}); err != nil {
		return err
	}
	return tx.Pgx().SendBatch(ctx, b).Close()
}

// notOver is for how much longer a failure is kept that was told and is not over: without it nobody would be told when it
// is.
const notOver = 366 * 24 * time.Hour

// sqlOver are notifications that nobody waits for: not a receiver, and not the end of what they told.
const sqlOver = `FROM notification n WHERE n.tenant_id = $1 AND n.created_at < $2 AND NOT EXISTS (
  SELECT FROM delivery d JOIN notification_endpoint e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
  WHERE d.tenant_id = n.tenant_id AND d.notification_id = n.id AND d.status IN ('PENDING', 'RETRYING') AND e.enabled
) AND NOT (
  n.created_at >= $3 AND NOT n.recovery AND n.kind IN ('ISSUE_OPENED', 'ISSUE_REOPENED', 'ALARM_FIRING', 'CONNECTED_APP_STATUS_CHANGED')
  AND EXISTS (SELECT FROM delivery d WHERE d.tenant_id = n.tenant_id AND d.notification_id = n.id AND d.status = 'DELIVERED')
  AND NOT EXISTS (SELECT FROM notification l WHERE l.tenant_id = n.tenant_id AND l.subject_id = n.subject_id AND l.created_at > n.created_at)
)`

// expireStep bounds how many notifications one statement removes.
const expireStep = 5000

// Expire removes notifications of the context's tenant from before a time that nobody waits for, and tells how many. With
// dry it removes nothing, and tells what it would. It may be stopped at any point, and run again.
func Expire(ctx context.Context, door *tenant.Door, before time.Time, dry bool) (n int, err error) {
	for step := expireStep; step == expireStep && err == nil; n += step {
		err = door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			if dry {
				return tx.Pgx().QueryRow(ctx, "SELECT count(*) "+sqlOver, tx.TenantID(), before, before.Add(-notOver)).Scan(&n)
			}
			tag, err := tx.Pgx().Exec(ctx, "DELETE FROM notification WHERE tenant_id = $1 AND id IN (SELECT n.id "+sqlOver+" LIMIT $4)",
				tx.TenantID(), before, before.Add(-notOver), expireStep)
			step = int(tag.RowsAffected())
			return err
		})
		if dry {
			break
		}
	}
	if err != nil {
		return n, fmt.Errorf("remove notifications that are over: %w", err)
	}
	return n, nil
}
