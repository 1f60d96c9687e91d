package shape

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// What a process looks at, at most.
const (
	// sampleEvery is how often a body of one method and endpoint of a tenant is looked at.
	sampleEvery = 10 * time.Second
	// bodiesASecond and bytesASecond bound the work for all tenants together: a body is walked through at about
	// 12 MB/s, so that this is two hundredths of a processor at the very worst.
	bodiesASecond = 20
	bytesASecond  = 256 << 10
	// mostGates bounds the calls that are remembered, and mostPending the paths that wait to be written.
	mostGates   = 20_000
	mostPending = 100_000
	// old is how long ago an answer may be that is looked at: older ones are history that is sent now.
	old = 24 * time.Hour
)

// Sampler takes a few of the successful answers that come in, and keeps their forms until Flush. It is safe for concurrent
// use.
type Sampler struct {
	door *tenant.Door
	now  func() time.Time
	// full is the second in which no more is looked at, whatever it is: most of them under load, where the lock and the
	// gates would cost each entry as much as all else that is done here.
	full atomic.Int64

	mu sync.Mutex
	// gates say when the next body of a call is looked at. They are changed by their pointers: to put a key again would
	// keep its texts, and the request that they are of.
	gates map[gate]*time.Time
	// second is the one in which so many bodies and bytes have been looked at.
	second        int64
	bodies, bytes int
	waiting       map[uuid.UUID][]*sample
	// pending is how many paths wait.
	pending int
}

// gate is what calls have in common before anything is known of them but what stands in an entry.
type gate struct {
	tenantID, integrationID uuid.UUID
	method, endpoint        string
}

// NewSampler makes a Sampler.
func NewSampler(door *tenant.Door, now func() time.Time) *Sampler {
	return &Sampler{door: door, now: now, gates: map[gate]*time.Time{}, waiting: map[uuid.UUID][]*sample{}}
}

// Offer looks at an entry, if it is one of the few that are looked at. Ingestion offers each, as soon as its ids are known
// and it has been diagnosed. It keeps nothing of the entry but hashes.
func (s *Sampler) Offer(tenantID uuid.UUID, e *entry.Entry) {
	if !fits(e) || !s.admit(tenantID, e) {
		return
	}
	if found := sampleOf(tenantID, e); found != nil {
		s.keep(tenantID, found)
	}
}

// fits tells whether an entry is an API request whose answer has a form.
func fits(e *entry.Entry) bool {
	if e.Kind != entry.KindAPIRequest || e.Status != entry.StatusSuccess || e.StatusCode < 200 || e.StatusCode > 299 ||
		e.IntegrationID == uuid.Nil || e.Detail == nil || e.Detail.ResponseBody == nil {
		return false
	}
	switch diagnostics.Category(e.Category) {
	case "", diagnostics.None, diagnostics.DeprecationWarning:
	default:
		return false // It failed under a status of success.
	}
	b := e.Detail.ResponseBody
	if b.Truncated || b.Base64 {
		return false
	}
	for i := range len(b.Text) {
		switch b.Text[i] {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			return true
		default:
			return false
		}
	}
	return false
}

// admit decides whether a body is looked at, which most are not.
func (s *Sampler) admit(tenantID uuid.UUID, e *entry.Entry) bool {
	now := s.now()
	if now.Unix() == s.full.Load() {
		return false
	}
	g := gate{tenantID: tenantID, integrationID: e.IntegrationID, method: e.Method, endpoint: e.Endpoint}
	s.mu.Lock()
	defer s.mu.Unlock()
	next, known := s.gates[g]
	if known && now.Before(*next) || !known && len(s.gates) >= mostGates {
		return false
	}
	if at := e.OccurredAt(); at.Before(now.Add(-old)) || at.After(now.Add(time.Minute)) {
		return false
	}
	if second := now.Unix(); second != s.second {
		s.second, s.bodies, s.bytes = second, 0, 0
	}
	size := len(e.Detail.ResponseBody.Text)
	if s.bodies >= bodiesASecond || s.bytes+size > bytesASecond || s.pending >= mostPending {
		return false
	}
	s.bodies, s.bytes = s.bodies+1, s.bytes+size
	if s.bodies == bodiesASecond {
		s.full.Store(s.second)
	}
	if !known {
		g.method, g.endpoint = strings.Clone(g.method), strings.Clone(g.endpoint)
		next = new(time.Time)
		s.gates[g] = next
	}
	*next = now.Add(sampleEvery)
	return true
}

func (s *Sampler) keep(tenantID uuid.UUID, found *sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[tenantID] = append(s.waiting[tenantID], found)
	s.pending += len(found.found)
}

// take gives what waits, and forgets calls that may be looked at again anyway.
func (s *Sampler) take() map[uuid.UUID][]*sample {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for g, next := range s.gates {
		if !now.Before(*next) {
			delete(s.gates, g)
		}
	}
	taken := s.waiting
	s.waiting, s.pending = map[uuid.UUID][]*sample{}, 0
	return taken
}

// flushTimeout bounds the transaction of one tenant.
const flushTimeout = 10 * time.Second

// Flush brings the samples of all tenants into the shapes of their calls, a transaction each. It is to be called every few
// seconds, and once at the end. What cannot be written is lost, which costs nothing but time until more is seen.
func (s *Sampler) Flush(ctx context.Context) error {
	var failures []error
	for tenantID, samples := range s.take() {
		if err := s.write(tenant.WithPrincipal(ctx, tenant.System(tenantID)), samples); err != nil {
			failures = append(failures, fmt.Errorf("write the shapes of tenant %s: %w", tenantID, err))
		}
	}
	return errors.Join(failures...)
}

func (s *Sampler) write(ctx context.Context, samples []*sample) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	return s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return merge(ctx, tx, samples)
	})
}
