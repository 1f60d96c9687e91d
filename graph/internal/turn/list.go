package turn

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/weirhq/weir/internal/cpu"
)

// share is how many items are worth a goroutine where there is a processor for it.
const share = 32

// list is a list of which the items are being answered.
type list struct {
	ctx    context.Context
	item   func(ctx context.Context, i int) graphql.Marshaler
	out    graphql.Array
	next   atomic.Int64
	crew   *crew
	failed atomic.Bool
}

// turn is one item that is being answered, in a goroutine that goes on with the next one unless somebody else does.
type turn struct {
	list *list
	// outer is the item that the list is part of, whose goroutine waits for the list.
	outer *turn
	state atomic.Int32
	index int
	field graphql.FieldContext
}

// The states of a turn. It is left once: by its own goroutine when it is done, or by a Yield before that.
const (
	held int32 = iota
	left
)

type contextKey struct{}

// List answers the n items of a list by item, whose context has a graphql.FieldContext with the index, and which may be
// called in several goroutines. An item that panics is an error of the answer, and empties the list.
func List(ctx context.Context, n int, item func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	l := &list{ctx: ctx, item: item, out: make(graphql.Array, n), crew: newCrew(workOf(ctx))}
	outer, _ := ctx.Value(contextKey{}).(*turn)
	for range min(n/share, cpu.Count()-1) {
		l.start(outer)
	}
	l.walk(outer)
	l.crew.wait()
	if l.failed.Load() {
		return nil
	}
	return l.out
}

// start has another goroutine walk.
func (l *list) start(outer *turn) {
	l.crew.join()
	go func() {
		defer l.crew.leave()
		l.walk(outer)
	}()
}

// walk answers items until there are no more, or until somebody else goes on.
func (l *list) walk(outer *turn) {
	for {
		i := int(l.next.Add(1)) - 1
		if i >= len(l.out) {
			return
		}
		t := &turn{list: l, outer: outer, index: i}
		l.answer(t)
		if !t.state.CompareAndSwap(held, left) {
			return
		}
	}
}

func (l *list) answer(t *turn) {
	t.field.Index = &t.index
	ctx := graphql.WithFieldContext(context.WithValue(l.ctx, contextKey{}, t), &t.field)
	defer func() {
		if r := recover(); r != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, r))
			l.failed.Store(true)
		}
	}()
	l.out[t.index] = l.item(ctx, t.index)
}

// Yield says that whatever is answered in the context is about to wait: others go on with the next items of the lists
// that it is part of.
func Yield(ctx context.Context) {
	t, _ := ctx.Value(contextKey{}).(*turn)
	for ; t != nil; t = t.outer {
		if t.state.CompareAndSwap(held, left) && int(t.list.next.Load()) < len(t.list.out) {
			t.list.start(t.outer)
		}
	}
}
