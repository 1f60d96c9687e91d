package live

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Metrics counts what goes on.
type Metrics interface {
	// Subscribers notes how many followers a stream has more, or less.
	Subscribers(stream string, change int)
	// Sent counts changes that were put into a follower's queue.
	Sent(stream string, n int)
	// Dropped counts followers that were cut off because they did not keep up.
	Dropped(stream string)
	// Read notes how long a read for all followers of a tenant took.
	Read(stream string, took time.Duration)
	// BusUp notes whether the bus to other processes is there.
	BusUp(bus string, up bool)
	// Hints counts hints between processes: HintsSent, HintsHeard or HintsFailed.
	Hints(what string, n int)
}

// Deps is what a Hub works with.
type Deps struct {
	// Bus takes hints to other processes and theirs to this one; without it there are no others.
	Bus Bus

	// Metrics, Logger and Now may be nil.
	Metrics Metrics
	Logger  *slog.Logger
	Now     func() time.Time

	// Poll is how often followers look for what no hint told of: 3 s.
	Poll time.Duration
	// Coalesce is for how long hints to other processes are gathered: 100 ms.
	Coalesce time.Duration
	// Rest is how long a reader waits after a read before the next: 10 ms, in which more is committed.
	Rest time.Duration
	// Queue is how many changes may wait for one follower: 256.
	Queue int
}

// Hub takes hints of commits to those who follow. One a process is enough. It is safe for concurrent use.
type Hub struct {
	deps Deps
	log  *slog.Logger

	mu    sync.Mutex
	feeds map[string]feed
	// pending are hints that other processes were not sent yet.
	pending map[hintKey]int64
	// rooms counts those of each tenant; refollow has something when that has changed.
	rooms    map[uuid.UUID]int
	refollow chan struct{}

	stop    context.CancelFunc
	stopped context.Context //nolint:containedctx // It ends what the hub runs, which belongs to no caller.
	running sync.WaitGroup
}

// feed is what the hub knows of a stream.
type feed interface {
	wake(tenantID uuid.UUID)
	wakeAll()
}

type hintKey struct {
	stream string
	tenant uuid.UUID
}

// NewHub makes a Hub. Streams are added by NewFeed; then Start begins.
func NewHub(deps Deps) *Hub {
	deps.Poll = cmp.Or(deps.Poll, 3*time.Second)
	deps.Coalesce = cmp.Or(deps.Coalesce, 100*time.Millisecond)
	deps.Rest = cmp.Or(deps.Rest, 10*time.Millisecond)
	deps.Queue = cmp.Or(deps.Queue, 256)
	if deps.Metrics == nil {
		deps.Metrics = noMetrics{}
	}
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	h := &Hub{
		deps: deps, log: deps.Logger, feeds: map[string]feed{}, pending: map[hintKey]int64{},
		rooms: map[uuid.UUID]int{}, refollow: make(chan struct{}, 1),
	}
	h.stopped, h.stop = context.WithCancel(context.Background())
	return h
}

// Start begins to tell other processes and to listen to them.
func (h *Hub) Start() {
	if h.deps.Bus == nil {
		return
	}
	h.run(h.sendAll)
	h.run(h.listen)
	h.run(h.followAll)
}

// run runs fn until the hub stops. After that it does nothing.
func (h *Hub) run(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped.Err() == nil {
		h.running.Go(fn)
	}
}

// Stop ends what Start began and every subscription, and waits until it has, or until the context ends. It may be called
// twice.
func (h *Hub) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stop()
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hint says that a stream of a tenant has come to a cursor. It only notes so, and returns at once.
func (h *Hub) Hint(stream string, tenantID uuid.UUID, cursor int64) {
	h.mu.Lock()
	f := h.feeds[stream]
	if h.deps.Bus != nil {
		key := hintKey{stream, tenantID}
		h.pending[key] = max(h.pending[key], cursor)
	}
	h.mu.Unlock()
	if f != nil {
		f.wake(tenantID)
	}
}

// wakeAll has everybody look for what is new.
func (h *Hub) wakeAll() {
	for _, f := range h.allFeeds() {
		f.wakeAll()
	}
}

// allFeeds are for calling with no lock held: a feed that opens a room holds its own and takes ours.
func (h *Hub) allFeeds() []feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.feeds))
}

func (h *Hub) add(stream string, f feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.feeds[stream] = f
}

// pause waits for a time; it is false when the context ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type noMetrics struct{}

func (noMetrics) Subscribers(string, int)    {}
func (noMetrics) Sent(string, int)           {}
func (noMetrics) Dropped(string)             {}
func (noMetrics) Read(string, time.Duration) {}
func (noMetrics) BusUp(string, bool)         {}
func (noMetrics) Hints(string, int)          {}
