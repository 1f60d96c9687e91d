package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tenant"
)

// Settle resolves what stayed quiet, clears whom it hits no more, wakes what was snoozed, raises severities, folds what
// fails on a provider's side into one incident, and judges again what had to wait. The context carries the tenant's System
// principal.
func (s *Store) Settle(ctx context.Context) error {
	now := s.now()
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	if err := s.judgeAgain(ctx, p.TenantID, now); err != nil {
		return fmt.Errorf("judge again: %w", err)
	}
	list, done, err := s.findQuiet(ctx, p.TenantID, now)
	if err != nil {
		return fmt.Errorf("find what stayed quiet: %w", err)
	}
	incidents, err := s.incidents(ctx, now)
	if err != nil {
		return fmt.Errorf("look for incidents: %w", err)
	}
	err = s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return s.settle(ctx, tx, list, done, incidents, now)
	})
	if err != nil {
		return fmt.Errorf("settle issues: %w", err)
	}
	s.mu.Lock()
	s.settled[p.TenantID] = now
	s.mu.Unlock()
	if err := s.mendApps(ctx, now); err != nil {
		return fmt.Errorf("look after connected apps: %w", err)
	}
	return nil
}

// sqlAgain finds what was seen lately and is not open: what a Take that was interrupted left, and what had to rest.
// Of $3 it finds what is an issue.
const sqlAgain = `SELECT id, status <> 'RESOLVED' OR last_seen_at <= resolved_at OR last_seen_at <= $2 FROM issue WHERE tenant_id = $1 AND NOT by_condition
	AND (status = 'RESOLVED' AND last_seen_at > resolved_at AND last_seen_at > $2 OR id = ANY ($3::uuid[]))`

func (s *Store) judgeAgain(ctx context.Context, tenantID uuid.UUID, now time.Time) error {
	var known, opened, watched []uuid.UUID
	w := s.watching(tenantID)
	err := s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if watched, err = s.seenSince(ctx, tx, w, now.Add(-overlap), now); err != nil {
			return err
		}
		rows, err := tx.Pgx().Query(ctx, sqlAgain, pgx.QueryExecModeCacheStatement, tx.TenantID(), now.Add(-day), tenant.UUIDs(watched))
		if err != nil {
			return err
		}
		var id uuid.UUID
		var only bool
		_, err = pgx.ForEachRow(rows, []any{&id, &only}, func() error {
			opened = append(opened, id)
			if !only {
				known = append(known, id)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	// Another process may have opened some.
	w.drop(opened)
	return s.judge(ctx, w, known, without(watched, opened), now)
}

// findQuiet looks at the traffic of those whom issues hit, and tells who is over it.
func (s *Store) findQuiet(ctx context.Context, tenantID uuid.UUID, now time.Time) (list []*ailing, done clearing, err error) {
	list, err = s.ailing(ctx)
	if err != nil || len(list) == 0 {
		return list, done, err
	}
	s.mu.Lock()
	since := later(s.settled[tenantID].Add(-overlap), now.Add(-mostQuiet-2*overlap))
	s.mu.Unlock()
	if err := s.noteSuccesses(ctx, list, since, now); err != nil {
		return nil, done, err
	}
	if err := s.measureGaps(ctx, list, now); err != nil {
		return nil, done, err
	}
	for _, a := range list {
		for _, h := range a.hits {
			if why, ok := a.over(h, now); ok {
				done.add(h, why)
			}
		}
	}
	return list, done, nil
}

func (s *Store) settle(ctx context.Context, tx *tenant.Tx, list []*ailing, done clearing, incidents []*incident, now time.Time) error {
	if err := writeSuccesses(ctx, tx, list); err != nil {
		return fmt.Errorf("write successes: %w", err)
	}
	_, apps, err := done.write(ctx, tx, now)
	if err != nil {
		return fmt.Errorf("clear whom issues hit: %w", err)
	}
	if err := wake(ctx, tx, now); err != nil {
		return fmt.Errorf("wake issues: %w", err)
	}
	if err := s.openIncidents(ctx, tx, incidents, now); err != nil {
		return fmt.Errorf("open incidents: %w", err)
	}
	if err := s.followUp(ctx, tx, now, nil); err != nil {
		return err
	}
	if err := resolveQuiet(ctx, tx, now, done.notes, nil); err != nil {
		return fmt.Errorf("resolve issues: %w", err)
	}
	return s.reconnect(ctx, tx, apps, list, now)
}

// reconnect turns the apps of credential issues back that succeed again, and says that it holds since they did.
func (s *Store) reconnect(ctx context.Context, tx *tenant.Tx, apps []uuid.UUID, list []*ailing, now time.Time) error {
	if len(apps) == 0 || s.deps.Apps == nil {
		return nil
	}
	succeeding := map[uuid.UUID]time.Time{}
	for _, a := range list {
		for _, h := range a.hits {
			if policyOf(a.category).reauth && h.succeeded.After(h.last) {
				succeeding[h.app] = h.succeeded
			}
		}
	}
	var back []uuid.UUID
	at := now
	for _, id := range apps {
		if since, ok := succeeding[id]; ok {
			back, at = append(back, id), earlier(at, since)
		}
	}
	return s.turnBack(ctx, tx, back, at)
}

// sqlStillHit tells which apps are hit by a live issue of credentials.
const sqlStillHit = `SELECT DISTINCT a.connected_app_id FROM issue_affected a JOIN issue i ON i.tenant_id = $1 AND i.id = a.issue_id
WHERE a.tenant_id = $1 AND a.connected_app_id = ANY ($2::uuid[]) AND a.cleared_at IS NULL
	AND i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND i.category = ANY ($3)`

// turnBack turns apps back into CONNECTED that no credential issue hits any more. It is the last thing that a transaction
// does: commits of events wait for it.
func (s *Store) turnBack(ctx context.Context, tx *tenant.Tx, apps []uuid.UUID, at time.Time) error {
	if len(apps) == 0 || s.deps.Apps == nil {
		return nil
	}
	rows, err := tx.Pgx().Query(ctx, sqlStillHit, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(apps), reauthCategories)
	if err != nil {
		return err
	}
	still, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	apps = without(apps, still)
	if len(apps) == 0 {
		return nil
	}
	if err := s.deps.Apps.Reconnect(ctx, tx, apps, at); err != nil {
		return fmt.Errorf("turn connected apps back: %w", err)
	}
	return nil
}

func without(ids, others []uuid.UUID) (left []uuid.UUID) {
	gone := make(map[uuid.UUID]bool, len(ids))
	for _, id := range others {
		gone[id] = true
	}
	for _, id := range ids {
		if !gone[id] {
			left = append(left, id)
			gone[id] = true
		}
	}
	return left
}

// lately is how long before the end of a snooze something must have been seen for it to be open again.
const lately = time.Hour

// wake ends snoozes whose time has come.
func wake(ctx context.Context, tx *tenant.Tx, now time.Time) error {
	list, err := records(ctx, tx, "i.status = 'SNOOZED' AND i.snoozed_until <= $2 ORDER BY i.id", now)
	if err != nil || len(list) == 0 {
		return err
	}
	var awake, over []uuid.UUID
	var what deeds
	for _, r := range list {
		if r.lastSeen.After(r.snoozedUntil.Add(-lately)) {
			awake = append(awake, r.id)
			what.add(r.id, now, weir, woken, "It was seen within the hour before its snooze ended.")
			continue
		}
		over = append(over, r.id)
		what.add(r.id, now, weir, resolved, "It was not seen in the hour before its snooze ended.")
	}
	if _, err := tx.Pgx().Exec(ctx, `UPDATE issue SET status = 'OPEN', opened_at = $3, snoozed_until = NULL, changed_at = $3, change_no = 0
		WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`, tx.TenantID(), tenant.UUIDs(awake), now); err != nil {
		return err
	}
	if err := resolve(ctx, tx, over, now, false); err != nil {
		return err
	}
	return what.write(ctx, tx)
}

const (
	// sqlOver finds issues that hit nobody any more, after their first minutes; those of $3 need not wait.
	sqlOver = `SELECT i.id FROM issue i WHERE i.tenant_id = $1 AND i.status IN ('OPEN', 'ACKNOWLEDGED') AND i.category <> $4
	AND (i.opened_at <= $2 OR i.id = ANY ($3::uuid[]))
	AND NOT EXISTS (SELECT FROM issue_affected a WHERE a.tenant_id = $1 AND a.issue_id = i.id AND a.cleared_at IS NULL) ORDER BY i.id`

	// sqlIncidentsOver finds incidents of which no part is open any more.
	sqlIncidentsOver = `SELECT p.id FROM issue p WHERE p.tenant_id = $1 AND p.status IN ('OPEN', 'ACKNOWLEDGED') AND p.category = $3 AND p.opened_at <= $2
	AND NOT EXISTS (SELECT FROM issue c WHERE c.tenant_id = $1 AND c.parent_id = p.id AND c.status IN ('OPEN', 'ACKNOWLEDGED')) ORDER BY p.id`
)

// resolveQuiet resolves what hits nobody any more. notes say why, of those that were cleared just now. Those of atOnce are
// resolved even when they have just opened.
func resolveQuiet(ctx context.Context, tx *tenant.Tx, now time.Time, notes map[uuid.UUID]string, atOnce []uuid.UUID) error {
	if standing, err := standingIn(ctx, tx); err != nil || !standing.any {
		return err
	}
	find := func(sql string, args ...any) ([]uuid.UUID, error) {
		rows, err := tx.Pgx().Query(ctx, sql, append([]any{tx.TenantID(), now.Add(-calm)}, args...)...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	}
	var what deeds
	over, err := find(sqlOver, tenant.UUIDs(atOnce), string(diagnostics.ProviderIncident))
	if err != nil {
		return err
	}
	for _, id := range over {
		note := notes[id]
		if note == "" {
			note = "It hits nobody any more."
		}
		what.add(id, now, weir, resolved, note)
	}
	if err := resolve(ctx, tx, over, now, false); err != nil {
		return err
	}
	if over, err = find(sqlIncidentsOver, string(diagnostics.ProviderIncident)); err != nil {
		return err
	}
	for _, id := range over {
		what.add(id, now, weir, resolved, "All that it is made of is over.")
	}
	if err := resolve(ctx, tx, over, now, false); err != nil {
		return err
	}
	return what.write(ctx, tx)
}

const (
	sqlResolve = `UPDATE issue SET status = 'RESOLVED', resolved_at = $3, resolved_by_person = $4, snoozed_until = NULL, changed_at = $3, change_no = 0
WHERE tenant_id = $1 AND (id = ANY ($2::uuid[]) OR parent_id = ANY ($2::uuid[]) AND status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED')) RETURNING id`

	sqlClearAll = `UPDATE issue_affected SET cleared_at = $3 WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) AND cleared_at IS NULL`
)

// resolve resolves issues, and what is folded into them.
func resolve(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, now time.Time, byPerson bool) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Pgx().Query(ctx, sqlResolve, tx.TenantID(), tenant.UUIDs(ids), now, byPerson)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	if _, err := tx.Pgx().Exec(ctx, sqlClearAll, tx.TenantID(), tenant.UUIDs(all), now); err != nil {
		return err
	}
	var what deeds
	for _, id := range without(all, ids) {
		what.add(id, now, weir, resolved, "The incident that it is folded into was resolved.")
	}
	return what.write(ctx, tx)
}
