package live

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"
)

const (
	// sendTimeout bounds one attempt to send hints to other processes, and one to say whose are wanted.
	sendTimeout = 5 * time.Second
	// Between attempts to connect again, the first and the longest wait.
	firstRetry = 50 * time.Millisecond
	lastRetry  = 3 * time.Second
)

// Hint says that a stream of a tenant has come to a cursor. It holds nothing of what was committed.
type Hint struct {
	Stream string
	Tenant uuid.UUID
	Cursor int64
}

// Bus takes hints from process to process. It may lose them, double them, delay them or be away, since a poll finds what
// they were of; so nothing but the hub's own goroutines ever waits for it. It is safe for concurrent use.
type Bus interface {
	// Name is a word for metrics.
	Name() string
	// Send sends hints to other processes. After an error some may have been sent all the same; the hub sends them again.
	Send(ctx context.Context, hints []Hint) error
	// Listen hears other processes until the context ends, however often the bus goes away meanwhile.
	Listen(ctx context.Context, ears Ears)
	// Follow says of which tenants hints are wanted here too, and of which no more. When it returns, those of the new ones
	// are heard, if the bus is there. Who hears all of them anyway has nothing to do.
	Follow(ctx context.Context, more, less []uuid.UUID)
}

// Ears is whom a Bus tells what it hears.
type Ears struct {
	// Hear is called with each hint of another process.
	Hear func(Hint)
	// Missed says that hearing has begun, for the first time or again: what was sent before may be lost.
	Missed func()
	// Up says whether the bus is there.
	Up func(up bool)
}

// Counts of Metrics.Hints.
const (
	// HintsSent are hints that the bus has taken over.
	HintsSent = "sent"
	// HintsHeard are hints of other processes.
	HintsHeard = "heard"
	// HintsFailed are hints that the bus did not take; they are sent again.
	HintsFailed = "failed"
)

// sendAll sends the hints that were gathered, now and then.
func (h *Hub) sendAll() {
	failing := false
	for pause(h.stopped, h.deps.Coalesce) {
		hints := h.gathered()
		if len(hints) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(h.stopped, sendTimeout)
		err := h.deps.Bus.Send(ctx, hints)
		cancel()
		switch {
		case h.stopped.Err() != nil:
			return
		case err == nil:
			h.deps.Metrics.Hints(HintsSent, len(hints))
		default:
			h.deps.Metrics.Hints(HintsFailed, len(hints))
			h.gather(hints)
			if !failing { // Ten times a second would say no more.
				h.log.LogAttrs(h.stopped, slog.LevelWarn, "other processes are not told of commits; until they are, they see them later", slog.Any("error", err))
			}
		}
		failing = err != nil
	}
}

// gathered takes the hints that wait to be sent.
func (h *Hub) gathered() []Hint {
	h.mu.Lock()
	pending := h.pending
	h.pending = map[hintKey]int64{}
	h.mu.Unlock()
	hints := make([]Hint, 0, len(pending))
	for key, cursor := range pending {
		hints = append(hints, Hint{key.stream, key.tenant, cursor})
	}
	return hints
}

// gather puts hints with those that wait: one a stream and tenant, the latest.
func (h *Hub) gather(hints []Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, hint := range hints {
		key := hintKey{hint.Stream, hint.Tenant}
		h.pending[key] = max(h.pending[key], hint.Cursor)
	}
}

// listen hears other processes.
func (h *Hub) listen() {
	h.deps.Bus.Listen(h.stopped, Ears{
		Hear:   h.hear,
		Missed: h.wakeAll,
		Up:     func(up bool) { h.deps.Metrics.BusUp(h.deps.Bus.Name(), up) },
	})
}

// hear wakes those whom a hint of another process is for. A stream that is not known is of another release.
func (h *Hub) hear(hint Hint) {
	h.deps.Metrics.Hints(HintsHeard, 1)
	h.mu.Lock()
	f := h.feeds[hint.Stream]
	h.mu.Unlock()
	if f != nil {
		f.wake(hint.Tenant)
	}
}

// followed notes that a tenant is followed by one room more, or less, and has the bus be told. It waits for nothing.
func (h *Hub) followed(tenantID uuid.UUID, change int) {
	if h.deps.Bus == nil {
		return
	}
	h.mu.Lock()
	if h.rooms[tenantID] += change; h.rooms[tenantID] == 0 {
		delete(h.rooms, tenantID)
	}
	h.mu.Unlock()
	select {
	case h.refollow <- struct{}{}:
	default: // It will be seen anyway.
	}
}

// followAll tells the bus which tenants are followed here, whenever that changes.
func (h *Hub) followAll() {
	told := map[uuid.UUID]int{}
	for {
		select {
		case <-h.refollow:
		case <-h.stopped.Done():
			return
		}
		h.mu.Lock()
		now := maps.Clone(h.rooms)
		h.mu.Unlock()
		more, less := missing(now, told), missing(told, now)
		if told = now; len(more)+len(less) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(h.stopped, sendTimeout)
		h.deps.Bus.Follow(ctx, more, less)
		cancel()
		// What was committed before the bus knew, it did not tell.
		for _, f := range h.allFeeds() {
			for _, id := range more {
				f.wake(id)
			}
		}
	}
}

// missing are the keys of a that b lacks.
func missing(a, b map[uuid.UUID]int) (list []uuid.UUID) {
	for id := range a {
		if _, ok := b[id]; !ok {
			list = append(list, id)
		}
	}
	return list
}
