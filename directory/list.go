package directory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// listing says how rows of one kind are listed: by a column and then by id.
type listing[T any] struct {
	// name is in the list's cursors.
	name string
	// column is what the list is ordered by before the id; a constant, never a caller's text.
	column string
	key    func(row *T) (column string, id uuid.UUID)
	// parse makes the column's value of its text in a cursor.
	parse func(text string) (any, error)
}

// load reads one page and the count of the whole list. where adds the filter to both queries.
func (l listing[T]) load(ctx context.Context, door *tenant.Door, req page.Request, where func(q *bun.SelectQuery)) (out page.Page[*T], err error) {
	if req.Size < 1 {
		return out, errs.Invalid("first", "must be at least 1")
	}
	after, err := l.position(req.After)
	if err != nil {
		return out, err
	}
	err = door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		query := func(model any) *bun.SelectQuery {
			q := tx.Bun().NewSelect().Model(model).Where("?TableAlias.tenant_id = ?", tx.TenantID())
			where(q)
			return q
		}
		total, err := query((*T)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		out.Total = int(total)
		q := query(&out.Items).OrderExpr("?TableAlias." + l.column + ", ?TableAlias.id").Limit(int64(req.Size) + 1)
		if after != nil {
			q.Where("(?TableAlias."+l.column+", ?TableAlias.id) > (?, ?)", after...)
		}
		return q.Scan(ctx)
	})
	if err != nil {
		return page.Page[*T]{}, fmt.Errorf("list %s: %w", l.name, err)
	}
	out.HasPrevious = req.After != ""
	if len(out.Items) > req.Size {
		out.Items, out.HasNext = out.Items[:req.Size], true
	}
	return out, nil
}

// position is the keys that a cursor holds, or nil for the start of the list.
func (l listing[T]) position(cursor string) ([]any, error) {
	if cursor == "" {
		return nil, nil
	}
	keys, err := page.DecodeCursor(l.name, cursor, 2)
	if err != nil {
		return nil, err
	}
	value, err := l.parse(keys[0])
	if err != nil {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	id, err := uuid.Parse(keys[1])
	if err != nil {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	return []any{value, id}, nil
}

func (l listing[T]) cursor(row *T) string {
	column, id := l.key(row)
	return page.EncodeCursor(l.name, column, id.String())
}

func parseName(text string) (any, error) { return text, nil }

func parseMicros(text string) (any, error) {
	micros, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMicro(micros).UTC(), err
}

func micros(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }

// byID makes a map of rows that were read by their ids.
func byID[T any](rows []*T, id func(*T) uuid.UUID) map[uuid.UUID]*T {
	out := make(map[uuid.UUID]*T, len(rows))
	for _, row := range rows {
		out[id(row)] = row
	}
	return out
}
