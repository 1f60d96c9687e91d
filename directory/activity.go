package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// active tells whether activity at the time is to be written now. What moves too soon after it was written is put off:
// later gives the place where to note it.
func (w *row) active(latest int64, now time.Time, later func() *int64) bool {
	if !moved(latest, w.activity, activityEvery) {
		return false
	}
	if !now.Before(w.pause) {
		return true
	}
	at := later()
	*at = max(*at, latest)
	return false
}

// wrote notes that activity was written.
func (w *row) wrote(activity int64, now time.Time) {
	if activity > w.activity {
		w.activity, w.pause = activity, now.Add(activityPause)
	}
}

// put is what was put off for the tenant.
func (r *Resolver) put(tenantID uuid.UUID) *Need {
	need := r.later[tenantID]
	if need == nil {
		need = NewNeed()
		r.later[tenantID] = need
	}
	return need
}

func (r *Resolver) takeLater() map[uuid.UUID]*Need {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.later
	r.later = map[uuid.UUID]*Need{}
	return taken
}

func (r *Resolver) wroteLater(tenantID uuid.UUID, need *Need) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	for id, c := range need.customers {
		r.row(tenantID, id).wrote(c.activity, now)
	}
	for id, a := range need.apps {
		r.row(tenantID, id).wrote(a.activity, now)
	}
}

// FlushActivity writes the times of last activity that were put off, of all tenants that this process stores events
// of. It is to be called every few seconds, and once at the end.
func (s *Store) FlushActivity(ctx context.Context) error {
	var failures []error
	for tenantID, need := range s.resolver.takeLater() {
		err := s.door.Write(tenant.WithPrincipal(ctx, tenant.System(tenantID)), func(ctx context.Context, tx *tenant.Tx) error {
			var b pgx.Batch
			queueMoves(&b, tenantID, need)
			return tx.Pgx().SendBatch(ctx, &b).Close()
		})
		if err != nil {
			failures = append(failures, fmt.Errorf("write the activity of tenant %s: %w", tenantID, err))
			continue
		}
		s.resolver.wroteLater(tenantID, need)
	}
	return errors.Join(failures...)
}
