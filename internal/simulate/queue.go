package simulate

import "time"

// moment is what happens at one time: an event that is sent, or a source that fires.
type moment struct {
	at    int64 // Unix nanoseconds
	order uint64
	event *Event
	fire  func(now time.Time)
}

func (m moment) before(o moment) bool {
	return m.at < o.at || (m.at == o.at && m.order < o.order)
}

// queue is a binary heap of moments. Two moments of the same nanosecond keep the order in which they
// were pushed, so a run is told before its first node.
type queue struct {
	heap  []moment
	order uint64
}

func (q *queue) push(at time.Time, event *Event, fire func(time.Time)) {
	q.order++
	q.heap = append(q.heap, moment{at: at.UnixNano(), order: q.order, event: event, fire: fire})
	for i := len(q.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.heap[i].before(q.heap[parent]) {
			break
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

// popUntil removes the earliest moment that is not after the limit.
func (q *queue) popUntil(limit int64) (moment, bool) {
	if len(q.heap) == 0 || q.heap[0].at > limit {
		return moment{}, false
	}
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = moment{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.heap[child].before(q.heap[least]) {
				least = child
			}
		}
		if least == i {
			return top, true
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}
