package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// hints reads moments at which something may match from an index table, and makes windows of the days that have some.
type hints struct {
	widening
	// rest is what is left of the widening window that is looked through.
	rest window
	// ready are windows that were found and not given out yet.
	ready []window
	// size is how many moments are read at once; limit is the same or more, while one day has more than that.
	size, limit int
	// points says that moments do not last: all before the last that was read are known.
	points bool
	read   func(ctx context.Context, tx *tenant.Tx, w window, limit int) ([]span, error)
}

const (
	// fewestHints and hintsAtOnce are how many moments are read at first, and later; mostHints is when a day has so many
	// that it is read whole.
	fewestHints = 32
	hintsAtOnce = 512
	mostHints   = 1 << 15
	// gapDays is how many days without a moment a window may have. Planning a query over their partitions costs as much
	// as one query more.
	gapDays = 4
	// spansAtOnce is how many spans one query compares each segment with.
	spansAtOnce = 64
)

func (h *hints) next(ctx context.Context, tx *tenant.Tx) (window, bool, error) {
	for len(h.ready) == 0 {
		if h.rest.from >= h.rest.to {
			from, to, ok := h.widening.next()
			if !ok {
				return window{}, false, nil
			}
			h.rest, h.limit = window{from: from, to: to}, h.size
		}
		found, err := h.read(ctx, tx, h.rest, h.limit)
		if err != nil {
			return window{}, false, err
		}
		h.take(found)
	}
	w := h.ready[0]
	h.ready = h.ready[1:]
	return w, true, nil
}

// take makes windows of what was found in the rest, in order. When there may be more, what may go on behind the last
// moment is not complete, and is looked through again.
func (h *hints) take(found []span) {
	region := h.rest
	if len(found) >= h.limit {
		last := found[len(found)-1].first
		if found = found[:h.complete(&region, found)]; len(found) == 0 {
			h.widen(dayOf(last).micros())
			return
		}
	}
	h.skip(region)
	for len(found) > 0 {
		n := near(found)
		low, high := dayOf(found[0].first).micros(), dayOf(found[n-1].first).micros()
		if h.order == entry.NewestFirst {
			low, high = high, low
		}
		h.ready = append(h.ready, window{from: max(region.from, low), to: min(region.to, high+dayMicros), spans: union(found[:n])})
		found = found[n:]
	}
}

// near is how many moments from the first on lie in days that are not far apart.
func near(found []span) int {
	for i := 1; i < len(found); i++ {
		if days := dayOf(found[i].first) - dayOf(found[i-1].first); days > gapDays || days < -gapDays {
			return i
		}
	}
	return len(found)
}

// complete narrows the region to what the moments found cover, and tells how many of them lie in it.
func (h *hints) complete(region *window, found []span) int {
	last := found[len(found)-1].first
	first, end := dayOf(last).micros(), dayOf(last).micros()+dayMicros
	if h.points {
		first, end = last, last+1
	}
	if h.order == entry.NewestFirst {
		region.from = max(region.from, end)
		return slices.IndexFunc(found, func(s span) bool { return s.first < end })
	}
	region.to = min(region.to, first)
	return slices.IndexFunc(found, func(s span) bool { return s.first >= first })
}

// widen reads more at once, as one day has more than the limit; a day with too many is read whole.
func (h *hints) widen(day int64) {
	if h.limit *= 8; h.limit <= mostHints {
		return
	}
	whole := window{from: max(h.rest.from, day), to: min(h.rest.to, day+dayMicros)}
	h.ready = append(h.ready, whole)
	h.skip(whole)
}

// skip takes what was looked through off the rest.
func (h *hints) skip(done window) {
	h.size = min(2*h.size, hintsAtOnce)
	h.limit = h.size
	if h.order == entry.NewestFirst {
		h.rest.to = done.from
	} else {
		h.rest.from = done.to
	}
}

// union sorts spans and joins those that touch; when they are many, those that are near.
func union(spans []span) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	for gap := int64(0); ; gap = 4*gap + 1_000_000 {
		out := spans[:1]
		for _, s := range spans[1:] {
			if last := &out[len(out)-1]; s.first <= last.last+gap {
				last.last = max(last.last, s.last)
			} else {
				out = append(out, s)
			}
		}
		if spans = out; len(spans) <= spansAtOnce {
			return spans
		}
	}
}

// failureHints are the moments of failures that match as far as their rows tell: at first about as many as are asked for.
func failureHints(w widening, f *entry.Filter, first int) *hints {
	where, args := failureWhere(f)
	direction := direction(w.order)
	sql := "SELECT at, at FROM journal_failure WHERE tenant_id = $1 AND at >= $2 AND at < $3" + where +
		" ORDER BY at" + direction + " LIMIT $4"
	return &hints{widening: w, size: min(max(fewestHints, first+1), hintsAtOnce), points: true, read: func(ctx context.Context, tx *tenant.Tx, w window, limit int) ([]span, error) {
		return readSpans(ctx, tx, sql, append([]any{tx.TenantID(), timeOf(w.from), timeOf(w.to), limit}, args...)...)
	}}
}

func failureWhere(f *entry.Filter) (where string, args []any) {
	anyOf := func(column, kind string, list any) {
		args = append(args, list)
		where += fmt.Sprintf(" AND %s = ANY($%d::%s[])", column, len(args)+4, kind)
	}
	for _, c := range []struct {
		column string
		ids    []uuid.UUID
	}{{"customer_id", f.CustomerIDs}, {"integration_id", f.IntegrationIDs}, {"connected_app_id", f.ConnectedAppIDs}} {
		// An id of nil asks for what has none, which is NULL here.
		if len(c.ids) > 0 && !slices.Contains(c.ids, uuid.Nil) {
			anyOf(c.column, "uuid", tenant.UUIDs(c.ids))
		}
	}
	kinds := make([]int16, len(f.Kinds))
	for i, k := range f.Kinds {
		kinds[i] = int16(k)
	}
	anyOf("kind", "smallint", kinds)
	if len(f.ErrorCodes) > 0 && !slices.Contains(f.ErrorCodes, "") {
		anyOf("error_code", "text", f.ErrorCodes)
	}
	if eq := f.StatusCode.Equal; eq != nil {
		anyOf("status_code", "int", []int32{int32(*eq)})
	}
	return where, args
}

func readSpans(ctx context.Context, tx *tenant.Tx, sql string, args ...any) ([]span, error) {
	rows, err := query(ctx, tx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read where to look: %w", err)
	}
	var spans []span
	var first, last time.Time
	_, err = pgx.ForEachRow(rows, []any{&first, &last}, func() error {
		spans = append(spans, span{first: first.UnixMicro(), last: last.UnixMicro()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read where to look: %w", err)
	}
	return spans, nil
}

// query runs a statement that is planned anew each time, for the partitions that its arguments need, and answers in
// binary, whatever the mode of the pool is.
func query(ctx context.Context, tx *tenant.Tx, sql string, args ...any) (pgx.Rows, error) {
	return tx.Pgx().Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}

func direction(order entry.Order) string {
	if order == entry.NewestFirst {
		return " DESC"
	}
	return ""
}
