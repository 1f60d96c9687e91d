package journal

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Options are what a Store may be told; each has a default.
type Options struct {
	// Now is the clock.
	Now func() time.Time
	// Logger hears of segments that cannot be read.
	Logger *slog.Logger
	// KeyBytes bounds the memory for the ids that senders gave to their events: 128 MiB. A day of a tenant costs up to
	// 22 bytes an id, and one that is larger than the bound is kept while it is in use.
	KeyBytes int64
	// TokenBytes bounds the memory for the Bloom filters of segments: 64 MiB.
	TokenBytes int64
	// PageTime and PageSegments bound what one page costs: 2 s, 20,000 segments.
	PageTime     time.Duration
	PageSegments int
	// HistogramTime bounds what a histogram costs: 10 s.
	HistogramTime time.Duration
	// Rest is for how long compaction rests after each step, as a part of the time that the step took: 0, not at all.
	Rest float64
}

// Store keeps the log entries of all tenants, each behind its door. It is safe for concurrent use.
type Store struct {
	door       *tenant.Door
	opt        Options
	log        *slog.Logger
	keys       *keyring
	tokens     *tokenCache
	encoders   sync.Pool
	collectors sync.Pool
	partitions partitions
	pace       *pace
}

// NewStore makes a Store over the door. One a process shares its caches among all tenants.
func NewStore(door *tenant.Door, opt Options) *Store {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	opt.KeyBytes = cmp.Or(opt.KeyBytes, 128<<20)
	opt.TokenBytes = cmp.Or(opt.TokenBytes, 64<<20)
	opt.PageTime = cmp.Or(opt.PageTime, 2*time.Second)
	opt.PageSegments = cmp.Or(opt.PageSegments, 20_000)
	opt.HistogramTime = cmp.Or(opt.HistogramTime, 10*time.Second)
	return &Store{
		door: door, opt: opt, log: opt.Logger,
		keys: newKeyring(opt.KeyBytes), tokens: newTokenCache(opt.TokenBytes),
		encoders:   sync.Pool{New: func() any { return segment.NewEncoder() }},
		collectors: sync.Pool{New: func() any { return statistics.NewCollector() }},
		pace:       newPace(opt.Rest),
	}
}
