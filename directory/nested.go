package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// Head asks for the first rows below parents: how many, and whether they are to be counted.
type Head struct {
	First int
	Total bool
}

// nestedSQL is how the first rows of many parents are read at once: $1 is the tenant, $2 the parents' ids, $3 how many
// of each. Both statements go in one round trip.
type nestedSQL struct {
	page string
	// count gives a parent's id and its number of rows.
	count string
}

func nested[T any](ctx context.Context, door *tenant.Door, parents []uuid.UUID, head Head, sql nestedSQL, parent func(*T) uuid.UUID) (map[uuid.UUID]page.Page[*T], error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	if head.First < 1 {
		return nil, errs.Invalid("first", "must be at least 1")
	}
	parents = distinct(parents)
	out := make(map[uuid.UUID]page.Page[*T], len(parents))
	for _, id := range parents {
		out[id] = page.Page[*T]{}
	}
	err := door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sql.page, tenantID, tenant.UUIDs(parents), head.First+1)
		if head.Total {
			b.Queue(sql.count, tenantID, tenant.UUIDs(parents))
		}
	}, func(r pgx.BatchResults) error {
		rows, err := collectNext[T](r)
		if err != nil {
			return err
		}
		for _, row := range rows {
			id := parent(row)
			p := out[id]
			if len(p.Items) == head.First {
				p.HasNext = true
			} else {
				p.Items = append(p.Items, row)
			}
			out[id] = p
		}
		if !head.Total {
			return nil
		}
		return readTotals(r, out)
	})
	if err != nil {
		return nil, fmt.Errorf("read nested rows: %w", err)
	}
	return out, nil
}

func readTotals[T any](r pgx.BatchResults, out map[uuid.UUID]page.Page[*T]) error {
	rows, err := r.Query()
	if err != nil {
		return err
	}
	var id uuid.UUID
	var total int
	_, err = pgx.ForEachRow(rows, []any{&id, &total}, func() error {
		p, ok := out[id]
		if !ok {
			return errors.New("a count of a parent that was not asked for")
		}
		p.Total = total
		out[id] = p
		return nil
	})
	return err
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
