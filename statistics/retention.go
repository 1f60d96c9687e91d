package statistics

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/tenant"
)

// Expired tells how many rows Expire removed, or would remove.
type Expired struct{ Waiting, Minutes, Rollups int }

const expireAtOnce = 1000

// Expire removes the figures of the context's tenant that are of days before the day of a time (UTC). It goes in small
// transactions; it may be stopped at any point, and run again. With dry it removes nothing, and tells what it would.
func (s *Store) Expire(ctx context.Context, before time.Time, dry bool) (done Expired, err error) {
	day := dayOf(MinuteOf(before))
	for _, t := range []struct {
		table, key string
		n          *int
	}{
		{"statistic", "day, id", &done.Waiting}, {"statistic_minute", "day, id", &done.Minutes},
		{"statistic_rollup", "integration_id, day", &done.Rollups},
	} {
		if err := s.expire(ctx, t.table, t.key, day, dry, t.n); err != nil {
			return done, fmt.Errorf("remove rows of %s that are over: %w", t.table, err)
		}
	}
	return done, nil
}

func (s *Store) expire(ctx context.Context, table, key string, before time.Time, dry bool, n *int) error {
	if dry {
		return s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE tenant_id = $1 AND day < $2", tx.TenantID(), before).Scan(n)
		})
	}
	for more := true; more; {
		if err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			if _, err := tx.Pgx().Exec(ctx, sqlLock, tx.TenantID().String()); err != nil {
				return err
			}
			tag, err := tx.Pgx().Exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE tenant_id = $1 AND (%[2]s) IN
  (SELECT %[2]s FROM %[1]s WHERE tenant_id = $1 AND day < $2 LIMIT %[3]d)`, table, key, expireAtOnce), tx.TenantID(), before)
			more = tag.RowsAffected() == expireAtOnce
			*n += int(tag.RowsAffected())
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
