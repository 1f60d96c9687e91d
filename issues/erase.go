package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// EraseCustomer forgets a customer: what was seen of it, and the issues that hit nobody else. An issue that hits others too
// gets a diagnosis that rests on theirs. It may be stopped at any point, and run again. The context carries the tenant's
// System principal.
func (s *Store) EraseCustomer(ctx context.Context, customerID uuid.UUID) error {
	if err := s.eraseFindings(ctx, customerID); err != nil {
		return fmt.Errorf("erase customer %s from what is not counted yet: %w", customerID, err)
	}
	ids, err := s.issuesOf(ctx, customerID)
	if err != nil {
		return fmt.Errorf("find issues of customer %s: %w", customerID, err)
	}
	for some := range slices.Chunk(ids, erasedAtOnce) {
		if err := s.eraseFrom(ctx, customerID, some); err != nil {
			return fmt.Errorf("erase customer %s from issues: %w", customerID, err)
		}
	}
	if err := s.eraseWatched(ctx, customerID); err != nil {
		return fmt.Errorf("erase customer %s from what is watched: %w", customerID, err)
	}
	return nil
}

// erasedAtOnce is how many issues one transaction forgets a customer in.
const erasedAtOnce = 50

func (s *Store) eraseFindings(ctx context.Context, customerID uuid.UUID) error {
	return s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT commit_no, sightings FROM finding WHERE tenant_id = $1 FOR UPDATE", tx.TenantID())
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		var commitNo int64
		var row []byte
		if _, err := pgx.ForEachRow(rows, []any{&commitNo, &row}, func() error {
			list, err := Unpack(row)
			if err != nil {
				return err
			}
			of := func(g Sighting) bool { return g.CustomerID == customerID }
			if !slices.ContainsFunc(list, of) {
				return nil
			}
			list = slices.DeleteFunc(list, of)
			b.Queue("DELETE FROM finding WHERE tenant_id = $1 AND commit_no = $2", tx.TenantID(), commitNo)
			Enqueue(b, tx.TenantID(), commitNo, list)
			return nil
		}); err != nil {
			return err
		}
		return send(ctx, tx, b)
	})
}

func (s *Store) issuesOf(ctx context.Context, customerID uuid.UUID) (ids []uuid.UUID, err error) {
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT issue_id FROM issue_affected WHERE tenant_id = $1 AND customer_id = $2
			UNION SELECT issue_id FROM issue_evidence WHERE tenant_id = $1 AND customer_id = $2
			UNION SELECT issue_id FROM issue_minute WHERE tenant_id = $1 AND customer_id = $2 ORDER BY 1`, tx.TenantID(), customerID)
		if err == nil {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		}
		return err
	})
	return ids, err
}

// eraseWatched forgets what was seen of a customer of problems that are only watched.
func (s *Store) eraseWatched(ctx context.Context, customerID uuid.UUID) error {
	return s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, sqlUnknown, tx.TenantID()); err != nil {
			return err
		}
		return s.rewriteWatched(ctx, tx, func(all *sheet) bool { return all.erase(customerID) })
	})
}

// sqlUnknown forgets what is only watched, as older versions did, and of which it is not known any more whom it hit: it may have been the customer.
const sqlUnknown = `DELETE FROM issue i WHERE i.tenant_id = $1 AND i.status = 'WATCHED' AND NOT i.by_condition
	AND NOT EXISTS (SELECT FROM issue_minute m WHERE m.tenant_id = $1 AND m.issue_id = i.id)`

// sqlNobodyElse finds issues that nothing is left of.
const sqlNobodyElse = `DELETE FROM issue i WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[])
	AND NOT EXISTS (SELECT FROM issue_affected a WHERE a.tenant_id = $1 AND a.issue_id = i.id)
	AND NOT EXISTS (SELECT FROM issue_minute m WHERE m.tenant_id = $1 AND m.issue_id = i.id)
	AND NOT EXISTS (SELECT FROM issue c WHERE c.tenant_id = $1 AND c.parent_id = i.id AND c.id <> ALL ($2::uuid[]))`

func (s *Store) eraseFrom(ctx context.Context, customerID uuid.UUID, ids []uuid.UUID) error {
	now := s.now()
	err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		b := &pgx.Batch{}
		for _, table := range []string{"issue_affected", "issue_minute", "issue_evidence"} {
			b.Queue("DELETE FROM "+table+" WHERE tenant_id = $1 AND customer_id = $2 AND issue_id = ANY ($3::uuid[])", tx.TenantID(), customerID, tenant.UUIDs(ids))
		}
		b.Queue(sqlNobodyElse, tx.TenantID(), tenant.UUIDs(ids))
		// What a diagnosis says may be of the customer; the next one is of another's entry, or of nobody's.
		b.Queue("UPDATE issue SET diagnosis = NULL, changed_at = $3, change_no = 0 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids), now)
		return send(ctx, tx, b)
	})
	if err != nil {
		return err
	}
	return s.diagnoseAgain(ctx, ids)
}

// diagnoseAgain makes the diagnoses of issues whose own were erased.
func (s *Store) diagnoseAgain(ctx context.Context, ids []uuid.UUID) error {
	var bare []*record
	err := s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		bare, err = records(ctx, tx, "i.id = ANY ($2::uuid[]) AND i.diagnosis IS NULL AND i.status <> 'WATCHED'", tenant.UUIDs(ids))
		return err
	})
	if err != nil || len(bare) == 0 {
		return err
	}
	newest, err := s.newestEvidence(ctx, ids)
	if err != nil {
		return err
	}
	documents := make([]string, len(bare))
	for i, r := range bare {
		d := s.advice(r.category, r.provider)
		if !r.byCondition {
			d = s.diagnosis(ctx, r, newest[r.id])
		}
		document, err := json.Marshal(d)
		if err != nil {
			return err
		}
		documents[i] = storable(string(document))
	}
	return s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		b := &pgx.Batch{}
		for i, r := range bare {
			b.Queue("UPDATE issue SET diagnosis = $3::jsonb, change_no = 0 WHERE tenant_id = $1 AND id = $2 AND diagnosis IS NULL", tx.TenantID(), r.id, documents[i])
		}
		return send(ctx, tx, b)
	})
}

// expiredAtOnce is how many rows a transaction of Expire deletes.
const expiredAtOnce = 5000

// Expire forgets what was seen before a time: counts, evidence, and problems that are over or are none and were not seen
// since. It goes in small transactions; it may be stopped at any point, and run again.
func (s *Store) Expire(ctx context.Context, before time.Time) error {
	if err := s.expireWatched(ctx, before); err != nil {
		return fmt.Errorf("forget what was watched: %w", err)
	}
	for _, t := range []struct{ table, key, where string }{
		{"issue_minute", "issue_id, at, customer_id, connected_app_id", "at < $2"},
		{"issue_hour", "issue_id, at", "at < $2"},
		{"issue_evidence", "issue_id, entry_id", "at < $2"},
		{"issue", "id", "status IN ('WATCHED', 'RESOLVED', 'IGNORED') AND last_seen_at < $2"},
		{"issue_affected", "issue_id, customer_id, connected_app_id", "last_seen_at < $2 AND cleared_at < $2"},
	} {
		sql := fmt.Sprintf("DELETE FROM %[1]s WHERE tenant_id = $1 AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE tenant_id = $1 AND %[3]s LIMIT %[4]d)",
			t.table, t.key, t.where, expiredAtOnce)
		for more := true; more; {
			err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
				tag, err := tx.Pgx().Exec(ctx, sql, tx.TenantID(), before)
				more = tag.RowsAffected() == expiredAtOnce
				return err
			})
			if err != nil {
				return fmt.Errorf("forget rows of %s: %w", t.table, err)
			}
		}
	}
	return nil
}

// expireWatched forgets what was seen before a time, and what is not counted any more, of problems that are only watched.
func (s *Store) expireWatched(ctx context.Context, before time.Time) error {
	now := s.now()
	return s.writeSome(ctx, func(ctx context.Context, tx *tenant.Tx) (changed bool, err error) {
		if before.Before(now.Add(-counted)) {
			_, err := tx.Pgx().Exec(ctx, "DELETE FROM issue_watched WHERE tenant_id = $1 AND last_at < $2", tx.TenantID(), now.Add(-counted))
			return false, err
		}
		return false, s.rewriteWatched(ctx, tx, func(all *sheet) bool { return all.forget(before) })
	})
}
