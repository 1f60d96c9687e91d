package issues

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

const (
	// Of n random gaps the longest is about ln n times the mean, and by chance more than spare times it longer in 5 of 100
	// (Gumbel, Statistics of Extremes, 1958). So long it must stay quiet, from calm up to mostQuiet.
	spare     = 3
	mostQuiet = 6 * time.Hour
	// forgotten is how long what is not called any more stays open.
	forgotten = 14 * day
	// overlap is for entries that arrive late: the traffic of this time is looked at again.
	overlap = 15 * time.Minute
)

// hit is one whom a live issue hits.
type hit struct {
	issue uuid.UUID
	whom
	// last is the last sighting, succeeded a minute after it in which the same calls succeeded, or zero.
	last, succeeded time.Time
	// seen are those of the last day before the last, since the issue began.
	seen count
}

// ailing is a live issue, born of sightings, and whom it hits.
type ailing struct {
	id          uuid.UUID
	category    diagnostics.Category
	integration uuid.UUID
	began       time.Time
	calls       calls
	hits        map[whom]*hit
}

// note notes a success after the last sighting of those whose calls it is.
func (a *ailing) note(w whom, minute time.Time, _, succeeded int64) {
	if h := a.hits[w]; succeeded > 0 && minute.After(h.last) {
		h.succeeded = later(h.succeeded, minute)
	}
}

// quiet is how long one must not have been hit to be over it.
func (a *ailing) quiet(h *hit) time.Duration {
	if policyOf(a.category).reauth || h.seen.n < 2 {
		return calm
	}
	gap := h.seen.last.Sub(h.seen.first) / time.Duration(h.seen.n-1)
	longest := time.Duration((math.Log(float64(h.seen.n)) + spare) * float64(gap))
	return min(max(longest, calm), mostQuiet)
}

// over tells whether one is over it, and why.
func (a *ailing) over(h *hit, now time.Time) (why string, ok bool) {
	silent := now.Sub(h.last)
	switch {
	case h.succeeded.After(h.last) && silent >= a.quiet(h):
		return fmt.Sprintf("The same calls succeed again, and nothing of it was seen for %s.", span(silent)), true
	case silent >= forgotten:
		return fmt.Sprintf("Nothing of it was seen for %s.", span(silent)), true
	}
	return "", false
}

const sqlAiling = `SELECT i.id, i.category, coalesce(i.integration_id, '00000000-0000-0000-0000-000000000000'), i.scope,
	(SELECT coalesce(array_agg(DISTINCT e.kind), '{}') FROM issue_evidence e WHERE e.tenant_id = $1 AND e.issue_id = i.id),
	a.customer_id, a.connected_app_id, a.last_seen_at, coalesce(a.succeeded_at, 'epoch'), coalesce(i.began_at, 'epoch')
FROM issue i JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id AND a.cleared_at IS NULL
WHERE i.tenant_id = $1 AND i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND NOT i.by_condition AND i.category <> 'provider_incident'`

// ailing loads the live issues that are born of sightings, and whom they hit.
func (s *Store) ailing(ctx context.Context) (list []*ailing, err error) {
	byID := map[uuid.UUID]*ailing{}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlAiling, pgx.QueryExecModeCacheStatement, tx.TenantID())
		if err != nil {
			return err
		}
		var id, integration uuid.UUID
		var key Key
		var kinds []int16
		var h hit
		var began time.Time
		_, err = pgx.ForEachRow(rows, []any{&id, &key.Category, &integration, &key.Scope, &kinds, &h.customer, &h.app, &h.last, &h.succeeded, &began}, func() error {
			a := byID[id]
			if a == nil {
				of := make([]entry.Kind, len(kinds))
				for i, kind := range kinds {
					of[i] = entry.Kind(kind) //nolint:gosec // It was one when it was stored.
				}
				a = &ailing{id: id, category: key.Category, integration: integration, began: began, calls: callsOf(&key, of), hits: map[whom]*hit{}}
				byID[id] = a
				list = append(list, a)
			}
			one := h
			one.issue = id
			a.hits[h.whom] = &one
			return nil
		})
		return err
	})
	return list, err
}

// noteSuccesses looks for successes in the traffic since a time.
func (s *Store) noteSuccesses(ctx context.Context, list []*ailing, since, now time.Time) error {
	var questions []question
	for _, a := range list {
		q := question{integration: a.integration, from: now, to: now.Add(time.Minute), calls: a.calls, each: a.note}
		for w, h := range a.hits {
			q.from, q.whoms = earlier(q.from, h.last), append(q.whoms, w)
		}
		q.from = later(q.from, since).Truncate(time.Minute)
		questions = append(questions, q)
	}
	return s.ask(ctx, questions)
}

const sqlGaps = `SELECT m.issue_id, m.customer_id, m.connected_app_id, sum(m.occurrences)::bigint, min(m.at), max(m.last_at)
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[]) AS v (issue_id, customer_id, connected_app_id, since)
JOIN issue_minute m ON m.tenant_id = $1 AND m.issue_id = v.issue_id AND m.at >= v.since
	AND m.customer_id = v.customer_id AND m.connected_app_id = v.connected_app_id
GROUP BY 1, 2, 3`

// measureGaps finds out how often those were hit that may be over it.
func (s *Store) measureGaps(ctx context.Context, list []*ailing, now time.Time) error {
	hits := map[uuid.UUID]map[whom]*hit{}
	var issues, customers, apps []uuid.UUID
	var since []time.Time
	for _, a := range list {
		hits[a.id] = a.hits
		for w, h := range a.hits {
			if now.Sub(h.last) >= calm && h.succeeded.After(h.last) {
				issues, customers, apps = append(issues, a.id), append(customers, w.customer), append(apps, w.app)
				// What was seen now and then before it began says nothing of how often it is.
				since = append(since, later(h.last.Add(-day), a.began.Truncate(time.Minute)))
			}
		}
	}
	if len(issues) == 0 {
		return nil
	}
	return s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlGaps, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(issues), tenant.UUIDs(customers), tenant.UUIDs(apps), since)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var w whom
		var c count
		_, err = pgx.ForEachRow(rows, []any{&id, &w.customer, &w.app, &c.n, &c.first, &c.last}, func() error {
			hits[id][w].seen = c
			return nil
		})
		return err
	})
}

const sqlNoteSuccesses = `UPDATE issue_affected a SET succeeded_at = v.at
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[]) AS v (issue_id, customer_id, connected_app_id, at)
WHERE a.tenant_id = $1 AND a.issue_id = v.issue_id AND a.customer_id = v.customer_id AND a.connected_app_id = v.connected_app_id
	AND (a.succeeded_at IS NULL OR a.succeeded_at < v.at)`

// sqlClear clears those that were not seen again since they were looked at.
const sqlClear = `WITH over AS (
UPDATE issue_affected a SET cleared_at = $2
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[]) AS v (issue_id, customer_id, connected_app_id, last_seen_at)
WHERE a.tenant_id = $1 AND a.issue_id = v.issue_id AND a.customer_id = v.customer_id AND a.connected_app_id = v.connected_app_id
	AND a.cleared_at IS NULL AND a.last_seen_at = v.last_seen_at
RETURNING a.issue_id, a.connected_app_id
), changed AS (UPDATE issue SET changed_at = $2, change_no = 0 WHERE tenant_id = $1 AND id IN (SELECT issue_id FROM over))
SELECT * FROM over`

// writeSuccesses keeps what was found, for the next time.
func writeSuccesses(ctx context.Context, tx *tenant.Tx, list []*ailing) error {
	var issues, customers, apps []uuid.UUID
	var at []time.Time
	for _, a := range list {
		for w, h := range a.hits {
			if h.succeeded.After(h.last) {
				issues, customers, apps, at = append(issues, a.id), append(customers, w.customer), append(apps, w.app), append(at, h.succeeded)
			}
		}
	}
	if len(issues) == 0 {
		return nil
	}
	_, err := tx.Pgx().Exec(ctx, sqlNoteSuccesses, tx.TenantID(), tenant.UUIDs(issues), tenant.UUIDs(customers), tenant.UUIDs(apps), at)
	return err
}

// clearing are those whom issues hit no more.
type clearing struct {
	list  []*hit
	notes map[uuid.UUID]string
}

func (c *clearing) add(h *hit, why string) {
	if c.notes == nil {
		c.notes = map[uuid.UUID]string{}
	}
	c.list, c.notes[h.issue] = append(c.list, h), why
}

// write clears them, and tells which issues and apps it cleared.
func (c *clearing) write(ctx context.Context, tx *tenant.Tx, now time.Time) (issues, apps []uuid.UUID, err error) {
	if len(c.list) == 0 {
		return nil, nil, nil
	}
	var ids, customers, of []uuid.UUID
	var last []time.Time
	for _, h := range c.list {
		ids, customers, of, last = append(ids, h.issue), append(customers, h.customer), append(of, h.app), append(last, h.last)
	}
	rows, err := tx.Pgx().Query(ctx, sqlClear, tx.TenantID(), now, tenant.UUIDs(ids), tenant.UUIDs(customers), tenant.UUIDs(of), last)
	if err != nil {
		return nil, nil, err
	}
	var issue, app uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&issue, &app}, func() error {
		issues = append(issues, issue)
		if app != uuid.Nil {
			apps = append(apps, app)
		}
		return nil
	})
	return issues, apps, err
}
