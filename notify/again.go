package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// TestEndpoint sends a message to an endpoint, disabled or not, once. Errors: NotFound. It needs the role DEVELOPER.
func (s *Store) TestEndpoint(ctx context.Context, id uuid.UUID) (d *Delivery, err error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := s.endpoint(ctx, tx, id, ""); err != nil {
			return err
		}
		now := s.moment()
		t := task{id: uuid.New(), kind: Test, subject: uuid.New()}
		p := Payload{Type: Test.Type(), Timestamp: now.Truncate(time.Millisecond), Data: Data{
			ID: nodeid.Format(nodeid.NotificationEndpoint, id), Title: "A test", Summary: "Somebody tests whether notifications arrive here. They do.",
		}}
		if err := s.insert(ctx, tx, id, t, p, []pgtype.UUID{}, now); err != nil {
			return err
		}
		d, err = delivery(ctx, tx, t.id)
		return err
	})
	if err != nil {
		return nil, doing(err, "test endpoint %s", id)
	}
	s.wake(ctx)
	return d, nil
}

// wake asks for a delivery of what was just committed.
func (s *Store) wake(ctx context.Context) {
	if p, err := tenant.FromContext(ctx); err == nil {
		s.opt.Wake(p.TenantID)
	}
}

// Redeliver sends a delivery again, whatever became of it, with the same id; or now, when it waits. It does not hold up
// what came after it. Errors: BadInput of an endpoint that is disabled, NotFound. It needs the role DEVELOPER.
func (s *Store) Redeliver(ctx context.Context, id uuid.UUID) (d *Delivery, err error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		found, err := delivery(ctx, tx, id)
		if err != nil {
			return err
		}
		e, err := s.endpoint(ctx, tx, found.EndpointID, "FOR NO KEY UPDATE")
		if err != nil {
			return err
		}
		if !e.Enabled && found.Kind != Test {
			return errs.Invalid("deliveryId", "its endpoint is disabled")
		}
		if err := again(ctx, tx, id, s.moment()); err != nil {
			return err
		}
		if err := letGo(ctx, tx, e.ID); err != nil {
			return err
		}
		d, err = delivery(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, doing(err, "redeliver %s", id)
	}
	s.wake(ctx)
	return d, nil
}

// letGo has nothing wait any more for a receiver that did not answer: a person says that it does.
func letGo(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID) error {
	_, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET held_until = NULL WHERE tenant_id = $1 AND id = $2", tx.TenantID(), endpointID)
	return err
}

// again makes a delivery due. One that is done takes its place behind all others; one that waits keeps its own.
func again(ctx context.Context, tx *tenant.Tx, id uuid.UUID, now time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`UPDATE delivery SET next_attempt_at = $3 WHERE tenant_id = $1 AND id = $2 AND next_attempt_at IS NOT NULL`, tx.TenantID(), id, now)
	b.Queue(`UPDATE delivery SET status = 'PENDING', seq = DEFAULT, failures = 0, give_up_at = NULL, digest_id = NULL, next_attempt_at = $3, told_at = coalesce(told_at, $3)
		WHERE tenant_id = $1 AND id = $2 AND next_attempt_at IS NULL`, tx.TenantID(), id, now)
	return tx.Pgx().SendBatch(ctx, b).Close()
}

// mostReplayed is how many notifications are replayed at once.
const mostReplayed = 1000

// Replay sends an endpoint what it asks for and did not get since a time, in the order in which it happened, and tells how
// many that is: what was given up, and what happened while it was disabled. It goes on where it ended when it is called
// again. Errors: BadInput of an endpoint that is disabled, NotFound. It needs the role DEVELOPER.
func (s *Store) Replay(ctx context.Context, endpointID uuid.UUID, since time.Time) (n int, err error) {
	if _, err := developer(ctx); err != nil {
		return 0, err
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		e, err := s.endpoint(ctx, tx, endpointID, "FOR NO KEY UPDATE")
		if err != nil {
			return err
		}
		if !e.Enabled {
			return errs.Invalid("id", "the endpoint is disabled: enable it first")
		}
		if err := letGo(ctx, tx, e.ID); err != nil {
			return err
		}
		n, err = s.replay(ctx, tx, e, since)
		return err
	})
	if err != nil {
		return 0, doing(err, "replay to endpoint %s", endpointID)
	}
	s.wake(ctx)
	return n, nil
}

// sqlMissed are notifications that an endpoint asks for, or gets because a rule names it, and was not told. That a failure
// is over is one of them only if the failure was told or is another of them, unless the endpoint asks for no failures.
const sqlMissed = `WITH missed AS (
  SELECT n.id AS of, d.id AS before, n.subject_id, n.recovery, n.created_at, $4::text[] && CASE n.kind WHEN 'ISSUE_RESOLVED' THEN ARRAY['ISSUE_OPENED', 'ISSUE_REOPENED']
    WHEN 'ALARM_RESOLVED' THEN ARRAY['ALARM_FIRING'] ELSE ARRAY[n.kind] END OR named.alarms AS failures
  FROM notification n LEFT JOIN delivery d ON d.tenant_id = n.tenant_id AND d.notification_id = n.id AND d.endpoint_id = $2
  CROSS JOIN LATERAL (SELECT $2 = ANY(n.endpoint_ids) AND n.kind IN ('ALARM_FIRING', 'ALARM_RESOLVED') AND NOT $4::text[] && ARRAY['ALARM_FIRING', 'ALARM_RESOLVED'] AS alarms) named
  WHERE n.tenant_id = $1 AND n.created_at >= $3 AND (n.kind = ANY($4::text[]) AND (n.endpoint_ids IS NULL OR $2 = ANY(n.endpoint_ids)) OR named.alarms)
  AND (d.id IS NULL OR d.status IN ('FAILED', 'SKIPPED'))
)
SELECT m.of, m.before FROM missed m WHERE NOT m.recovery OR NOT m.failures OR EXISTS (
  SELECT FROM missed f WHERE f.subject_id = m.subject_id AND NOT f.recovery AND (f.created_at, f.of) < (m.created_at, m.of)
) OR EXISTS (
  SELECT FROM delivery p WHERE p.tenant_id = $1 AND p.endpoint_id = $2 AND p.subject_id = m.subject_id AND NOT p.recovery AND p.status NOT IN ('FAILED', 'SKIPPED')
) ORDER BY m.created_at, m.of LIMIT $5`

func (s *Store) replay(ctx context.Context, tx *tenant.Tx, e *endpointRow, since time.Time) (int, error) {
	rows, err := tx.Pgx().Query(ctx, sqlMissed, tx.TenantID(), e.ID, since, eventsOf(e.Events), mostReplayed)
	if err != nil {
		return 0, err
	}
	b := &pgx.Batch{}
	now := s.moment()
	var of, before pgtype.UUID
	if _, err := pgx.ForEachRow(rows, []any{&of, &before}, func() error {
		if before.Valid {
			b.Queue(`UPDATE delivery SET status = 'PENDING', seq = DEFAULT, failures = 0, give_up_at = NULL, digest_id = NULL, next_attempt_at = $3, told_at = NULL
				WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), before, now)
			return nil
		}
		b.Queue(`INSERT INTO delivery (tenant_id, id, endpoint_id, notification_id, kind, subject_id, recovery, status, next_attempt_at, created_at)
			SELECT $1, $2, $3, n.id, n.kind, n.subject_id, n.recovery, 'PENDING', $5, $5 FROM notification n WHERE n.tenant_id = $1 AND n.id = $4`,
			tx.TenantID(), uuid.New(), e.ID, of, now)
		return nil
	}); err != nil {
		return 0, err
	}
	return b.Len(), tx.Pgx().SendBatch(ctx, b).Close()
}
