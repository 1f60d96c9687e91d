package turn

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// Work counts the goroutines that are at work on an answer and do not wait for a loader. When there are none, nobody is
// left to ask a loader for more: whatever is collected may as well be read.
type Work struct {
	running atomic.Int64
	idle    func()
}

type workKey struct{}

// With is a context of the answer that the calling goroutine begins to work on. idle is called each time that nobody is at
// work.
func With(ctx context.Context, idle func()) (context.Context, *Work) {
	w := &Work{idle: idle}
	w.running.Store(1)
	return context.WithValue(ctx, workKey{}, w), w
}

// workOf is the work on the answer of the context. Outside of answers it counts for nobody.
func workOf(ctx context.Context) *Work {
	w, _ := ctx.Value(workKey{}).(*Work)
	return w
}

// Begin counts n goroutines in: before they are started, or woken up.
func (w *Work) Begin(n int) {
	if w != nil {
		w.running.Add(int64(n))
	}
}

// End counts the calling goroutine out: when it is done, or about to wait for a loader. Whoever wakes it up counts it in.
func (w *Work) End() {
	if w != nil && w.running.Add(-1) == 0 {
		w.idle()
	}
}

// Wait runs fn, which waits for something else than a loader.
func Wait(ctx context.Context, fn func()) {
	w := workOf(ctx)
	w.End()
	defer w.Begin(1)
	fn()
}

// crew is goroutines that share a task, and of which one waits for the others in the end. It goes on in place of the last
// that ends, so that there is no moment in between in which nobody seems to be at work.
type crew struct {
	work *Work
	busy atomic.Int64
	all  sync.WaitGroup
}

// newCrew is a crew of the calling goroutine.
func newCrew(work *Work) *crew {
	c := &crew{work: work}
	c.busy.Store(1)
	c.all.Add(1)
	return c
}

// join counts one more in, before it is started, by one who is in.
func (c *crew) join() {
	c.busy.Add(1)
	c.all.Add(1)
	c.work.Begin(1)
}

// leave is what each of them ends with.
func (c *crew) leave() {
	if c.busy.Add(-1) > 0 {
		c.work.End()
	}
	c.all.Done()
}

// wait leaves, and waits for all others.
func (c *crew) wait() {
	c.leave()
	c.all.Wait()
}

// Each calls do with 0 to n-1 in a goroutine each, and waits for all.
func Each(ctx context.Context, n int, do func(i int)) {
	c := newCrew(workOf(ctx))
	for i := range n {
		c.join()
		go func() {
			defer c.leave()
			do(i)
		}()
	}
	c.wait()
}

// Fields stands before a graphql.FieldSet, and counts the goroutines of its fields. Its zero value has none.
type Fields struct{ crew *crew }

// Later adds a field that is answered in a goroutine of its own, unless it is the only one.
func (f *Fields) Later(ctx context.Context, set *graphql.FieldSet, i int, answer func(context.Context) graphql.Marshaler) {
	if f.crew == nil {
		// The first is answered by the goroutine that dispatches them.
		f.crew = newCrew(workOf(ctx))
	} else {
		f.crew.join()
	}
	c := f.crew
	set.Concurrently(i, func(ctx context.Context) graphql.Marshaler {
		defer c.leave()
		return answer(ctx)
	})
}

// Dispatch has the fields answered, and waits for them.
func (f *Fields) Dispatch(ctx context.Context, set *graphql.FieldSet) { set.Dispatch(ctx) }
