package jobs

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

// idle is a detection that finds nothing.
type idle struct{}

func (idle) Take(context.Context) error   { return nil }
func (idle) Detect(context.Context) error { return nil }

// watcher is a detection that says what it was asked to do, and for whom.
type watcher struct {
	taken, detected chan uuid.UUID
	// hold keeps Take from its end until it gives something, when it is not nil.
	hold chan struct{}
}

func (w *watcher) Take(ctx context.Context) error { return w.note(ctx, w.taken, w.hold) }

func (w *watcher) Detect(ctx context.Context) error { return w.note(ctx, w.detected, nil) }

func (w *watcher) note(ctx context.Context, to chan<- uuid.UUID, hold <-chan struct{}) error {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	to <- p.TenantID
	if hold != nil {
		<-hold
	}
	return nil
}

func detecting(t *testing.T, w *watcher, tenants ...uuid.UUID) *Jobs {
	t.Helper()
	journal := newHeard()
	j, err := New(Deps{
		Pool: pgtest.New(t).Pool(t), Journal: journal, Retention: journal, Detection: w, Notification: quiet{}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler),
		Now: clock, Work: true, Tenants: func(context.Context) ([]uuid.UUID, error) { return tenants, nil },
	})
	require.NoError(t, err)
	j.Start()
	require.NoError(t, j.Work(t.Context()))
	t.Cleanup(func() { require.NoError(t, j.Stop(context.WithoutCancel(t.Context()))) })
	return j
}

func TestEachTenantIsLookedAt(t *testing.T) {
	t.Parallel()
	w := &watcher{taken: make(chan uuid.UUID, 9), detected: make(chan uuid.UUID, 9)}
	tenants := []uuid.UUID{nodeid.New(noon), nodeid.New(noon)}
	detecting(t, w, tenants...)
	require.ElementsMatch(t, tenants, []uuid.UUID{receive(t, w.detected), receive(t, w.detected)})
}

func TestManyTenantsTakeTurns(t *testing.T) {
	t.Parallel()
	few, many := make([]uuid.UUID, mostLooks), make([]uuid.UUID, 7*mostLooks)
	for i := range few {
		few[i] = nodeid.New(noon)
	}
	for i := range many {
		many[i] = nodeid.New(noon)
	}
	require.Equal(t, few, turn(few, noon))
	seen := map[uuid.UUID]int{}
	for minute := range 14 {
		now := turn(many, noon.Add(time.Duration(minute)*time.Minute))
		require.InDelta(t, mostLooks, len(now), mostLooks/5)
		for _, id := range now {
			seen[id]++
		}
	}
	for _, id := range many {
		require.Equal(t, 2, seen[id], "each has its turn once in seven minutes")
	}
}

// What is found while the tenant's job is at work may have come too late for it.
func TestWhatIsFoundMeanwhileIsTakenToo(t *testing.T) {
	t.Parallel()
	w := &watcher{taken: make(chan uuid.UUID, 9), detected: make(chan uuid.UUID, 9), hold: make(chan struct{})}
	j := detecting(t, w)
	id := nodeid.New(noon)
	j.Found(id, 1)
	require.Equal(t, id, receive(t, w.taken))
	j.Found(id, 1)
	require.NoError(t, j.enqueueFound(t.Context()), "its job is at work, so this makes none")
	w.hold <- struct{}{}
	require.Equal(t, id, receive(t, w.taken))
	w.hold <- struct{}{}
}

// A tenant of whom much is found has a job less often, but never waits for its first one.
func TestBusyTenantsAreTakenLessOften(t *testing.T) {
	t.Parallel()
	var f finds
	quiet, busy := nodeid.New(noon), nodeid.New(noon)
	jobs := map[uuid.UUID]int{}
	for tick := range 30 {
		f.add(few, quiet)
		f.add(few+1, busy)
		for _, id := range f.take(noon.Add(time.Duration(tick) * takeEvery)) {
			jobs[id]++
		}
		if tick == 0 {
			require.Len(t, jobs, 2)
		}
	}
	require.Equal(t, map[uuid.UUID]int{quiet: 30, busy: 6}, jobs)
}
