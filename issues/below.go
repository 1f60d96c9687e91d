package issues

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

const sqlCustomersBelow = `SELECT p.issue_id, p.id, p.total FROM (
	SELECT a.issue_id, a.customer_id AS id, count(*) OVER (PARTITION BY a.issue_id) AS total,
		row_number() OVER (PARTITION BY a.issue_id ORDER BY max(a.last_seen_at) DESC, a.customer_id DESC) AS place
	FROM issue i JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id
		AND a.last_seen_at >= i.began_at AND a.customer_id <> '00000000-0000-0000-0000-000000000000'
	WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) AND i.status <> 'WATCHED' GROUP BY 1, 2) p
WHERE p.place <= $3 ORDER BY p.issue_id, p.place`

// CustomersBelow gives the first page of Customers for each of many issues, in one round trip. Every id is in the map.
func (s *Store) CustomersBelow(ctx context.Context, issueIDs []uuid.UUID, first int) (map[uuid.UUID]page.Page[uuid.UUID], error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	if first < 1 {
		return nil, errs.Invalid("first", "must be at least 1")
	}
	out := make(map[uuid.UUID]page.Page[uuid.UUID], len(issueIDs))
	for _, id := range issueIDs {
		out[id] = page.Page[uuid.UUID]{}
	}
	err := s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sqlCustomersBelow, tenantID, tenant.UUIDs(issueIDs), first)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var issueID, id uuid.UUID
		var total int
		_, err = pgx.ForEachRow(rows, []any{&issueID, &id, &total}, func() error {
			out[issueID] = page.Page[uuid.UUID]{Items: append(out[issueID].Items, id), Total: total, HasNext: total > first}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the customers of issues: %w", err)
	}
	return out, nil
}

// ChildrenOf is Children of many issues. One without children is not in the map.
func (s *Store) ChildrenOf(ctx context.Context, parentIDs []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID][]uuid.UUID{}
	err := s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue("SELECT parent_id, id FROM issue WHERE tenant_id = $1 AND parent_id = ANY ($2::uuid[]) ORDER BY first_seen_at, id", tenantID, tenant.UUIDs(parentIDs))
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var parentID, id uuid.UUID
		_, err = pgx.ForEachRow(rows, []any{&parentID, &id}, func() error {
			out[parentID] = append(out[parentID], id)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is folded into issues: %w", err)
	}
	return out, nil
}
