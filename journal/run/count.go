package run

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/tenant"
)

// Count is how many runs stand in one of the equal parts of a span of time.
type Count struct {
	// Part counts from 0.
	Part          int `bun:"part"`
	Total, Failed int
}

// Count counts the runs that match by equal parts of the span [from, from+length), in microseconds since 1970. A part
// without any is not among them. The filter's Search is not looked at: runs whose text must be read are listed.
func (s *Store) Count(ctx context.Context, f Filter, from, length int64, parts int) (counts []Count, err error) {
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		q := tx.Bun().NewSelect().Model((*runRow)(nil)).
			ColumnExpr("((extract(epoch FROM r.at) * 1000000)::bigint - ?) * ? / ? AS part", from, parts, length).
			ColumnExpr("count(*) AS total, count(*) FILTER (WHERE r.status = 'FAILED') AS failed").
			Where("r.tenant_id = ?", tx.TenantID()).Where("r.flow_id IS NOT NULL").
			Where("r.at >= ? AND r.at < ?", micros(from), micros(from+length)).GroupExpr("1")
		f.where(q)
		if err := q.Scan(ctx, &counts); err != nil {
			return fmt.Errorf("count flow runs: %w", err)
		}
		return nil
	})
	return counts, err
}
