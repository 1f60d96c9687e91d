package journal

import (
	"container/heap"
	"context"
	"sort"

	"github.com/weirhq/weir/journal/entry"
)

// narrowFirst narrows the segment whose match comes next, and tells whether another may come next now. Most entries of a
// search end here, without a look at their texts one by one.
func (s *scan) narrowFirst(ctx context.Context) (again bool, err error) {
	if s.search == nil {
		return false, nil
	}
	seg := s.heap.places[0].seg
	if err := s.ready(ctx, seg); err != nil || seg.broken {
		return true, err
	}
	before := len(seg.matches)
	if err := s.narrow(seg, s.order == entry.OldestFirst); err != nil || seg.broken {
		return true, err
	}
	if len(seg.matches) == before {
		return false, nil
	}
	if len(seg.matches) == 0 {
		seg.body = nil
		heap.Pop(&s.heap)
	} else {
		s.heap.places[0] = newPlace(s.order, seg)
		heap.Fix(&s.heap, 0)
	}
	return true, nil
}

// narrow takes out the matches that the search cannot match, in the frame that has the first or the last of them.
func (s *scan) narrow(seg *opened, first bool) error {
	if s.search == nil || len(seg.matches) == 0 {
		return nil
	}
	next := seg.matches[len(seg.matches)-1]
	if first {
		next = seg.matches[0]
	}
	if seg.narrowed.from <= next && next < seg.narrowed.to {
		return nil
	}
	seg.narrowed.from, seg.narrowed.to = seg.body.Frame(next)
	from, to := sort.SearchInts(seg.matches, seg.narrowed.from), sort.SearchInts(seg.matches, seg.narrowed.to)
	kept, err := s.search.Narrow(seg.head, seg.list, seg.body, seg.matches[from:to])
	if err != nil {
		return s.broke(seg, err)
	}
	seg.matches = append(seg.matches[:from+len(kept)], seg.matches[to:]...)
	return nil
}
