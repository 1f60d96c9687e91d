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

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 2, 12, 20, 0, 0, time.UTC)

func clock() time.Time { return noon }

// heard is a journal that says what it was asked to do, and for whom.
type heard struct {
	compacted  chan uuid.UUID
	before     chan time.Time
	erased     chan [2]uuid.UUID
	partitions chan [2]time.Time
}

func newHeard() *heard {
	return &heard{make(chan uuid.UUID, 9), make(chan time.Time, 9), make(chan [2]uuid.UUID, 9), make(chan [2]time.Time, 9)}
}

func (h *heard) CompactBefore(ctx context.Context, before time.Time) error {
	p, err := tenant.FromContext(ctx)
	if err == nil {
		h.compacted <- p.TenantID
		h.before <- before
	}
	return err
}

func (h *heard) EraseCustomer(ctx context.Context, customerID uuid.UUID) error {
	p, err := tenant.FromContext(ctx)
	if err == nil {
		h.erased <- [2]uuid.UUID{p.TenantID, customerID}
	}
	return err
}

func (h *heard) MakePartitions(_ context.Context, from, to time.Time) error {
	h.partitions <- [2]time.Time{from, to}
	return nil
}

// DropPartitions and Expire make a journal that is asked for nothing else quiet.
func (h *heard) DropPartitions(context.Context) error { return nil }

func (h *heard) Expire(context.Context) error { return nil }

type noMetrics struct{}

func (noMetrics) Job(string, string, time.Duration) {}
func (noMetrics) Jobs(string, int)                  {}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(30 * time.Second):
		require.FailNow(t, "nobody did the job")
		panic("unreachable")
	}
}

func TestJobsAreMadeForEachTenantAndDoneAsIt(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	tenants := []uuid.UUID{nodeid.New(noon), nodeid.New(noon)}
	journal := newHeard()
	j, err := New(Deps{
		Pool: pool, Journal: journal, Retention: journal, Detection: idle{}, Notification: quiet{}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler), Now: clock, Work: true,
		Tenants: func(context.Context) ([]uuid.UUID, error) { return tenants, nil },
	})
	require.NoError(t, err)
	j.Start()
	require.NoError(t, j.Work(t.Context()))
	t.Cleanup(func() { require.NoError(t, j.Stop(context.WithoutCancel(t.Context()))) })
	require.NoError(t, j.Running())

	require.ElementsMatch(t, tenants, []uuid.UUID{receive(t, journal.compacted), receive(t, journal.compacted)})
	require.Equal(t, noon.Truncate(time.Hour), receive(t, journal.before), "an hour is closed a quarter of an hour after its end")
	require.Equal(t, [2]time.Time{noon, noon.AddDate(0, 0, PartitionsAhead)}, receive(t, journal.partitions))
}

func TestAnErasureCommitsWithWhatMadeItNecessary(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	door := tenant.NewDoor(pool)
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	journal := newHeard()
	j, err := New(Deps{
		Pool: pool, Journal: journal, Retention: journal, Detection: idle{}, Notification: quiet{}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler), Now: clock, Work: true,
		Tenants: func(context.Context) ([]uuid.UUID, error) { return nil, nil },
	})
	require.NoError(t, err)
	tenantID, lost, kept := nodeid.New(noon), nodeid.New(noon), nodeid.New(noon)
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(tenantID))
	require.ErrorIs(t, door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		require.NoError(t, j.EraseCustomer(ctx, tx, lost))
		return context.DeadlineExceeded
	}), context.DeadlineExceeded)
	require.NoError(t, door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error { return j.EraseCustomer(ctx, tx, kept) }))

	j.Start()
	require.NoError(t, j.Work(t.Context()))
	t.Cleanup(func() { require.NoError(t, j.Stop(context.WithoutCancel(t.Context()))) })
	require.Equal(t, [2]uuid.UUID{tenantID, kept}, receive(t, journal.erased))
	require.Empty(t, journal.erased)
}
