package statistics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// Mark is how far somebody has read what commits wrote. The zero Mark has read nothing.
type Mark struct {
	// No is the last commit, and RolledUp up to when days were rolled up.
	No       int64
	RolledUp time.Time
}

const (
	sqlMark = `SELECT (SELECT coalesce(max(commit_no), 0) FROM statistic WHERE tenant_id = $1 AND day >= $2),
	(SELECT coalesce(max(rolled_up_to), 'epoch') FROM statistic_rollup WHERE tenant_id = $1 AND day >= $2)`

	sqlAfter = `SELECT id, cells FROM statistic WHERE tenant_id = $1 AND day >= $2 AND last_at >= $3 AND commit_no > $4 AND commit_no <= $5`
)

// CellsAfter gives what was counted by minute from one time on, to another, by commits behind a mark: whole minutes, in no
// order; and how far that is. Where figures were rolled up since, it is not known which of them are new: then anew is called
// first, and all are given. The cell is valid until take returns. Times must not be before those of the call that gave the
// mark.
func (s *Store) CellsAfter(ctx context.Context, m Mark, from, to time.Time, anew func(), take func(c *Cell)) (next Mark, err error) {
	var cell Cell
	a := readingOn{mark: m, of: spanOf(from, to), anew: anew, take: func(c *Cells) func(int) {
		return func(i int) {
			c.Cell(i, &cell)
			take(&cell)
		}
	}}
	return s.readOn(ctx, &a)
}

// TrafficAfter is CellsAfter without what Traffic does not say, which takes a third of the time: a row and the place of a
// cell in it at a time, all of a row one after the other.
func (s *Store) TrafficAfter(ctx context.Context, m Mark, from, to time.Time, anew func(), take func(t *Traffic, i int)) (next Mark, err error) {
	a := readingOn{mark: m, of: spanOf(from, to), lean: true, anew: anew, take: func(c *Cells) func(int) {
		t := &Traffic{c}
		return func(i int) { take(t, i) }
	}}
	return s.readOn(ctx, &a)
}

// readingOn is a reading of what commits behind a mark counted.
type readingOn struct {
	mark Mark
	of   span
	lean bool
	anew func()
	// take gives what takes the cells of a row, by their places.
	take func(c *Cells) func(i int)
}

func spanOf(from, to time.Time) span { return span{MinuteOf(from), MinuteOf(to.Add(time.Minute - 1))} }

// row gives the cells of a row that are of the time.
func (a *readingOn) row(c *Cells) {
	take := a.take(c)
	for i, minute := range c.minutes {
		if a.of.has(minute) {
			take(i)
		}
	}
}

func (s *Store) readOn(ctx context.Context, a *readingOn) (next Mark, err error) {
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlMark, pgx.QueryExecModeCacheDescribe, tx.TenantID(), dayOf(a.of.first))
		if err != nil {
			return fmt.Errorf("read how far statistics are: %w", err)
		}
		if _, err := pgx.ForEachRow(rows, []any{&next.No, &next.RolledUp}, func() error { return nil }); err != nil {
			return fmt.Errorf("read how far statistics are: %w", err)
		}
		if a.mark == (Mark{}) || !a.mark.RolledUp.Equal(next.RolledUp) {
			a.anew()
			return s.readAnew(ctx, a)
		}
		if next.No = max(next.No, a.mark.No); next.No == a.mark.No {
			return nil
		}
		return s.readAfter(ctx, tx, a, next.No)
	})
	return next, err
}

func (s *Store) readAnew(ctx context.Context, a *readingOn) error {
	if a.of.first >= a.of.end {
		return nil
	}
	return s.ask(ctx, &question{span: a.of, byMinute: spans{a.of}, lean: a.lean, waiting: a.row, minutes: a.row})
}

func (s *Store) readAfter(ctx context.Context, tx *tenant.Tx, a *readingOn, through int64) error {
	rows, err := tx.Pgx().Query(ctx, sqlAfter, pgx.QueryExecModeCacheDescribe, tx.TenantID(), dayOf(a.of.first), timeOf(a.of.first), a.mark.No, through)
	if err != nil {
		return fmt.Errorf("read new statistics: %w", err)
	}
	var id pgtype.UUID
	var packed pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &packed}, func() error {
		cells, err := open(packed, a.lean)
		if err != nil {
			s.report(ctx, tx, id)
			return nil //nolint:nilerr // It is reported and left out.
		}
		a.row(cells)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read new statistics: %w", err)
	}
	return nil
}
