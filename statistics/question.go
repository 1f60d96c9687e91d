package statistics

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// question is what is read, in one statement: cells that wait to be rolled up, cells by minute, and roll-ups. Whoever takes
// them counts each entry once: by minute what is in the spans, and by roll-up the rest of what is rolled up.
type question struct {
	span
	byMinute spans
	// one asks for roll-ups of an integration; else all are read.
	one         bool
	integration uuid.UUID
	// lean leaves out of cells what Traffic does not say.
	lean bool
	// waiting and minutes take cells. The first are in no roll-up, the others are in one.
	waiting, minutes func(*Cells)
	// hours takes an integration's hours of a day, by the day's first minute, and parts the cells of a day, or those by minute
	// where they are few. Nil asks for none. Either also gets days that are to be read by minute.
	hours func(first int64, s *section) error
	parts func(*Cells)
}

// The sources of a row.
const (
	ofWaiting = iota
	ofMinutes
	ofRollups
	ofFew
)

const (
	sqlCells = `SELECT 0::smallint, day, id, cells, NULL::bytea FROM statistic
WHERE tenant_id = $1 AND day >= $2 AND day <= $3 AND last_at >= $4 AND first_at < $5
UNION ALL
SELECT 1::smallint, m.day, m.id, m.cells, NULL FROM unnest($6::timestamptz[], $7::timestamptz[], $8::timestamptz[]) w (day, first_at, end_at)
JOIN statistic_minute m ON m.tenant_id = $1 AND m.day = w.day AND m.last_at >= w.first_at AND m.first_at < w.end_at`

	sqlRollups = sqlCells + `
UNION ALL
SELECT 2::smallint, day, integration_id, CASE WHEN $9 THEN hours END, CASE WHEN $10 THEN parts END FROM statistic_rollup
WHERE tenant_id = $1 AND day >= $2 AND day <= $3`

	sqlRollupsOfOne = sqlRollups + " AND integration_id = ANY($11)"

	// sqlFew adds the cells by minute of days that have no parts.
	sqlFew = `
UNION ALL
SELECT 3::smallint, day, id, cells, NULL FROM statistic_minute
WHERE tenant_id = $1 AND day IN (SELECT day FROM statistic_rollup WHERE tenant_id = $1 AND day >= $2 AND day <= $3 AND parts IS NULL)`
)

// ask reads what is asked. A row that cannot be read is reported and left out: the figures are too low then.
func (s *Store) ask(ctx context.Context, q *question) error {
	return s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		days, firsts, ends := q.byMinute.within(q.span).windows()
		sql := sqlCells
		args := []any{tx.TenantID(), dayOf(q.first), dayOf(q.end - 1), timeOf(q.first), timeOf(q.end), days, firsts, ends}
		if q.hours != nil || q.parts != nil {
			sql, args = sqlRollups, append(args, q.hours != nil, q.parts != nil)
			if q.one {
				sql, args = sqlRollupsOfOne, append(args, tenant.UUIDs([]uuid.UUID{q.integration, shared}))
			}
			if q.parts != nil {
				sql += sqlFew
			}
		}
		rows, err := tx.Pgx().Query(ctx, sql, args...)
		if err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		var source int16
		var day pgtype.Timestamptz
		var id pgtype.UUID
		var packed, parts pgtype.DriverBytes
		if _, err := pgx.ForEachRow(rows, []any{&source, &day, &id, &packed, &parts}, func() error {
			if err := q.take(source, MinuteOf(day.Time), packed, parts); err != nil {
				s.report(ctx, tx, id)
			}
			return nil
		}); err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		return nil
	})
}

func (q *question) take(source int16, day int64, packed, parts []byte) error {
	if source == ofRollups {
		return q.takeRollup(day, packed, parts)
	}
	cells, err := open(packed, q.lean)
	if err != nil {
		return err
	}
	switch source {
	case ofWaiting:
		q.waiting(cells)
	case ofMinutes:
		q.minutes(cells)
	default:
		q.parts(cells)
	}
	return nil
}

func (q *question) takeRollup(day int64, packed, parts []byte) error {
	if packed != nil {
		sections, err := openHours(packed)
		if err != nil {
			return err
		}
		for i := range sections {
			if q.one && sections[i].integrationID != q.integration {
				continue
			}
			if err := q.hours(day, &sections[i]); err != nil {
				return err
			}
		}
	}
	if parts == nil {
		return nil
	}
	cells, err := Open(parts)
	if err == nil {
		q.parts(cells)
	}
	return err
}

// byDays asks for cells of whole days from roll-ups, where no bound lies within a day, and else for those by minute. Each
// cell that the filter lets through is given once.
func (s *Store) byDays(ctx context.Context, f Filter, of span, byMinute spans, take func(c *Cells, i int)) error {
	q := question{span: of, byMinute: byMinute, one: f.IntegrationID != uuid.Nil, integration: f.IntegrationID}
	each := func(c *Cells, wanted func(minute int64) bool) {
		match, some := f.on(c, of)
		for i := 0; some && i < c.Len(); i++ {
			if match.has(i) && wanted(c.minutes[i]) {
				take(c, i)
			}
		}
	}
	q.waiting = func(c *Cells) { each(c, func(int64) bool { return true }) }
	q.minutes = func(c *Cells) { each(c, byMinute.has) }
	if !byMinute.cover(of) {
		q.parts = func(c *Cells) { each(c, func(minute int64) bool { return !byMinute.has(minute) }) }
	}
	return s.ask(ctx, &q)
}
