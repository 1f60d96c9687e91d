package graph

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/tenant"
)

// codeResync is the code of a subscription that was cut off: the client has to begin again, behind the cursor that the
// error has, or anew where it has none.
const codeResync errs.Code = "RESYNC"

// streaming is what a subscription and its transport share beside the messages.
type streaming struct {
	mu sync.Mutex
	// cursors are of the messages that are still to be sent, in their order.
	cursors []string
	failure error
}

type streamingKey struct{}

func streamingOf(ctx context.Context) *streaming {
	s, _ := ctx.Value(streamingKey{}).(*streaming)
	return s
}

func (s *streaming) push(cursor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursors = append(s.cursors, cursor)
}

func (s *streaming) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

func (s *streaming) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// mark puts the cursor of a message, if it has one, into its extensions.
func (s *streaming) mark(response *graphql.Response) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cursors) == 0 {
		return
	}
	cursor := s.cursors[0]
	s.cursors = s.cursors[1:]
	if cursor == "" {
		return
	}
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	response.Extensions["cursor"] = cursor
}

// source gives what a subscription sends, message by message.
type source[T any] interface {
	// next waits for the next message, and gives its cursor, "" where there is none.
	next(ctx context.Context) (message T, cursor string, err error)
	// resync is the cursor to begin again behind, "" when only beginning anew will do.
	resync() string
	close()
}

// sending takes what a source gives to the transport until the context ends, or the source does.
func sending[T any](ctx context.Context, from source[T]) <-chan T {
	out := make(chan T)
	s := streamingOf(ctx)
	go func() {
		defer close(out)
		defer from.close()
		err := errs.Catch(func() error {
			for {
				message, cursor, err := from.next(ctx)
				if err != nil {
					return err
				}
				s.push(cursor)
				select {
				case out <- message:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		s.fail(ended(err, from.resync()))
	}()
	return out
}

// ended is what a client is told of the end of a subscription.
func ended(err error, cursor string) error {
	switch {
	case errors.Is(err, live.ErrSlow):
		return resync("the client did not keep up: subscribe again", cursor)
	case errors.Is(err, live.ErrReset):
		return resync("the database was put back to an earlier state: begin anew", "")
	}
	return err
}

func resync(message, cursor string) error {
	e := refused(codeResync, "%s", message)
	if cursor != "" {
		e.Extensions["cursor"] = cursor
	}
	return e
}

// outlet is where a transport sends the messages of an operation.
type outlet interface {
	// next sends a message, fail the errors with which the operation ends, complete that it has ended.
	next(response *graphql.Response) error
	fail(errors gqlerror.List) error
	complete() error
}

// run has one operation executed until it has ended, or the context has: then nothing more is said, so that the client
// knows that it was not its end.
func (s *streams) run(ctx context.Context, exec graphql.GraphExecutor, params *graphql.RawParams, to outlet) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx = graphql.StartOperationTrace(ctx)
	now := graphql.Now()
	params.ReadTime = graphql.TraceTiming{Start: now, End: now}
	operation, failed := exec.CreateOperationContext(ctx, params)
	if failed != nil {
		return to.fail(exec.DispatchError(graphql.WithOperationContext(ctx, operation), failed).Errors)
	}
	if operation.Operation.Operation == ast.Subscription {
		if len(graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})) != 1 {
			return to.fail(gqlerror.List{refused(errs.BadInput, "a subscription has one field")})
		}
		ctx = context.WithValue(ctx, streamingKey{}, &streaming{})
	}
	responses, inner := exec.DispatchOperation(ctx, operation)
	for first := true; ; first = false {
		response := responses(inner)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if response == nil {
			break
		}
		if first && len(response.Data) == 0 && len(response.Errors) > 0 {
			return to.fail(response.Errors)
		}
		if err := to.next(response); err != nil {
			return err
		}
		if operation.Operation.Operation != ast.Subscription {
			break
		}
	}
	if own := streamingOf(ctx); own != nil {
		if err := own.failed(); errors.Is(err, live.ErrStopped) {
			return err
		} else if err != nil {
			return to.fail(exec.DispatchError(graphql.WithOperationContext(ctx, operation), gqlerror.List{gqlerror.WrapIfUnwrapped(err)}).Errors)
		}
	}
	return to.complete()
}

// timing is how long things may take.
type timing struct {
	// initialise is for the first message of a connection; recheck is how often its credential is looked at again;
	// ping is how often a client is asked whether it is there; write is how long it may take to accept a message.
	initialise, recheck, ping, write time.Duration
}

var usual = timing{initialise: 10 * time.Second, recheck: time.Second, ping: 15 * time.Second, write: 30 * time.Second}

const (
	// maxConnections is how many connections of a tenant one process holds, maxOperations how many operations of one
	// connection are under way.
	maxConnections = 2000
	maxOperations  = 50
)

// streams are the connections on which subscriptions are.
type streams struct {
	deps   *Deps
	timing timing

	mu       sync.Mutex
	of       map[[16]byte]int
	open     sync.WaitGroup
	stopping chan struct{}
}

func newStreams(deps *Deps) *streams {
	s := &streams{deps: deps, timing: deps.timing, of: map[[16]byte]int{}, stopping: make(chan struct{})}
	if s.timing == (timing{}) {
		s.timing = usual
	}
	return s
}

var (
	errStopping  = errors.New("the service is stopping")
	errTooMany   = errs.New(errs.RateLimited, "this tenant has %d connections open, which is as many as may be", maxConnections)
	errForbidden = errs.New(errs.Forbidden, "the credential is not accepted any more")
)

// enter counts a connection in, before it is a tenant's; leave is to be called.
func (s *streams) enter(protocol string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopping:
		return nil, errStopping
	default:
	}
	s.open.Add(1)
	s.count(protocol, 1)
	return func() {
		s.count(protocol, -1)
		s.open.Done()
	}, nil
}

func (s *streams) count(protocol string, change int) {
	if s.deps.Connections != nil {
		s.deps.Connections(protocol, change)
	}
}

// admit counts a connection of a tenant in; leave is to be called.
func (s *streams) admit(p *tenant.Principal) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[p.TenantID] >= maxConnections {
		return nil, errTooMany
	}
	s.of[p.TenantID]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.of[p.TenantID]--; s.of[p.TenantID] == 0 {
			delete(s.of, p.TenantID)
		}
	}, nil
}

func (s *streams) close(ctx context.Context) error {
	s.mu.Lock()
	select {
	case <-s.stopping:
	default:
		close(s.stopping)
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.open.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch looks at a credential as long as the context lasts, and calls end when it is not accepted any more, or stands
// for somebody else, or when the service stops.
func (s *streams) watch(ctx context.Context, authorization string, p *tenant.Principal, end func(error)) {
	ticker := time.NewTicker(s.timing.recheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stopping:
			end(errStopping)
			return
		case <-ticker.C:
		}
		if !p.ExpiresAt.IsZero() && !s.deps.Now().Before(p.ExpiresAt) {
			end(errForbidden)
			return
		}
		if s.deps.Authenticate == nil || authorization == "" {
			continue
		}
		now, err := s.deps.Authenticate(ctx, authorization)
		switch {
		case errs.Is(err, errs.Unauthenticated), errs.Is(err, errs.Forbidden), err == nil && !now.Same(p):
			end(errForbidden)
			return
		}
		// What cannot be checked now is checked again soon.
	}
}
