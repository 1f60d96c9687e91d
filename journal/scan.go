package journal

import (
	"bytes"
	"container/heap"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// scan is a walk through the entries that match, in order. It reads segments in the order of time, a chunk at a time,
// and gives out an entry once no segment that is still unread can hold one that comes before it.
type scan struct {
	*reader
	*prepared
	order entry.Order
	after *entry.Position
	guide guide
	// glance, when it is set, is the guide to what the first chunk leaves of the time, which is before until.
	glance func(until int64) guide

	window  window
	within  bool // a window is being walked through
	cursor  segmentKey
	chunk   int
	drained bool  // the window has no more segments
	cut     bool  // the last chunk ended where it had enough
	floor   int64 // unread segments of the window begin no earlier in the order

	heap heapOf
	// accept is asked of entries with their lists, when it is set.
	accept func(*entry.Entry) bool
	// sink takes matches by the segment, in no order, instead of the heap, when it is set.
	sink func(hit)
	// division says what is wanted, when the walk fills several pages.
	division *division

	// reached is how far everything that matches was given out; nil at the beginning.
	reached *entry.Position
	stopped bool
	read    int
	until   time.Time
}

// segmentKey is where a segment stands in the order: by its last time when the newest come first, else by its first.
type segmentKey struct {
	micros int64
	id     uuid.UUID
}

const (
	// firstChunk is how many segments are read at first, with their lists: they are likely to fill a page, which is one
	// round trip then.
	firstChunk = 8
	mostChunk  = 256
	// searchFactor is how many times larger chunks are of which only the Bloom filters are read first.
	searchFactor = 16
	// loadAtOnce is how many segments have their bodies read together.
	loadAtOnce = 8
)

var (
	lowestID  = uuid.UUID{}
	highestID = uuid.Max
)

func newScan(r *reader, p *prepared, order entry.Order, after *entry.Position) *scan {
	return &scan{reader: r, prepared: p, order: order, after: after, heap: heapOf{order: order}, chunk: firstChunk,
		until: r.store.opt.Now().Add(r.store.opt.PageTime)}
}

// next gives the next entry; ok is false when there is none, or when looking for it would cost too much: then stopped
// is set, and reached says where to go on.
func (s *scan) next(ctx context.Context) (h hit, ok bool, err error) {
	for {
		for s.heap.Len() > 0 && s.safe() {
			if s.heap.places[0].seg.broken {
				heap.Pop(&s.heap)
				continue
			}
			if s.needsCheck() && s.exhausted() {
				return hit{}, false, nil
			}
			if again, err := s.narrowFirst(ctx); err != nil {
				return hit{}, false, err
			} else if again {
				continue
			}
			h := s.heap.pop()
			if s.division != nil && !s.division.wants(h) {
				s.reach(h.position())
				continue
			}
			ok, err := s.check(ctx, h)
			if err != nil {
				return hit{}, false, err
			}
			s.reach(h.position())
			if ok {
				return h, true, nil
			}
		}
		if s.within && !s.drained {
			s.reach(s.edge(s.floor))
		}
		if s.exhausted() {
			return hit{}, false, nil
		}
		more, err := s.advance(ctx)
		if err != nil || !more {
			return hit{}, false, err
		}
	}
}

// safe tells whether the first entry of the heap comes before all that is unread.
func (s *scan) safe() bool {
	if s.drained {
		return true
	}
	first := s.heap.micros()
	if s.order == entry.NewestFirst {
		return first > s.floor
	}
	return first < s.floor
}

// exhausted tells whether the walk cost as much as it may; but it goes on until it has reached something.
func (s *scan) exhausted() bool {
	if s.reached == nil || s.read < s.store.opt.PageSegments && s.store.opt.Now().Before(s.until) {
		return false
	}
	s.stopped = true
	return true
}

// reach notes that everything up to the position was given out, if that is further than before.
func (s *scan) reach(p entry.Position) {
	from := s.reached
	if from == nil {
		from = s.after
	}
	if from == nil || s.before(*from, p) {
		s.reached = &p
	}
}

func (s *scan) before(a, b entry.Position) bool {
	if s.order == entry.NewestFirst {
		a, b = b, a
	}
	return a.Micros < b.Micros || a.Micros == b.Micros && bytes.Compare(a.ID[:], b.ID[:]) < 0
}

// edge is the position before everything of the microsecond, in the order.
func (s *scan) edge(micros int64) entry.Position {
	if s.order == entry.NewestFirst {
		return entry.Position{Micros: micros, ID: highestID}
	}
	return entry.Position{Micros: micros, ID: lowestID}
}

// advance reads the next chunk of segments, of the next window when this one is done. more is false at the end.
func (s *scan) advance(ctx context.Context) (more bool, err error) {
	if s.glance != nil && s.within {
		s.endGlance()
	}
	if !s.within || s.drained {
		w, ok, err := s.guide.next(ctx, s.tx)
		if err != nil || !ok {
			return false, err
		}
		s.window, s.within, s.drained = w, true, false
		if s.order == entry.NewestFirst {
			s.cursor = segmentKey{micros: dayOf(w.to-1).micros() + dayMicros, id: lowestID}
			s.reach(s.edge(w.to - 1))
		} else {
			s.cursor = segmentKey{micros: dayOf(w.from).micros() - 1, id: highestID}
			s.reach(s.edge(w.from))
		}
	}
	segs, err := s.readChunk(ctx)
	if err != nil {
		return false, err
	}
	for _, seg := range segs {
		s.open(seg)
	}
	if s.sink != nil {
		if err := s.pour(ctx, segs); err != nil {
			return false, err
		}
	}
	return true, nil
}

// endGlance goes on by another guide. What the first chunk held and was not given out yet is read again.
func (s *scan) endGlance() {
	until := s.window.from
	if !s.drained {
		until = s.floor + 1
	}
	s.guide, s.glance = s.glance(until), nil
	s.heap.places = s.heap.places[:0]
	s.within = false
}

// pour gives all matches of the segments to the sink.
func (s *scan) pour(ctx context.Context, segs []*opened) error {
	for i, seg := range segs {
		if i%loadAtOnce == 0 && s.needsCheck() {
			if err := s.load(ctx, matching(segs[i:min(i+loadAtOnce, len(segs))]), s.checkParts()); err != nil {
				return err
			}
		}
		for len(seg.matches) > 0 {
			if err := s.narrow(seg, true); err != nil {
				return err
			}
			if len(seg.matches) == 0 {
				break
			}
			h := hit{seg: seg, at: seg.matches[0]}
			seg.matches = seg.matches[1:]
			ok, err := s.check(ctx, h)
			if err != nil {
				return err
			}
			if ok {
				s.sink(h)
			}
		}
		seg.list, seg.body = nil, nil
	}
	return nil
}

func matching(segs []*opened) (some []*opened) {
	for _, seg := range segs {
		if len(seg.matches) > 0 {
			some = append(some, seg)
		}
	}
	return some
}

// open finds the entries of a segment that match by their heads, and puts them into the heap unless there is a sink.
func (s *scan) open(seg *opened) {
	if seg.broken {
		return
	}
	seg.matches = seg.head.Match(s.match, nil)
	from, to := 0, len(seg.matches)
	for from < to && seg.head.Micros(seg.matches[from]) < s.window.from {
		from++
	}
	for from < to && seg.head.Micros(seg.matches[to-1]) >= s.window.to {
		to--
	}
	if seg.matches = seg.matches[from:to]; from < to && s.sink == nil {
		heap.Push(&s.heap, newPlace(s.order, seg))
	}
}

// readChunk reads the next segments of the window that may hold a match, with their heads.
func (s *scan) readChunk(ctx context.Context) ([]*opened, error) {
	size, parts := s.chunk, partHead
	lists := size == firstChunk && s.sink == nil
	if s.division != nil {
		var err error
		if size, lists, err = s.division.next(s); err != nil {
			return nil, err
		}
	}
	switch {
	case s.search != nil:
		size, parts = size*searchFactor, 0
	case lists:
		parts |= partList
	}
	s.chunk = min(2*s.chunk, mostChunk)
	segs, err := s.readSegments(ctx, size, parts)
	if err != nil {
		return nil, err
	}
	s.read += len(segs)
	if s.drained = len(segs) < size && !s.cut; !s.drained {
		last := segs[len(segs)-1]
		s.cursor = segmentKey{micros: last.first, id: last.id}
		if s.order == entry.NewestFirst {
			s.cursor.micros = last.last
		}
		s.floor = s.cursor.micros
	}
	if s.search == nil {
		return segs, nil
	}
	if segs, err = s.mayMatch(ctx, segs); err != nil {
		return nil, err
	}
	parts = partHead
	if len(segs) <= loadAtOnce {
		parts |= s.checkParts()
	}
	return segs, s.load(ctx, segs, parts)
}

// mayMatch keeps the segments whose Bloom filters do not exclude the search.
func (s *scan) mayMatch(ctx context.Context, segs []*opened) ([]*opened, error) {
	for _, seg := range segs {
		seg.tokens, _ = s.store.tokens.get(seg.id)
	}
	for rest := segs; len(rest) > 0; {
		n := min(len(rest), mostChunk)
		if err := s.load(ctx, rest[:n], partTokens); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	kept := segs[:0]
	for _, seg := range segs {
		s.store.tokens.put(seg.id, seg.tokens)
		if s.search.MayMatch(seg.tokens) {
			kept = append(kept, seg)
		}
		seg.tokens = nil
	}
	return kept, nil
}

func (s *scan) needsCheck() bool {
	return s.search != nil || s.accept != nil || s.match.NeedsList()
}

func (s *scan) checkParts() part {
	if s.search != nil {
		return partList | partBody
	}
	return partList
}

// ready loads what it takes to check the entries of a segment.
func (s *scan) ready(ctx context.Context, seg *opened) error {
	parts := s.checkParts()
	if !seg.lacks(parts) {
		return nil
	}
	// The segments that come next are likely to be asked for too.
	if err := s.load(ctx, append(s.heap.some(loadAtOnce-1), seg), parts); err != nil {
		return err
	}
	if !seg.broken && seg.lacks(parts) {
		return errGone(seg)
	}
	return nil
}

// check decides over an entry that its head does not decide over.
func (s *scan) check(ctx context.Context, h hit) (bool, error) {
	if h.seg.broken || !s.needsCheck() {
		return !h.seg.broken, nil
	}
	if err := s.ready(ctx, h.seg); err != nil || h.seg.broken {
		return false, err
	}
	var e entry.Entry
	var d entry.Detail
	err := h.fill(&e, false)
	if err == nil && (!s.match.MatchList(&e) || s.accept != nil && !s.accept(&e)) {
		return false, nil
	}
	if err == nil && s.search != nil {
		e.Detail = &d
		err = h.seg.body.Read(h.at, &d)
		if !s.payloads {
			d = entry.Detail{Metadata: d.Metadata}
		}
	}
	if err != nil {
		return false, s.broke(h.seg, err)
	}
	ok := s.search == nil || s.search.Matches(&e)
	if len(h.seg.matches) == 0 {
		h.seg.body = nil // Nothing else in it is looked for.
	}
	return ok, nil
}
