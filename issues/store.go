package issues

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Deps are what a Store works with.
type Deps struct {
	Door *tenant.Door
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
	// Traffic tells what was called lately: package statistics does.
	Traffic Traffic
	// Diagnose says what is wrong with a log entry; ok is false when it is not there any more. It is called once, when an
	// issue opens.
	Diagnose func(ctx context.Context, e Evidence) (d diagnostics.Diagnosis, ok bool, err error)
	// Advice is what is said of a category where nothing else is known. provider is the integration's name.
	Advice func(category diagnostics.Category, provider string) diagnostics.Diagnosis
	// Apps changes the state of connected apps.
	Apps Apps
	// Changed hears of issues that were opened, reopened or resolved, in the transaction that does it: see News. It may be nil.
	Changed func(ctx context.Context, tx *tenant.Tx, changes []Change) error
	// Committed hears how far the changes of a tenant's issues have come, once they are committed: see Updates. It returns at
	// once, and may be nil.
	Committed func(tenantID uuid.UUID, no int64)
}

// Traffic gives what was counted by minute, from one time to another. The cell is valid until take returns.
type Traffic interface {
	Cells(ctx context.Context, f statistics.Filter, from, to time.Time, take func(c *statistics.Cell)) error
	// TrafficAfter gives what commits behind a mark counted: a row, and the place of a cell in it. Where that cannot be told
	// apart it calls anew, and gives all.
	TrafficAfter(ctx context.Context, m statistics.Mark, from, to time.Time, anew func(), take func(t *statistics.Traffic, i int)) (statistics.Mark, error)
}

// Apps changes the state of connected apps, in the transaction that says why.
type Apps interface {
	// NeedReauth turns connected apps that are CONNECTED into NEEDS_REAUTH, unless something newer than at was said of their
	// status. It tells which it turned.
	NeedReauth(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, reason string, at time.Time) ([]uuid.UUID, error)
	// Reconnect turns those that NeedReauth turned back into CONNECTED.
	Reconnect(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, at time.Time) error
	// States tells what the status of connected apps is, and since when.
	States(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) (map[uuid.UUID]AppState, error)
}

// AppState is the status of a connected app, and since when.
type AppState = directory.AppState

// Store keeps the issues of the context's tenant.
type Store struct {
	deps Deps

	mu sync.Mutex
	// settled is up to when Settle has looked at the traffic of each tenant, in this process.
	settled map[uuid.UUID]time.Time
	reading budget
	// watches is what is held of what is only watched, and uses how often it was asked for.
	watches map[uuid.UUID]*watch
	uses    int
	// mostWatched is mostWatched, or less in tests.
	mostWatched int
	// recent is the traffic of the last hour that is held of tenants.
	recent map[uuid.UUID]*lastHour
}

// NewStore makes a Store.
func NewStore(deps Deps) *Store {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{
		deps: deps, settled: map[uuid.UUID]time.Time{}, watches: map[uuid.UUID]*watch{}, mostWatched: mostWatched,
		recent: map[uuid.UUID]*lastHour{},
	}
}

// now is cut to what the database keeps.
func (s *Store) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// sqlLock is held by whoever changes issues of a tenant. Ingestion and readers do not ask for it.
const sqlLock = "SELECT pg_advisory_xact_lock(hashtextextended('weir.issues:' || $1::text, 0))"

func lock(ctx context.Context, tx *tenant.Tx) error {
	if _, err := tx.Pgx().Exec(ctx, sqlLock, tx.TenantID().String()); err != nil {
		return fmt.Errorf("wait for the issues: %w", err)
	}
	return nil
}

// write runs fn in a transaction that alone changes issues of the tenant. Nothing slow is done in it: what needs the
// traffic or the journal is found out before, and what it rests on is looked at again.
func (s *Store) write(ctx context.Context, fn func(ctx context.Context, tx *tenant.Tx) error) error {
	return s.writeSome(ctx, func(ctx context.Context, tx *tenant.Tx) (bool, error) { return true, fn(ctx, tx) })
}

// writeSome is write of what may leave all issues as they are: then nobody is told.
func (s *Store) writeSome(ctx context.Context, fn func(ctx context.Context, tx *tenant.Tx) (changed bool, err error)) error {
	var tenantID uuid.UUID
	var no int64
	err := s.deps.Door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if err := lock(ctx, tx); err != nil {
			return err
		}
		ctx, changes := noting(ctx)
		changed, err := fn(ctx, tx)
		if err != nil || !changed {
			return err
		}
		if err := s.tell(ctx, tx, changes); err != nil {
			return err
		}
		tenantID = tx.TenantID()
		no, err = stream.Number(ctx, tx)
		return err
	})
	if err == nil && no > 0 && s.deps.Committed != nil {
		s.deps.Committed(tenantID, no)
	}
	return err
}

// advice is what is said of a category where nothing else is known.
func (s *Store) advice(category diagnostics.Category, provider string) diagnostics.Diagnosis {
	d := diagnostics.Diagnosis{Confidence: 1}
	if s.deps.Advice != nil {
		d = s.deps.Advice(category, provider)
	}
	d.Category = category
	if d.Title == "" {
		d.Title = plain(category)
	}
	return d
}

// reader gives the principal if it may read issues.
func reader(ctx context.Context) (*tenant.Principal, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.RequireRead()
}
