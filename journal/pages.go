package journal

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
)

// PagesQuery asks for the page of a query below each of many parents.
type PagesQuery struct {
	Query
	// Of is ParentCustomer, ParentIntegration or ParentConnectedApp. Parents are at most 1,000.
	Of      entry.ParentKind
	Parents []entry.Parent
}

// Pages gives for each parent, by its id, the page that Entries gives when the filter asks for that parent too. The pages
// are read in one walk, which goes on until the last of them is full: one parent with few entries makes it as long as
// Entries would for that parent alone, and what it may cost bounds it as a whole. Where that ends it, the pages that are
// not full have a next one and say where to go on. Errors are those of Entries.
func (s *Store) Pages(ctx context.Context, q PagesQuery) (map[uuid.UUID]Page, error) {
	if err := q.checkFirst(); err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]Page, len(q.Parents))
	for _, parent := range q.Parents {
		out[parent.ID] = Page{Page: page.Page[*entry.Entry]{HasPrevious: q.After != nil, Total: -1}}
	}
	d := newDivision(&q)
	f, some := onlyEntries(q.Filter)
	if !some || len(d.open) == 0 {
		return out, nil
	}
	d.narrow(&f)
	d.hint(&f)
	p, ok, err := s.prepare(ctx, f, q.Order, q.After)
	if err != nil || !ok {
		return out, err
	}
	d.limit(&p.filter)
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		sc := newScan(r, p, q.Order, q.After)
		sc.guide = s.guide(p, q.Order, sc, q.First*len(d.open))
		sc.divide(d)
		if err := d.fill(ctx, sc); err != nil {
			return err
		}
		return d.pages(ctx, sc, out)
	})
	return out, err
}

const (
	// coverEach is how many entries the first chunk of a walk for many pages covers for each that is wanted, in however many
	// segments they lie, and coverGrowth how many times more each chunk after it. The parent that has least decides how far
	// the walk goes, and each chunk is a statement.
	coverEach   = 128
	coverLeast  = 4 << 10
	coverMost   = 256 << 10
	coverGrowth = 4
	// pagesChunk is how many segments the first chunk has where entries are not counted.
	pagesChunk = 24
)

// divide has the walk look for what the division still wants. Where it goes through all of the time it does so at once, by
// one plan for all days: it is likely to reach far, for the parent that has least.
func (s *scan) divide(d *division) {
	s.division, s.chunk = d, pagesChunk
	d.cover = max(coverEach*(d.query.First+1)*len(d.open), coverLeast)
	if c, ok := s.guide.(*calendar); ok && s.hi-s.lo >= farDays*dayMicros {
		c.step = len(steps) - 1
		s.tx.PlanOnce()
	}
}

// covers tells whether chunks are as many segments as cover so many entries.
func (s *scan) covers() bool {
	return s.division != nil && s.search == nil && s.order == entry.NewestFirst
}

// readCovering reads segments of a statement, with the limit $11, up to those that cover what the division has come to.
func (s *scan) readCovering(ctx context.Context, parts part, from string, args []any) ([]*opened, error) {
	d := s.division
	d.cover = min(d.cover, coverMost)
	args = append(args, d.cover)
	sql := fmt.Sprintf("%s%s FROM (%s%s, sum(entries) OVER (ORDER BY last_at DESC, id DESC ROWS UNBOUNDED PRECEDING) - entries AS before%s) s WHERE before < $%d ORDER BY last_at DESC, id DESC",
		sqlSelect, columns(parts), sqlSelect, columns(parts), from, len(args))
	segs, err := s.segments(ctx, parts, sql, args...)
	covered := 0
	for _, seg := range segs {
		covered += seg.entries
	}
	s.cut = covered >= d.cover
	d.cover *= coverGrowth
	return segs, err
}

// division divides the entries of a walk among the pages below several parents.
type division struct {
	query *PagesQuery
	// open are the shares of the parents whose pages are not full, shares those of all that something was found for.
	open   map[uuid.UUID]*share
	shares []*share
	// asked is the share that wants the hit which was asked about last.
	asked *share
	// found is how many hits the open shares have; changed is set when a share was closed since the last chunk.
	found   int
	changed bool
	// cover is how many entries the next chunk covers.
	cover int
}

// share is what was found for one parent: one more than a page has, when there is more.
type share struct {
	parent entry.Parent
	hits   []hit
}

func newDivision(q *PagesQuery) *division {
	d := &division{query: q, open: make(map[uuid.UUID]*share, len(q.Parents))}
	for _, parent := range q.Parents {
		if entry.Allows(*d.ids(&q.Filter), parent.ID) {
			d.open[parent.ID] = &share{parent: parent}
		}
	}
	return d
}

// ids is the list of a filter that names parents.
func (d *division) ids(f *entry.Filter) *[]uuid.UUID {
	switch d.query.Of {
	case entry.ParentCustomer:
		return &f.CustomerIDs
	case entry.ParentIntegration:
		return &f.IntegrationIDs
	default:
		return &f.ConnectedAppIDs
	}
}

// of is the parent that an entry stands below.
func (d *division) of(e *entry.Head) uuid.UUID {
	switch d.query.Of {
	case entry.ParentCustomer:
		return e.CustomerID
	case entry.ParentIntegration:
		return e.IntegrationID
	default:
		return e.ConnectedAppID
	}
}

// narrow narrows a filter to the open parents.
func (d *division) narrow(f *entry.Filter) {
	ids := make([]uuid.UUID, 0, len(d.open))
	for id := range d.open {
		ids = append(ids, id)
	}
	*d.ids(f) = ids
}

// hint narrows a filter to the customers and integrations of connected apps, by which segments are skipped.
func (d *division) hint(f *entry.Filter) {
	if d.query.Of != entry.ParentConnectedApp {
		return
	}
	var customers, integrations []uuid.UUID
	for _, s := range d.open {
		customers, integrations = append(customers, s.parent.CustomerID), append(integrations, s.parent.IntegrationID)
	}
	for _, known := range []struct {
		ids  []uuid.UUID
		list *[]uuid.UUID
	}{{customers, &f.CustomerIDs}, {integrations, &f.IntegrationIDs}} {
		if len(*known.list) == 0 && !slices.Contains(known.ids, uuid.Nil) {
			slices.SortFunc(known.ids, compareIDs)
			*known.list = slices.Compact(known.ids)
		}
	}
}

// limit closes the shares of parents that a filter does not allow, as that of a principal who may see one customer.
func (d *division) limit(f *entry.Filter) {
	for id := range d.open {
		if !entry.Allows(*d.ids(f), id) {
			delete(d.open, id)
		}
	}
}

// next prepares the walk for its next chunk of segments: those of full pages are not looked for any more. It tells how many
// segments the chunk has at most, and whether their lists are worth reading along, because most are likely to be needed.
func (d *division) next(sc *scan) (size int, lists bool, err error) {
	if d.changed {
		d.changed = false
		d.narrow(&sc.filter)
		matcher, err := segment.NewMatcher(&sc.filter)
		if err != nil {
			return 0, false, err
		}
		sc.match = matcher.Page(sc.order, sc.after)
	}
	size = sc.chunk
	if sc.covers() {
		size = mostChunk
	}
	return size, 2*d.found >= sc.read, nil
}

// wants tells whether an entry belongs onto a page that is not full.
func (d *division) wants(h hit) bool {
	var head entry.Head
	h.seg.head.Row(h.at, &head)
	d.asked = d.open[d.of(&head)]
	return d.asked != nil
}

// fill walks until all pages are full.
func (d *division) fill(ctx context.Context, sc *scan) error {
	for len(d.open) > 0 {
		h, ok, err := sc.next(ctx)
		if err != nil || !ok {
			return err
		}
		s := d.asked
		if len(s.hits) == 0 {
			d.shares = append(d.shares, s)
		}
		s.hits = append(s.hits, h)
		d.found++
		if len(s.hits) > d.query.First {
			delete(d.open, s.parent.ID)
			d.found -= len(s.hits)
			d.changed = true
		}
	}
	return nil
}

// pages makes the pages of what was found. The entries of a segment are unpacked together, whosever they are.
func (d *division) pages(ctx context.Context, sc *scan, out map[uuid.UUID]Page) error {
	var hits []hit
	for _, s := range d.shares {
		p := out[s.parent.ID]
		if first := d.query.First; len(s.hits) > first {
			s.hits = s.hits[:first]
			last := s.hits[first-1].position()
			p.HasNext, p.Resume = true, &last
		}
		out[s.parent.ID] = p
		hits = append(hits, s.hits...)
	}
	if sc.stopped {
		for id := range d.open {
			p := out[id]
			p.HasNext, p.Resume = true, sc.reached
			out[id] = p
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if c := compareIDs(a.seg.id, b.seg.id); c != 0 {
			return c
		}
		return a.at - b.at
	})
	if err := sc.loadLists(ctx, hits); err != nil {
		return err
	}
	found, err := sc.entries(ctx, hits, false)
	if err != nil {
		return err
	}
	for _, e := range found {
		id := d.of(&e.Head)
		p := out[id]
		p.Items = append(p.Items, e)
		out[id] = p
	}
	for _, s := range d.shares {
		slices.SortFunc(out[s.parent.ID].Items, func(a, b *entry.Entry) int {
			if d.query.Order == entry.NewestFirst {
				a, b = b, a
			}
			return byID(a, b)
		})
	}
	return nil
}

// loadLists reads the lists of the segments that hits lie in, where they were not read along with the heads.
func (r *reader) loadLists(ctx context.Context, hits []hit) error {
	var segs []*opened
	for i, h := range hits {
		if i == 0 || h.seg != hits[i-1].seg {
			segs = append(segs, h.seg)
		}
	}
	for part := range slices.Chunk(segs, mostChunk) {
		if err := r.load(ctx, part, partList); err != nil {
			return err
		}
	}
	return nil
}
