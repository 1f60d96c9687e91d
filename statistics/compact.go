package statistics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

const (
	// smallRow is the size, in bytes, up to which rows of a day are merged: what is larger is read as quickly as it can be.
	// Of a day that is still written to, only the rows that commits wrote are.
	smallRow     = 32 << 10
	smallOpenRow = 4 << 10
	// openRows is how many small rows a day that is still written to has before merging them is worth it.
	openRows = 32
	// mergedAtOnce bounds what one transaction reads, in bytes.
	mergedAtOnce = 4 << 20
)

// Compaction tells how many rows Compact read, and what it made of them.
type Compaction struct{ Before, After int }

// Compact merges the rows that commits wrote for the minutes before a time, day by day. Each transaction replaces some
// rows; a reader sees the old or the new. It may be stopped at any point, and run again. Whoever else merges the tenant's
// rows is left to it.
func (s *Store) Compact(ctx context.Context, before time.Time) (done Compaction, err error) {
	open := before.UTC().Truncate(24 * time.Hour)
	var days []time.Time
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT day FROM statistic
WHERE tenant_id = $1 AND last_at < $2 AND octet_length(cells) < CASE WHEN day < $3 THEN $4::int ELSE $5::int END
GROUP BY day HAVING count(*) > CASE WHEN day < $3 THEN 1 ELSE $6::int END ORDER BY day`,
			tx.TenantID(), before, open, smallRow, smallOpenRow, openRows)
		if err == nil {
			days, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		}
		return err
	})
	if err != nil {
		return done, fmt.Errorf("find days whose statistics can be merged: %w", err)
	}
	for _, day := range days {
		limit := smallRow
		if !day.Before(open) {
			limit = smallOpenRow
		}
		for more := true; more; {
			if more, err = s.compactDay(ctx, day, before, limit, &done); err != nil {
				return done, fmt.Errorf("merge the statistics of %s: %w", day.Format(time.DateOnly), err)
			}
		}
	}
	return done, nil
}

const sqlTryLock = "SELECT pg_try_advisory_xact_lock(hashtextextended('weir.statistics:' || $1::text, 0))"

func (s *Store) compactDay(ctx context.Context, day, before time.Time, limit int, done *Compaction) (more bool, err error) {
	var ids []pgtype.UUID
	var merged []Row
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var free bool
		if err := tx.Pgx().QueryRow(ctx, sqlTryLock, tx.TenantID().String()).Scan(&free); err != nil || !free {
			return err
		}
		m := merging{collector: NewCollector()}
		if err := m.read(ctx, tx, day, before, limit); err != nil || len(m.ids) < 2 {
			return err
		}
		ids, merged = m.ids, m.collector.Pack()
		if _, err := tx.Pgx().Exec(ctx, "DELETE FROM statistic WHERE tenant_id = $1 AND day = $2 AND id = ANY($3)",
			pgx.QueryExecModeCacheDescribe, tx.TenantID(), day, ids); err != nil {
			return err
		}
		more = m.cut && len(merged) < len(ids)
		_, err := tx.Pgx().Exec(ctx, SQLAppend, append([]any{pgx.QueryExecModeCacheDescribe}, Columns(tx.TenantID(), m.commitNo, merged)...)...)
		return err
	})
	if err == nil {
		done.Before, done.After = done.Before+len(ids), done.After+len(merged)
	}
	return more && err == nil, err
}

// merging adds up rows that become fewer.
type merging struct {
	collector *Collector
	ids       []pgtype.UUID
	commitNo  int64
	cut       bool
}

func (m *merging) read(ctx context.Context, tx *tenant.Tx, day, before time.Time, limit int) error {
	rows, err := tx.Pgx().Query(ctx, `SELECT id, commit_no, cells FROM statistic
WHERE tenant_id = $1 AND day = $2 AND last_at < $3 AND octet_length(cells) < $4 ORDER BY first_at`,
		pgx.QueryExecModeCacheDescribe, tx.TenantID(), day, before, limit)
	if err != nil {
		return err
	}
	var id pgtype.UUID
	var no int64
	var packed []byte
	size := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &no, &packed}, func() error {
		if size += len(packed); size > mergedAtOnce {
			m.cut = true
			return nil
		}
		cells, err := Open(packed)
		if err != nil {
			return nil //nolint:nilerr // A row that cannot be read stays, and is reported by whoever reads figures.
		}
		m.ids, m.commitNo = append(m.ids, id), max(m.commitNo, no)
		var c Cell
		for i := range cells.Len() {
			cells.Cell(i, &c)
			m.collector.Add(&c)
		}
		return nil
	})
	return err
}
