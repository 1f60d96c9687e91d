package jobs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

// quiet has nothing to tell.
type quiet struct{}

func (quiet) Deliver(context.Context) (time.Time, error) { return time.Time{}, nil }
func (quiet) Evaluate(context.Context) error             { return nil }

// messenger says for whom it was asked to deliver and to evaluate, and when it wants to be asked again.
type messenger struct {
	delivered, evaluated chan uuid.UUID
	mu                   sync.Mutex
	next                 []time.Time
}

func (m *messenger) Deliver(ctx context.Context) (next time.Time, err error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return next, err
	}
	m.mu.Lock()
	if len(m.next) > 0 {
		next, m.next = m.next[0], m.next[1:]
	}
	m.mu.Unlock()
	m.delivered <- p.TenantID
	return next, nil
}

func (m *messenger) Evaluate(ctx context.Context) error {
	p, err := tenant.FromContext(ctx)
	if err == nil {
		m.evaluated <- p.TenantID
	}
	return err
}

func startMessenger(t *testing.T, m *messenger, tenants ...uuid.UUID) *Jobs {
	t.Helper()
	return startNotification(t, m, time.Now, tenants...)
}

func startNotification(t *testing.T, n Notification, now func() time.Time, tenants ...uuid.UUID) *Jobs {
	t.Helper()
	journal := newHeard()
	j, err := New(Deps{
		Pool: pgtest.New(t).Pool(t), Journal: journal, Retention: journal, Detection: idle{}, Notification: n, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler), Work: true,
		Now: now, Tenants: func(context.Context) ([]uuid.UUID, error) { return tenants, nil },
	})
	require.NoError(t, err)
	j.Start()
	require.NoError(t, j.Work(t.Context()))
	t.Cleanup(func() { require.NoError(t, j.Stop(context.WithoutCancel(t.Context()))) })
	return j
}

func TestAlarmsAndNotificationsOfEachTenant(t *testing.T) {
	t.Parallel()
	m := &messenger{delivered: make(chan uuid.UUID, 9), evaluated: make(chan uuid.UUID, 9)}
	tenants := []uuid.UUID{nodeid.New(noon), nodeid.New(noon)}
	startMessenger(t, m, tenants...)
	require.ElementsMatch(t, tenants, []uuid.UUID{receive(t, m.delivered), receive(t, m.delivered)})
	require.ElementsMatch(t, tenants, []uuid.UUID{receive(t, m.evaluated), receive(t, m.evaluated)})
}

// What is told wakes the delivery, and what is to be tried again is, at its time.
func TestADeliveryIsWoken(t *testing.T) {
	t.Parallel()
	m := &messenger{delivered: make(chan uuid.UUID, 9), evaluated: make(chan uuid.UUID, 9)}
	j := startMessenger(t, m)
	soon := time.Now().Add(time.Second)
	m.next = []time.Time{soon}
	id := nodeid.New(noon)
	for range 50 {
		j.Told(id)
	}
	require.Equal(t, id, receive(t, m.delivered))
	require.True(t, time.Now().Before(soon))
	require.Equal(t, id, receive(t, m.delivered), "the next one is at its time, or the second look at what commits late")
	require.Equal(t, id, receive(t, m.delivered))
	require.True(t, time.Now().After(soon))
	require.Empty(t, m.delivered, "however often it was asked for")
}

func TestTheMinuteHasLagged(t *testing.T) {
	t.Parallel()
	s := afterMinutes(11 * time.Second)
	at := time.Date(2026, 3, 2, 12, 0, 5, 0, time.UTC)
	require.Equal(t, at.Add(6*time.Second), s.Next(at))
	require.Equal(t, at.Add(66*time.Second), s.Next(at.Add(6*time.Second)))
	require.Equal(t, at.Add(66*time.Second), s.Next(at.Add(30*time.Second)))
}

// hanging never comes back from its first evaluation and its first delivery, as if its process had been killed there: the
// queue takes them for running.
type hanging struct {
	messenger
	hung [2]atomic.Bool
	stop chan struct{}
}

func (h *hanging) Deliver(ctx context.Context) (time.Time, error) {
	if !h.hung[0].Swap(true) {
		h.delivered <- uuid.Nil
		<-h.stop
	}
	return h.messenger.Deliver(ctx)
}

func (h *hanging) Evaluate(ctx context.Context) error {
	if !h.hung[1].Swap(true) {
		h.evaluated <- uuid.Nil
		<-h.stop
	}
	return h.messenger.Evaluate(ctx)
}

// What was killed in the middle of a job keeps out nothing but its like of the same minute.
func TestAKilledJobKeepsOutNoOtherMinutes(t *testing.T) {
	t.Parallel()
	h := &hanging{messenger: messenger{delivered: make(chan uuid.UUID, 9), evaluated: make(chan uuid.UUID, 9)}, stop: make(chan struct{})}
	id := nodeid.New(noon)
	var later atomic.Int64
	j := startNotification(t, h, func() time.Time { return noon.Add(time.Duration(later.Load())) }, id)
	t.Cleanup(func() { close(h.stop) })
	require.Equal(t, uuid.Nil, receive(t, h.delivered))
	require.Equal(t, uuid.Nil, receive(t, h.evaluated))

	require.NoError(t, j.scheduleNotifications(t.Context(), nil))
	require.Empty(t, h.evaluated, "one of a minute is enough")
	later.Store(int64(time.Minute))
	inserted, err := j.client.Insert(t.Context(), ScheduleNotifications{At: j.minute()}, nil)
	require.NoError(t, err)
	require.False(t, inserted.UniqueSkippedAsDuplicate)
	require.Equal(t, id, receive(t, h.delivered))
	require.Equal(t, id, receive(t, h.evaluated))
}

// A job that was killed is rescued some minutes later, and not after an hour.
func TestAKilledJobIsRescuedSoon(t *testing.T) {
	t.Parallel()
	require.Greater(t, rescueAfter, jobTimeout)
	require.Less(t, rescueAfter, 10*time.Minute)
	require.Equal(t, longTimeout, long(func(context.Context, *river.Job[CompactTenant]) error { return nil }).Timeout(nil))
}
