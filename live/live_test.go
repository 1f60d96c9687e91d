package live

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/pgtest"
)

func TestEverybodyIsToldOnceAndInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *Deps) { d.Queue = 10_000 })
	ctx, id := as(t.Context(), uuid.New()), uuid.New()
	ctx = as(ctx, id)
	b.ledger.commit(id, 50)
	const last = 600
	var readers sync.WaitGroup
	for i := range 12 {
		readers.Go(func() {
			after := int64(rand.IntN(50))
			want := Want[string]{After: &after}
			if i%3 == 0 {
				want = Want[string]{}
				after = 50
			}
			s := b.subscribe(ctx, t, want)
			defer s.Close()
			require.Equal(t, from(after+1, last), take(ctx, t, s, int(last-after)))
		})
	}
	require.Eventually(t, func() bool { return b.counts.subscribers.Load() == 12 }, 10*time.Second, time.Millisecond)
	for b.ledger.last[id] < last {
		b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
	}
	readers.Wait()
	require.Zero(t, b.counts.subscribers.Load())
	require.Empty(t, b.feed.rooms)
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, other := uuid.New(), uuid.New()
	ctx := as(t.Context(), mine)
	s := b.subscribe(ctx, t, Want[string]{})
	defer s.Close()
	b.hub.Hint("ledger", other, b.ledger.commit(other, 40))
	b.hub.Hint("ledger", mine, b.ledger.commit(mine, 1))
	require.Equal(t, []int64{1}, take(ctx, t, s, 1))
	_, err := b.feed.Subscribe(t.Context(), Want[string]{Accept: all})
	require.True(t, errs.Is(err, errs.Unauthenticated), "%v", err)
}

func TestFiltersAndDepth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.New()
	ctx := as(t.Context(), id)
	even := b.subscribe(ctx, t, Want[string]{Accept: func(i *Item[string]) bool { return i.At%2 == 0 }})
	defer even.Close()
	b.hub.Hint("ledger", id, b.ledger.commit(id, 10))
	require.Equal(t, []int64{2, 4, 6, 8, 10}, take(ctx, t, even, 5))
	require.Zero(t, b.ledger.deeply.Load())
	deep := b.subscribe(ctx, t, Want[string]{Deep: true})
	defer deep.Close()
	b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
	require.Equal(t, []int64{11}, take(ctx, t, deep, 1))
	require.NotZero(t, b.ledger.deeply.Load())
}

// A hint may be lost: the poll finds what it was of.
func TestPollFindsWhatNoHintToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t, func(d *Deps) { d.Poll = 10 * time.Millisecond })
	id := uuid.New()
	ctx := as(t.Context(), id)
	s := b.subscribe(ctx, t, Want[string]{})
	defer s.Close()
	b.ledger.commit(id, 3)
	require.Equal(t, from(1, 3), take(ctx, t, s, 3))
}

func TestSlowSubscriberIsCutOffAndOthersAreNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.New()
	ctx := as(t.Context(), id)
	slow, quick := b.subscribe(ctx, t, Want[string]{}), b.subscribe(ctx, t, Want[string]{})
	defer slow.Close()
	defer quick.Close()
	join(ctx, t, slow)
	b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
	require.Equal(t, []int64{1}, take(ctx, t, slow, 1))
	require.Equal(t, []int64{1}, take(ctx, t, quick, 1))
	for n := int64(2); n <= 200; n++ {
		b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
		require.Equal(t, []int64{n}, take(ctx, t, quick, 1))
	}
	// It gets what was put into its queue, and then hears that this was all.
	require.Equal(t, from(2, 17), take(ctx, t, slow, 16))
	_, err := slow.Next(ctx)
	require.ErrorIs(t, err, ErrSlow)
	require.EqualValues(t, 1, b.counts.dropped.Load())
	// It goes on behind what it got.
	after := int64(17)
	again := b.subscribe(ctx, t, Want[string]{After: &after})
	defer again.Close()
	require.Equal(t, from(18, 200), take(ctx, t, again, 183))
}

// However many subscribers take nothing, what waits for them is bounded.
func TestMemoryOfSubscribersWhoTakeNothing(t *testing.T) {
	b := setup(t, func(d *Deps) { d.Queue, d.Rest = 256, time.Microsecond })
	id := uuid.New()
	ctx := as(t.Context(), id)
	const count = 200
	for range count {
		s := b.subscribe(ctx, t, Want[string]{})
		defer s.Close()
		join(ctx, t, s)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	watch := b.subscribe(ctx, t, Want[string]{})
	defer watch.Close()
	before := heap()
	for n := range int64(3_000) {
		b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
		take(ctx, t, watch, 1)
		if n == 1000 {
			// All have been cut off: from here on nothing grows.
			require.EqualValues(t, count, b.counts.dropped.Load())
			before = heap()
		}
	}
	grown := heap() - before
	require.Less(t, grown, int64(4<<20), "the heap grew by %d bytes", grown)
}

func TestFailuresAreWaitedOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.New()
	ctx := as(t.Context(), id)
	b.ledger.commit(id, 20)
	told := b.subscribe(ctx, t, Want[string]{})
	defer told.Close()
	b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
	take(ctx, t, told, 1)
	b.ledger.fail.Store(true)
	b.hub.Hint("ledger", id, b.ledger.commit(id, 4))
	after := int64(0)
	late := b.subscribe(ctx, t, Want[string]{After: &after})
	defer late.Close()
	done := make(chan []int64)
	go func() { done <- take(ctx, t, late, 25) }()
	reads := b.ledger.reads.Load()
	require.Eventually(t, func() bool { return b.ledger.reads.Load() > reads+2 }, 10*time.Second, time.Millisecond)
	b.ledger.fail.Store(false)
	require.Equal(t, from(1, 25), <-done)
	require.Equal(t, from(22, 25), take(ctx, t, told, 4))
}

// A database that was put back to an earlier state has other changes under the same numbers: everybody begins anew.
func TestStreamThatWentBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.New()
	ctx := as(t.Context(), id)
	s := b.subscribe(ctx, t, Want[string]{})
	defer s.Close()
	b.hub.Hint("ledger", id, b.ledger.commit(id, 5))
	take(ctx, t, s, 5)
	b.hub.Hint("ledger", id, b.ledger.commit(id, -2))
	_, err := s.Next(ctx)
	require.ErrorIs(t, err, ErrReset)
	after := int64(5)
	ahead := b.subscribe(ctx, t, Want[string]{After: &after})
	defer ahead.Close()
	_, err = ahead.Next(ctx)
	require.ErrorIs(t, err, ErrReset)
	anew := b.subscribe(ctx, t, Want[string]{})
	defer anew.Close()
	b.hub.Hint("ledger", id, b.ledger.commit(id, 1))
	require.Equal(t, []int64{4}, take(ctx, t, anew, 1))
}

func TestStopEndsAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t.Context(), uuid.New())
	s := b.subscribe(ctx, t, Want[string]{})
	defer s.Close()
	ended := make(chan error)
	go func() {
		_, err := s.Next(ctx)
		ended <- err
	}()
	require.NoError(t, b.hub.Stop(ctx))
	require.ErrorIs(t, <-ended, ErrStopped)
	require.NoError(t, b.hub.Stop(ctx))
}

// Two processes tell each other by NOTIFY, also after the connection that listens was cut.
func TestHintsBetweenProcesses(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	pool := db.Pool(t)
	shared := &ledger{last: map[uuid.UUID]int64{}}
	process := func() (*Hub, *Feed[string]) {
		hub := NewHub(Deps{Bus: NewPostgres(pool.Exec, func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, db.ServiceURL) }, nil),
			Poll: time.Hour, Coalesce: time.Millisecond})
		feed := NewFeed(hub, shared.stream())
		hub.Start()
		t.Cleanup(func() { require.NoError(t, hub.Stop(context.WithoutCancel(t.Context()))) })
		return hub, feed
	}
	writer, _ := process()
	_, feed := process()
	id := uuid.New()
	ctx := as(t.Context(), id)
	s, err := feed.Subscribe(ctx, Want[string]{Accept: all})
	require.NoError(t, err)
	defer s.Close()
	listeners := func() (pids []int32) {
		rows, err := pool.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
		require.NoError(t, err)
		pids, err = pgx.CollectRows(rows, pgx.RowTo[int32])
		require.NoError(t, err)
		return pids
	}
	require.Eventually(t, func() bool { return len(listeners()) == 2 }, 10*time.Second, 10*time.Millisecond)
	writer.Hint("ledger", id, shared.commit(id, 3))
	require.Equal(t, from(1, 3), take(ctx, t, s, 3))

	// What is committed while nobody listens is found as soon as somebody does again.
	before := listeners()
	for _, pid := range before {
		_, err := pool.Exec(ctx, "SELECT pg_terminate_backend($1)", pid)
		require.NoError(t, err)
	}
	shared.commit(id, 2)
	require.Equal(t, from(4, 5), take(ctx, t, s, 2))
	require.Eventually(t, func() bool {
		return len(slices.DeleteFunc(listeners(), func(pid int32) bool { return slices.Contains(before, pid) })) == 2
	}, 10*time.Second, 10*time.Millisecond)
	writer.Hint("ledger", id, shared.commit(id, 1))
	require.Equal(t, []int64{6}, take(ctx, t, s, 1))
}

func TestNotificationsFit(t *testing.T) {
	t.Parallel()
	var hints []Hint
	for i := range 1000 {
		hints = append(hints, Hint{"journal", uuid.New(), int64(i) << 40})
	}
	bus := NewPostgres(nil, nil, nil)
	var heard []Hint
	hear := func(h Hint) { heard = append(heard, h) }
	for _, p := range payloads("another", hints) {
		require.Less(t, len(p), 8000)
		bus.read(p, hear)
	}
	require.Equal(t, hints, heard)
	// Not its own, and not what it does not understand.
	for _, p := range payloads(bus.id, hints) {
		bus.read(p, hear)
	}
	bus.read("x", hear)
	bus.read("x\nledger nobody 3\nledger\n\nother "+uuid.NewString()+" much", hear)
	require.Len(t, heard, 1000)
}

func TestNothingIsLeftRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b := NewHub(Deps{})
	feed := NewFeed(b, (&ledger{last: map[uuid.UUID]int64{}}).stream())
	ctx := as(t.Context(), uuid.New())
	s, err := feed.Subscribe(ctx, Want[string]{Accept: all})
	require.NoError(t, err)
	waiting, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = s.Next(waiting)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	s.Close()
	require.NoError(t, b.Stop(ctx))
}
