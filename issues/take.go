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
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return 0, err
	}
	c := counting{store: s, now: now, watch: s.watching(p.TenantID)}
	if err := c.run(ctx); err != nil {
		return 0, fmt.Errorf("count sightings: %w", err)
	}
	if err := s.judge(ctx, c.watch, idsOf(c.known), idsOf(c.watched), now); err != nil {
		return c.taken, fmt.Errorf("judge what was seen: %w", err)
	}
	if err := s.mendApps(ctx, now); err != nil {
		return c.taken, fmt.Errorf("look after connected apps: %w", err)
	}
	return c.taken, s.mergeWatched(ctx, c.watch, now)
}

// TakeAll takes until nothing is left.
func (s *Store) TakeAll(ctx context.Context) error {
	for {
		// A commit that is in the queue has a sighting at least: after fewer than a Take's commits nothing was left.
		if n, err := s.Take(ctx); err != nil || n < commitsAtOnce {
			return err
		}
	}
}

func dequeue(ctx context.Context, tx *tenant.Tx) ([]Sighting, error) {
	rows, err := tx.Pgx().Query(ctx, sqlTake, pgx.QueryExecModeCacheStatement, tx.TenantID(), commitsAtOnce, bytesAtOnce)
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

func idsOf(list []*tally) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, t := range list {
		out[i] = t.id
	}
	return out
}

// counting is a Take at work.
type counting struct {
	store *Store
	now   time.Time
	watch *watch
	ctx   context.Context //nolint:containedctx // It lives as long as one transaction.
	tx    *tenant.Tx

	taken int
	// known are of problems that are issues, watched of those that are none.
	known, watched []*tally
	// old are those of the latter that older versions watched.
	old []uuid.UUID
	// row is what was added of the latter, and rowID its id; nil for nothing.
	row   *sheet
	rowID uuid.UUID
}

// run counts in one transaction. Where no issue was seen there is nothing to tell.
func (c *counting) run(ctx context.Context) error {
	err := c.store.writeSome(ctx, func(ctx context.Context, tx *tenant.Tx) (changed bool, err error) {
		c.ctx, c.tx = ctx, tx
		err = c.take()
		return len(c.known) > 0, err
	})
	if err == nil && c.row != nil {
		c.store.adopt(c.watch, c.rowID, c.row)
	}
	return err
}

func (c *counting) take() error {
	sightings, err := dequeue(c.ctx, c.tx)
	if err != nil || len(sightings) == 0 {
		return err
	}
	c.taken = len(sightings)
	if err := c.split(tallyUp(c.tx.TenantID(), sightings, c.now)); err != nil {
		return fmt.Errorf("read issues: %w", err)
	}
	if err := c.writeWatched(); err != nil {
		return fmt.Errorf("write what is watched: %w", err)
	}
	return c.writeKnown()
}

// split tells what is an issue from what is only watched. Of the latter it leaves out what is too old to open anything: a
// history that is sent in later makes no problems.
func (c *counting) split(all []*tally) error {
	list, old, err := areIssues(c.ctx, c.tx, idsOf(all))
	if err != nil {
		return err
	}
	c.old = old
	known := make(map[uuid.UUID]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	for _, t := range all {
		switch {
		case known[t.id]:
			c.known = append(c.known, t)
		case !t.last.Before(c.now.Add(-counted)):
			c.watched = append(c.watched, t)
		}
	}
	// Another process may have opened them.
	c.watch.drop(list)
	return nil
}

// writeWatched adds a row of what is only watched.
func (c *counting) writeWatched() (err error) {
	if len(c.watched) == 0 {
		return nil
	}
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if err := c.store.readOn(c.ctx, c.tx, c.watch, c.now); err != nil {
		return err
	}
	c.row = sheetOf(c.tx.TenantID(), c.watched, c.watch.sheet, c.now)
	if err := takeOver(c.ctx, c.tx, c.row, c.old, c.now); err != nil {
		return err
	}
	c.rowID, err = addWatched(c.ctx, c.tx, 0, c.row)
	return err
}

// writeKnown counts what is of issues.
func (c *counting) writeKnown() error {
	if len(c.known) == 0 {
		return nil
	}
	if err := c.issues(); err != nil {
		return fmt.Errorf("write issues: %w", err)
	}
	if err := c.minutes(); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	if err := c.hours(); err != nil {
		return fmt.Errorf("write counts by hour: %w", err)
	}
	found := map[uuid.UUID][]exhibit{}
	for _, t := range c.known {
		found[t.id] = t.evidence
	}
	if err := keepEvidence(c.ctx, c.tx, found, choose); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return followParents(c.ctx, c.tx, c.now)
}

// sqlSee has issues be seen.
const sqlSee = `UPDATE issue i SET confidence = greatest(i.confidence, v.confidence), changed_at = $2, change_no = 0,
	first_seen_at = least(i.first_seen_at, v.first_at), last_seen_at = greatest(i.last_seen_at, v.last_at)
FROM unnest($3::uuid[], $4::float8[], $5::timestamptz[], $6::timestamptz[]) AS v (id, confidence, first_at, last_at)
WHERE i.tenant_id = $1 AND i.id = v.id`

func (c *counting) issues() error {
	var confidences []float64
	var firsts, lasts []time.Time
	for _, t := range c.known {
		confidences, firsts, lasts = append(confidences, t.confidence), append(firsts, t.first), append(lasts, t.last)
	}
	return c.exec(sqlSee, c.tx.TenantID(), c.now, tenant.UUIDs(idsOf(c.known)), confidences, firsts, lasts)
}

// exec runs a statement that is prepared once a connection: planning it anew each time takes longer than what it does.
func (c *counting) exec(sql string, args ...any) error {
	_, err := c.tx.Pgx().Exec(c.ctx, sql, append([]any{pgx.QueryExecModeCacheStatement}, args...)...)
	return err
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

func (c *counting) minutes() error {
	var ids, customers, apps []uuid.UUID
	var minutes, lasts []time.Time
	var counts []int32
	for _, t := range c.known {
		for m, n := range t.moments {
			ids, customers, apps = append(ids, t.id), append(customers, m.customer), append(apps, m.app)
			minutes, lasts = append(minutes, m.minute), append(lasts, n.last)
			counts = append(counts, int32(n.n)) //nolint:gosec // As many as there are sightings.
		}
	}
	args := []any{c.tx.TenantID(), tenant.UUIDs(ids), minutes, tenant.UUIDs(customers), tenant.UUIDs(apps), counts, lasts}
	if err := c.exec(sqlCountMinutes, args...); err != nil {
		return err
	}
	return c.exec(sqlCountAffected, append(args, judgedCategories)...)
}

const sqlCountHours = `INSERT INTO issue_hour AS h (tenant_id, issue_id, at, occurrences)
SELECT $1, v.* FROM unnest($2::uuid[], $3::timestamptz[], $4::bigint[]) AS v
ON CONFLICT (tenant_id, issue_id, at) DO UPDATE SET occurrences = h.occurrences + excluded.occurrences`

func (c *counting) hours() error {
	var ids []uuid.UUID
	var hours []time.Time
	var counts []int64
	for _, t := range c.known {
		byHour := map[time.Time]int64{}
		for m, n := range t.moments {
			byHour[m.minute.Truncate(time.Hour)] += n.n
		}
		for hour, n := range byHour {
			ids, hours, counts = append(ids, t.id), append(hours, hour), append(counts, n)
		}
	}
	return c.exec(sqlCountHours, c.tx.TenantID(), tenant.UUIDs(ids), hours, counts)
}

// send runs statements whose rows nobody reads, in one round trip.
func send(ctx context.Context, tx *tenant.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.Pgx().SendBatch(ctx, b).Close()
}
