package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

const (
	// together is the time in which failures on a provider's side are all at once; activeIn is that in which a customer
	// that called is active.
	together = 10 * time.Minute
	activeIn = time.Hour
	// crowd and crowdShare are how many customers, of those who are active, make it the provider's incident.
	crowd      = 3
	crowdShare = 0.30
	// byProvider is the cause in the key of a provider's incident.
	byProvider = "provider"
)

// incidentKey is the key of an integration's incident: there is one, which comes back.
func incidentKey(integrationID uuid.UUID) *Key {
	return &Key{Category: diagnostics.ProviderIncident, IntegrationID: integrationID, Cause: byProvider}
}

// incident is that many customers of an integration fail on the provider's side at once.
type incident struct {
	integration   uuid.UUID
	customers     map[uuid.UUID]bool
	active        map[uuid.UUID]bool
	began, latest time.Time
}

func (i *incident) happens() bool {
	return len(i.customers) >= crowd && float64(len(i.customers)) >= crowdShare*float64(len(i.active))
}

const sqlFailing = `SELECT i.integration_id, i.began_at, a.customer_id, a.last_seen_at FROM issue i
JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id AND a.last_seen_at > $3
WHERE i.tenant_id = $1 AND i.status IN ('OPEN', 'ACKNOWLEDGED') AND i.category = ANY ($2) AND i.parent_id IS NULL AND i.integration_id IS NOT NULL
	AND a.customer_id <> '00000000-0000-0000-0000-000000000000'`

// incidents finds integrations of which many active customers fail now.
func (s *Store) incidents(ctx context.Context, now time.Time) (list []*incident, err error) {
	found := map[uuid.UUID]*incident{}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlFailing, pgx.QueryExecModeCacheStatement, tx.TenantID(), foldedCategories, now.Add(-together))
		if err != nil {
			return err
		}
		var integration, customer uuid.UUID
		var began, seen time.Time
		_, err = pgx.ForEachRow(rows, []any{&integration, &began, &customer, &seen}, func() error {
			i := found[integration]
			if i == nil {
				i = &incident{integration: integration, customers: map[uuid.UUID]bool{}, active: map[uuid.UUID]bool{}, began: began, latest: seen}
				found[integration] = i
			}
			i.customers[customer] = true
			i.began, i.latest = earlier(i.began, began), later(i.latest, seen)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if len(i.customers) < crowd {
			continue
		}
		list = append(list, i)
		err := s.deps.Traffic.Cells(ctx, statistics.Filter{IntegrationID: i.integration}, now.Add(-activeIn), now.Add(time.Minute), func(c *statistics.Cell) {
			if c.CustomerID != uuid.Nil && c.Count > 0 {
				i.active[c.CustomerID] = true
			}
		})
		if err != nil {
			return nil, fmt.Errorf("read the traffic: %w", err)
		}
	}
	return list, nil
}

const sqlOpenIncident = `INSERT INTO issue AS i (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity, diagnosis,
	first_seen_at, last_seen_at, opened_at, began_at, changed_at, change_no)
VALUES ($1, $2, $3, $4, $5, '', 'OPEN', 'CRITICAL', 'CRITICAL', $6::jsonb, $7, $8, $9, $7, $9, 0)
ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'OPEN', severity = 'CRITICAL', diagnosis = excluded.diagnosis, opened_at = excluded.opened_at,
	began_at = excluded.began_at, resolved_at = NULL, resolved_by_person = false, snoozed_until = NULL, changed_at = excluded.changed_at, change_no = 0,
	last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at)`

// openIncidents opens the provider's incidents that are not open yet. One that somebody ignores stays ignored, and one that
// was resolved by itself rests a while.
func (s *Store) openIncidents(ctx context.Context, tx *tenant.Tx, list []*incident, now time.Time) error {
	var what deeds
	for _, i := range list {
		if !i.happens() {
			continue
		}
		key := incidentKey(i.integration)
		id := key.ID(tx.TenantID())
		current, err := recordsByID(ctx, tx, []uuid.UUID{id})
		if err != nil {
			return err
		}
		action := opened
		if r := current[id]; r != nil {
			if r.status != Resolved || !r.resolvedByPerson && now.Before(r.resolved.Add(calm)) {
				continue
			}
			action = reopened
		}
		var name string
		err = tx.Pgx().QueryRow(ctx, "SELECT name FROM integration WHERE tenant_id = $1 AND id = $2", tx.TenantID(), i.integration).Scan(&name)
		if err != nil {
			return fmt.Errorf("read the integration's name: %w", err)
		}
		document, err := json.Marshal(s.advice(key.Category, name))
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(sqlOpenIncident, tx.TenantID(), id, string(key.Category), i.integration, key.Cause, storable(string(document)), i.began, i.latest, now)
		b.Queue("UPDATE issue_affected SET occurrences = 0, cleared_at = coalesce(cleared_at, $3) WHERE tenant_id = $1 AND issue_id = $2", tx.TenantID(), id, now)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		what.add(id, now, weir, action, fmt.Sprintf("%d of %d active customers fail at once.", len(i.customers), max(len(i.active), len(i.customers))))
	}
	return what.write(ctx, tx)
}

const sqlAdopt = `UPDATE issue i SET parent_id = p.id, changed_at = $2, change_no = 0 FROM issue p
WHERE i.tenant_id = $1 AND i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND i.category = ANY ($3) AND i.parent_id IS NULL
	AND p.tenant_id = $1 AND p.category = $4 AND p.integration_id = i.integration_id AND p.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED')
RETURNING i.id`

// adopt folds open issues of a provider's failing into its incident, where there is one.
func adopt(ctx context.Context, tx *tenant.Tx, now time.Time) error {
	rows, err := tx.Pgx().Query(ctx, sqlAdopt, tx.TenantID(), now, foldedCategories, string(diagnostics.ProviderIncident))
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	var what deeds
	for _, id := range ids {
		what.add(id, now, weir, folded, "It is a part of the provider's incident.")
	}
	return what.write(ctx, tx)
}

const (
	sqlFollowAffected = `WITH hit AS (INSERT INTO issue_affected AS a (tenant_id, issue_id, customer_id, connected_app_id, first_seen_at, last_seen_at, cleared_at, occurrences)
SELECT $1, p.id, c.customer_id, c.connected_app_id, min(c.first_seen_at), max(c.last_seen_at),
	CASE WHEN bool_and(c.cleared_at IS NOT NULL) THEN max(c.cleared_at) END, sum(c.occurrences)
FROM issue p JOIN issue i ON i.tenant_id = $1 AND i.parent_id = p.id
JOIN issue_affected c ON c.tenant_id = $1 AND c.issue_id = i.id AND c.last_seen_at >= i.began_at
WHERE p.tenant_id = $1 AND p.category = $2 AND p.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND c.last_seen_at >= p.began_at
GROUP BY p.id, c.customer_id, c.connected_app_id
ON CONFLICT (tenant_id, issue_id, customer_id, connected_app_id) DO UPDATE SET
	first_seen_at = excluded.first_seen_at, last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at),
	cleared_at = excluded.cleared_at, occurrences = greatest(a.occurrences, excluded.occurrences)
WHERE (a.last_seen_at, a.occurrences, a.cleared_at) IS DISTINCT FROM (excluded.last_seen_at, excluded.occurrences, excluded.cleared_at) RETURNING a.issue_id)
UPDATE issue SET change_no = 0 WHERE tenant_id = $1 AND id IN (SELECT issue_id FROM hit)`

	sqlFollowTimes = `UPDATE issue p SET last_seen_at = c.last_seen_at, changed_at = $3, change_no = 0
FROM (SELECT parent_id, max(last_seen_at) AS last_seen_at FROM issue WHERE tenant_id = $1 AND parent_id IS NOT NULL GROUP BY 1) c
WHERE p.tenant_id = $1 AND p.id = c.parent_id AND p.category = $2 AND p.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND p.last_seen_at < c.last_seen_at`
)

// followParents has open incidents hit whom their children hit, and be seen when they are.
func followParents(ctx context.Context, tx *tenant.Tx, now time.Time) error {
	if standing, err := standingIn(ctx, tx); err != nil || !standing.incidents {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(sqlFollowAffected, tx.TenantID(), string(diagnostics.ProviderIncident))
	b.Queue(sqlFollowTimes, tx.TenantID(), string(diagnostics.ProviderIncident), now)
	return send(ctx, tx, b)
}

// What a child showed while it was folded stays with the incident when it goes its own way.
const (
	sqlLeaveEvidence = `INSERT INTO issue_evidence (tenant_id, issue_id, entry_id, kind, customer_id, at)
SELECT $1, i.parent_id, e.entry_id, e.kind, e.customer_id, e.at FROM issue i JOIN issue_evidence e ON e.tenant_id = $1 AND e.issue_id = i.id
	AND e.at >= i.began_at AND e.at <= i.resolved_at
WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) AND i.parent_id IS NOT NULL ON CONFLICT DO NOTHING`

	sqlLeaveMinutes = `INSERT INTO issue_minute AS m (tenant_id, issue_id, at, customer_id, connected_app_id, occurrences, last_at)
SELECT $1, i.parent_id, c.at, c.customer_id, c.connected_app_id, sum(c.occurrences), max(c.last_at)
FROM issue i JOIN issue_minute c ON c.tenant_id = $1 AND c.issue_id = i.id AND c.at >= i.began_at AND c.at <= i.resolved_at
WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) AND i.parent_id IS NOT NULL GROUP BY 2, 3, 4, 5
ON CONFLICT (tenant_id, issue_id, at, customer_id, connected_app_id)
DO UPDATE SET occurrences = m.occurrences + excluded.occurrences, last_at = greatest(m.last_at, excluded.last_at)`
)

// detach lets resolved children go that are about to open again: sqlOpen takes their parent away.
func detach(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) error {
	b := &pgx.Batch{}
	b.Queue(sqlLeaveEvidence, tx.TenantID(), tenant.UUIDs(ids))
	b.Queue(sqlLeaveMinutes, tx.TenantID(), tenant.UUIDs(ids))
	return send(ctx, tx, b)
}

// Children gives the ids of the issues that are folded into one.
func (s *Store) Children(ctx context.Context, parentID uuid.UUID) (ids []uuid.UUID, err error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue("SELECT id FROM issue WHERE tenant_id = $1 AND parent_id = $2 ORDER BY first_seen_at, id", tenantID, parentID)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err == nil {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is folded into issue %s: %w", parentID, err)
	}
	return ids, nil
}
