package issues

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/statistics"
)

const (
	// heldFor is how much of the traffic is held: the longest window that is asked for again and again, and a while for what
	// comes late.
	heldFor = 75 * time.Minute
	// mostTraffic is how many bytes are held of one tenant: where there is more, only the last minutes are held. allTraffic is
	// how many are held of all: those of whom there is much have equal parts of what the others leave, and no less than
	// leastTraffic.
	mostTraffic  = 8 << 20
	allTraffic   = 24 << 20
	leastTraffic = 256 << 10
	// pruneEvery is how often what is older is let go of.
	pruneEvery = 5 * time.Minute
	// minuteLess has times within a minute count as the next one.
	minuteLess = time.Minute - 1
)

// lastHour is the traffic of a tenant in the last hour, by integration, call and who called. It is read once, and from then
// on what is new.
type lastHour struct {
	mu   sync.Mutex
	mark statistics.Mark
	// from is the minute from which on all is held.
	from   int32
	pruned time.Time
	calls  *heldCalls

	// used orders tenants: the Store's lock is its. size is how many bytes this one holds.
	used int
	size atomic.Int64
}

func newLastHour() *lastHour { return &lastHour{calls: &heldCalls{}} }

// latelyOf gives what is held of a tenant, and how many bytes of it may be. It lets go of others when all is too much.
func (s *Store) latelyOf(tenantID uuid.UUID) (of *lastHour, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.recent[tenantID]
	if l == nil {
		l = newLastHour()
		s.recent[tenantID] = l
	}
	s.uses++
	l.used = s.uses
	total, little, much := int64(0), int64(0), int64(1)
	for _, o := range s.recent {
		size := o.size.Load()
		total += size
		if o != l && size < allTraffic/int64(len(s.recent)) {
			little += size
		} else if o != l {
			much++
		}
	}
	most = int(min(mostTraffic, max((allTraffic-little)/much, leastTraffic)))
	for total > allTraffic && len(s.recent) > 1 {
		var oldest uuid.UUID
		for id, o := range s.recent {
			if o != l && (oldest == uuid.Nil || o.used < s.recent[oldest].used) {
				oldest = id
			}
		}
		total -= s.recent[oldest].size.Load()
		delete(s.recent, oldest)
	}
	return l, most
}

// answer answers questions as far as they are about what is held, of at most so many bytes, and gives what is left of the
// others: what was before.
func (l *lastHour) answer(ctx context.Context, t Traffic, questions []question, now time.Time, most int) (older []question, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readOn(ctx, t, now, most); err != nil {
		return nil, err
	}
	from := time.Unix(60*int64(l.from), 0).UTC()
	for i := range questions {
		q := questions[i]
		if q.from.Before(from) {
			before := q
			q.from, before.to = from, earlier(q.to, from)
			older = append(older, before)
		}
		if q.from.Before(q.to) {
			l.calls.tell(&q)
		}
	}
	return older, nil
}

// readOn reads what is new. Should that fail, all is read anew the next time.
func (l *lastHour) readOn(ctx context.Context, t Traffic, now time.Time, most int) error {
	if now.Sub(l.pruned) >= pruneEvery {
		l.prune(max(l.from, minuteOf(now.Add(-heldFor))))
		l.pruned = now
	}
	mark := l.mark
	l.mark = statistics.Mark{}
	from := max(l.from, minuteOf(now.Add(-heldFor)))
	next, err := t.TrafficAfter(ctx, mark, time.Unix(60*int64(from), 0), now.Add(time.Hour), func() {
		l.calls = &heldCalls{}
	}, func(t *statistics.Traffic, i int) { l.calls.add(t, i) })
	if err != nil {
		return fmt.Errorf("read the traffic: %w", err)
	}
	l.calls.pack()
	l.mark, l.from = next, from
	for l.calls.size() > most {
		l.prune(l.from + max((minuteOf(now)-l.from)/2, 0) + 1)
		l.calls.renumber()
	}
	l.size.Store(int64(l.calls.size()))
	return nil
}

// prune lets go of what is before a minute.
func (l *lastHour) prune(from int32) {
	l.from = from
	l.calls.prune(from)
}
