package journal

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/weirhq/weir/internal/cpu"
)

// pace keeps background work from taking the processors and the disk that requests need: half of the processors work on
// segments at once, whatever the number of tenants, and rest after each step.
type pace struct {
	slots *semaphore.Weighted
	rest  float64
}

func newPace(rest float64) *pace {
	return &pace{slots: semaphore.NewWeighted(int64(max(1, cpu.Count()/2))), rest: rest}
}

// step runs one step when its turn has come.
func (p *pace) step(ctx context.Context, fn func() error) error {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.slots.Release(1)
	start := time.Now()
	err := fn()
	if p.rest > 0 {
		sleep(ctx, time.Duration(p.rest*float64(time.Since(start))))
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
