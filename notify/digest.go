package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

const (
	// mostPerMinute is how many notifications an endpoint gets one by one; the rest of a minute comes as one digest.
	mostPerMinute = 20
	perMinute     = time.Minute
)

// digest puts what is too much for the minute into one delivery, which it adds to what is due. Another digest waits until
// a minute after the last.
func (s *Store) digest(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, tasks []task, now time.Time) ([]task, error) {
	var told int
	var last *time.Time
	if err := tx.Pgx().QueryRow(ctx, `SELECT (SELECT count(*) FROM delivery WHERE tenant_id = $1 AND endpoint_id = $2 AND told_at > $3 AND digest_id IS NULL), digest_at
		FROM notification_endpoint WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), endpointID, now.Add(-perMinute)).Scan(&told, &last); err != nil {
		return nil, err
	}
	var keep []task
	var over []uuid.UUID
	for i := range tasks {
		t := &tasks[i]
		fresh := !t.told && t.kind.asked() && !t.untold
		if fresh && told >= mostPerMinute {
			over = append(over, t.id)
			continue
		}
		if fresh {
			told++
		}
		keep = append(keep, *t)
	}
	switch len(over) {
	case 0:
		return keep, nil
	case 1:
		return tasks, nil // A digest of one says less than the one.
	}
	if last != nil && now.Sub(*last) < perMinute {
		_, err := tx.Pgx().Exec(ctx, "UPDATE delivery SET next_attempt_at = $3 WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
			tx.TenantID(), tenant.UUIDs(over), last.Add(perMinute))
		return keep, err
	}
	made, err := s.makeDigest(ctx, tx, endpointID, over, now)
	return append(keep, made), err
}

// makeDigest makes one delivery that tells what several would.
func (s *Store) makeDigest(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, ids []uuid.UUID, now time.Time) (task, error) {
	rows, err := tx.Pgx().Query(ctx, `SELECT n.payload::text FROM delivery d JOIN notification n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id
		WHERE d.tenant_id = $1 AND d.id = ANY($2::uuid[]) ORDER BY d.seq`, tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return task{}, err
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return task{}, err
	}
	p := Payload{Type: Digest.Type(), Timestamp: now, Data: Data{Title: fmt.Sprintf("%d notifications within a minute", len(ids)), Counts: map[string]int{}}}
	for i, text := range texts {
		var one Payload
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return task{}, fmt.Errorf("read a payload: %w", err)
		}
		p.Data.Counts[one.Type]++
		if i < mostItems {
			p.Data.Items = append(p.Data.Items, Item{one.Type, one.Timestamp, one.Data.ID, one.Data.Title, one.Data.URL})
		}
	}
	t := task{id: uuid.New(), kind: Digest, subject: endpointID}
	if err := s.insert(ctx, tx, endpointID, t, p, now); err != nil {
		return t, err
	}
	b := &pgx.Batch{}
	b.Queue("UPDATE delivery SET digest_id = $3, next_attempt_at = NULL, told_at = $4 WHERE tenant_id = $1 AND id = ANY($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids), t.id, now)
	b.Queue("UPDATE notification_endpoint SET digest_at = $3 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), endpointID, now)
	return t, tx.Pgx().SendBatch(ctx, b).Close()
}

// insert writes a notification that is for one endpoint, and its delivery.
func (s *Store) insert(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, t task, p Payload, now time.Time) error {
	payload, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	id := newID(now)
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO notification (tenant_id, id, kind, subject_id, episode, recovery, payload, created_at, endpoint_ids, customer_ids)
		VALUES ($1, $2, $3, $4, $5, false, $6::text::json, $7, ARRAY[$8::uuid], '{}')`, tx.TenantID(), id, string(t.kind), t.subject, id.String(), string(payload), now, endpointID)
	b.Queue(`INSERT INTO delivery (tenant_id, id, endpoint_id, notification_id, kind, subject_id, recovery, status, next_attempt_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, false, 'PENDING', $7, $7)`, tx.TenantID(), t.id, endpointID, id, string(t.kind), t.subject, now)
	return tx.Pgx().SendBatch(ctx, b).Close()
}
