package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// Stream is a sequence of changes of each tenant, which is read by a cursor.
type Stream[T any] struct {
	// Name is in hints: a word.
	Name string
	// Head is the cursor behind all that there is now, of the context's tenant.
	Head func(ctx context.Context) (int64, error)
	// Read gives the next changes behind a cursor, whole steps of it at a time, with what is costly to read if deep is
	// set. A cursor that the stream has not come to is an errs.Conflict.
	Read func(ctx context.Context, after int64, deep bool) (Batch[T], error)
	// Lean gives a change without what is costly to keep; nil when there is no such thing.
	Lean func(T) T
}

// Batch is some changes of a stream, in their order: all up to the cursor Through. More says that there are further ones.
type Batch[T any] struct {
	Items   []Item[T]
	Through int64
	More    bool
}

// Item is a change, and the cursor of the step that it belongs to.
type Item[T any] struct {
	At    int64
	Value T
}

// Feed takes the changes of one stream to its subscribers.
type Feed[T any] struct {
	hub    *Hub
	stream Stream[T]

	mu    sync.Mutex
	rooms map[uuid.UUID]*room[T]
}

// NewFeed adds a stream to a hub.
func NewFeed[T any](hub *Hub, stream Stream[T]) *Feed[T] {
	f := &Feed[T]{hub: hub, stream: stream, rooms: map[uuid.UUID]*room[T]{}}
	hub.add(stream.Name, f)
	return f
}

// Want says what a subscriber wants.
type Want[T any] struct {
	// After is the cursor to begin behind; nil for now.
	After *int64
	// Accept tells whether the subscriber wants a change. It may be called by several goroutines at once, and must be
	// quick: all subscribers of the tenant wait for it.
	Accept func(item *Item[T]) bool
	// Deep says that Accept looks at what is costly to read.
	Deep bool
}

// Subscribe begins to follow the stream of the context's tenant. Close must be called. Errors are those of Try.
func (f *Feed[T]) Subscribe(ctx context.Context, want Want[T]) (*Subscription[T], error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	s := &Subscription[T]{feed: f, want: want, tenant: p.TenantID, queue: make(chan Item[T], f.hub.deps.Queue)}
	if want.After != nil {
		s.at = *want.After
	} else if err := f.Try(ctx, func(ctx context.Context) (err error) {
		s.at, err = f.stream.Head(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	f.hub.deps.Metrics.Subscribers(f.stream.Name, 1)
	return s, nil
}

// enter gives the room of a tenant, of which there is one while somebody is in it.
func (f *Feed[T]) enter(tenantID uuid.UUID) *room[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.rooms[tenantID]
	if r == nil {
		r = newRoom(f, tenantID)
		f.rooms[tenantID] = r
		f.hub.run(r.run)
		f.hub.followed(tenantID, 1)
	}
	r.visitors++
	return r
}

func (f *Feed[T]) lean(item Item[T]) Item[T] {
	if f.stream.Lean != nil {
		item.Value = f.stream.Lean(item.Value)
	}
	return item
}

// Try does what a subscriber reads by itself, again and again for as long as the database cannot be reached. Errors are
// ErrReset for a Conflict, ErrStopped, that of the context, and other errors of ours.
func (f *Feed[T]) Try(ctx context.Context, read func(ctx context.Context) error) error {
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		reading, cancel := context.WithTimeout(ctx, readTimeout)
		err := read(reading)
		cancel()
		own, isOwn := errors.AsType[*errs.Error](err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case f.hub.stopped.Err() != nil:
			return ErrStopped
		case errs.Is(err, errs.Conflict):
			return ErrReset
		case isOwn && own.Code != errs.Unavailable && own.Code != errs.Internal:
			return err
		}
		f.hub.log.LogAttrs(ctx, slog.LevelWarn, "what is new could not be read for a subscriber", slog.String("stream", f.stream.Name),
			slog.Any("error", err), slog.Duration("retry", retry))
		if !pause(ctx, retry) {
			return ctx.Err()
		}
	}
}

// leave is the end of a visit. The last visitor ends the room.
func (f *Feed[T]) leave(r *room[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.visitors--; r.visitors == 0 {
		delete(f.rooms, r.tenant)
		r.end()
		f.hub.followed(r.tenant, -1)
	}
}

func (f *Feed[T]) wake(tenantID uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.rooms[tenantID]; r != nil {
		r.poke()
	}
}

func (f *Feed[T]) wakeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		r.poke()
	}
}

// Joined is how many subscribers are told of what is committed; those that still read what was before are not among them.
func (f *Feed[T]) Joined() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.rooms {
		n += int(r.joined.Load())
	}
	return n
}
