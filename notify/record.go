package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

const (
	// mostBody is how much of an answer is kept, in bytes, and mostError of an error.
	mostBody  = 4 << 10
	mostError = 500
	goneSaid  = "The receiver answered that it is gone (410)."
)

// record notes an attempt and what follows from it: done, another attempt, given up, or the endpoint disabled. It tells
// whether to go on with what else is due there.
func (s *Store) record(ctx context.Context, endpointID uuid.UUID, t *task, r *Result) (goOn bool, err error) {
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		e, err := s.endpoint(ctx, tx, endpointID, "FOR NO KEY UPDATE")
		if errs.Is(err, errs.NotFound) {
			return nil // It was deleted meanwhile, and its deliveries with it.
		}
		if err != nil {
			return err
		}
		var there bool
		if err := tx.Pgx().QueryRow(ctx, "SELECT EXISTS (SELECT FROM delivery WHERE tenant_id = $1 AND id = $2 FOR UPDATE)", tx.TenantID(), t.id).Scan(&there); err != nil || !there {
			goOn = true // What it told was erased meanwhile.
			return err
		}
		now := s.moment()
		if err := noteAttempt(ctx, tx, t.id, now, r); err != nil {
			return err
		}
		if r.Error == "" {
			goOn = true
			return s.succeeded(ctx, tx, e, t, now)
		}
		goOn, err = s.failed(ctx, tx, e, t, r, now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note an attempt of delivery %s: %w", t.id, err)
	}
	return goOn, nil
}

func noteAttempt(ctx context.Context, tx *tenant.Tx, id uuid.UUID, at time.Time, r *Result) error {
	var code *int
	var failure, body *string
	if r.StatusCode != 0 {
		code = &r.StatusCode
	}
	if r.Error != "" {
		text := clip(r.Error, mostError)
		failure = &text
	}
	if r.Body != "" {
		text := clip(r.Body, mostBody)
		body = &text
	}
	_, err := tx.Pgx().Exec(ctx, `INSERT INTO delivery_attempt (tenant_id, delivery_id, id, at, status_code, error, duration_ms, response_body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.TenantID(), id, newID(at), at, code, failure, float64(r.Duration)/float64(time.Millisecond), body)
	return err
}

func (s *Store) succeeded(ctx context.Context, tx *tenant.Tx, e *endpointRow, t *task, now time.Time) error {
	if err := settle(ctx, tx, t, Delivered, now); err != nil {
		return err
	}
	if e.FailingSince == nil {
		return nil
	}
	if _, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET failing_since = NULL, held_until = NULL WHERE tenant_id = $1 AND id = $2", tx.TenantID(), e.ID); err != nil || e.heldUntil == nil {
		return err
	}
	_, err := tx.Pgx().Exec(ctx, sqlBack, tx.TenantID(), e.ID, now)
	return err
}

// sqlBack makes due what failed while the receiver was away, now that it is back: nobody waits for hours for what failed
// ten times meanwhile. What the receiver itself did not like waits for its own time.
const sqlBack = `UPDATE delivery d SET next_attempt_at = $3 WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.status = 'RETRYING' AND d.next_attempt_at > $3
AND (SELECT coalesce(a.status_code, 0) NOT BETWEEN 400 AND 499 FROM delivery_attempt a WHERE a.tenant_id = $1 AND a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1)`

// settle ends a delivery, and those that went with it.
func settle(ctx context.Context, tx *tenant.Tx, t *task, status DeliveryStatus, now time.Time) error {
	_, err := tx.Pgx().Exec(ctx, `UPDATE delivery SET status = $3, next_attempt_at = NULL, told_at = coalesce(told_at, $4)
		WHERE tenant_id = $1 AND (id = $2 OR digest_id = $2 AND status IN ('PENDING', 'RETRYING'))`, tx.TenantID(), t.id, string(status), now)
	return err
}

func (s *Store) failed(ctx context.Context, tx *tenant.Tx, e *endpointRow, t *task, r *Result, now time.Time) (goOn bool, err error) {
	if t.kind == Test {
		// A test says how it is now; it is nothing that must arrive.
		return true, settle(ctx, tx, t, Failed, now)
	}
	if !e.Enabled {
		// Somebody disabled it during the attempt: nobody would try again.
		return false, settle(ctx, tx, t, Failed, now)
	}
	if r.Gone {
		return false, s.disable(ctx, tx, e, goneSaid, now)
	}
	since := now
	if e.FailingSince != nil {
		since = *e.FailingSince
	}
	if now.Sub(since) >= disableAfter {
		return false, s.disable(ctx, tx, e, "Nothing could be delivered for five days: "+clip(r.Error, mostError)+".", now)
	}
	giveUp := now.Add(retryFor)
	if t.giveUpAt != nil {
		giveUp = *t.giveUpAt
	}
	random := s.opt.Random()
	at, again := nextAttempt(now, giveUp, t.failures+1, r.RetryAfter, random)
	if again {
		_, err = tx.Pgx().Exec(ctx, `UPDATE delivery SET status = 'RETRYING', failures = failures + 1, next_attempt_at = $3, give_up_at = $4, told_at = coalesce(told_at, $5)
			WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), t.id, at, giveUp, now)
	} else {
		err = settle(ctx, tx, t, Failed, now)
	}
	if err != nil {
		return false, err
	}
	var held *time.Time
	if !r.Content {
		// As long as what failed waits, so that it goes before what came after it.
		until := now.Add(max(min(backoff(t.failures+1, random), holdMost), r.RetryAfter))
		held = &until
	}
	_, err = tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET failing_since = $3, held_until = coalesce($4, held_until) WHERE tenant_id = $1 AND id = $2",
		tx.TenantID(), e.ID, since, held)
	return r.Content, err
}

// disable ends an endpoint's use, gives up what waits for it, and tells the others.
func (s *Store) disable(ctx context.Context, tx *tenant.Tx, e *endpointRow, reason string, now time.Time) error {
	if _, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET enabled = false, disabled_reason = $3 WHERE tenant_id = $1 AND id = $2",
		tx.TenantID(), e.ID, reason); err != nil {
		return err
	}
	if err := s.giveUp(ctx, tx, e.ID); err != nil {
		return err
	}
	s.opt.Log.WarnContext(ctx, "an endpoint for notifications was disabled", "tenant", tx.TenantID(), "endpoint", e.ID, "reason", reason)
	return s.Tell(ctx, tx, ofDisabled(&e.Endpoint, reason, now))
}

// giveUp ends what waits for an endpoint.
func (s *Store) giveUp(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID) error {
	_, err := tx.Pgx().Exec(ctx, `UPDATE delivery SET status = 'FAILED', next_attempt_at = NULL WHERE tenant_id = $1 AND endpoint_id = $2
		AND status IN ('PENDING', 'RETRYING')`, tx.TenantID(), endpointID)
	return err
}

// skip ends the delivery of a recovery whose failure was never told.
func (s *Store) skip(ctx context.Context, id uuid.UUID) error {
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE delivery SET status = 'SKIPPED', next_attempt_at = NULL, told_at = $3 WHERE tenant_id = $1 AND id = $2",
			tx.TenantID(), id, s.moment())
		return err
	})
	if err != nil {
		return fmt.Errorf("skip delivery %s: %w", id, err)
	}
	return nil
}
