package statistics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

const (
	// manyRows is how many rows of a day may wait before rolling it up is worth it while the day goes on, or soon after it was
	// done: a roll-up reads and writes the whole day, and readers are as right without it.
	manyRows = 32
	// againAfter is when what is late is rolled up, though it is little.
	againAfter = 6 * time.Hour
	// fullRow is from how many cells on a row by minute is left as it is.
	fullRow = mostCells / 2
	// atOnce bounds what one transaction takes of the rows that wait, in bytes.
	atOnce = 8 << 20
)

// Compaction tells how many rows of cells Compact read, and what it made of them.
type Compaction struct{ Before, After int }

// Compact rolls up what commits wrote for the minutes before a time, day by day: cells come into fewer rows, and what they
// add up to by hour and day stands beside. Each transaction does a day; a reader sees all of it before or after, and counts
// the same. It may be stopped at any point, and run again. Whoever else rolls up the tenant's days is left to it.
func (s *Store) Compact(ctx context.Context, before time.Time) (done Compaction, err error) {
	var days []time.Time
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT w.day
FROM (SELECT day, count(*) AS waiting FROM statistic WHERE tenant_id = $1 AND last_at < $2 GROUP BY day) w
WHERE w.waiting >= $3 OR w.day <= $2 - interval '24 hours' AND NOT EXISTS
  (SELECT FROM statistic_rollup r WHERE r.tenant_id = $1 AND r.day = w.day AND r.rolled_up_to > $4)
ORDER BY w.day`, tx.TenantID(), before, manyRows, before.Add(-againAfter))
		if err == nil {
			days, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		}
		return err
	})
	if err != nil {
		return done, fmt.Errorf("find days whose statistics can be rolled up: %w", err)
	}
	for _, day := range days {
		for more := true; more; {
			if more, err = s.compactDay(ctx, day, before, &done); err != nil {
				return done, fmt.Errorf("roll up the statistics of %s: %w", day.Format(time.DateOnly), err)
			}
		}
	}
	return done, nil
}

// Whoever rolls up, erases or removes a tenant's figures holds its lock: a roll-up says what the rows beside it add up to.
const (
	sqlLock    = "SELECT pg_advisory_xact_lock(" + lockKey + ") IS NOT NULL"
	sqlTryLock = "SELECT pg_try_advisory_xact_lock(" + lockKey + ")"
	lockKey    = "hashtextextended('weir.statistics:' || $1::text, 0)"
)

// sqlWaiting gives the rows of a day that wait, in the order of commits: what takes something back is not rolled up before
// what it takes back.
const sqlWaiting = `SELECT id, cells FROM statistic
WHERE tenant_id = $1 AND day = $2 AND last_at < $3
  AND commit_no < coalesce((SELECT min(commit_no) FROM statistic WHERE tenant_id = $1 AND day = $2 AND last_at >= $3), 9223372036854775807)
ORDER BY commit_no`

// compactDay rolls up a day, or, when very much waits, a part of what does.
func (s *Store) compactDay(ctx context.Context, day, before time.Time, done *Compaction) (more bool, err error) {
	c := compacting{store: s, day: day, before: before, rolling: newRolling(floorDiv(MinuteOf(day), minutesOfDay)), minutes: NewCollector()}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var free bool
		if err := tx.Pgx().QueryRow(ctx, sqlTryLock, tx.TenantID().String()).Scan(&free); err != nil || !free {
			return err
		}
		c.tx = tx
		if err := c.readWaiting(ctx); err != nil || len(c.waiting) == 0 {
			return err
		}
		if err := c.readRolledUp(ctx); err != nil {
			return err
		}
		return c.write(ctx)
	})
	if err == nil {
		done.Before += len(c.waiting) + len(c.merged)
		done.After += c.written
	}
	return c.cut && err == nil, err
}

// compacting is one transaction of Compact.
type compacting struct {
	store           *Store
	tx              *tenant.Tx
	day, before     time.Time
	rolling         *rolling
	minutes         *Collector
	waiting, merged []pgtype.UUID
	written         int
	cut             bool
}

func (c *compacting) readWaiting(ctx context.Context) error {
	size := 0
	return c.read(ctx, func(id pgtype.UUID, packed []byte) error {
		if size += len(packed); size > atOnce && len(c.waiting) > 0 {
			c.cut = true
			return nil
		}
		// One that cannot be read stays, and is reported by whoever reads figures.
		if cells, err := Open(packed); err == nil {
			c.waiting = append(c.waiting, id)
			c.rolling.add(cells)
			c.minutes.addRow(cells)
		}
		return nil
	}, sqlWaiting, c.tx.TenantID(), c.day, c.before)
}

// readRolledUp reads the rest of the day: roll-ups are made anew, of all cells.
func (c *compacting) readRolledUp(ctx context.Context) error {
	return c.read(ctx, func(id pgtype.UUID, packed []byte) error {
		cells, err := Open(packed)
		if err != nil {
			c.store.report(ctx, c.tx, id)
			return nil //nolint:nilerr // It is reported, and the rest of the day is rolled up.
		}
		c.rolling.add(cells)
		if cells.Len() < fullRow {
			c.merged = append(c.merged, id)
			c.minutes.addRow(cells)
		}
		return nil
	}, "SELECT id, cells FROM statistic_minute WHERE tenant_id = $1 AND day = $2 ORDER BY first_at", c.tx.TenantID(), c.day)
}

func (c *compacting) read(ctx context.Context, do func(id pgtype.UUID, packed []byte) error, sql string, args ...any) error {
	rows, err := c.tx.Pgx().Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	if err != nil {
		return err
	}
	var id pgtype.UUID
	var packed pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &packed}, func() error { return do(id, packed) })
	return err
}

// write puts the rows in the place of those that were read.
func (c *compacting) write(ctx context.Context) error {
	for _, gone := range []struct {
		table string
		ids   []pgtype.UUID
	}{{"statistic", c.waiting}, {"statistic_minute", c.merged}} {
		tag, err := c.exec(ctx, "DELETE FROM "+gone.table+" WHERE tenant_id = $1 AND day = $2 AND id = ANY($3)", c.tx.TenantID(), c.day, gone.ids)
		if err != nil {
			return err
		}
		if tag != int64(len(gone.ids)) {
			return fmt.Errorf("delete rows of %s: %d of %d are there", gone.table, tag, len(gone.ids))
		}
	}
	rows := c.minutes.Pack()
	c.written = len(rows)
	ids, cells := make([]pgtype.UUID, len(rows)), make([][]byte, len(rows))
	firsts, lasts := make([]time.Time, len(rows)), make([]time.Time, len(rows))
	for i := range rows {
		firsts[i], lasts[i], cells[i] = timeOf(rows[i].FirstMinute), timeOf(rows[i].LastMinute), rows[i].Packed
		ids[i] = pgtype.UUID{Bytes: nodeid.New(firsts[i]), Valid: true}
	}
	if _, err := c.exec(ctx, `INSERT INTO statistic_minute (tenant_id, day, id, first_at, last_at, cells)
SELECT $1, $2, m.* FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bytea[]) m`,
		c.tx.TenantID(), c.day, ids, firsts, lasts, cells); err != nil {
		return err
	}
	return c.writeRollups(ctx)
}

// writeRollups puts what was added up in the place of the day's roll-ups.
func (c *compacting) writeRollups(ctx context.Context) error {
	if _, err := c.exec(ctx, "DELETE FROM statistic_rollup WHERE tenant_id = $1 AND day = $2", c.tx.TenantID(), c.day); err != nil {
		return err
	}
	rollups := c.rolling.rollups()
	integrations, hours, parts := make([]pgtype.UUID, len(rollups)), make([][]byte, len(rollups)), make([][]byte, len(rollups))
	for i, r := range rollups {
		integrations[i], hours[i], parts[i] = pgtype.UUID{Bytes: r.integrationID, Valid: true}, r.hours, r.parts
	}
	_, err := c.exec(ctx, `INSERT INTO statistic_rollup (tenant_id, day, rolled_up_to, integration_id, hours, parts)
SELECT $1, $2, $3, r.* FROM unnest($4::uuid[], $5::bytea[], $6::bytea[]) r`, c.tx.TenantID(), c.day, c.before, integrations, hours, parts)
	return err
}

func (c *compacting) exec(ctx context.Context, sql string, args ...any) (rows int64, err error) {
	tag, err := c.tx.Pgx().Exec(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	return tag.RowsAffected(), err
}

// report says that a row cannot be read.
func (s *Store) report(ctx context.Context, tx *tenant.Tx, id pgtype.UUID) {
	s.log.LogAttrs(ctx, slog.LevelError, "statistics cannot be read and are left out", slog.String("tenant", tx.TenantID().String()),
		slog.String("row", uuid.UUID(id.Bytes).String()))
}
