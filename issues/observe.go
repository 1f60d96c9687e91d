package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// Observe says what detectors see now of these categories: a condition that is not among them any more is over, and so is
// it for those that it does not hit any more. A category that nobody looked at must not be named. The context carries the
// tenant's System principal.
func (s *Store) Observe(ctx context.Context, categories []diagnostics.Category, conditions []Condition) error {
	now := s.now()
	for i := range conditions {
		if c := conditions[i].Key.Category; !slices.Contains(categories, c) {
			return fmt.Errorf("observe: a condition of %s, which is not among the categories", c)
		}
	}
	names := make([]string, len(categories))
	for i, c := range categories {
		names[i] = string(c)
	}
	if len(conditions) == 0 {
		// What another look tells meanwhile, the next one ends.
		if nothing, err := s.nothingHeld(ctx, names); err != nil || nothing {
			return err
		}
	}
	err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		o := observing{store: s, ctx: ctx, tx: tx, now: now}
		return o.run(names, conditions)
	})
	if err != nil {
		return fmt.Errorf("observe: %w", err)
	}
	return nil
}

// observing is an Observe at work.
type observing struct {
	store *Store
	ctx   context.Context //nolint:containedctx // It lives as long as one transaction.
	tx    *tenant.Tx
	now   time.Time
	b     pgx.Batch
	what  deeds
	found map[uuid.UUID][]exhibit
	fresh []uuid.UUID
	// held are those whom conditions hit now.
	held struct{ issues, customers, apps []uuid.UUID }
}

func (o *observing) run(names []string, conditions []Condition) error {
	byID := merge(o.tx.TenantID(), conditions)
	var ids []uuid.UUID
	for id := range byID {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	if err := o.make(ids, byID); err != nil {
		return fmt.Errorf("make issues: %w", err)
	}
	known, err := recordsByID(o.ctx, o.tx, ids)
	if err != nil {
		return err
	}
	hit, err := o.uncleared(ids)
	if err != nil {
		return fmt.Errorf("read whom conditions hit: %w", err)
	}
	o.found = map[uuid.UUID][]exhibit{}
	for _, id := range ids {
		// What is of an integration that was deleted meanwhile has no place.
		if r := known[id]; r != nil {
			if err := o.condition(r, byID[id], hit[id]); err != nil {
				return err
			}
		}
	}
	// Whoever hits nobody of a category that was looked at was not seen now.
	o.b.Queue(sqlGone, o.tx.TenantID(), o.now, names, tenant.UUIDs(o.held.issues), tenant.UUIDs(o.held.customers), tenant.UUIDs(o.held.apps))
	if err := send(o.ctx, o.tx, &o.b); err != nil {
		return fmt.Errorf("write conditions: %w", err)
	}
	if err := keepEvidence(o.ctx, o.tx, o.found, choose); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	if err := o.what.write(o.ctx, o.tx); err != nil {
		return err
	}
	if err := o.store.followUp(o.ctx, o.tx, o.now, o.fresh); err != nil {
		return err
	}
	notes, err := o.notes(names)
	if err != nil {
		return err
	}
	return resolveQuiet(o.ctx, o.tx, o.now, notes, nil)
}

const sqlGone = `WITH gone AS (
	UPDATE issue_affected a SET cleared_at = $2 FROM issue i WHERE a.tenant_id = $1 AND i.tenant_id = $1 AND a.issue_id = i.id
		AND i.by_condition AND i.category = ANY ($3) AND a.cleared_at IS NULL
		AND (a.issue_id, a.customer_id, a.connected_app_id) NOT IN (SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::uuid[]))
	RETURNING a.issue_id)
UPDATE issue SET changed_at = $2, change_no = 0 WHERE tenant_id = $1 AND id IN (SELECT issue_id FROM gone)`

// merge puts conditions of one key together.
func merge(tenantID uuid.UUID, conditions []Condition) map[uuid.UUID]*Condition {
	byID := map[uuid.UUID]*Condition{}
	for i := range conditions {
		c := conditions[i]
		id := c.Key.ID(tenantID)
		had := byID[id]
		if had == nil {
			c.Affected = slices.Clone(c.Affected)
			byID[id] = &c
			continue
		}
		had.Affected = append(had.Affected, c.Affected...)
		if c.Severity.rank() > had.Severity.rank() {
			had.Severity = c.Severity
		}
	}
	return byID
}

// sqlMake makes issues of conditions that were never seen before.
const sqlMake = `INSERT INTO issue (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity, by_condition,
	first_seen_at, last_seen_at, changed_at)
SELECT $1, v.id, v.category, g.id, v.cause, v.scope, 'WATCHED', v.severity, v.severity, true, $2, $2, $2
FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[]) AS v (id, category, integration_id, cause, scope, severity)
LEFT JOIN integration g ON g.tenant_id = $1 AND g.id = v.integration_id
WHERE g.id IS NOT NULL OR v.integration_id = '00000000-0000-0000-0000-000000000000'
ORDER BY v.id
ON CONFLICT (tenant_id, id) DO UPDATE SET by_condition = true, base_severity = excluded.base_severity`

func (o *observing) make(ids []uuid.UUID, byID map[uuid.UUID]*Condition) error {
	if len(ids) == 0 {
		return nil
	}
	var categories, causes, scopes, severities []string
	var integrations []uuid.UUID
	for _, id := range ids {
		c := byID[id]
		if c.Severity.rank() < 0 {
			c.Severity = policyOf(c.Key.Category).severity
		}
		categories, integrations = append(categories, string(c.Key.Category)), append(integrations, c.Key.IntegrationID)
		causes, scopes = append(causes, c.Key.Cause), append(scopes, c.Key.Scope)
		severities = append(severities, string(c.Severity))
	}
	_, err := o.tx.Pgx().Exec(o.ctx, sqlMake, o.tx.TenantID(), o.now, tenant.UUIDs(ids), categories, tenant.UUIDs(integrations), causes, scopes, severities)
	return err
}

// uncleared reads whom issues hit up to now.
func (o *observing) uncleared(ids []uuid.UUID) (map[uuid.UUID]map[whom]bool, error) {
	rows, err := o.tx.Pgx().Query(o.ctx, `SELECT issue_id, customer_id, connected_app_id FROM issue_affected
		WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) AND cleared_at IS NULL`, o.tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]map[whom]bool{}
	var id uuid.UUID
	var w whom
	_, err = pgx.ForEachRow(rows, []any{&id, &w.customer, &w.app}, func() error {
		if out[id] == nil {
			out[id] = map[whom]bool{}
		}
		out[id][w] = true
		return nil
	})
	return out, err
}

// opensFor tells whether a condition opens its issue now. One that a person resolved comes back only for whom it began
// later; one that was resolved by itself rests a while first.
func (r *record) opensFor(affected []Affected, now time.Time) bool {
	switch {
	case r.status == Watched:
		return true
	case r.status != Resolved:
		return false
	case r.resolvedByPerson:
		return slices.ContainsFunc(affected, func(a Affected) bool { return a.Since.After(*r.resolved) })
	default:
		return !now.Before(r.resolved.Add(calm))
	}
}

const (
	sqlHold = `UPDATE issue SET last_seen_at = $3, first_seen_at = least(first_seen_at, $4), diagnosis = $5::jsonb, confidence = $6, changed_at = CASE
	WHEN diagnosis IS DISTINCT FROM $5::jsonb THEN $3 ELSE changed_at END, change_no = 0 WHERE tenant_id = $1 AND id = $2`

	sqlBegin = `UPDATE issue SET status = 'OPEN', opened_at = $3, began_at = $4, resolved_at = NULL, resolved_by_person = false, snoozed_until = NULL,
	severity = base_severity, changed_at = $3, change_no = 0 WHERE tenant_id = $1 AND id = $2`

	sqlHoldFor = `INSERT INTO issue_affected AS a (tenant_id, issue_id, customer_id, connected_app_id, first_seen_at, last_seen_at, occurrences)
SELECT $1, $2, v.customer_id, v.connected_app_id, v.since, $3, v.fresh
FROM unnest($4::uuid[], $5::uuid[], $6::timestamptz[], $7::int[]) AS v (customer_id, connected_app_id, since, fresh)
ON CONFLICT (tenant_id, issue_id, customer_id, connected_app_id) DO UPDATE SET last_seen_at = $3, cleared_at = NULL,
	first_seen_at = CASE WHEN excluded.occurrences > 0 THEN excluded.first_seen_at ELSE a.first_seen_at END,
	occurrences = a.occurrences + excluded.occurrences`
)

// condition writes one that holds. It occurs once for each whom it begins to hit.
func (o *observing) condition(r *record, c *Condition, hit map[whom]bool) error {
	affected := distinct(c.Affected, o.now)
	began := o.now
	for _, a := range affected {
		began = earlier(began, a.Since)
	}
	c.Diagnosis.Category = c.Key.Category
	document, err := json.Marshal(c.Diagnosis)
	if err != nil {
		return fmt.Errorf("write a diagnosis: %w", err)
	}
	confidence := c.Diagnosis.Confidence
	if confidence <= 0 {
		confidence = 1
	}
	o.b.Queue(sqlHold, o.tx.TenantID(), r.id, o.now, began, storable(string(document)), confidence)
	opens := r.opensFor(affected, o.now)
	if opens {
		o.begin(r, began, len(affected))
		hit = nil
	}
	if !opens && r.status == Resolved {
		return nil
	}
	o.hold(r.id, affected, hit)
	return nil
}

func (o *observing) begin(r *record, began time.Time, n int) {
	o.b.Queue(sqlBegin, o.tx.TenantID(), r.id, o.now, began)
	o.b.Queue("UPDATE issue_affected SET occurrences = 0 WHERE tenant_id = $1 AND issue_id = $2", o.tx.TenantID(), r.id)
	action := opened
	if r.status == Resolved {
		action = reopened
	}
	o.what.add(r.id, o.now, weir, action, fmt.Sprintf("A check found it, for %d.", n))
	o.fresh = append(o.fresh, r.id)
}

// hold writes whom a condition hits, and counts those that it begins to hit.
func (o *observing) hold(id uuid.UUID, affected []Affected, hit map[whom]bool) {
	var customers, apps, freshCustomers, freshApps []uuid.UUID
	var since []time.Time
	var fresh []int32
	for _, a := range affected {
		w := whom{a.CustomerID, a.ConnectedAppID}
		customers, apps, since = append(customers, w.customer), append(apps, w.app), append(since, a.Since)
		n := int32(0)
		if !hit[w] {
			n = 1
			freshCustomers, freshApps = append(freshCustomers, w.customer), append(freshApps, w.app)
		}
		fresh = append(fresh, n)
		for _, e := range a.Evidence {
			o.found[id] = append(o.found[id], exhibit{dated(e, a.Since), a.CustomerID})
		}
	}
	for range customers {
		o.held.issues = append(o.held.issues, id)
	}
	o.held.customers, o.held.apps = append(o.held.customers, customers...), append(o.held.apps, apps...)
	o.b.Queue(sqlHoldFor, o.tx.TenantID(), id, o.now, tenant.UUIDs(customers), tenant.UUIDs(apps), since, fresh)
	if len(freshCustomers) == 0 {
		return
	}
	o.b.Queue("UPDATE issue SET changed_at = $3, change_no = 0 WHERE tenant_id = $1 AND id = $2", o.tx.TenantID(), id, o.now)
	minutes, ones, nows := make([]time.Time, len(freshApps)), make([]int32, len(freshApps)), make([]time.Time, len(freshApps))
	ids := make([]uuid.UUID, len(freshApps))
	for i := range minutes {
		ids[i], minutes[i], ones[i], nows[i] = id, o.now.Truncate(time.Minute), 1, o.now
	}
	o.b.Queue(sqlCountMinutes, o.tx.TenantID(), tenant.UUIDs(ids), minutes, tenant.UUIDs(freshCustomers), tenant.UUIDs(freshApps), ones, nows)
}

// notes say why issues of the categories are over that are.
func (o *observing) notes(names []string) (map[uuid.UUID]string, error) {
	list, err := records(o.ctx, o.tx, "i.by_condition AND i.category = ANY ($2) AND i.status IN ('OPEN', 'ACKNOWLEDGED')", names)
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	out := map[uuid.UUID]string{}
	for _, r := range list {
		out[r.id] = "The check does not find it any more."
	}
	return out, nil
}

// distinct gives each of those whom a condition hits once, since the earliest time that was said; nobody for none.
func distinct(list []Affected, now time.Time) (out []Affected) {
	at := map[whom]int{}
	for _, a := range list {
		if a.Since.IsZero() || a.Since.After(now) {
			a.Since = now
		}
		a.Since = a.Since.UTC().Truncate(time.Microsecond)
		w := whom{a.CustomerID, a.ConnectedAppID}
		if i, ok := at[w]; ok {
			out[i].Since = earlier(out[i].Since, a.Since)
			out[i].Evidence = append(slices.Clone(out[i].Evidence), a.Evidence...)
			continue
		}
		at[w] = len(out)
		out = append(out, a)
	}
	if len(out) == 0 {
		out = append(out, Affected{Since: now})
	}
	return out
}

// dated gives evidence its time: its own, that of its id, or since when it shows something.
func dated(e Evidence, since time.Time) Evidence {
	if e.At.IsZero() {
		e.At = since
		if e.ID.Version() == 7 {
			e.At = nodeid.Time(e.ID)
		}
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	return e
}
