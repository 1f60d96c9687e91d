package journal

import (
	"bytes"
	"container/heap"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// place is a segment in the heap: the id of its next match stands for it.
type place struct {
	seg *opened
	id  uuid.UUID
}

func newPlace(order entry.Order, seg *opened) place {
	if order == entry.NewestFirst {
		return place{seg: seg, id: seg.head.ID(seg.matches[len(seg.matches)-1])}
	}
	return place{seg: seg, id: seg.head.ID(seg.matches[0])}
}

// heapOf are the segments that have matches left, by which is next.
type heapOf struct {
	order  entry.Order
	places []place
}

func (h *heapOf) Len() int      { return len(h.places) }
func (h *heapOf) Swap(i, j int) { h.places[i], h.places[j] = h.places[j], h.places[i] }
func (h *heapOf) Push(x any)    { h.places = append(h.places, x.(place)) }

func (h *heapOf) Less(i, j int) bool {
	c := bytes.Compare(h.places[i].id[:], h.places[j].id[:])
	return c < 0 == (h.order == entry.OldestFirst) && c != 0
}

// Pop takes the last place off.
func (h *heapOf) Pop() any {
	last := h.places[len(h.places)-1]
	h.places = h.places[:len(h.places)-1]
	return last
}

// micros is when the next match happened.
func (h *heapOf) micros() int64 { return nodeid.Micros(h.places[0].id) }

// pop takes the next match.
func (h *heapOf) pop() hit {
	seg := h.places[0].seg
	var at int
	if n := len(seg.matches); h.order == entry.NewestFirst {
		at, seg.matches = seg.matches[n-1], seg.matches[:n-1]
	} else {
		at, seg.matches = seg.matches[0], seg.matches[1:]
	}
	if len(seg.matches) == 0 {
		heap.Pop(h)
	} else {
		h.places[0] = newPlace(h.order, seg)
		heap.Fix(h, 0)
	}
	return hit{seg: seg, at: at}
}

// some gives up to n of the segments, those that come next more or less first.
func (h *heapOf) some(n int) []*opened {
	n = min(n, h.Len())
	out := make([]*opened, n, n+1)
	for i := range out {
		out[i] = h.places[i].seg
	}
	return out
}
