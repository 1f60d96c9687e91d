package ingest

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
)

const (
	// batchEvents and batchBytes bound what one commit takes of what is waiting. A request is never divided, so that a
	// commit may have more by one request.
	batchEvents = 5000
	batchBytes  = 8 << 20
)

// queue groups requests of one tenant into commits. There is no timer: a commit takes what came while the one before it
// was under way. Tenants take turns, one commit each; a tenant never has two at once, for its commits follow one
// another anyway.
//
// Committers are goroutines that run while there is work. They do not belong to a request, so that a sender that goes
// away tears no commit.
type queue struct {
	commit func(tenantID uuid.UUID, batch []*request)
	most   int64

	mu      sync.Mutex
	lanes   map[uuid.UUID]*lane
	ready   []*lane
	held    int64
	idle    int
	limit   int
	closed  bool
	drained chan struct{}
}

// lane is what waits of one tenant. It is there while something waits, or while its commit is under way.
type lane struct {
	tenantID uuid.UUID
	waiting  []*request
	// listed says that the lane is among the ready ones, or with a committer.
	listed bool
}

func newQueue(commit func(uuid.UUID, []*request), committers int, most int64) *queue {
	return &queue{
		commit: commit, most: most, lanes: map[uuid.UUID]*lane{}, idle: committers, limit: committers,
		drained: make(chan struct{}),
	}
}

// put adds a request. Its done hears of the commit.
func (q *queue) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errs.New(errs.Unavailable, "the service is stopping")
	}
	if q.held > 0 && q.held+int64(r.bytes) > q.most {
		return errs.New(errs.Unavailable, "too much is waiting for the database")
	}
	q.held += int64(r.bytes)
	l := q.lanes[r.tenantID]
	if l == nil {
		l = &lane{tenantID: r.tenantID}
		q.lanes[r.tenantID] = l
	}
	l.waiting = append(l.waiting, r)
	if !l.listed {
		l.listed = true
		q.ready = append(q.ready, l)
		if q.idle > 0 {
			q.idle--
			go q.work()
		}
	}
	return nil
}

// work commits until nothing is ready.
func (q *queue) work() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ready) > 0 {
		l := q.ready[0]
		q.ready[0] = nil
		q.ready = q.ready[1:]
		batch := l.take()
		q.mu.Unlock()
		var bytes int64
		for _, r := range batch {
			bytes += int64(r.bytes)
		}
		if batch = present(batch); len(batch) > 0 {
			q.commit(l.tenantID, batch)
		}
		q.mu.Lock()
		q.held -= bytes
		if len(l.waiting) > 0 {
			q.ready = append(q.ready, l)
			continue
		}
		l.listed = false
		delete(q.lanes, l.tenantID)
	}
	q.idle++
	if q.closed && q.idle == q.limit {
		close(q.drained)
	}
}

// take takes the requests of the next commit, the oldest first.
func (l *lane) take() []*request {
	events, bytes, n := 0, 0, 0
	for n < len(l.waiting) && (n == 0 || events+l.waiting[n].size() <= batchEvents && bytes+l.waiting[n].bytes <= batchBytes) {
		events += l.waiting[n].size()
		bytes += l.waiting[n].bytes
		n++
	}
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return batch
}

// present is the requests whose senders still wait.
func present(batch []*request) []*request {
	kept := make([]*request, 0, len(batch))
	for _, r := range batch {
		if err := r.context.Err(); err != nil {
			r.done <- err
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// close takes no more requests and waits until none is left.
func (q *queue) close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		if q.idle == q.limit {
			close(q.drained)
		}
	}
	q.mu.Unlock()
	select {
	case <-q.drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
