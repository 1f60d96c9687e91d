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

// keeper is a retention that says what it was asked to do, and for whom.
type keeper struct {
	dropped chan struct{}
	expired chan uuid.UUID
}

func (k *keeper) DropPartitions(context.Context) error {
	k.dropped <- struct{}{}
	return nil
}

func (k *keeper) Expire(ctx context.Context) error {
	p, err := tenant.FromContext(ctx)
	if err == nil {
		k.expired <- p.TenantID
	}
	return err
}

func TestEachTenantHasItsOwnSecondOfTheDay(t *testing.T) {
	t.Parallel()
	hours := map[int]int{}
	for range 600 {
		id := nodeid.New(noon)
		at := nextExpiry(id, noon)
		require.True(t, at.After(noon) && !at.After(noon.Add(24*time.Hour)), "%s", at)
		require.Equal(t, at, nextExpiry(id, at.Add(-time.Second)))
		require.Equal(t, at.Add(24*time.Hour), nextExpiry(id, at), "not twice a day")
		hours[at.Hour()]++
	}
	require.Len(t, hours, 24)
	for hour, n := range hours {
		require.Less(t, n, 100, "hour %d", hour)
	}
}

// What is over of a tenant waits for its second in the queue, once however often jobs are made.
func TestWhatIsOverIsRemovedOnceADay(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t)
	tenants := []uuid.UUID{nodeid.New(noon), nodeid.New(noon), nodeid.New(noon)}
	journal, k := newHeard(), &keeper{make(chan struct{}, 9), make(chan uuid.UUID, 9)}
	// The queue goes by the database's clock, so that today's jobs of tests that live in the past are due at once, and those
	// of the future are not.
	now := time.Now().Add(48 * time.Hour)
	j, err := New(Deps{
		Pool: pool, Journal: journal, Retention: k, Detection: idle{}, Notification: quiet{}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler), Work: true,
		Now: func() time.Time { return now }, Tenants: func(context.Context) ([]uuid.UUID, error) { return tenants, nil },
	})
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, j.scheduleTenants(t.Context(), nil))
	}
	times := map[uuid.UUID]time.Time{}
	rows, err := pool.Query(t.Context(), "SELECT (args->>'tenant_id')::uuid, scheduled_at FROM river.river_job WHERE kind = 'expire_tenant' AND state = 'scheduled'")
	require.NoError(t, err)
	for rows.Next() {
		var id [16]byte
		var at time.Time
		require.NoError(t, rows.Scan(&id, &at))
		require.NotContains(t, times, uuid.UUID(id))
		times[id] = at.UTC()
	}
	require.NoError(t, rows.Err())
	require.Len(t, times, len(tenants))
	for _, id := range tenants {
		require.Equal(t, nextExpiry(id, now), times[id])
	}

	_, err = pool.Exec(t.Context(), "UPDATE river.river_job SET scheduled_at = now() - interval '1 minute' WHERE kind = 'expire_tenant'")
	require.NoError(t, err)
	j.Start()
	require.NoError(t, j.Work(t.Context()))
	t.Cleanup(func() { require.NoError(t, j.Stop(context.WithoutCancel(t.Context()))) })
	receive(t, k.dropped)
	require.ElementsMatch(t, tenants, []uuid.UUID{receive(t, k.expired), receive(t, k.expired), receive(t, k.expired)})
}
