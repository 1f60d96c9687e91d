package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

const (
	// lease is for how long a worker has an endpoint from the beginning of an attempt, which takes ten seconds at most. One
	// that dies gives it back by that.
	lease = 30 * time.Second
	// atOnce is how many endpoints of a tenant are worked on at a time.
	atOnce = 8
	// roundTime ends a round, so that a job ends: what is left is due, and another job comes for it.
	roundTime = 40 * time.Second
	// mostDue is how many deliveries are looked at together, which is what a digest of a minute has at most: more than come
	// in, or what waits would grow.
	mostDue = 10_000
)

// sqlWaits are deliveries of which none of the same endpoint and subject is before them, and whose endpoint takes them. What
// waits is numbered in one pass: asking of each what is before it would be quadratic whenever the planner's figures are old.
const sqlWaits = `FROM (SELECT w.*, row_number() OVER (PARTITION BY w.endpoint_id, w.subject_id ORDER BY w.seq) AS place FROM delivery w
  WHERE w.tenant_id = $1 AND w.status IN ('PENDING', 'RETRYING')) d JOIN notification_endpoint e ON e.tenant_id = $1 AND e.id = d.endpoint_id
WHERE d.place = 1 AND d.next_attempt_at IS NOT NULL AND (e.enabled OR d.kind = 'TEST')`

// sqlHeld is when a delivery may be tried. A test need not wait for what holds back others.
const sqlHeld = `greatest(d.next_attempt_at, CASE WHEN d.kind = 'TEST' THEN d.next_attempt_at ELSE e.held_until END)`

// Deliver sends what is due of the context's tenant, and tells when there is something due again; the zero time when
// nothing is. Several may work for a tenant at once.
func (s *Store) Deliver(ctx context.Context) (next time.Time, err error) {
	due, err := s.dueEndpoints(ctx)
	if err != nil {
		return next, err
	}
	end := time.Now().Add(roundTime)
	slots := make(chan struct{}, atOnce)
	failures := make([]error, len(due))
	var wait sync.WaitGroup
	for i, id := range due {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			failures[i] = s.deliverTo(ctx, id, end)
		})
	}
	wait.Wait()
	if err := errors.Join(failures...); err != nil {
		return next, err
	}
	return s.nextDue(ctx)
}

func (s *Store) dueEndpoints(ctx context.Context) (ids []uuid.UUID, err error) {
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT d.endpoint_id "+sqlWaits+" AND "+sqlHeld+" <= $2 GROUP BY d.endpoint_id ORDER BY min(d.seq)", tx.TenantID(), s.moment())
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
		for _, id := range list {
			ids = append(ids, id.Bytes)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find what is to be delivered: %w", err)
	}
	return ids, nil
}

func (s *Store) nextDue(ctx context.Context) (next time.Time, err error) {
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var at *time.Time
		// Whoever works on an endpoint sees to what is due there.
		err := tx.Pgx().QueryRow(ctx, "SELECT min(greatest("+sqlHeld+", e.working_until)) "+sqlWaits, tx.TenantID()).Scan(&at)
		if at != nil {
			next = *at
		}
		return err
	})
	if err != nil {
		return next, fmt.Errorf("find what is to be delivered next: %w", err)
	}
	return next, nil
}

// task is one delivery with what it needs to be sent.
type task struct {
	id, subject uuid.UUID
	kind        Kind
	failures    int
	giveUpAt    *time.Time
	told        bool
	recovery    bool
	// untold is that the failure which the recovery ends was not told.
	untold bool
}

// work is an endpoint that a worker has, until a time by which it is known to be this worker's.
type work struct {
	endpoint uuid.UUID
	until    time.Time
}

// deliverTo sends what is due at one endpoint, unless another worker has it, until nothing is, it fails, or the time is up.
func (s *Store) deliverTo(ctx context.Context, id uuid.UUID, end time.Time) (err error) {
	w, err := s.take(ctx, id)
	if err != nil || w == nil {
		return err
	}
	defer func() { err = errors.Join(err, s.release(context.WithoutCancel(ctx), w)) }()
	for time.Now().Before(end) && ctx.Err() == nil {
		tasks, err := s.due(ctx, id)
		if err != nil || len(tasks) == 0 {
			return err
		}
		for i := range tasks {
			goOn, err := s.attempt(ctx, w, &tasks[i])
			if err != nil || !goOn {
				return err
			}
			if time.Now().After(end) || ctx.Err() != nil {
				return nil
			}
		}
	}
	return nil
}

// take makes the caller the one that works on the endpoint; nil when another is.
func (s *Store) take(ctx context.Context, id uuid.UUID) (w *work, err error) {
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		now := s.moment()
		until := now.Add(lease)
		tag, err := tx.Pgx().Exec(ctx, `UPDATE notification_endpoint SET working_until = $3 WHERE tenant_id = $1 AND id = $2
			AND (working_until IS NULL OR working_until <= $4)`, tx.TenantID(), id, until, now)
		if tag.RowsAffected() == 1 {
			w = &work{id, until}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take endpoint %s: %w", id, err)
	}
	return w, nil
}

// release gives the endpoint back, unless another worker has it by now.
func (s *Store) release(ctx context.Context, w *work) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET working_until = NULL WHERE tenant_id = $1 AND id = $2 AND working_until = $3",
			tx.TenantID(), w.endpoint, w.until)
		return err
	})
}

// extend makes the endpoint the worker's for another attempt. It tells when that is another's by now: the worker stood
// still for longer than the lease.
func (w *work) extend(ctx context.Context, tx *tenant.Tx, now time.Time) (still bool, err error) {
	until := now.Add(lease)
	tag, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET working_until = $3 WHERE tenant_id = $1 AND id = $2 AND working_until = $4",
		tx.TenantID(), w.endpoint, until, w.until)
	if still = tag.RowsAffected() == 1; still {
		w.until = until
	}
	return still, err
}

// sqlDue is what is due at one endpoint. The order is by a sum, so that no index of the endpoint's whole list is taken for it.
const sqlDue = `SELECT d.id, d.subject_id, d.kind, d.failures, d.give_up_at, d.told_at IS NOT NULL, d.recovery,
  d.recovery AND coalesce((SELECT p.status IN ('FAILED', 'SKIPPED') FROM delivery p WHERE p.tenant_id = d.tenant_id AND p.endpoint_id = d.endpoint_id
    AND p.subject_id = d.subject_id AND p.seq < d.seq AND NOT p.recovery ORDER BY p.seq + 0 DESC LIMIT 1), false)
` + sqlWaits + " AND d.endpoint_id = $2 AND " + sqlHeld + " <= $3 ORDER BY d.seq LIMIT $4"

// due gives what is due at the endpoint, when a digest has been made of what is too much.
func (s *Store) due(ctx context.Context, id uuid.UUID) (tasks []task, err error) {
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		now := s.moment()
		rows, err := tx.Pgx().Query(ctx, sqlDue, tx.TenantID(), id, now, mostDue)
		if err != nil {
			return err
		}
		tasks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (task, error) {
			var t task
			var key, subject pgtype.UUID
			err := row.Scan(&key, &subject, &t.kind, &t.failures, &t.giveUpAt, &t.told, &t.recovery, &t.untold)
			t.id, t.subject = key.Bytes, subject.Bytes
			return t, err
		})
		if err != nil {
			return err
		}
		tasks, err = s.digest(ctx, tx, id, tasks, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find what is due at endpoint %s: %w", id, err)
	}
	return tasks, nil
}

// attempt sends one delivery and notes what came of it. It tells whether to go on with the next.
func (s *Store) attempt(ctx context.Context, w *work, t *task) (goOn bool, err error) {
	if t.untold && !t.told {
		return true, s.skip(ctx, t.id)
	}
	m, goOn, err := s.message(ctx, w, t)
	if err != nil || m == nil {
		return goOn, err
	}
	result := s.opt.Sender.Send(ctx, m)
	if ctx.Err() != nil && result.Error != "" {
		return false, nil // It was cut off, which says nothing of the receiver; it is sent again, with the same id.
	}
	return s.record(context.WithoutCancel(ctx), w.endpoint, t, &result)
}

// message puts together what is sent. It is nil when this is not to be sent any more, or not by this worker, which is
// when it is not to go on.
func (s *Store) message(ctx context.Context, w *work, t *task) (m *Message, goOn bool, err error) {
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, err := s.endpoints(ctx, tx, "AND id = $2 FOR NO KEY UPDATE", w.endpoint)
		if err != nil || len(list) == 0 {
			return err
		}
		now := s.moment()
		if goOn, err = w.extend(ctx, tx, now); err != nil || !goOn {
			return err
		}
		e := list[0]
		var payload string
		err = tx.Pgx().QueryRow(ctx, `SELECT n.payload::text FROM delivery d JOIN notification n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id
			WHERE d.tenant_id = $1 AND d.id = $2 AND d.status IN ('PENDING', 'RETRYING')`, tx.TenantID(), t.id).Scan(&payload)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // It was given up, or deleted, since.
		}
		if err != nil {
			return err
		}
		m = &Message{
			ID: nodeid.Format(nodeid.Delivery, t.id), Channel: e.Channel, Target: e.Target, At: s.opt.Now(),
			Thread: t.subject.String(), Payload: []byte(payload), Secrets: s.secrets(tx.TenantID(), e, now),
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("prepare delivery %s: %w", t.id, err)
	}
	return m, goOn, nil
}

// secrets are those that sign now, the present one first. One that cannot be opened is left out; without any the Sender
// says that it cannot sign.
func (s *Store) secrets(tenantID uuid.UUID, e *endpointRow, now time.Time) (list []string) {
	if secret, err := s.seal.open(e.secret, tenantID, e.ID, "secret"); err == nil {
		list = append(list, secret)
	}
	if e.previousUntil != nil && now.Before(*e.previousUntil) {
		if secret, err := s.seal.open(e.previous, tenantID, e.ID, "previous"); err == nil {
			list = append(list, secret)
		}
	}
	return list
}
