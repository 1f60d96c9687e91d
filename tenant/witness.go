package tenant

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/lru"
	"github.com/weirhq/weir/internal/nodeid"
)

// The actions of the audit log that are no mutation's.
const (
	// actionUse is of the first use of an API key from an address.
	actionUse = "useApiKey"
	// actionRefused is of a sign-in that failed.
	actionRefused = "signInFailed"
)

const (
	// mostAddresses bounds the addresses of one key that the audit log tells of: a key in an application that runs
	// everywhere must not fill it.
	mostAddresses = 500
	// refusalsEvery is how often the same failure is told at most, and mostRefusals how many of one tenant are told in
	// that time by one process: whoever has an old key must not fill the audit log with it.
	refusalsEvery = time.Hour
	mostRefusals  = 20
	// maxSeen bounds each memory.
	maxSeen = 20_000
	// witnessTimeout bounds one write, and maxWitnessed how many are under way.
	witnessTimeout = 5 * time.Second
	maxWitnessed   = 2
)

// failedSignIn is a credential that was not accepted. Its tenant is proven: the key's secret or the token's signature is
// genuine.
type failedSignIn struct {
	tenantID uuid.UUID
	actor    string
	reason   string
}

// refusedOf is what checking a credential gives whose tenant is proven and that is not accepted.
func refusedOf(tenantID uuid.UUID, actor, reason string) (verdict, error) {
	return verdict{failed: &failedSignIn{tenantID, cut(actor, maxActor), reason}}, unauthenticated(reason)
}

// witness tells tenants' audit logs what authentication sees, in the background, so that no request waits for it. What
// finds no free place is told when it is seen again.
type witness struct {
	door  *Door
	log   *slog.Logger
	slots chan struct{}

	mu      sync.Mutex
	seen    *lru.Cache[sighting, time.Time]
	told    *lru.Cache[uuid.UUID, quota]
	stopped bool
	writing sync.WaitGroup
}

// sighting is a use of a key from an address, or a failure from one.
type sighting struct {
	key     uuid.UUID
	failure failedSignIn
	address string
}

// quota is how many failures of a tenant were told since a moment, and how many were not.
type quota struct {
	since   time.Time
	n, left int
}

func newWitness(door *Door, log *slog.Logger) *witness {
	return &witness{
		door: door, log: log, slots: make(chan struct{}, maxWitnessed),
		seen: lru.New[sighting, time.Time](maxSeen), told: lru.New[uuid.UUID, quota](maxAccepted),
	}
}

// used says that a key was used from an address.
func (w *witness) used(tenantID, key uuid.UUID, address string, at time.Time) {
	if address == "" {
		return
	}
	s := sighting{key: key, address: address}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.seen.Get(s); known || !w.begin() {
		return
	}
	w.seen.Put(s, at)
	w.write(tenantID, s, func(ctx context.Context, tx *Tx) error {
		id := nodeid.Format(nodeid.APIKey, key)
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO audit_entry (tenant_id, id, at, actor, action, target, address)
			SELECT $1, $2, $3, $4, $5, $4, $6
			WHERE (SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND target = $4 AND action = 'useApiKey') < $7
			ON CONFLICT (tenant_id, target, address) WHERE action = 'useApiKey' DO NOTHING`,
			tx.TenantID(), nodeid.New(at), at.UTC().Truncate(time.Microsecond), id, actionUse, address, mostAddresses)
		return err
	})
}

// refused says that a credential was not accepted; nil when nobody knows whose it is.
func (w *witness) refused(f *failedSignIn, address string, at time.Time) {
	if f == nil {
		return
	}
	s := sighting{failure: *f, address: address}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, known := w.seen.Get(s); known && at.Before(before.Add(refusalsEvery)) {
		return
	}
	q, _ := w.told.Get(f.tenantID)
	if !at.Before(q.since.Add(refusalsEvery)) {
		q = quota{since: at, left: q.left}
	}
	if q.n >= mostRefusals || !w.begin() {
		q.left++
		w.told.Put(f.tenantID, q)
		return
	}
	details := map[string]any{"reason": f.reason}
	if q.left > 0 {
		details["notTold"] = q.left
	}
	w.told.Put(f.tenantID, quota{since: q.since, n: q.n + 1})
	w.seen.Put(s, at)
	act := &Act{Action: actionRefused, Actor: f.actor, Details: details, At: at, address: address}
	w.write(f.tenantID, s, func(ctx context.Context, tx *Tx) error {
		_, err := act.tell(ctx, tx)
		return err
	})
}

// begin takes a place for a write.
func (w *witness) begin() bool {
	if w.stopped {
		return false
	}
	select {
	case w.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (w *witness) write(tenantID uuid.UUID, s sighting, fn func(context.Context, *Tx) error) {
	w.writing.Go(func() {
		defer func() { <-w.slots }()
		ctx, cancel := context.WithTimeout(WithPrincipal(context.Background(), System(tenantID)), witnessTimeout)
		defer cancel()
		if err := w.door.Write(ctx, fn); err != nil {
			w.mu.Lock()
			w.seen.Delete(s) // It is told when it is seen again.
			w.mu.Unlock()
			w.log.WarnContext(ctx, "tell the audit log of a credential", "tenant", tenantID, "error", err)
		}
	})
}

func (w *witness) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.writing.Wait()
}
