package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// expireRowsAtOnce is how many rows one transaction deletes.
const expireRowsAtOnce = 1000

// expireFailures removes rows of failures, by kind. Where a policy reaches back to the first partition there is nothing that
// is older.
func (s *Store) expireFailures(ctx context.Context, r *Retention, first Day, dry bool, done *Expired) (err error) {
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		if r.entries[kind] <= first {
			continue
		}
		if done.Failures[kind], err = s.expireFailuresOf(ctx, kind, r.entries[kind].Time(), dry); err != nil {
			return fmt.Errorf("remove failures of %s that are over: %w", kind, err)
		}
	}
	return nil
}

func (s *Store) expireFailuresOf(ctx context.Context, kind entry.Kind, before time.Time, dry bool) (n int, err error) {
	if dry {
		return s.countOver(ctx, "SELECT count(*) FROM journal_failure WHERE tenant_id = $1 AND at < $2 AND kind = $3", before, int16(kind))
	}
	for more := true; more; {
		gone := 0
		if err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			rows, err := query(ctx, tx, `SELECT at, entry_id FROM journal_failure WHERE tenant_id = $1 AND at < $2 AND kind = $3
ORDER BY at, entry_id LIMIT $4`, tx.TenantID(), before, int16(kind), expireRowsAtOnce)
			if err != nil {
				return err
			}
			var at time.Time
			var id [16]byte
			var ats []time.Time
			var ids []uuid.UUID
			if _, err := pgx.ForEachRow(rows, []any{&at, &id}, func() error {
				ats, ids = append(ats, at), append(ids, id)
				return nil
			}); err != nil || len(ids) == 0 {
				return err
			}
			gone = len(ids)
			// The first and the last time say which partitions need a look.
			_, err = tx.Pgx().Exec(ctx, `DELETE FROM journal_failure
WHERE tenant_id = $1 AND at >= $4 AND at <= $5 AND at = ANY($2) AND (entry_id = ANY($3)) IS TRUE`, pgx.QueryExecModeCacheDescribe,
				tx.TenantID(), ats, tenant.UUIDs(ids), ats[0], ats[gone-1])
			return err
		}); err != nil {
			return n, err
		}
		n += gone
		more = gone == expireRowsAtOnce
	}
	return n, nil
}

// expireByDay deletes rows of a table that is not partitioned, of days before a time. Compaction does not put them back
// together meanwhile.
func (s *Store) expireByDay(ctx context.Context, table, key string, before time.Time, dry bool) (n int, err error) {
	if dry {
		return s.countOver(ctx, "SELECT count(*) FROM "+table+" WHERE tenant_id = $1 AND day < $2", before)
	}
	for more := true; more; {
		if err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			if _, err := tx.Pgx().Exec(ctx, sqlLockRewriting, tx.TenantID().String()); err != nil {
				return err
			}
			tag, err := tx.Pgx().Exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE tenant_id = $1 AND (%[2]s) IN
  (SELECT %[2]s FROM %[1]s WHERE tenant_id = $1 AND day < $2 LIMIT %[3]d)`, table, key, expireRowsAtOnce), tx.TenantID(), before)
			n += int(tag.RowsAffected())
			more = tag.RowsAffected() == expireRowsAtOnce
			return err
		}); err != nil {
			return n, fmt.Errorf("remove rows of %s that are over: %w", table, err)
		}
	}
	return n, nil
}

// countOver counts rows of the context's tenant, which is the statement's first argument.
func (s *Store) countOver(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return tx.Pgx().QueryRow(ctx, sql, append([]any{tx.TenantID()}, args...)...).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count what is over: %w", err)
	}
	return n, nil
}
