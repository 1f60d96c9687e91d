package issues

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// candidate is a problem that was seen and may be an issue now; or one that is, is not a sure one, and may hit more.
type candidate struct {
	*record
	// watch is where it is counted while it is only watched; nil of an issue.
	watch *watch
	// kinds are of the entries that it was seen in.
	kinds []entry.Kind
	// since is when it was resolved last: what was seen up to then does not count.
	since time.Time
	// last is the minute of the last sighting: windows end with it.
	last time.Time
	// counts are the sightings in each of the windows, before those in the time past before each.
	counts, before [len(windows)]int64

	// What was decided: whether it opens, from when on its sightings count, whom it hits, and why, in words.
	opens    bool
	start    time.Time
	began    time.Time
	affected []whom
	// seen are the sightings of each of them from start on.
	seen map[whom]int64
	why  string
}

// start is the first minute of a window that ends with the minute last. A whole day is counted by whole hours.
func (c *candidate) windowStart(w window) time.Time {
	if w.length == day {
		return c.last.Truncate(time.Hour).Add(time.Hour - day)
	}
	return c.last.Add(time.Minute - w.length)
}

// end is when all windows end.
func (c *candidate) end() time.Time { return c.last.Add(time.Minute) }

// sqlCounts counts what is needed of candidates: $2 their ids, $3 their last minutes, $4 since when it counts.
const sqlCounts = `SELECT v.id, short.two, short.ten, short.hour, CASE WHEN v.since > 'epoch' THEN since.day ELSE hours.day END,
	hours.before_hour, hours.before_day,
	(SELECT coalesce(array_agg(DISTINCT e.kind), '{}') FROM issue_evidence e WHERE e.tenant_id = $1 AND e.issue_id = v.id)
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS v (id, last, since)
CROSS JOIN LATERAL (SELECT date_trunc('hour', v.last, 'UTC') AS hour) t
CROSS JOIN LATERAL (
	SELECT coalesce(sum(m.occurrences) FILTER (WHERE m.at > v.last - interval '2 minutes'), 0)::bigint AS two,
		coalesce(sum(m.occurrences) FILTER (WHERE m.at > v.last - interval '10 minutes'), 0)::bigint AS ten, coalesce(sum(m.occurrences), 0)::bigint AS hour
	FROM issue_minute m WHERE m.tenant_id = $1 AND m.issue_id = v.id AND m.at > v.last - interval '1 hour' AND m.at <= v.last AND m.last_at > v.since) short
CROSS JOIN LATERAL (
	SELECT coalesce(sum(h.occurrences) FILTER (WHERE h.at > t.hour - interval '24 hours'), 0)::bigint AS day,
		coalesce(sum(h.occurrences) FILTER (WHERE h.at < t.hour - interval '1 hour' AND h.at >= t.hour - interval '169 hours'), 0)::bigint AS before_hour,
		coalesce(sum(h.occurrences) FILTER (WHERE h.at <= t.hour - interval '24 hours'), 0)::bigint AS before_day
	FROM issue_hour h WHERE h.tenant_id = $1 AND h.issue_id = v.id AND h.at > t.hour - interval '192 hours' AND h.at <= t.hour) hours
CROSS JOIN LATERAL (
	SELECT coalesce(sum(m.occurrences), 0)::bigint AS day
	FROM issue_minute m WHERE v.since > 'epoch' AND m.tenant_id = $1 AND m.issue_id = v.id
		AND m.at > t.hour - interval '23 hours 1 minute' AND m.at <= v.last AND m.last_at > v.since) since`

// candidates loads what may open of issues, and of problems that are only watched, as w has them, and counts it.
func (s *Store) candidates(ctx context.Context, w *watch, known, watched []uuid.UUID, now time.Time) (list []*candidate, err error) {
	if len(watched) > 0 {
		list = w.candidates(watched, now)
	}
	if len(known) == 0 {
		return list, nil
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		found, err := records(ctx, tx, "i.id = ANY ($2::uuid[]) AND NOT i.by_condition AND i.last_seen_at > $3 ORDER BY i.id", tenant.UUIDs(known), now.Add(-day))
		if err != nil {
			return err
		}
		var some []*candidate
		for _, r := range found {
			if c := r.candidate(now); c != nil {
				some = append(some, c)
			}
		}
		list = append(list, some...)
		return countCandidates(ctx, tx, some)
	})
	return list, err
}

// candidate is nil of what cannot open now.
func (r *record) candidate(now time.Time) *candidate {
	c := &candidate{record: r, last: r.lastSeen.UTC().Truncate(time.Minute), since: time.Unix(0, 0).UTC()}
	switch {
	case r.status == Resolved:
		c.since = r.resolved.UTC()
		if !r.resolvedByPerson && now.Before(c.since.Add(calm)) || !r.lastSeen.After(c.since) {
			return nil
		}
	case r.status != Watched && (policyOf(r.category).opening == sure || r.began == nil):
		return nil
	}
	return c
}

func countCandidates(ctx context.Context, tx *tenant.Tx, list []*candidate) error {
	if len(list) == 0 {
		return nil
	}
	var ids []uuid.UUID
	var lasts, sinces []time.Time
	byID := map[uuid.UUID]*candidate{}
	for _, c := range list {
		ids, lasts, sinces = append(ids, c.id), append(lasts, c.last), append(sinces, c.since)
		byID[c.id] = c
	}
	rows, err := tx.Pgx().Query(ctx, sqlCounts, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(ids), lasts, sinces)
	if err != nil {
		return err
	}
	var id uuid.UUID
	var counts, before [len(windows)]int64
	var kinds []int16
	_, err = pgx.ForEachRow(rows, []any{&id, &counts[inMinutes], &counts[inTen], &counts[inHour], &counts[inDay], &before[inHour], &before[inDay], &kinds}, func() error {
		c := byID[id]
		before[inMinutes], before[inTen] = before[inHour], before[inHour]
		c.counts, c.before = counts, before
		for _, kind := range kinds {
			c.kinds = append(c.kinds, entry.Kind(kind)) //nolint:gosec // It was one when it was stored.
		}
		return nil
	})
	return err
}

const sqlSpread = `SELECT m.issue_id, m.customer_id, m.connected_app_id, min(m.at), sum(m.occurrences)::bigint
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS v (id, start, since)
JOIN issue_minute m ON m.tenant_id = $1 AND m.issue_id = v.id AND m.at >= v.start AND m.last_at > v.since
GROUP BY 1, 2, 3`

// spread finds out whom candidates hit from their start on, and when the first was seen of it.
func (s *Store) spread(ctx context.Context, list []*candidate) error {
	var ids []uuid.UUID
	var starts, sinces []time.Time
	byID := map[uuid.UUID]*candidate{}
	for _, c := range list {
		c.affected, c.seen, c.began = nil, map[whom]int64{}, c.last
		if c.watch != nil {
			c.watch.spread(c)
			continue
		}
		ids, starts, sinces = append(ids, c.id), append(starts, c.start), append(sinces, c.since)
		byID[c.id] = c
	}
	if len(ids) == 0 {
		return nil
	}
	return s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlSpread, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(ids), starts, sinces)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var w whom
		var first time.Time
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&id, &w.customer, &w.app, &first, &n}, func() error {
			c := byID[id]
			c.affected, c.seen[w] = append(c.affected, w), n
			c.began = earlier(c.began, first.UTC())
			return nil
		})
		return err
	})
}

const sqlLasting = `SELECT issue_id, customer_id, connected_app_id, max(at) FROM (
	SELECT m.issue_id, m.customer_id, m.connected_app_id, m.at,
		sum(m.occurrences) OVER (PARTITION BY m.issue_id, m.customer_id, m.connected_app_id ORDER BY m.at DESC) AS total,
		CASE WHEN v.again AND a.last_seen_at >= v.began THEN 1 ELSE $6 END AS needed
	FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bool[], $7::timestamptz[]) AS v (id, start, since, again, began)
	JOIN issue_minute m ON m.tenant_id = $1 AND m.issue_id = v.id AND m.at >= v.start AND m.last_at > v.since
	LEFT JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = m.issue_id AND a.customer_id = m.customer_id
		AND a.connected_app_id = m.connected_app_id
	WHERE v.again OR a.issue_id IS NULL OR m.last_at > a.cleared_at) c
WHERE total >= needed GROUP BY 1, 2, 3`

// lastingOf finds the apps that lasting candidates were seen at often enough, and not hit yet, and since which minute: the one
// of the last sighting but two. Of one that a person resolved, the first sighting of an app that it hit is enough.
func (s *Store) lastingOf(ctx context.Context, list []*candidate) (found map[uuid.UUID]map[whom]time.Time, err error) {
	var ids []uuid.UUID
	var starts, sinces, begans []time.Time
	var again []bool
	found = map[uuid.UUID]map[whom]time.Time{}
	for _, c := range list {
		if c.watch != nil {
			found[c.id] = c.watch.lasting(c)
			continue
		}
		ids, starts, sinces = append(ids, c.id), append(starts, c.end().Add(-day)), append(sinces, c.since)
		again = append(again, c.status == Resolved && c.resolvedByPerson)
		began := c.last
		if c.record.began != nil {
			began = *c.record.began
		}
		begans = append(begans, began)
	}
	if len(ids) == 0 {
		return found, nil
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlLasting, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(ids), starts, sinces, again, often, begans)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var w whom
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&id, &w.customer, &w.app, &at}, func() error {
			if found[id] == nil {
				found[id] = map[whom]time.Time{}
			}
			found[id][w] = at.UTC()
			return nil
		})
		return err
	})
	return found, err
}
