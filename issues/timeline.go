package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/statistics"
)

const sqlTimeline = `SELECT width_bucket(at, $3::timestamptz[]), sum(occurrences)::bigint,
	count(DISTINCT customer_id) FILTER (WHERE customer_id <> '00000000-0000-0000-0000-000000000000')
FROM issue_minute WHERE tenant_id = $1 AND issue_id IN ` + family + ` AND at >= $4 AND at < $5 GROUP BY 1`

// Timeline tells how often an issue, with what is folded into it, was seen, bucket by bucket: all of them, empty ones too.
func (s *Store) Timeline(ctx context.Context, issueID uuid.UUID, b statistics.Buckets) ([]Point, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	points, bounds := make([]Point, b.Len()), make([]time.Time, b.Len())
	for i := range points {
		points[i].At, bounds[i] = b.At(i), b.Begin()
		if i > 0 {
			bounds[i] = b.End(i - 1)
		}
	}
	if len(points) == 0 {
		return points, nil
	}
	err := s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, batch *pgx.Batch) {
		batch.Queue(sqlTimeline, tenantID, issueID, bounds, b.Begin(), b.End(b.Len()-1))
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var at int
		var p Point
		_, err = pgx.ForEachRow(rows, []any{&at, &p.Occurrences, &p.Customers}, func() error {
			points[at-1].Occurrences, points[at-1].Customers = p.Occurrences, p.Customers
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the timeline of issue %s: %w", issueID, err)
	}
	return points, nil
}
