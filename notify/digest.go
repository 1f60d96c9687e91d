package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

const (
	// mostPerMinute is how many notifications an endpoint gets one by one; the rest of a minute comes as one digest.
	mostPerMinute = 20
	perMinute     = time.Minute
)

// digest puts what is too much for the minute into one delivery, which it adds to what is due. Another digest waits until
// a minute after the last. One alone says more than a digest of it, and waits until there is room for it, or until it is
// not alone any more.
func (s *Store) digest(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, tasks []task, now time.Time) ([]task, error) {
	told, room, last, err := toldLately(ctx, tx, endpointID, now)
	if err != nil {
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
	var until time.Time
	switch {
	case len(over) == 0:
		return keep, nil
	case len(over) == 1:
		until = room
	case last != nil && now.Sub(*last) < perMinute:
		until = last.Add(perMinute)
	default:
		made, err := s.makeDigest(ctx, tx, endpointID, over, now)
		return append(keep, made), err
	}
	_, err = tx.Pgx().Exec(ctx, "UPDATE delivery SET next_attempt_at = $3 WHERE tenant_id = $1 AND id = ANY($2::uuid[])", tx.TenantID(), tenant.UUIDs(over), until)
	return keep, err
}

// toldLately is how many an endpoint was told one by one in the minute until now, when there is room for another if there
// is none, and when the last digest was.
func toldLately(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, now time.Time) (told int, room time.Time, last *time.Time, err error) {
	var first *time.Time
	err = tx.Pgx().QueryRow(ctx, `SELECT count(*), min(told_at), (SELECT digest_at FROM notification_endpoint WHERE tenant_id = $1 AND id = $2)
		FROM (SELECT told_at FROM delivery WHERE tenant_id = $1 AND endpoint_id = $2 AND told_at > $3 AND digest_id IS NULL ORDER BY told_at DESC LIMIT $4) lately`,
		tx.TenantID(), endpointID, now.Add(-perMinute), mostPerMinute).Scan(&told, &first, &last)
	room = now.Add(perMinute)
	if told == mostPerMinute {
		room = first.Add(perMinute)
	}
	return told, room, last, err
}

// makeDigest makes one delivery that tells what several would. It reads no more of them than it names.
func (s *Store) makeDigest(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, ids []uuid.UUID, now time.Time) (task, error) {
	p := Payload{Type: Digest.Type(), Timestamp: now, Data: Data{Title: fmt.Sprintf("%d notifications within a minute", len(ids)), Counts: map[string]int{}}}
	of := tenant.UUIDs(ids)
	rows, err := tx.Pgx().Query(ctx, "SELECT kind, count(*) FROM delivery WHERE tenant_id = $1 AND id = ANY($2::uuid[]) GROUP BY kind", tx.TenantID(), of)
	if err != nil {
		return task{}, err
	}
	var kind Kind
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&kind, &n}, func() error { p.Data.Counts[kind.Type()] = n; return nil }); err != nil {
		return task{}, err
	}
	const told = "FROM delivery d JOIN notification n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id WHERE d.tenant_id = $1 AND d.id = ANY($2::uuid[])"
	if rows, err = tx.Pgx().Query(ctx, "SELECT n.payload::text "+told+" ORDER BY d.seq LIMIT $3", tx.TenantID(), of, mostItems); err != nil {
		return task{}, err
	}
	var text string
	if _, err := pgx.ForEachRow(rows, []any{&text}, func() error {
		var one Payload
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return fmt.Errorf("read a payload: %w", err)
		}
		p.Data.Items = append(p.Data.Items, Item{one.Type, one.Timestamp, one.Data.ID, one.Data.Title, one.Data.URL})
		return nil
	}); err != nil {
		return task{}, err
	}
	var named []pgtype.UUID
	if err := tx.Pgx().QueryRow(ctx, "SELECT coalesce(array_agg(DISTINCT c), '{}') FROM (SELECT unnest(n.customer_ids) c "+told+") named", tx.TenantID(), of).Scan(&named); err != nil {
		return task{}, err
	}
	t := task{id: uuid.New(), kind: Digest, subject: endpointID}
	if err := s.insert(ctx, tx, endpointID, t, p, named, now); err != nil {
		return t, err
	}
	b := &pgx.Batch{}
	b.Queue("UPDATE delivery SET digest_id = $3, next_attempt_at = NULL, told_at = $4 WHERE tenant_id = $1 AND id = ANY($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids), t.id, now)
	b.Queue("UPDATE notification_endpoint SET digest_at = $3 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), endpointID, now)
	return t, tx.Pgx().SendBatch(ctx, b).Close()
}

// insert writes a notification that is for one endpoint and names customers, and its delivery.
func (s *Store) insert(ctx context.Context, tx *tenant.Tx, endpointID uuid.UUID, t task, p Payload, customers []pgtype.UUID, now time.Time) error {
	payload, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	id := newID(now)
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO notification (tenant_id, id, kind, subject_id, episode, recovery, payload, created_at, endpoint_ids, customer_ids)
		VALUES ($1, $2, $3, $4, $5, false, $6::text::json, $7, ARRAY[$8::uuid], $9::uuid[])`,
		tx.TenantID(), id, string(t.kind), t.subject, id.String(), string(payload), now, endpointID, customers)
	b.Queue(`INSERT INTO delivery (tenant_id, id, endpoint_id, notification_id, kind, subject_id, recovery, status, next_attempt_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, false, 'PENDING', $7, $7)`, tx.TenantID(), t.id, endpointID, id, string(t.kind), t.subject, now)
	return tx.Pgx().SendBatch(ctx, b).Close()
}
