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
	of := span{MinuteOf(from), MinuteOf(to.Add(time.Minute - 1))}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlMark, pgx.QueryExecModeCacheDescribe, tx.TenantID(), dayOf(of.first))
		if err != nil {
			return fmt.Errorf("read how far statistics are: %w", err)
		}
		if _, err := pgx.ForEachRow(rows, []any{&next.No, &next.RolledUp}, func() error { return nil }); err != nil {
			return fmt.Errorf("read how far statistics are: %w", err)
		}
		if m == (Mark{}) || !m.RolledUp.Equal(next.RolledUp) {
			anew()
			return s.Cells(ctx, Filter{}, from, to, take)
		}
		if next.No = max(next.No, m.No); next.No == m.No {
			return nil
		}
		return s.readAfter(ctx, tx, m.No, next.No, of, take)
	})
	return next, err
}

func (s *Store) readAfter(ctx context.Context, tx *tenant.Tx, after, through int64, of span, take func(c *Cell)) error {
	rows, err := tx.Pgx().Query(ctx, sqlAfter, pgx.QueryExecModeCacheDescribe, tx.TenantID(), dayOf(of.first), timeOf(of.first), after, through)
	if err != nil {
		return fmt.Errorf("read new statistics: %w", err)
	}
	var id pgtype.UUID
	var packed pgtype.DriverBytes
	var cell Cell
	_, err = pgx.ForEachRow(rows, []any{&id, &packed}, func() error {
		cells, err := Open(packed)
		if err != nil {
			s.report(ctx, tx, id)
			return nil //nolint:nilerr // It is reported and left out.
		}
		for i := range cells.Len() {
			if of.has(cells.minutes[i]) {
				cells.Cell(i, &cell)
				take(&cell)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read new statistics: %w", err)
	}
	return nil
}
