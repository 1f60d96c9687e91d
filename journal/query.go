package journal

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Query asks for a page of entries.
type Query struct {
	Filter entry.Filter
	Order  entry.Order
	// First is how many, from 1 to MaxFirst.
	First int
	// After is where the page before ended; nil for the first page.
	After *entry.Position
}

// MaxFirst is how many entries a page has at most.
const MaxFirst = 1000

func (q *Query) checkFirst() error {
	if q.First < 1 || q.First > MaxFirst {
		return errs.Invalid("first", "first must be from 1 to %d", MaxFirst)
	}
	return nil
}

// Page is a page of entries. When HasNext is set, Resume is the position to go on after: that of the last item, or one
// further on when the page ended because looking for more cost too much. Such a page may have fewer items than were
// asked for, or none.
type Page struct {
	page.Page[*entry.Entry]
	Resume *entry.Position
}

// entryKinds are those that segments hold and lists show.
var entryKinds = slices.DeleteFunc(slices.Clone(entry.Kinds), func(k entry.Kind) bool { return k == entry.KindFlowRun })

// prepared is a filter made ready for a walk.
type prepared struct {
	filter entry.Filter
	match  *segment.Matcher
	search *segment.Search // nil when there is none
	// payloads says whether the search looks in headers and bodies: not for somebody who may not read them, and could
	// find out what is in them, word by word.
	payloads bool
	// lo ≤ micros < hi is where entries can be.
	lo, hi int64
}

// prepare makes a filter ready for the context's principal. ok is false when nothing can match.
func (s *Store) prepare(ctx context.Context, f entry.Filter, order entry.Order, after *entry.Position) (p *prepared, ok bool, err error) {
	principal, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, false, err
	}
	p = &prepared{filter: f, payloads: principal.SeesPayloads()}
	if !limit(&p.filter, principal.CustomerID) {
		return nil, false, nil
	}
	search, err := segment.ParseSearch(f.Search)
	if err != nil {
		return nil, false, err
	}
	if !search.Empty() {
		p.search = search
	}
	matcher, err := segment.NewMatcher(&p.filter)
	if err != nil {
		return nil, false, err
	}
	p.match = matcher.Page(order, after)
	first, last, ok, err := s.Days(ctx)
	if err != nil || !ok {
		return nil, false, err
	}
	lo, hi := p.match.Span()
	p.lo, p.hi = max(lo, first.micros()), min(hi, last.micros()+dayMicros)
	return p, p.lo < p.hi, nil
}

// farDays is from how many days on a walk goes far.
const farDays = 3

// goesFar tells whether the walk is likely to read segments of many days: a search finds little, and where it is nobody
// knows.
func (p *prepared) goesFar() bool { return p.search != nil && p.hi-p.lo >= farDays*dayMicros }

// limit narrows a filter to the customer that the principal is limited to. It is false when nothing is left.
func limit(f *entry.Filter, customer uuid.UUID) bool {
	if customer != uuid.Nil {
		if len(f.CustomerIDs) > 0 && !slices.Contains(f.CustomerIDs, customer) {
			return false
		}
		f.CustomerIDs = []uuid.UUID{customer}
	}
	return true
}

// guide chooses the quickest way through the time for a filter.
func (s *Store) guide(p *prepared, order entry.Order, sc *scan, first int) guide {
	w := widening{order: order, lo: p.lo, hi: p.hi, now: s.opt.Now().UnixMicro()}
	f := &p.filter
	switch {
	case f.FlowRunID != uuid.Nil:
		return termHints(s, w, []int64{entry.RunTerm(f.FlowRunID)})
	case f.TraceID != "":
		return termHints(s, w, []int64{entry.TermHash(entry.TermTrace, f.TraceID)})
	case f.Identifier != nil:
		return termHints(s, w, []int64{entry.TermHash(entry.TermIdentifier, f.Identifier.Value)})
	case len(f.IssueIDs) > 0 && !slices.Contains(f.IssueIDs, uuid.Nil):
		hashes := make([]int64, len(f.IssueIDs))
		for i, id := range f.IssueIDs {
			hashes[i] = entry.IssueTerm(id)
		}
		return termHints(s, w, hashes)
	case onlyFailures(f) && order == entry.NewestFirst && p.hi-p.lo <= dayMicros:
		// So short a time may have few segments, and reading those is one round trip less.
		sc.glance = func(until int64) guide {
			rest := w
			rest.hi = until
			return failureHints(rest, f, first)
		}
		return &calendar{w}
	case onlyFailures(f):
		return failureHints(w, f, first)
	case order == entry.OldestFirst:
		return &dayByDay{widening: w, scan: sc}
	case p.goesFar():
		w.step = len(steps) - 1
	}
	return &calendar{w}
}

func onlyFailures(f *entry.Filter) bool {
	return len(f.Statuses) > 0 && !slices.Contains(f.Kinds, entry.KindLogLine) &&
		!slices.ContainsFunc(f.Statuses, func(s entry.Status) bool { return s != entry.StatusFailure })
}

// Entries gives a page of the entries that match, with what lists show. Flow runs and log lines are not among them: see
// Logs and Lines. What is committed while pages are read appears where it happened; no page skips or repeats an entry
// that was there before. A filter by NodeRunID is quick when FlowRunID is given too. Errors: BadInput of first and of
// filter.search.
func (s *Store) Entries(ctx context.Context, q Query) (Page, error) {
	if err := q.checkFirst(); err != nil {
		return Page{}, err
	}
	var some bool
	if q.Filter, some = onlyEntries(q.Filter); !some {
		return Page{Page: page.Page[*entry.Entry]{HasPrevious: q.After != nil, Total: -1}}, nil
	}
	return s.page(ctx, q, false)
}

// onlyEntries narrows a filter to the kinds that are entries; it is false when none is left.
func onlyEntries(f entry.Filter) (entry.Filter, bool) {
	if len(f.Kinds) == 0 {
		f.Kinds = entryKinds
		return f, true
	}
	f.Kinds = slices.DeleteFunc(slices.Clone(f.Kinds), func(k entry.Kind) bool { return !slices.Contains(entryKinds, k) })
	return f, len(f.Kinds) > 0
}

// page walks until the page is full.
func (s *Store) page(ctx context.Context, q Query, details bool) (Page, error) {
	out := Page{Page: page.Page[*entry.Entry]{HasPrevious: q.After != nil, Total: -1}}
	if err := q.checkFirst(); err != nil {
		return out, err
	}
	p, ok, err := s.prepare(ctx, q.Filter, q.Order, q.After)
	if err != nil || !ok {
		return out, err
	}
	err = s.walk(ctx, p, func(ctx context.Context, r *reader) error {
		sc := newScan(r, p, q.Order, q.After)
		sc.guide = s.guide(p, q.Order, sc, q.First)
		var hits []hit
		for len(hits) <= q.First {
			h, ok, err := sc.next(ctx)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			hits = append(hits, h)
		}
		if len(hits) > q.First {
			hits = hits[:q.First]
			last := hits[q.First-1].position()
			out.HasNext, out.Resume = true, &last
		} else if sc.stopped {
			out.HasNext, out.Resume = true, sc.reached
		}
		out.Items, err = r.entries(ctx, hits, details)
		return err
	})
	return out, err
}
