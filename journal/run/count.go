package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// Count is how many runs stand in one of the equal parts of a span of time.
type Count struct {
	// Part counts from 0.
	Part          int
	Total, Failed int
}

// Count counts the runs that match by equal parts of the span [from, from+length), in microseconds since 1970. A part
// without any is not among them. The filter's Search is not looked at: runs whose text must be read are listed.
func (s *Store) Count(ctx context.Context, f Filter, from, length int64, parts int) (counts []Count, err error) {
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		q := newSelection(tx.TenantID(), "((extract(epoch FROM r.at) * 1000000)::bigint - $2::bigint) * $3::bigint / $4::bigint",
			"count(*)", "count(*) FILTER (WHERE r.status = 'FAILED')")
		q.args = append(q.args, from, parts, length)
		q.and("r.at >= ? AND r.at < ?", micros(from), micros(from+length))
		f.where(q)
		q.add(" GROUP BY 1")
		rows, err := tx.Pgx().Query(ctx, q.text.String(), q.args...)
		if err == nil {
			counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
		}
		if err != nil {
			return fmt.Errorf("count flow runs: %w", err)
		}
		return nil
	})
	return counts, err
}
