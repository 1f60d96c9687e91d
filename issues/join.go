package issues

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

const (
	// ofOwn is the share of an app's own calls that a frequent problem must take, at least twice, for the app to be hit by
	// it; mostOfOwn is enough for once. What always happens a little happens to others meanwhile, too.
	ofOwn     = 0.20
	mostOfOwn = 0.50
)

// strikes tells whether so many sightings of an app, of so many calls, are more than what always happens a little.
func strikes(n, calls int64) bool {
	calls = max(calls, n)
	return n >= 2 && float64(n) >= ofOwn*float64(calls) || float64(n) >= mostOfOwn*float64(calls)
}

// newcomer is an app that a live issue was seen at, and does not hit so far: its sightings and calls of the last hour, and
// of the last ten minutes.
type newcomer struct {
	seen, calls       int64
	seenNow, callsNow int64
}

// sqlNewcomers finds them: $2 the issues, $3 and $4 the first minutes of the hour and of the ten minutes, $5 when they began.
const sqlNewcomers = `SELECT m.issue_id, m.customer_id, m.connected_app_id, sum(m.occurrences)::bigint,
	coalesce(sum(m.occurrences) FILTER (WHERE m.at >= v.now), 0)::bigint
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) AS v (id, start, now, began)
JOIN issue_minute m ON m.tenant_id = $1 AND m.issue_id = v.id AND m.at >= v.start AND m.last_at >= v.began
LEFT JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = m.issue_id AND a.customer_id = m.customer_id
	AND a.connected_app_id = m.connected_app_id
WHERE a.issue_id IS NULL OR m.last_at > a.cleared_at
GROUP BY 1, 2, 3`

// judgeJoining decides whom frequent issues hit besides.
func (s *Store) judgeJoining(ctx context.Context, list []*candidate) error {
	if len(list) == 0 {
		return nil
	}
	found, err := s.newcomers(ctx, list)
	if err != nil {
		return err
	}
	var questions []question
	for _, c := range list {
		if apps := found[c.id]; len(apps) > 0 {
			questions = append(questions, c.callsOfNewcomers(apps))
		}
	}
	if err := s.ask(ctx, questions); err != nil {
		return err
	}
	for _, c := range list {
		for w, n := range found[c.id] {
			if strikes(n.seen, n.calls) || n.seenNow >= 2 && strikes(n.seenNow, n.callsNow) {
				c.affected = append(c.affected, w)
			}
		}
		c.opens, c.began = len(c.affected) > 0, later(c.start, c.record.began.UTC())
	}
	return nil
}

// callsOfNewcomers asks how many calls they made.
func (c *candidate) callsOfNewcomers(apps map[whom]*newcomer) question {
	lately := c.windowStart(windows[inTen])
	q := question{integration: c.integration, from: c.start, to: c.end(), calls: callsOf(c.key(), c.kinds)}
	for w := range apps {
		q.whoms = append(q.whoms, w)
	}
	q.each = func(w whom, minute time.Time, n, _ int64) {
		apps[w].calls += n
		if !minute.Before(lately) {
			apps[w].callsNow += n
		}
	}
	return q
}

func (s *Store) newcomers(ctx context.Context, list []*candidate) (found map[uuid.UUID]map[whom]*newcomer, err error) {
	var ids []uuid.UUID
	var starts, nows, begans []time.Time
	for _, c := range list {
		c.affected, c.start = nil, c.windowStart(windows[inHour])
		ids, starts, nows, begans = append(ids, c.id), append(starts, c.start), append(nows, c.windowStart(windows[inTen])), append(begans, *c.record.began)
	}
	found = map[uuid.UUID]map[whom]*newcomer{}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlNewcomers, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(ids), starts, nows, begans)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var w whom
		var n newcomer
		_, err = pgx.ForEachRow(rows, []any{&id, &w.customer, &w.app, &n.seen, &n.seenNow}, func() error {
			if found[id] == nil {
				found[id] = map[whom]*newcomer{}
			}
			one := n
			found[id][w] = &one
			return nil
		})
		return err
	})
	return found, err
}
