package ingest

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/cpu"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// Metrics counts what comes in.
type Metrics interface {
	// Event counts n events of a type that ended in an outcome: accepted, duplicate, or the code of the rejection.
	Event(kind, outcome string, n int)
	// Commit notes a commit of so many events.
	Commit(events int, took time.Duration)
}

// Deps is what a Service works with.
type Deps struct {
	Door      *tenant.Door
	Journal   *journal.Store
	Runs      *run.Store
	Directory *directory.Store
	Policies  Policies

	// Metrics, Logger, Now, Committed, Found, Offer and Catalogues may be nil.
	Metrics Metrics
	Logger  *slog.Logger
	Now     func() time.Time
	// Committed hears of each commit, after it: what it does must be quick.
	Committed func(tenantID uuid.UUID, commitNo int64)
	// Found hears, after a commit, how many sightings of problems it has; 0 is for states of connected apps alone.
	Found func(tenantID uuid.UUID, sightings int)
	// Offer is shown each entry before it is stored: what it does must be quick.
	Offer func(tenantID uuid.UUID, e *entry.Entry)
	// Teller tells what is worth telling of a commit, in its transaction; nil is nobody.
	Teller Teller
	// Catalogues says what errors mean; without, nothing is diagnosed.
	Catalogues Catalogues

	// Rate is how many events a second a tenant may send, with ten seconds' worth at once; 0 is for no limit.
	Rate float64
	// Committers is how many tenants' commits may be under way at once: 2.
	Committers int
	// QueueBytes bounds the memory of requests that wait for their commit: 128 MiB of bodies, which take about twice that.
	QueueBytes int64
}

// Service takes events in. It is safe for concurrent use.
type Service struct {
	door       *tenant.Door
	journal    *journal.Store
	runs       *run.Store
	directory  *directory.Store
	policies   *policies
	limits     *limits
	metrics    Metrics
	log        *slog.Logger
	now        func() time.Time
	committed  func(uuid.UUID, int64)
	found      func(uuid.UUID, int)
	teller     Teller
	catalogues Catalogues
	offer      func(uuid.UUID, *entry.Entry)
	queue      *queue
	decoders   sync.Pool
	// lanes are held while events are decoded and packed.
	lanes *cpu.Lanes
}

// NewService makes a Service. It starts nothing: committers run while there is something to commit.
func NewService(deps Deps) *Service {
	s := &Service{
		door: deps.Door, journal: deps.Journal, runs: deps.Runs, directory: deps.Directory,
		metrics: deps.Metrics, log: deps.Logger, now: deps.Now, committed: deps.Committed, found: deps.Found, teller: deps.Teller, catalogues: deps.Catalogues, offer: deps.Offer,
		decoders: sync.Pool{New: func() any { return &decoder{} }}, lanes: cpu.NewLanes(),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.metrics == nil {
		s.metrics = noMetrics{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.committed == nil {
		s.committed = func(uuid.UUID, int64) {}
	}
	if s.offer == nil {
		s.offer = func(uuid.UUID, *entry.Entry) {}
	}
	if s.found == nil {
		s.found = func(uuid.UUID, int) {}
	}
	s.policies = newPolicies(deps.Policies)
	s.limits = newLimits(deps.Rate, s.now)
	s.queue = newQueue(s.commit, cmp.Or(deps.Committers, 2), cmp.Or(deps.QueueBytes, 128<<20))
	return s
}

// Close takes no more requests, and returns when those that were taken are answered, or when the context ends.
func (s *Service) Close(ctx context.Context) error { return s.queue.close(ctx) }

// Submit takes in the events of a body, and returns when they are committed. Result says what became of each. Errors
// are BadInput for a body that cannot be read as events or is over a limit, RateLimited, and Unavailable when the
// database does not take writes now: nothing of the body is stored then.
//
// An empty list of events is no error; an empty body is one.
func (s *Service) Submit(ctx context.Context, tenantID uuid.UUID, body io.Reader, form Form) (Result, error) {
	return s.submit(ctx, tenantID, body, form, -1)
}

func (s *Service) submit(ctx context.Context, tenantID uuid.UUID, body io.Reader, form Form, hint int64) (Result, error) {
	if wait, spent := s.limits.spent(tenantID); spent {
		return Result{}, rateLimited(wait)
	}
	ctx = tenant.WithPrincipal(ctx, tenant.System(tenantID))
	policy, err := s.policies.of(ctx, tenantID)
	if err != nil {
		return Result{}, s.unavailable(ctx, tenantID, err)
	}
	r := &request{tenantID: tenantID, now: s.now().UTC().Truncate(time.Microsecond), context: ctx, done: make(chan error, 1)}
	if s.catalogues != nil {
		r.catalogue = s.catalogues(ctx, tenantID)
	}
	if err := s.receive(ctx, r, policy, body, form, hint); err != nil {
		return Result{}, s.refusal(ctx, tenantID, err)
	}
	s.log.LogAttrs(ctx, slog.LevelDebug, "events read",
		slog.Int("events", r.count), slog.Int("bytes", r.bytes), slog.Int("rejected", len(r.result.Rejected)), slog.Duration("took", s.now().Sub(r.now)))
	if wait, ok := s.limits.take(tenantID, r.count); !ok {
		return Result{}, rateLimited(wait)
	}
	if r.size() > 0 {
		waited := s.now()
		if err := s.store(ctx, r); err != nil {
			return Result{}, s.refusal(ctx, tenantID, err)
		}
		s.log.LogAttrs(ctx, slog.LevelDebug, "events committed",
			slog.Int("accepted", r.result.Accepted), slog.Int("duplicates", r.result.Duplicates), slog.Duration("took", s.now().Sub(waited)))
	}
	for o, n := range r.refused {
		s.metrics.Event(o.kind.String(), o.code, n)
	}
	return r.finish(), nil
}

// receive reads the body of a request.
func (s *Service) receive(ctx context.Context, r *request, p *policy, body io.Reader, form Form, hint int64) error {
	d := s.decoders.Get().(*decoder)
	defer s.decoders.Put(d)
	d.setup(r.tenantID, r.now, p)
	defer d.release()
	if err := s.lanes.Enter(ctx); err != nil {
		return err
	}
	defer s.lanes.Leave()
	counted := &counting{in: s.lanes.Reader(body), most: MaxBodyBytes}
	err := s.read(ctx, d, r, newCutter(counted, form, hint, &d.doc))
	r.bytes = int(counted.read)
	return err
}

// store puts a request into the queue and waits for its commit.
func (s *Service) store(ctx context.Context, r *request) error {
	if err := s.partitions(ctx, r); err != nil {
		return err
	}
	if err := s.queue.put(r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// partitions makes sure of the days that the request's entries are of. The service makes them ahead; an event that is
// as old as the tenant keeps may be of a day that was never needed.
func (s *Service) partitions(ctx context.Context, r *request) error {
	if r.firstDay == 0 {
		return nil
	}
	first, last, any, err := s.journal.Days(ctx)
	if err != nil {
		return err
	}
	from, to := r.firstDay, r.lastDay
	if any {
		// Days between are made too: those that there are must follow one another.
		from, to = min(from, last+1), max(to, first-1)
		if r.firstDay >= first && r.lastDay <= last {
			return nil
		}
	}
	_, err = s.journal.EnsurePartitions(ctx, from, to)
	return err
}

func rateLimited(wait time.Duration) error {
	return &retryError{told: errs.New(errs.RateLimited, "the tenant's rate of events is spent"), after: wait}
}

type noMetrics struct{}

func (noMetrics) Event(string, string, int) {}

func (noMetrics) Commit(int, time.Duration) {}
