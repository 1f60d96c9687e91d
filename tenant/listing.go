package tenant

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
)

// Listing says how rows of one kind, a bun model with tenant_id and id, are listed: by a column and then by id.
type Listing[T any] struct {
	// Name is in the list's cursors.
	Name string
	// Column is what the list is ordered by before the id; a constant, never a caller's text.
	Column string
	// Key gives a row's column, as text, and id.
	Key func(row *T) (column string, id uuid.UUID)
	// NewestFirst turns the order round.
	NewestFirst bool
	// Uncounted lists are too long to count them: Total is 0.
	Uncounted bool
	// Parse makes the column's value of its text in a cursor.
	Parse func(text string) (any, error)
}

// Load reads one page and, unless the list is uncounted, the count of the whole list, in one transaction of the context's tenant. where adds the
// filter to both queries. A cursor of another list, or a size under 1, is BadInput.
func (l Listing[T]) Load(ctx context.Context, door *Door, req page.Request, where func(q *bun.SelectQuery)) (out page.Page[*T], err error) {
	if req.Size < 1 {
		return out, errs.Invalid("first", "must be at least 1")
	}
	after, err := l.position(req.After)
	if err != nil {
		return out, err
	}
	err = door.Read(ctx, func(ctx context.Context, tx *Tx) error {
		query := func(model any) *bun.SelectQuery {
			q := tx.Bun().NewSelect().Model(model).Where("?TableAlias.tenant_id = ?", tx.TenantID())
			where(q)
			return q
		}
		if !l.Uncounted {
			total, err := query((*T)(nil)).Count(ctx)
			if err != nil {
				return err
			}
			out.Total = int(total)
		}
		direction, beyond := "", " > "
		if l.NewestFirst {
			direction, beyond = " DESC", " < "
		}
		q := query(&out.Items).OrderExpr("?TableAlias." + l.Column + direction + ", ?TableAlias.id" + direction).Limit(int64(req.Size) + 1)
		if after != nil {
			q.Where("(?TableAlias."+l.Column+", ?TableAlias.id)"+beyond+"(?, ?)", after...)
		}
		return q.Scan(ctx)
	})
	if err != nil {
		return page.Page[*T]{}, fmt.Errorf("list %s: %w", l.Name, err)
	}
	out.HasPrevious = req.After != ""
	if len(out.Items) > req.Size {
		out.Items, out.HasNext = out.Items[:req.Size], true
	}
	return out, nil
}

// position is the keys that a cursor holds, or nil for the start of the list.
func (l Listing[T]) position(cursor string) ([]any, error) {
	if cursor == "" {
		return nil, nil
	}
	keys, err := page.DecodeCursor(l.Name, cursor, 2)
	if err != nil {
		return nil, err
	}
	value, err := l.Parse(keys[0])
	if err != nil {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	id, err := uuid.Parse(keys[1])
	if err != nil {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	return []any{value, id}, nil
}

// Cursor is the row's place in the list.
func (l Listing[T]) Cursor(row *T) string {
	column, id := l.Key(row)
	return page.EncodeCursor(l.Name, column, id.String())
}

// ByText is for lists that are ordered by text.
func ByText(text string) (any, error) { return text, nil }

// ByTime is for lists that are ordered by a time, which TimeKey writes.
func ByTime(text string) (any, error) {
	micros, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMicro(micros).UTC(), err
}

// TimeKey is a time in a cursor: microseconds since 1970.
func TimeKey(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }
