package live

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// readTimeout bounds one read of a stream.
const readTimeout = 20 * time.Second

// room is where the subscribers of one tenant wait, and what reads for all of them.
type room[T any] struct {
	feed   *Feed[T]
	tenant uuid.UUID
	// visitors are counted by the feed.
	visitors int
	ctx      context.Context //nolint:containedctx // It ends what the room runs, which belongs to no subscriber.
	end      context.CancelFunc
	woken    chan struct{}
	joins    chan joining[T]

	// at is how far was read. What follows belongs to run.
	at       int64
	known    bool
	inside   map[*Subscription[T]]struct{}
	deep     int
	retrying time.Duration
	joined   atomic.Int64
}

// joining is a subscriber that wants to be told of what comes, and to know from which cursor on it will be.
type joining[T any] struct {
	who  *Subscription[T]
	from chan int64
}

func newRoom[T any](f *Feed[T], tenantID uuid.UUID) *room[T] {
	r := &room[T]{
		feed: f, tenant: tenantID, woken: make(chan struct{}, 1), joins: make(chan joining[T]),
		inside: map[*Subscription[T]]struct{}{},
	}
	r.ctx, r.end = context.WithCancel(tenant.WithPrincipal(f.hub.stopped, tenant.System(tenantID)))
	return r
}

// poke has the room look for what is new.
func (r *room[T]) poke() {
	select {
	case r.woken <- struct{}{}:
	default: // It will anyway.
	}
}

// run reads when it is woken, and every now and then, until the last visitor has gone.
func (r *room[T]) run() {
	poll := time.NewTimer(r.pause())
	defer poll.Stop()
	for {
		// Nobody joins while it reads: who joins is told all that the next read finds.
		select {
		case <-r.ctx.Done():
			return
		case j := <-r.joins:
			r.join(j)
			continue
		case <-r.woken:
		case <-poll.C:
		}
		r.sweep()
		if len(r.inside) > 0 {
			r.catchUp()
			r.rest()
		}
		poll.Reset(r.pause())
	}
}

// pause is how long to wait for a hint; not for all rooms the same, so that they do not ask at once.
func (r *room[T]) pause() time.Duration {
	if r.retrying > 0 {
		return r.retrying
	}
	return r.feed.hub.deps.Poll * time.Duration(75+rand.IntN(50)) / 100
}

// rest waits a little, in which more may be committed: it is read together.
func (r *room[T]) rest() {
	timer := time.NewTimer(r.feed.hub.deps.Rest)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-r.ctx.Done():
			return
		case j := <-r.joins:
			r.join(j)
		}
	}
}

// join lets a subscriber in, at the cursor that the room has come to. The first one brings its own.
func (r *room[T]) join(j joining[T]) {
	if !r.known {
		r.at, r.known = j.who.at, true
	}
	r.inside[j.who] = struct{}{}
	r.joined.Add(1)
	if j.who.want.Deep {
		r.deep++
	}
	j.from <- r.at
	// What was committed between two reads is read soon.
	r.poke()
}

func (r *room[T]) remove(who *Subscription[T]) {
	if _, ok := r.inside[who]; !ok {
		return
	}
	delete(r.inside, who)
	r.joined.Add(-1)
	if who.want.Deep {
		r.deep--
	}
}

// sweep lets those out who have gone.
func (r *room[T]) sweep() {
	for who := range r.inside {
		if who.gone.Load() {
			r.remove(who)
		}
	}
}

// catchUp reads all that is new and hands it out.
func (r *room[T]) catchUp() {
	for more := true; more && len(r.inside) > 0; {
		began := r.feed.hub.deps.Now()
		ctx, cancel := context.WithTimeout(r.ctx, readTimeout)
		batch, err := r.feed.stream.Read(ctx, r.at, r.deep > 0)
		cancel()
		switch {
		case r.ctx.Err() != nil:
			return
		case errs.Is(err, errs.Conflict):
			r.cutAll()
			return
		case err != nil:
			r.retrying = min(max(2*r.retrying, firstRetry), lastRetry)
			r.feed.hub.log.LogAttrs(ctx, slog.LevelWarn, "what is new could not be read", slog.String("stream", r.feed.stream.Name),
				slog.String("tenant", r.tenant.String()), slog.Any("error", err), slog.Duration("retry", r.retrying))
			return
		}
		r.retrying = 0
		r.feed.hub.deps.Metrics.Read(r.feed.stream.Name, r.feed.hub.deps.Now().Sub(began))
		r.hand(batch.Items)
		r.at, more = batch.Through, batch.More
	}
}

// hand puts items into the queues of those who want them. Who has no room left is cut off.
func (r *room[T]) hand(items []Item[T]) {
	sent := 0
	lean := make([]*Item[T], len(items))
	for who := range r.inside {
		for i := range items {
			if who.gone.Load() || !who.want.Accept(&items[i]) {
				continue
			}
			if lean[i] == nil {
				item := r.feed.lean(items[i])
				lean[i] = &item
			}
			select {
			case who.queue <- *lean[i]:
				sent++
				continue
			default:
			}
			r.cut(who, ErrSlow)
			r.feed.hub.deps.Metrics.Dropped(r.feed.stream.Name)
			break
		}
	}
	r.feed.hub.deps.Metrics.Sent(r.feed.stream.Name, sent)
}

func (r *room[T]) cut(who *Subscription[T], why error) {
	r.remove(who)
	who.cut = why
	close(who.queue)
}

// cutAll ends all subscriptions: what they were told may never have happened.
func (r *room[T]) cutAll() {
	for who := range r.inside {
		r.cut(who, ErrReset)
	}
	r.known = false
}
