package token

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// cooldown is the least time between the beginnings of two fetches, however
	// many tokens name keys that are not known.
	cooldown = 5 * time.Second
	// waitLimit leaves a token that comes right after a fetch the whole cooldown
	// and a second for the fetch itself.
	waitLimit = 6 * time.Second
	// maxWaiting bounds the goroutines that wait for a fetch, and with them the
	// memory that made-up key ids can take: some 50 MB with their connections.
	maxWaiting = 2048
	// retryAfter is when a failed fetch is tried again, wanted or not.
	retryAfter = 30 * time.Second
)

// remoteAlgs are the algorithms of keys that are public.
var remoteAlgs = []string{"EdDSA", "ES256", "PS256", "RS256"}

// remoteKeys are the keys of an identity provider. One timer stands for the next
// fetch: at the first token, then after every refresh interval, or as soon as
// the cooldown allows when a token names a key that is not known. A fetch that
// fails changes nothing, so that the last keys outlive an issuer's outage.
type remoteKeys struct {
	fetch   func(context.Context) (keySet, error)
	refresh time.Duration
	logger  *slog.Logger
	ctx     context.Context // of fetches, which outlive the request that wants them
	cancel  context.CancelFunc
	fetches sync.WaitGroup

	mu       sync.Mutex
	keys     keySet
	failure  error         // of the last fetch
	begun    uint64        // fetches begun
	ended    uint64        // fetches ended
	lastTry  time.Time     // when the last fetch began
	changed  chan struct{} // closed and replaced when a fetch ends
	waiting  int
	timer    *time.Timer // of the next fetch; nil before the first token
	timerFor uint64      // tells the timer that counts from one that fired while it was replaced
	due      time.Time
	stopped  bool
}

func newRemoteKeys(cfg Config) *remoteKeys {
	r := &remoteKeys{
		fetch:   newFetcher(cfg).fetch,
		refresh: cfg.Refresh,
		logger:  cfg.Logger,
		changed: make(chan struct{}),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())

	return r
}

// find returns the key for a token, after a fetch if the key is not known.
func (r *remoteKeys) find(ctx context.Context, h header) (verificationKey, error) {
	if !slices.Contains(remoteAlgs, h.alg) {
		return verificationKey{}, refuse("the algorithm is not allowed")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key, err := r.keys.find(h)
	if isUnknownKey(err) {
		return r.await(ctx, h)
	}

	return key, err
}

// await looks again whenever a fetch ends, until one has ended that began after
// the token came: an earlier one may have missed the key. It is called with the
// lock held, and gives it up while it waits.
func (r *remoteKeys) await(ctx context.Context, h header) (verificationKey, error) {
	if r.waiting >= maxWaiting {
		r.want()
		return verificationKey{}, refuse("the signing key is not known yet")
	}
	r.waiting++
	defer func() { r.waiting-- }()
	ctx, cancel := context.WithTimeoutCause(ctx, waitLimit, errUnknownKey)
	defer cancel()

	for needed := r.begun + 1; ; {
		if r.stopped {
			return verificationKey{}, errUnknownKey
		}
		r.want()
		if err := r.waitForChange(ctx); err != nil {
			return verificationKey{}, err
		}
		key, err := r.keys.find(h)
		if !isUnknownKey(err) {
			return key, err
		}
		if r.ended >= needed {
			return verificationKey{}, r.unknown()
		}
	}
}

func (r *remoteKeys) unknown() error {
	if r.failure != nil {
		return &Error{Reason: "the issuer's keys could not be fetched", err: r.failure}
	}

	return errUnknownKey
}

func (r *remoteKeys) waitForChange(ctx context.Context) error {
	changed := r.changed
	r.mu.Unlock()
	defer r.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); isUnknownKey(cause) {
			return cause
		}
		return &Error{Reason: "the request ended before the signing key was known", err: ctx.Err()}
	}
}

// want hastens the next fetch to when the cooldown allows it. While one is under
// way it does nothing: whoever waits for the next one asks again when it ends.
func (r *remoteKeys) want() {
	if r.begun > r.ended {
		return
	}
	if due := r.afterCooldown(); r.timer == nil || due.Before(r.due) {
		r.schedule(due)
	}
}

func (r *remoteKeys) afterCooldown() time.Time {
	if r.begun == 0 {
		return time.Now()
	}

	return r.lastTry.Add(cooldown)
}

// schedule replaces the timer of the next fetch.
func (r *remoteKeys) schedule(due time.Time) {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timerFor++
	number := r.timerFor
	r.due = due
	r.timer = time.AfterFunc(time.Until(due), func() { r.runOnce(number) })
}

// runOnce fetches the keys, unless its timer was replaced, and schedules the
// next fetch.
func (r *remoteKeys) runOnce(number uint64) {
	r.mu.Lock()
	if r.stopped || number != r.timerFor {
		r.mu.Unlock()
		return
	}
	r.fetches.Add(1)
	defer r.fetches.Done()
	r.begun++
	r.lastTry = time.Now()
	r.mu.Unlock()

	keys, err := r.fetch(r.ctx)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
	r.failure = err
	next := r.refresh
	if err == nil {
		r.keys = keys
	} else {
		next = min(next, retryAfter)
	}
	close(r.changed)
	r.changed = make(chan struct{})
	if r.stopped {
		return
	}
	if err != nil {
		r.logger.WarnContext(r.ctx, "fetching signing keys failed; the last ones stay", "error", err)
	}
	r.schedule(r.lastTry.Add(next))
}

func (r *remoteKeys) stop() {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		r.cancel()
		if r.timer != nil {
			r.timer.Stop()
		}
		close(r.changed)
		r.changed = make(chan struct{})
	}
	r.mu.Unlock()
	r.fetches.Wait()
}
