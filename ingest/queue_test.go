package ingest

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
)

// stagedQueue is a queue whose commits happen when the test says so.
type stagedQueue struct {
	*queue
	began chan []*request
	goOn  chan struct{}
}

func newStagedQueue(committers int, most int64) *stagedQueue {
	s := &stagedQueue{began: make(chan []*request), goOn: make(chan struct{})}
	s.queue = newQueue(func(_ uuid.UUID, batch []*request) {
		s.began <- batch
		<-s.goOn
		for _, r := range batch {
			r.done <- nil
		}
	}, committers, most)
	return s
}

func waiting(tenantID uuid.UUID, events, bytes int) *request {
	return &request{
		tenantID: tenantID, context: context.Background(), events: make([]*event, events), bytes: bytes, done: make(chan error, 1),
	}
}

func TestQueueGroupsWhatWaits(t *testing.T) {
	t.Parallel()
	q := newStagedQueue(1, 1<<30)
	a, b := uuid.New(), uuid.New()
	require.NoError(t, q.put(waiting(a, 1, 1)))
	require.Len(t, <-q.began, 1)
	// Meanwhile others come: of the same tenant, more than one commit takes, and of another.
	for range 3 {
		require.NoError(t, q.put(waiting(a, 2000, 1)))
	}
	require.NoError(t, q.put(waiting(a, 1, batchBytes)))
	require.NoError(t, q.put(waiting(b, 1, 1)))
	var tenants []uuid.UUID
	var sizes []int
	for range 4 {
		q.goOn <- struct{}{}
		batch := <-q.began
		tenants, sizes = append(tenants, batch[0].tenantID), append(sizes, len(batch))
	}
	q.goOn <- struct{}{}
	require.Equal(t, []uuid.UUID{b, a, a, a}, tenants, "tenants take turns")
	require.Equal(t, []int{1, 2, 1, 1}, sizes)
	require.NoError(t, q.close(t.Context()))
	require.Empty(t, q.lanes)
	require.Zero(t, q.held)
}

func TestQueueOneCommitATenant(t *testing.T) {
	t.Parallel()
	q := newStagedQueue(2, 1<<30)
	a, b := uuid.New(), uuid.New()
	require.NoError(t, q.put(waiting(a, 1, 1)))
	<-q.began
	require.NoError(t, q.put(waiting(a, 1, 1)))
	require.NoError(t, q.put(waiting(b, 1, 1)))
	require.Equal(t, b, (<-q.began)[0].tenantID, "another tenant does not wait, the same one does")
	q.goOn <- struct{}{}
	q.goOn <- struct{}{}
	require.Equal(t, a, (<-q.began)[0].tenantID)
	q.goOn <- struct{}{}
	require.NoError(t, q.close(t.Context()))
}

func TestQueueBounds(t *testing.T) {
	t.Parallel()
	q := newStagedQueue(1, 100)
	a := uuid.New()
	require.NoError(t, q.put(waiting(a, 1, 1000)), "one request always fits")
	<-q.began
	require.True(t, errs.Is(q.put(waiting(a, 1, 1)), errs.Unavailable))
	q.goOn <- struct{}{}
	require.NoError(t, q.close(t.Context()))
	require.True(t, errs.Is(q.put(waiting(a, 1, 1)), errs.Unavailable))
	require.NoError(t, q.close(t.Context()), "closing twice is no error")
}

func TestQueueDropsWhoLeft(t *testing.T) {
	t.Parallel()
	q := newStagedQueue(1, 100)
	a := uuid.New()
	require.NoError(t, q.put(waiting(a, 1, 1)))
	<-q.began
	ctx, leave := context.WithCancel(t.Context())
	gone := waiting(a, 1, 1)
	gone.context = ctx
	require.NoError(t, q.put(gone))
	leave()
	q.goOn <- struct{}{}
	require.ErrorIs(t, <-gone.done, context.Canceled)
	require.NoError(t, q.close(t.Context()))
}
