package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// sqlTell writes a notification, if any endpoint asks for its kind and it was not told before, and a delivery for each
// endpoint that is to get it now. Rules name their endpoints: one that asks for nothing of alarms gets all of its rules'.
// The order by a sum keeps the index of an endpoint's whole list out of it. Of a recovery only those are told whom the failure was told, or will be; and those that ask for nothing but recoveries.
const sqlTell = `WITH asked AS (
  SELECT e.id, e.enabled, e.events && $11::text[] OR $12 AND NOT e.events && ARRAY['ALARM_FIRING', 'ALARM_RESOLVED'] AS failures
  FROM notification_endpoint e WHERE e.tenant_id = $1 AND CASE
    WHEN $9::uuid[] IS NULL THEN $3 = ANY(e.events)
    ELSE e.id = ANY($9::uuid[]) AND ($3 = ANY(e.events) OR $12 AND NOT e.events && ARRAY['ALARM_FIRING', 'ALARM_RESOLVED']) END
), told AS (
  INSERT INTO notification (tenant_id, id, kind, subject_id, episode, recovery, payload, created_at, endpoint_ids, customer_ids)
  SELECT $1, $2, $3, $4, $5, $6, $7::text::json, $8, $9::uuid[], $10::uuid[] WHERE EXISTS (SELECT FROM asked)
  ON CONFLICT (tenant_id, subject_id, kind, episode) DO NOTHING RETURNING id
)
INSERT INTO delivery (tenant_id, id, endpoint_id, notification_id, kind, subject_id, recovery, status, next_attempt_at, created_at)
SELECT $1, gen_random_uuid(), e.id, told.id, $3, $4, $6, 'PENDING', $8, $8 FROM told, asked e
WHERE e.enabled AND (NOT $6 OR NOT e.failures OR NOT coalesce((
  SELECT d.recovery FROM delivery d WHERE d.tenant_id = $1 AND d.endpoint_id = e.id AND d.subject_id = $4 AND d.status NOT IN ('FAILED', 'SKIPPED')
  ORDER BY d.seq + 0 DESC LIMIT 1), true))
RETURNING id`

// Tell writes what is to be told into the transaction of what it tells. When that commits, it will be told.
func (s *Store) Tell(ctx context.Context, tx *tenant.Tx, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	now := s.moment()
	for i := range events {
		e := &events[i]
		payload, err := json.Marshal(e.payload(s.opt.PublicURL))
		if err != nil {
			return fmt.Errorf("encode a notification: %w", err)
		}
		var only []pgtype.UUID
		if len(e.EndpointIDs) > 0 {
			only = tenant.UUIDs(e.EndpointIDs)
		}
		batch.Queue(sqlTell, tx.TenantID(), newID(now), string(e.Kind), e.SubjectID, e.Episode, e.Recovery, string(payload), now, only,
			tenant.UUIDs(e.CustomerIDs), e.Kind.failureOf(), e.Kind.isOfAlarm())
	}
	results := tx.Pgx().SendBatch(ctx, batch)
	made := false
	for range events {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // It repeats the error.
			return fmt.Errorf("tell %s: %w", events[0].Kind, err)
		}
		made = made || tag.RowsAffected() > 0
	}
	if err := results.Close(); err != nil {
		return fmt.Errorf("tell %s: %w", events[0].Kind, err)
	}
	if made {
		s.opt.Wake(tx.TenantID())
	}
	return nil
}

// Asked tells which kinds the tenant's endpoints ask for: what nobody asks for need not be put together.
func (s *Store) Asked(ctx context.Context, tx *tenant.Tx) (map[Kind]bool, error) {
	rows, err := tx.Pgx().Query(ctx, "SELECT DISTINCT unnest(events) FROM notification_endpoint WHERE tenant_id = $1", tx.TenantID())
	if err != nil {
		return nil, fmt.Errorf("read what endpoints ask for: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read what endpoints ask for: %w", err)
	}
	asked := map[Kind]bool{}
	for _, kind := range list {
		asked[Kind(kind)] = true
	}
	return asked, nil
}
