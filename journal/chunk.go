package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// sqlWhere is what every statement over segments says: the tenant, the partitions, what the masks exclude.
const sqlWhere = ` FROM journal_segment s WHERE tenant_id = $1 AND last_at >= $2 AND last_at < $3 AND first_at < $4 AND NOT damaged
  AND ($5::int = 0 OR kinds & $5 <> 0) AND ($6::int = 0 OR statuses & $6 <> 0)
  AND ($7::bigint = 0 OR customers & $7 <> 0) AND ($8::bigint = 0 OR integrations & $8 <> 0)`

const sqlSelect = "SELECT id, first_at, last_at, entries, format"

const sqlSpans = ` AND EXISTS (SELECT FROM unnest($12::timestamptz[], $13::timestamptz[]) t(first, last)
  WHERE t.first <= s.last_at AND t.last >= s.first_at)`

func (s *scan) where(from, to int64) []any {
	m := s.match.Masks()
	return []any{s.tx.TenantID(), timeOf(from), timeOf(dayOf(to-1).micros() + dayMicros), timeOf(to), int32(m.Kinds), int32(m.Statuses),
		int64(m.Customers), int64(m.Integrations)}
}

// readSegments reads up to n segments of the window behind the cursor.
func (s *scan) readSegments(ctx context.Context, n int, parts part) ([]*opened, error) {
	from, to := s.window.from, s.window.to
	args := s.where(from, to)
	sql := sqlWhere
	if s.order == entry.NewestFirst {
		// What the cursor has passed need not be planned for.
		args[2] = timeOf(min(dayOf(to-1).micros()+dayMicros, s.cursor.micros+1))
		sql += " AND (last_at, id) < ($9, $10)"
	} else {
		args[1] = timeOf(max(from, s.cursor.micros))
		sql += " AND (first_at, id) > ($9, $10)"
	}
	args = append(args, timeOf(s.cursor.micros), s.cursor.id, n)
	if s.window.spans != nil {
		firsts, lasts := make([]time.Time, len(s.window.spans)), make([]time.Time, len(s.window.spans))
		for i, sp := range s.window.spans {
			firsts[i], lasts[i] = timeOf(sp.first), timeOf(sp.last)
		}
		sql, args = sql+sqlSpans, append(args, firsts, lasts)
	}
	if s.order == entry.NewestFirst {
		sql += " ORDER BY last_at DESC, id DESC LIMIT $11"
	} else {
		sql += " ORDER BY first_at, id LIMIT $11"
	}
	if s.covers() {
		return s.readCovering(ctx, parts, sql, args)
	}
	return s.segments(ctx, parts, sqlSelect+columns(parts)+sql, args...)
}

// firstAfter is the last time of the first segment of the window that the masks do not exclude.
func (s *scan) firstAfter(ctx context.Context, tx *tenant.Tx, w window) (micros int64, ok bool, err error) {
	var at time.Time
	row := tx.Pgx().QueryRow(ctx, "SELECT last_at"+sqlWhere+" ORDER BY last_at, id LIMIT 1",
		append([]any{pgx.QueryExecModeCacheDescribe}, s.where(w.from, w.to)...)...)
	if err := row.Scan(&at); errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	} else if err != nil {
		return 0, false, fmt.Errorf("find the next day with entries: %w", err)
	}
	return at.UnixMicro(), true, nil
}
