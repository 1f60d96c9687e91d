package ingest

import (
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

const (
	// DefaultRate is how many events a tenant may send in a second, and burstSeconds how many seconds' worth at once.
	DefaultRate  = 20_000
	burstSeconds = 10
	// maxLimiters bounds how many tenants' limiters are remembered. A full one is like none.
	maxLimiters = 10_000
)

// limits holds each tenant to a rate of events.
type limits struct {
	rate float64
	now  func() time.Time

	mu      sync.Mutex
	tenants map[uuid.UUID]*rate.Limiter
}

// newLimits makes limits of so many events a second; 0 is for none.
func newLimits(perSecond float64, now func() time.Time) *limits {
	return &limits{rate: perSecond, now: now, tenants: map[uuid.UUID]*rate.Limiter{}}
}

func (l *limits) burst() int { return max(1, int(math.Ceil(l.rate*burstSeconds))) }

func (l *limits) limiter(tenantID uuid.UUID, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if had := l.tenants[tenantID]; had != nil {
		return had
	}
	if len(l.tenants) >= maxLimiters {
		for id, one := range l.tenants {
			if one.TokensAt(now) >= float64(l.burst()) {
				delete(l.tenants, id)
			}
		}
	}
	made := rate.NewLimiter(rate.Limit(l.rate), l.burst())
	l.tenants[tenantID] = made
	return made
}

// spent tells whether not even one event may be sent now, and how long to wait: it is asked before a body is read.
func (l *limits) spent(tenantID uuid.UUID) (wait time.Duration, spent bool) {
	if l.rate <= 0 {
		return 0, false
	}
	now := l.now()
	tokens := l.limiter(tenantID, now).TokensAt(now)
	if tokens >= 1 {
		return 0, false
	}
	return time.Duration((1 - tokens) / l.rate * float64(time.Second)), true
}

// take takes so many events' worth, or tells how long to wait until there is as much. More than a burst is taken when
// there is a whole burst.
func (l *limits) take(tenantID uuid.UUID, events int) (wait time.Duration, ok bool) {
	if l.rate <= 0 || events == 0 {
		return 0, true
	}
	now := l.now()
	r := l.limiter(tenantID, now).ReserveN(now, min(events, l.burst()))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}
