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

// putOff is activity of a tenant's rows that was put off, by their ids.
type putOff struct{ customers, apps map[uuid.UUID]*pending }

// pending is activity that was put off, and what it was when one looked last whether it still moves.
type pending struct{ activity, seen int64 }

// settled tells whether activity does not move any more as that of a load of old events does.
func (p *pending) settled() bool {
	before := p.seen
	p.seen = p.activity
	return !moved(p.activity, before, activityEvery)
}

// put is what was put off for the tenant.
func (r *Resolver) put(tenantID uuid.UUID) *putOff {
	off := r.later[tenantID]
	if off == nil {
		off = &putOff{customers: map[uuid.UUID]*pending{}, apps: map[uuid.UUID]*pending{}}
		r.later[tenantID] = off
	}
	return off
}

// placeOf is the place of a row's activity.
func placeOf(of map[uuid.UUID]*pending, id uuid.UUID) *int64 {
	p := of[id]
	if p == nil {
		p = &pending{}
		of[id] = p
	}
	return &p.activity
}

// takeLater takes what was put off: all of it, or what has settled or waited for long enough.
func (r *Resolver) takeLater(all bool) map[uuid.UUID]*Need {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.now()
	taken := map[uuid.UUID]*Need{}
	for tenantID, off := range r.later {
		need := NewNeed()
		take := func(of map[uuid.UUID]*pending, write func(id uuid.UUID, activity int64)) {
			for id, p := range of {
				if settled := p.settled(); all || settled || !now.Before(r.row(tenantID, id).pause) {
					write(id, p.activity)
					delete(of, id)
				}
			}
		}
		take(off.customers, func(id uuid.UUID, activity int64) { need.customer(id, "").activity = activity })
		take(off.apps, func(id uuid.UUID, activity int64) { need.app(id, &appNeed{}).activity = activity })
		if !need.Empty() {
			taken[tenantID] = need
		}
		if len(off.customers)+len(off.apps) == 0 {
			delete(r.later, tenantID)
		}
	}
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

// FlushActivity writes all times of last activity that were put off, of all tenants that this process stores events of. It
// is to be called once at the end.
func (s *Store) FlushActivity(ctx context.Context) error { return s.flushActivity(ctx, true) }

// FlushSettledActivity writes those that were put off and have moved by less than a minute since it was called last, or were
// put off for a minute. It is to be called every few seconds.
func (s *Store) FlushSettledActivity(ctx context.Context) error { return s.flushActivity(ctx, false) }

func (s *Store) flushActivity(ctx context.Context, all bool) error {
	var failures []error
	for tenantID, need := range s.resolver.takeLater(all) {
		err := s.door.Write(tenant.WithPrincipal(ctx, tenant.System(tenantID)), func(ctx context.Context, tx *tenant.Tx) error {
			var b pgx.Batch
			queueMoves(&b, tenantID, need, nil)
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
