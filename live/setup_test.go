package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// ledger is a stream in memory: step n is the number n, of each tenant.
type ledger struct {
	mu     sync.Mutex
	last   map[uuid.UUID]int64
	fail   atomic.Bool
	reads  atomic.Int64
	deeply atomic.Int64
}

// atOnce is how many steps the ledger reads at a time.
const atOnce = 7

func (l *ledger) stream() Stream[string] {
	return Stream[string]{
		Name: "ledger",
		Head: func(ctx context.Context) (int64, error) {
			p, err := tenant.FromContext(ctx)
			if err != nil {
				return 0, err
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.last[p.TenantID], nil
		},
		Read: func(ctx context.Context, after int64, deep bool) (b Batch[string], err error) {
			p, err := tenant.FromContext(ctx)
			if err != nil {
				return b, err
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.reads.Add(1)
			if deep {
				l.deeply.Add(1)
			}
			last := l.last[p.TenantID]
			if l.fail.Load() {
				return b, errors.New("the database is away")
			}
			if after > last {
				return b, errs.New(errs.Conflict, "behind the end")
			}
			b.Through = min(after+atOnce, last)
			b.More = b.Through < last
			for no := after + 1; no <= b.Through; no++ {
				b.Items = append(b.Items, Item[string]{At: no, Value: fmt.Sprint(no)})
			}
			return b, nil
		},
	}
}

// commit adds steps and gives the cursor behind them.
func (l *ledger) commit(tenantID uuid.UUID, n int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[tenantID] += n
	return l.last[tenantID]
}

type bundle struct {
	hub    *Hub
	ledger *ledger
	feed   *Feed[string]
	counts *counts
}

func setup(tb testing.TB, change ...func(*Deps)) *bundle {
	tb.Helper()
	b := &bundle{ledger: &ledger{last: map[uuid.UUID]int64{}}, counts: &counts{}}
	deps := Deps{Metrics: b.counts, Poll: time.Hour, Rest: time.Millisecond, Queue: 16}
	for _, c := range change {
		c(&deps)
	}
	b.hub = NewHub(deps)
	b.feed = NewFeed(b.hub, b.ledger.stream())
	b.hub.Start()
	tb.Cleanup(func() { require.NoError(tb, b.hub.Stop(context.WithoutCancel(tb.Context()))) })
	return b
}

type counts struct {
	noMetrics
	subscribers, dropped atomic.Int64
	heard, failed        atomic.Int64
	up                   atomic.Bool
}

func (c *counts) BusUp(_ string, up bool) { c.up.Store(up) }
func (c *counts) Hints(what string, n int) {
	switch what {
	case HintsHeard:
		c.heard.Add(int64(n))
	case HintsFailed:
		c.failed.Add(int64(n))
	}
}

func (c *counts) Subscribers(_ string, n int) { c.subscribers.Add(int64(n)) }
func (c *counts) Dropped(string)              { c.dropped.Add(1) }

func as(ctx context.Context, tenantID uuid.UUID) context.Context {
	return tenant.WithPrincipal(ctx, tenant.System(tenantID))
}

func all(*Item[string]) bool { return true }

func (b *bundle) subscribe(ctx context.Context, t require.TestingT, want Want[string]) *Subscription[string] {
	if want.Accept == nil {
		want.Accept = all
	}
	s, err := b.feed.Subscribe(ctx, want)
	require.NoError(t, err)
	return s
}

// take takes so many changes.
func take(ctx context.Context, t require.TestingT, s *Subscription[string], n int) (got []int64) {
	for range n {
		item, err := s.Next(ctx)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(item.At), item.Value)
		got = append(got, item.At)
	}
	return got
}

// join has a subscriber wait with the others.
func join(ctx context.Context, t require.TestingT, s *Subscription[string]) {
	for s.room == nil {
		waiting, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		_, err := s.Next(waiting)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

func from(first, last int64) (list []int64) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}
