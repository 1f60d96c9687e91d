package issues

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

const (
	// heldFor is how much of the traffic is held: the longest window that is asked for again and again, and a while for what
	// comes late.
	heldFor = 75 * time.Minute
	// mostPoints is how many points are held of one tenant, of 12 bytes and about five times that beside: where there are
	// more, only the last minutes are held. allPoints is how many are held of all.
	mostPoints = 250_000
	allPoints  = 4 * mostPoints
	// pruneEvery is how often what is older is let go of.
	pruneEvery = 5 * time.Minute
)

// lastHour is the traffic of a tenant in the last hour, by integration, call and who called. It is read once, and from then
// on what is new.
type lastHour struct {
	mu   sync.Mutex
	mark statistics.Mark
	// from is the minute from which on all is held.
	from   int32
	pruned time.Time
	calls  map[uuid.UUID]map[called]*series
	whoms  numbered[whom]
	points int

	// used orders tenants: the Store's lock is its. size is how many points this one holds.
	used int
	size atomic.Int64
}

// called is what was called of an integration.
type called struct {
	kind entry.Kind
	call statistics.Call
}

// series are the calls by minute: all, and of each who called.
type series struct {
	total []point
	of    map[uint32][]point
}

// point counts the calls of a minute that are not pending, and those that succeeded.
type point struct{ minute, n, succeeded int32 }

// latelyOf gives what is held of a tenant, and lets go of others when it is too much.
func (s *Store) latelyOf(tenantID uuid.UUID) *lastHour {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.recent[tenantID]
	if l == nil {
		l = &lastHour{calls: map[uuid.UUID]map[called]*series{}}
		s.recent[tenantID] = l
	}
	s.uses++
	l.used = s.uses
	total := int64(0)
	for _, l := range s.recent {
		total += l.size.Load()
	}
	for total > allPoints && len(s.recent) > 1 {
		var oldest uuid.UUID
		for id, o := range s.recent {
			if o != l && (oldest == uuid.Nil || o.used < s.recent[oldest].used) {
				oldest = id
			}
		}
		total -= s.recent[oldest].size.Load()
		delete(s.recent, oldest)
	}
	return l
}

// answer answers questions as far as they are about what is held, and gives what is left of the others: what was before.
func (l *lastHour) answer(ctx context.Context, t Traffic, questions []question, now time.Time) (older []question, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readOn(ctx, t, now); err != nil {
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
		if !q.from.Before(q.to) {
			continue
		}
		for c, s := range l.calls[q.integration] {
			if q.calls.are(c.kind, c.call) {
				l.tell(&q, s)
			}
		}
	}
	return older, nil
}

// tell answers a question of one series.
func (l *lastHour) tell(q *question, s *series) {
	from, to := minuteOf(q.from), minuteOf(q.to.Add(time.Minute-1))
	if q.total != nil {
		for _, p := range between(s.total, from, to) {
			q.total(int64(p.n))
		}
	}
	give := func(w whom, points []point) {
		for _, p := range between(points, from, to) {
			q.each(w, time.Unix(60*int64(p.minute), 0).UTC(), int64(p.n), int64(p.succeeded))
		}
	}
	if !slices.ContainsFunc(q.whoms, func(w whom) bool { return w.customer == uuid.Nil || w.app == uuid.Nil }) {
		for w := range q.asked {
			if number, ok := l.whoms.numbers[w]; ok {
				give(w, s.of[number])
			}
		}
		return
	}
	for number, points := range s.of {
		for _, w := range whose(l.whoms.values[number]) {
			if q.asked[w] {
				give(w, points)
				break
			}
		}
	}
}

// between are the points from one minute on, before another.
func between(points []point, from, to int32) []point {
	at := func(minute int32) int {
		i, _ := slices.BinarySearchFunc(points, minute, func(p point, minute int32) int { return cmp.Compare(p.minute, minute) })
		return i
	}
	return points[at(from):at(to)]
}

// readOn reads what is new. Should that fail, all is read anew the next time.
func (l *lastHour) readOn(ctx context.Context, t Traffic, now time.Time) error {
	if now.Sub(l.pruned) >= pruneEvery {
		l.prune(max(l.from, minuteOf(now.Add(-heldFor))))
		l.pruned = now
	}
	mark := l.mark
	l.mark = statistics.Mark{}
	from := max(l.from, minuteOf(now.Add(-heldFor)))
	next, err := t.CellsAfter(ctx, mark, time.Unix(60*int64(from), 0), now.Add(time.Hour), func() {
		l.calls, l.whoms, l.points = map[uuid.UUID]map[called]*series{}, numbered[whom]{}, 0
	}, l.add)
	if err != nil {
		return fmt.Errorf("read the traffic: %w", err)
	}
	l.mark, l.from = next, from
	for l.points > mostPoints {
		l.prune(l.from + max((minuteOf(now)-l.from)/2, 0) + 1)
	}
	l.size.Store(int64(l.points))
	return nil
}

func (l *lastHour) add(c *statistics.Cell) {
	if c.Status == entry.StatusPending {
		return
	}
	of := l.calls[c.IntegrationID]
	if of == nil {
		of = map[called]*series{}
		l.calls[c.IntegrationID] = of
	}
	key := called{c.Kind, c.Call}
	s := of[key]
	if s == nil {
		s = &series{of: map[uint32][]point{}}
		of[key] = s
	}
	p := point{minute: int32(c.Minute), n: int32(c.Count)} //nolint:gosec // Good for 4,000 years, and for two billion a minute.
	if succeeded(c) {
		p.succeeded = p.n
	}
	who := l.whoms.of(whom{c.CustomerID, c.ConnectedAppID})
	had := s.of[who]
	s.total, s.of[who] = plus(s.total, p), plus(had, p)
	l.points += len(s.of[who]) - len(had)
}

// plus adds a point to those in order.
func plus(points []point, p point) []point {
	at := len(points)
	if at > 0 && points[at-1].minute >= p.minute {
		var found bool
		if at, found = slices.BinarySearchFunc(points, p.minute, func(q point, minute int32) int { return cmp.Compare(q.minute, minute) }); found {
			points[at].n += p.n
			points[at].succeeded += p.succeeded
			return points
		}
	}
	return slices.Insert(points, at, p)
}

// prune lets go of what is before a minute.
func (l *lastHour) prune(from int32) {
	l.from, l.points = from, 0
	for integration, of := range l.calls {
		for key, s := range of {
			s.total = slices.Clone(between(s.total, from, 1<<30))
			for who, points := range s.of {
				if points = between(points, from, 1<<30); len(points) == 0 {
					delete(s.of, who)
					continue
				}
				s.of[who] = slices.Clone(points)
				l.points += len(points)
			}
			if len(s.of) == 0 {
				delete(of, key)
			}
		}
		if len(of) == 0 {
			delete(l.calls, integration)
		}
	}
}
