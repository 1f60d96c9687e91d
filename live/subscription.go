package live

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/google/uuid"
)

// Why a subscription ends by itself.
var (
	// ErrSlow says that the subscriber did not keep up. It may begin again behind what it got last.
	ErrSlow = errors.New("the subscriber did not keep up")
	// ErrReset says that the stream has gone back to before the subscriber's cursor: the database was restored. It must
	// begin anew.
	ErrReset = errors.New("the stream was put back to an earlier state")
	// ErrStopped says that the process stops.
	ErrStopped = errors.New("the service is stopping")
)

// Subscription is one subscriber's place in a stream. It is for one goroutine.
type Subscription[T any] struct {
	feed   *Feed[T]
	want   Want[T]
	tenant uuid.UUID

	// at is how far the subscriber read by itself.
	at     int64
	ready  []Item[T]
	behind bool // there is more to read behind ready
	begun  bool

	// room is set once it has joined the others. Up to own it reads by itself; what comes behind is told to all.
	room  *room[T]
	own   int64
	queue chan Item[T]
	// cut says why the queue was closed. It is written before that.
	cut error
	// gone says that it was closed.
	gone atomic.Bool
}

// Next gives the next change that is wanted. It waits for it, also while the database cannot be reached. Errors are
// ErrSlow, ErrReset, ErrStopped, and that of the context.
func (s *Subscription[T]) Next(ctx context.Context) (Item[T], error) {
	for {
		if len(s.ready) > 0 {
			item := s.ready[0]
			s.ready = s.ready[1:]
			return item, nil
		}
		if s.room != nil && s.at >= s.own {
			return s.receive(ctx)
		}
		if err := s.advance(ctx); err != nil {
			return Item[T]{}, err
		}
	}
}

// advance reads the next batch for this subscriber alone; once there is nothing more it joins the others, and then
// reads what was committed until it had.
func (s *Subscription[T]) advance(ctx context.Context) error {
	if s.room == nil && s.begun && !s.behind {
		if err := s.join(ctx); err != nil || s.at >= s.own {
			return err
		}
	}
	batch, err := s.read(ctx)
	if err != nil {
		return err
	}
	s.ready = s.ready[:0]
	for i := range batch.Items {
		item := &batch.Items[i]
		if (s.room == nil || item.At <= s.own) && s.want.Accept(item) {
			s.ready = append(s.ready, s.feed.lean(*item))
		}
	}
	s.at, s.behind, s.begun = batch.Through, batch.More, true
	return nil
}

// read reads once more for as long as the database cannot be reached.
func (s *Subscription[T]) read(ctx context.Context) (Batch[T], error) {
	var batch Batch[T]
	err := s.feed.Try(ctx, func(ctx context.Context) (err error) {
		batch, err = s.feed.stream.Read(ctx, s.at, s.want.Deep)
		return err
	})
	return batch, err
}

// join enters the room of the tenant.
func (s *Subscription[T]) join(ctx context.Context) error {
	room := s.feed.enter(s.tenant)
	from := make(chan int64, 1)
	select {
	case room.joins <- joining[T]{who: s, from: from}:
		s.room, s.own = room, max(<-from, s.at)
		return nil
	case <-ctx.Done():
		// Whoever asks again with another context joins then.
		s.feed.leave(room)
		return ctx.Err()
	case <-room.ctx.Done():
		s.feed.leave(room)
		return ErrStopped
	}
}

// receive waits for what is told to all. What waits in the queue is given before the reason why nothing follows.
func (s *Subscription[T]) receive(ctx context.Context) (Item[T], error) {
	for {
		select {
		case item, ok := <-s.queue:
			switch {
			case !ok:
				return Item[T]{}, s.cut
			case item.At <= s.own:
				continue // It was read before the others had come so far.
			}
			return item, nil
		case <-ctx.Done():
			return Item[T]{}, ctx.Err()
		case <-s.room.ctx.Done():
			return Item[T]{}, ErrStopped
		}
	}
}

// Cursor is where a subscriber that has got nothing yet stands: what it was told of by now is not behind it.
func (s *Subscription[T]) Cursor() int64 { return s.at }

// Close ends the subscription. It may be called twice.
func (s *Subscription[T]) Close() {
	if s.gone.Swap(true) {
		return
	}
	s.feed.hub.deps.Metrics.Subscribers(s.feed.stream.Name, -1)
	if s.room != nil {
		s.feed.leave(s.room)
	}
}
