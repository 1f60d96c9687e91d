package journal

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/term"
	"github.com/weirhq/weir/tenant"
)

// sqlTerms has no limit: one row of a day holds all that there is of a term, or one of each commit until they are merged.
const sqlTerms = `SELECT day, terms FROM journal_term
WHERE tenant_id = $1 AND bucket = ANY($2) AND day >= $3 AND day < $4`

// termHints are the moments of terms.
func termHints(s *Store, w widening, hashes []int64) *hints {
	w.step = len(steps) - 1 // The rows of all days lie in one index.
	buckets := term.Buckets(hashes)
	read := func(ctx context.Context, tx *tenant.Tx, in window, limit int) ([]span, error) {
		rows, err := query(ctx, tx, sqlTerms, tx.TenantID(), buckets, dayOf(in.from).Time(), timeOf(in.to))
		if err != nil {
			return nil, fmt.Errorf("read where to look: %w", err)
		}
		f := &termFinder{log: s.log, window: in, hashes: hashes}
		var day time.Time
		var packed []byte
		if _, err := pgx.ForEachRow(rows, []any{&day, &packed}, func() error {
			f.row(ctx, day, packed)
			return nil
		}); err != nil {
			return nil, fmt.Errorf("read where to look: %w", err)
		}
		return f.inOrder(w.order, limit), nil
	}
	return &hints{widening: w, size: hintsAtOnce, read: read}
}

// termFinder collects the spans of terms that lie in a window.
type termFinder struct {
	log    *slog.Logger
	window window
	hashes []int64
	found  []term.Span
	spans  []span
}

// row looks into a row. Of one that cannot be read the whole day is looked through.
func (f *termFinder) row(ctx context.Context, day time.Time, packed []byte) {
	f.found = f.found[:0]
	for _, h := range f.hashes {
		var err error
		if f.found, err = term.Find(f.found, day.UnixMicro(), packed, h); err != nil {
			f.log.LogAttrs(ctx, slog.LevelError, "terms of a day cannot be read: the whole day is searched", slog.Time("day", day), slog.Any("error", err))
			f.found = append(f.found[:0], term.Span{First: day.UnixMicro(), Last: day.UnixMicro() + dayMicros - 1})
			break
		}
	}
	for _, s := range f.found {
		if s.First < f.window.to && s.Last >= f.window.from {
			f.spans = append(f.spans, span{first: s.First, last: s.Last})
		}
	}
}

// inOrder gives the first spans in the order of a walk.
func (f *termFinder) inOrder(order entry.Order, limit int) []span {
	slices.SortFunc(f.spans, func(a, b span) int {
		if order == entry.NewestFirst {
			a, b = b, a
		}
		return cmp.Compare(a.first, b.first)
	})
	return f.spans[:min(limit, len(f.spans))]
}
