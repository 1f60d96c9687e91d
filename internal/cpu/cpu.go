// Package cpu shares the processors between work that takes long and whoever waits for an answer.
//
// Go polls the network when a processor has nothing to run, and else every ten milliseconds. Packing entries and merging
// segments keep all processors busy, so that each step of a query, which waits for PostgreSQL, would wait ten milliseconds
// more. So there are more of Go's processors than real ones, and long work takes no more than the real ones: there is always
// one that polls, and the operating system gives the real ones to whoever has waited.
package cpu

import (
	"context"
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"
)

// count is how many processors Go would use: of the machine, or of the container.
var count = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// Count is how many processors there are to work with.
func Count() int { return count() }

// Spread gives Go more processors than there are, unless GOMAXPROCS says how many. It is to be called once, at the start.
func Spread() {
	n := count()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2*n + 1)
	}
}

// Lanes are as many as there are processors: whoever computes for long holds one.
type Lanes struct{ free *semaphore.Weighted }

// NewLanes makes lanes, all of them free.
func NewLanes() *Lanes { return newLanes(Count()) }

func newLanes(n int) *Lanes { return &Lanes{free: semaphore.NewWeighted(int64(n))} }

// Enter waits for a lane, in turn. Errors are the context's.
func (l *Lanes) Enter(ctx context.Context) error { return l.free.Acquire(ctx, 1) }

// Leave gives the lane back.
func (l *Lanes) Leave() { l.free.Release(1) }

// Reader reads from in, without the lane that its reader holds: what is read may be long in coming.
func (l *Lanes) Reader(in io.Reader) io.Reader { return &reader{in: in, lanes: l} }

type reader struct {
	in    io.Reader
	lanes *Lanes
}

func (r *reader) Read(p []byte) (int, error) {
	r.lanes.Leave()
	n, err := r.in.Read(p)
	// Whoever waits for a lane has work at hand, so it is never long until there is one.
	_ = r.lanes.Enter(context.Background())
	return n, err
}
