package turn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/graph/internal/turn"
)

// barrier lets everybody through once all have come.
type barrier struct {
	missing atomic.Int64
	all     chan struct{}
}

func newBarrier(n int64) *barrier {
	b := &barrier{all: make(chan struct{})}
	b.missing.Store(n)
	return b
}

func (b *barrier) wait(ctx context.Context) error {
	if b.missing.Add(-1) == 0 {
		close(b.all)
	}
	select {
	case <-b.all:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func text(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, s) })
}

func TestItemsThatDoNotWaitTakeTurns(t *testing.T) {
	t.Parallel()
	var order []int
	out := turn.List(t.Context(), 20, func(ctx context.Context, i int) graphql.Marshaler {
		order = append(order, i) // The race detector hears of items that do not take turns.
		require.Equal(t, i, *graphql.GetFieldContext(ctx).Index)
		return graphql.Null
	})
	require.Len(t, out, 20)
	require.IsIncreasing(t, order)
	require.Empty(t, turn.List(t.Context(), 0, nil))
}

// A loader must be asked by all items before any of them has an answer, however deep the lists are nested.
func TestItemsThatWaitDoSoTogether(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	for _, n := range []int{1, 2, 7, 100} {
		const inner = 3
		together := newBarrier(int64(n * inner))
		var failures sync.Map
		turn.List(ctx, n, func(ctx context.Context, i int) graphql.Marshaler {
			return turn.List(ctx, inner, func(ctx context.Context, j int) graphql.Marshaler {
				turn.Yield(ctx)
				if err := together.wait(ctx); err != nil {
					failures.Store(fmt.Sprint(i, j), err)
				}
				turn.Yield(ctx) // Once more changes nothing.
				return graphql.Null
			})
		})
		failures.Range(func(item, err any) bool {
			require.Fail(t, "did not wait with the others", "%s of %d: %s", item, n, err)
			return false
		})
	}
}

// Some wait and some do not: each is answered once, in its place.
func TestEachItemIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	const n, waiting = 90, 30
	together := newBarrier(waiting)
	var calls [n]atomic.Int32
	out := turn.List(ctx, n, func(ctx context.Context, i int) graphql.Marshaler {
		calls[i].Add(1)
		if i%3 == 1 {
			var fields sync.WaitGroup
			for range 2 { // As gqlgen does with the fields of an object that have resolvers.
				fields.Go(func() { turn.Yield(ctx) })
			}
			fields.Wait()
			if together.wait(ctx) != nil {
				return text("late")
			}
		}
		return text(fmt.Sprint(i))
	})
	for i := range out {
		require.EqualValues(t, 1, calls[i].Load())
		var got textBuffer
		out[i].MarshalGQL(&got)
		require.Equal(t, fmt.Sprint(i), string(got))
	}
}

type textBuffer []byte

func (b *textBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func TestAPanicIsAnErrorAtItsItem(t *testing.T) {
	t.Parallel()
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter,
		func(context.Context, any) error { return errors.New("it panicked") })
	out := turn.List(ctx, 5, func(_ context.Context, i int) graphql.Marshaler {
		if i == 3 {
			panic("no")
		}
		return graphql.Null
	})
	require.Nil(t, out)
	told := graphql.GetErrors(ctx)
	require.Len(t, told, 1)
	require.Equal(t, "[3]", told[0].Path.String())
}

func TestYieldOutsideOfListsIsNothing(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() { turn.Yield(t.Context()) })
}

// Somebody is at work until all wait for a loader, whatever the answer consists of: whoever is woken up goes on before it
// is nobody's turn again.
func TestNobodyIsAtWorkOnceAllWait(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 7, 70} {
		var wake chan struct{}
		waiting, idle := 0, 0
		var mu sync.Mutex
		var work *turn.Work
		const fields, rounds = 3, 2
		ctx, work := turn.With(patient(t), func() {
			mu.Lock()
			defer mu.Unlock()
			if waiting != n*fields {
				t.Errorf("%d of %d wait", waiting, n*fields)
			}
			idle++
			work.Begin(waiting)
			waiting = 0
			close(wake)
			wake = make(chan struct{})
		})
		wake = make(chan struct{})
		load := func(ctx context.Context) {
			turn.Yield(ctx)
			mu.Lock()
			waiting++
			woken := wake
			mu.Unlock()
			work.End()
			<-woken
		}
		turn.List(ctx, n, func(ctx context.Context, _ int) graphql.Marshaler {
			var later turn.Fields
			set := graphql.NewFieldSet(make([]graphql.CollectedField, fields))
			for i := range fields {
				later.Later(ctx, set, i, func(ctx context.Context) graphql.Marshaler {
					for range rounds {
						load(ctx)
					}
					return graphql.Null
				})
			}
			later.Dispatch(ctx, set)
			return graphql.Null
		})
		require.Equal(t, rounds, idle)
	}
}
