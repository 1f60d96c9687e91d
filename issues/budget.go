package issues

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// What reading the traffic costs grows with the traffic, and what is watched wants to know its share again and again. So
// all of it together takes no more than readPart of the time of one processor in a process, readAhead beforehand, but each
// tenant has its turn within readPatience.
const (
	readPart     = 0.02
	readAhead    = 2 * time.Second
	readPatience = time.Minute
)

// budget is the time that may be spent on reading traffic.
type budget struct {
	mu   sync.Mutex
	left time.Duration
	at   time.Time
	// last is when the tenants had their turn that had one lately.
	last map[uuid.UUID]time.Time
}

// allows tells whether the tenant may read now.
func (b *budget) allows(tenantID uuid.UUID, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last, b.left, b.at = map[uuid.UUID]time.Time{}, readAhead, now
	}
	if since := now.Sub(b.at); since > 0 {
		b.left, b.at = min(b.left+time.Duration(readPart*float64(since)), readAhead), now
	}
	for id, at := range b.last {
		if now.Sub(at) >= readPatience {
			delete(b.last, id)
		}
	}
	if _, lately := b.last[tenantID]; lately && b.left <= 0 {
		return false
	}
	b.last[tenantID] = now
	return true
}

// spend takes what reading took. What is owed is forgotten within patience.
func (b *budget) spend(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = max(b.left-took, -time.Duration(readPart*float64(readPatience)))
}
