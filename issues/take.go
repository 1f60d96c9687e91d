package issues

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

const (
	// commitsAtOnce is how many commits' findings a Take counts, and bytesAtOnce about how many bytes of them, packed.
	commitsAtOnce = 200
	bytesAtOnce   = 1 << 20
)

// sqlTake takes the oldest findings out of the queue.
const sqlTake = `DELETE FROM finding WHERE tenant_id = $1 AND commit_no IN (
	SELECT commit_no FROM (
		SELECT commit_no, sum(pg_column_size(sightings)) OVER (ORDER BY commit_no) - pg_column_size(sightings) AS before
		FROM finding WHERE tenant_id = $1 ORDER BY commit_no LIMIT $2) f
	WHERE before < $3)
RETURNING sightings`

// Take counts what was enqueued, opens what qualifies, and tells how many sightings it took: 0 when nothing was left. Two
// that take at once count nothing twice. The context carries the tenant's System principal.
func (s *Store) Take(ctx context.Context) (int, error) {
	now := s.now()
	var taken int
	var seen []uuid.UUID
	err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		sightings, err := dequeue(ctx, tx)
		if err != nil || len(sightings) == 0 {
			return err
		}
		taken = len(sightings)
		c := counting{ctx: ctx, tx: tx, now: now, tallies: tallyUp(tx.TenantID(), sightings, now)}
		if err := c.write(); err != nil {
			return err
		}
		seen = c.ids()
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count sightings: %w", err)
	}
	if err := s.judge(ctx, seen, now); err != nil {
		return taken, fmt.Errorf("judge what was seen: %w", err)
	}
	if err := s.mendApps(ctx, now); err != nil {
		return taken, fmt.Errorf("look after connected apps: %w", err)
	}
	return taken, nil
}

func dequeue(ctx context.Context, tx *tenant.Tx) ([]Sighting, error) {
	rows, err := tx.Pgx().Query(ctx, sqlTake, tx.TenantID(), commitsAtOnce, bytesAtOnce)
	if err != nil {
		return nil, err
	}
	documents, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, err
	}
	var all []Sighting
	for _, document := range documents {
		some, err := Unpack(document)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// whom is one that a problem hits. Ids are uuid.Nil where nothing is known of them.
type whom struct{ customer, app uuid.UUID }

// moment is a minute of one that a problem hits.
type moment struct {
	whom
	minute time.Time
}

// count is how many sightings there were, the first, and the last.
type count struct {
	n           int64
	first, last time.Time
}

func (c *count) add(n int64, first, last time.Time) {
	if c.n == 0 || first.Before(c.first) {
		c.first = first
	}
	if c.n == 0 || last.After(c.last) {
		c.last = last
	}
	c.n += n
}

// tally is what a Take saw of one problem.
type tally struct {
	id  uuid.UUID
	key Key
	count
	confidence float64
	moments    map[moment]*count
	evidence   []exhibit
	// watched tells that it is no issue yet.
	watched bool
}

const (
	// recent is how old a sighting may be to be counted by minute while its problem is only watched: windows are of a day, and
	// end within the last one.
	recent = 2*day + time.Hour
	// counted is how old one may be to be counted at all of such a problem: its past is measured before the longest window.
	counted = recent + past
)

// tallyUp adds sightings up, by problem. What claims to be of the future is of now.
func tallyUp(tenantID uuid.UUID, sightings []Sighting, now time.Time) []*tally {
	byKey := map[Key]*tally{}
	var list []*tally
	for i := range sightings {
		g := &sightings[i]
		at := g.At.UTC().Truncate(time.Microsecond)
		if at.After(now) {
			at = now
		}
		t := byKey[g.Key]
		if t == nil {
			t = &tally{id: g.Key.ID(tenantID), key: g.Key, moments: map[moment]*count{}}
			byKey[g.Key] = t
			list = append(list, t)
		}
		t.add(1, at, at)
		t.confidence = max(t.confidence, g.Confidence)
		m := moment{whom{g.CustomerID, g.ConnectedAppID}, at.Truncate(time.Minute)}
		if t.moments[m] == nil {
			t.moments[m] = &count{}
		}
		t.moments[m].add(1, at, at)
		t.evidence = append(t.evidence, exhibit{Evidence{ID: g.Evidence.ID, Kind: g.Evidence.Kind, At: at}, g.CustomerID})
	}
	// One order for all, so that two that write rows of the same issues wait and do not lock each other.
	slices.SortFunc(list, func(a, b *tally) int { return slices.Compare(a.id[:], b.id[:]) })
	return list
}

// counting writes what a Take saw.
type counting struct {
	ctx     context.Context
	tx      *tenant.Tx
	now     time.Time
	tallies []*tally
}

func (c *counting) ids() []uuid.UUID {
	out := make([]uuid.UUID, len(c.tallies))
	for i, t := range c.tallies {
		out[i] = t.id
	}
	return out
}

func (c *counting) write() error {
	if err := c.dropOld(); err != nil {
		return fmt.Errorf("read issues: %w", err)
	}
	if len(c.tallies) == 0 {
		return nil
	}
	if err := c.issues(); err != nil {
		return fmt.Errorf("write issues: %w", err)
	}
	b := &pgx.Batch{}
	c.minutes(b)
	c.hours(b)
	if err := send(c.ctx, c.tx, b); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	if err := c.evidence(); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return followParents(c.ctx, c.tx, c.now)
}

// dropOld leaves out what is too old to open anything, unless it belongs to an issue that was opened before: a history that
// is sent in later makes no problems.
func (c *counting) dropOld() error {
	tooOld := func(t *tally) bool { return t.last.Before(c.now.Add(-counted)) }
	var old []uuid.UUID
	for _, t := range c.tallies {
		if tooOld(t) {
			old = append(old, t.id)
		}
	}
	if len(old) == 0 {
		return nil
	}
	rows, err := c.tx.Pgx().Query(c.ctx, "SELECT id FROM issue WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'WATCHED'",
		c.tx.TenantID(), tenant.UUIDs(old))
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	c.tallies = slices.DeleteFunc(c.tallies, func(t *tally) bool {
		return tooOld(t) && !slices.Contains(known, t.id)
	})
	return nil
}

// evidence keeps entries that show the problems; of those that are only watched the recent ones, and few of them.
func (c *counting) evidence() error {
	opened, watched := map[uuid.UUID][]exhibit{}, map[uuid.UUID][]exhibit{}
	for _, t := range c.tallies {
		if t.watched {
			watched[t.id] = slices.DeleteFunc(t.evidence, func(e exhibit) bool { return e.At.Before(c.now.Add(-recent)) })
		} else {
			opened[t.id] = t.evidence
		}
	}
	if err := keepEvidence(c.ctx, c.tx, opened, choose); err != nil {
		return err
	}
	return keepEvidence(c.ctx, c.tx, watched, chooseWatched)
}

// sqlSee makes what was never seen before watched. What is of an integration that was deleted meanwhile is left out.
const sqlSee = `INSERT INTO issue AS i (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity,
	confidence, first_seen_at, last_seen_at, changed_at)
SELECT $1, v.id, v.category, g.id, v.cause, v.scope, 'WATCHED', v.severity, v.severity, v.confidence, v.first_at, v.last_at, $2
FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::timestamptz[], $11::timestamptz[])
	AS v (id, category, integration_id, cause, scope, severity, confidence, first_at, last_at)
LEFT JOIN integration g ON g.tenant_id = $1 AND g.id = v.integration_id
WHERE g.id IS NOT NULL OR v.integration_id = '00000000-0000-0000-0000-000000000000'
ORDER BY v.id
ON CONFLICT (tenant_id, id) DO UPDATE SET confidence = greatest(i.confidence, excluded.confidence), changed_at = excluded.changed_at, change_no = 0,
	first_seen_at = least(i.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at)
RETURNING i.id, i.status`

// issues writes the problems themselves, and drops those that have no place any more.
func (c *counting) issues() error {
	var ids, integrations []uuid.UUID
	var categories, causes, scopes, severities []string
	var confidences []float64
	var firsts, lasts []time.Time
	for _, t := range c.tallies {
		ids, integrations = append(ids, t.id), append(integrations, t.key.IntegrationID)
		categories = append(categories, string(t.key.Category))
		causes, scopes = append(causes, t.key.Cause), append(scopes, t.key.Scope)
		severities = append(severities, string(policyOf(t.key.Category).severity))
		confidences = append(confidences, t.confidence)
		firsts, lasts = append(firsts, t.first), append(lasts, t.last)
	}
	rows, err := c.tx.Pgx().Query(c.ctx, sqlSee, c.tx.TenantID(), c.now, tenant.UUIDs(ids), categories, tenant.UUIDs(integrations),
		causes, scopes, severities, confidences, firsts, lasts)
	if err != nil {
		return err
	}
	written := map[uuid.UUID]Status{}
	var id uuid.UUID
	var status Status
	if _, err := pgx.ForEachRow(rows, []any{&id, &status}, func() error { written[id] = status; return nil }); err != nil {
		return err
	}
	c.tallies = slices.DeleteFunc(c.tallies, func(t *tally) bool {
		status, ok := written[t.id]
		t.watched = status == Watched
		return !ok
	})
	return nil
}

const (
	sqlCountMinutes = `INSERT INTO issue_minute AS m (tenant_id, issue_id, at, customer_id, connected_app_id, occurrences, last_at)
SELECT $1, v.* FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::int[], $7::timestamptz[]) AS v
ON CONFLICT (tenant_id, issue_id, at, customer_id, connected_app_id)
DO UPDATE SET occurrences = m.occurrences + excluded.occurrences, last_at = greatest(m.last_at, excluded.last_at)`

	// sqlCountAffected counts for whom a live issue hits. One of the categories $8, which are not sure, hits nobody more
	// before triage says so.
	sqlCountAffected = `INSERT INTO issue_affected AS a (tenant_id, issue_id, customer_id, connected_app_id, first_seen_at, last_seen_at, occurrences)
SELECT $1, i.id, v.customer_id, v.connected_app_id, min(v.at), max(v.last_at), sum(v.occurrences)
FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::int[], $7::timestamptz[])
	AS v (issue_id, at, customer_id, connected_app_id, occurrences, last_at)
JOIN issue i ON i.tenant_id = $1 AND i.id = v.issue_id AND i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'IGNORED')
WHERE v.last_at >= i.began_at AND (i.category <> ALL ($8::text[]) OR EXISTS (
	SELECT FROM issue_affected o WHERE o.tenant_id = $1 AND o.issue_id = i.id AND o.customer_id = v.customer_id
		AND o.connected_app_id = v.connected_app_id AND o.cleared_at IS NULL))
GROUP BY 2, 3, 4
ON CONFLICT (tenant_id, issue_id, customer_id, connected_app_id) DO UPDATE SET
	occurrences = a.occurrences + excluded.occurrences, last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at),
	cleared_at = CASE WHEN excluded.last_seen_at > a.cleared_at THEN NULL ELSE a.cleared_at END`
)

func (c *counting) minutes(b *pgx.Batch) {
	var ids, customers, apps []uuid.UUID
	var minutes, lasts []time.Time
	var counts []int32
	for _, t := range c.tallies {
		for m, n := range t.moments {
			if t.watched && m.minute.Before(c.now.Add(-recent)) {
				continue
			}
			ids, customers, apps = append(ids, t.id), append(customers, m.customer), append(apps, m.app)
			minutes, lasts = append(minutes, m.minute), append(lasts, n.last)
			counts = append(counts, int32(n.n)) //nolint:gosec // As many as there are sightings.
		}
	}
	args := []any{c.tx.TenantID(), tenant.UUIDs(ids), minutes, tenant.UUIDs(customers), tenant.UUIDs(apps), counts, lasts}
	b.Queue(sqlCountMinutes, args...)
	b.Queue(sqlCountAffected, append(args, judgedCategories)...)
}

const sqlCountHours = `INSERT INTO issue_hour AS h (tenant_id, issue_id, at, occurrences)
SELECT $1, v.* FROM unnest($2::uuid[], $3::timestamptz[], $4::bigint[]) AS v
ON CONFLICT (tenant_id, issue_id, at) DO UPDATE SET occurrences = h.occurrences + excluded.occurrences`

func (c *counting) hours(b *pgx.Batch) {
	var ids []uuid.UUID
	var hours []time.Time
	var counts []int64
	for _, t := range c.tallies {
		byHour := map[time.Time]int64{}
		for m, n := range t.moments {
			byHour[m.minute.Truncate(time.Hour)] += n.n
		}
		for hour, n := range byHour {
			if t.watched && hour.Before(c.now.Add(-counted)) {
				continue
			}
			ids, hours, counts = append(ids, t.id), append(hours, hour), append(counts, n)
		}
	}
	b.Queue(sqlCountHours, c.tx.TenantID(), tenant.UUIDs(ids), hours, counts)
}

// send runs statements whose rows nobody reads, in one round trip.
func send(ctx context.Context, tx *tenant.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.Pgx().SendBatch(ctx, b).Close()
}
