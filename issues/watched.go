package issues

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// sheetOf is a sheet of what a Take saw of problems that are only watched. had tells since when they are known, where they
// are.
func sheetOf(tenantID uuid.UUID, tallies []*tally, had *sheet, now time.Time) *sheet {
	s := newSheet(tenantID)
	oldest, counts := minuteOf(now.Add(-recent)), hourOf(minuteOf(now.Add(-counted)))
	for _, t := range tallies {
		p := s.problem(t.id, t.key, t.first.UnixMicro(), t.last.UnixMicro())
		p.confidence = t.confidence
		if known := had.problems[t.id]; known != nil {
			p.first, p.confidence = min(p.first, known.first), max(p.confidence, known.confidence)
		}
		for m, n := range t.moments {
			minute := minuteOf(m.minute)
			switch {
			case minute >= oldest:
				last := uint32(n.last.Sub(m.minute) / time.Microsecond)                                //nolint:gosec // Within a minute.
				s.count(p, cell{minute: minute, whom: s.whoms.of(m.whom), n: uint32(n.n), last: last}) //nolint:gosec // As many as there are sightings.
			case hourOf(minute) >= counts:
				p.addHour(hourOf(minute), n.n)
			}
		}
		for _, e := range t.evidence {
			p.saw(e.Kind)
			if minuteOf(e.At) >= oldest {
				p.evidence = append(p.evidence, e)
			}
		}
		p.evidence = chooseWatched(p.evidence)
	}
	return s
}

const sqlAddWatched = `INSERT INTO issue_watched (tenant_id, id, level, last_at, counts) VALUES ($1, $2, $3, $4, $5)`

// addWatched adds a row.
func addWatched(ctx context.Context, tx *tenant.Tx, level int16, s *sheet) (id uuid.UUID, err error) {
	id = uuid.New()
	last := int64(0)
	for _, p := range s.problems {
		last = max(last, p.last)
	}
	_, err = tx.Pgx().Exec(ctx, sqlAddWatched, pgx.QueryExecModeCacheStatement, tx.TenantID(), id, level, timeOf(last), s.pack())
	return id, err
}

// adopt adds to what is held what was committed as a row.
func (s *Store) adopt(w *watch, id uuid.UUID, row *sheet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.rows[id]; ok {
		return
	}
	w.rows[id] = 0
	for id, p := range row.problems {
		to := w.sheet.problem(id, p.key, p.first, p.last)
		to.confidence, to.kinds = max(to.confidence, p.confidence), to.kinds|p.kinds
		for _, c := range p.cells {
			c.whom = w.sheet.whoms.of(row.whoms.values[c.whom])
			w.sheet.count(to, c)
		}
		for _, h := range p.hours {
			to.addHour(h.hour, h.n)
		}
	}
	s.makeRoom(w, w.sheet.bytes())
}

// mergedAt is how many rows that were merged as often are merged into one.
const mergedAt = 16

// due is a level of which enough rows are there to be merged, or -1.
func (w *watch) due() int16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[int16]int{}
	for _, level := range w.rows {
		if counts[level]++; counts[level] >= mergedAt {
			return level
		}
	}
	return -1
}

const (
	sqlOfLevel = `SELECT id, level, counts FROM issue_watched WHERE tenant_id = $1 AND level = $2 FOR UPDATE`

	// sqlAreIssues tells which problems have rows of issues, and of which of those older versions only watched them.
	sqlAreIssues = `SELECT id, status = 'WATCHED' AND NOT by_condition FROM issue WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`
)

// mergeWatched merges the rows of a level, where they are many, and lets go of what is too old, and of what is an issue now.
func (s *Store) mergeWatched(ctx context.Context, w *watch, now time.Time) error {
	level := w.due()
	if level < 0 {
		return nil
	}
	var gone []uuid.UUID
	var id uuid.UUID
	err := s.deps.Door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if err := lock(ctx, tx); err != nil {
			return err
		}
		rows, err := readStored(ctx, tx, sqlOfLevel, level)
		if err != nil {
			return err
		}
		gone = nil
		all := newSheet(tx.TenantID())
		for i := range rows {
			gone = append(gone, rows[i].id)
			if err := all.add(rows[i].sheet, true); err != nil {
				s.reportDamage(ctx, tx.TenantID(), rows[i].id, err)
			}
		}
		if err := all.leaveIssues(ctx, tx); err != nil {
			return err
		}
		all.trim(now)
		all.coarsen(now)
		for _, p := range all.problems {
			p.evidence = chooseWatched(p.evidence)
		}
		id, err = replaceWatched(ctx, tx, gone, level+1, all)
		return err
	})
	if err != nil {
		return fmt.Errorf("merge what is watched: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, old := range gone {
		if _, ok := w.rows[old]; !ok {
			w.forget() // It was not read yet.
			return nil
		}
	}
	for _, old := range gone {
		delete(w.rows, old)
	}
	if id != uuid.Nil {
		w.rows[id] = level + 1
	}
	return nil
}

// leaveIssues leaves out what became an issue: it has rows of its own.
func (s *sheet) leaveIssues(ctx context.Context, tx *tenant.Tx) error {
	opened, _, err := areIssues(ctx, tx, slices.Collect(maps.Keys(s.problems)))
	for _, id := range opened {
		delete(s.problems, id)
	}
	return err
}

// areIssues tells which problems are issues, and which have rows of issues though they are only watched.
func areIssues(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) (known, old []uuid.UUID, err error) {
	rows, err := tx.Pgx().Query(ctx, sqlAreIssues, pgx.QueryExecModeCacheStatement, tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, nil, err
	}
	var id uuid.UUID
	var watched bool
	_, err = pgx.ForEachRow(rows, []any{&id, &watched}, func() error {
		if watched {
			old = append(old, id)
		} else {
			known = append(known, id)
		}
		return nil
	})
	return known, old, err
}

// replaceWatched puts one row in the place of others; none where nothing is left.
func replaceWatched(ctx context.Context, tx *tenant.Tx, gone []uuid.UUID, level int16, s *sheet) (id uuid.UUID, err error) {
	if _, err := tx.Pgx().Exec(ctx, "DELETE FROM issue_watched WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tx.TenantID(), tenant.UUIDs(gone)); err != nil {
		return id, err
	}
	if len(s.problems) == 0 {
		return uuid.Nil, nil
	}
	return addWatched(ctx, tx, level, s)
}

const sqlAllWatched = `SELECT id, level, counts FROM issue_watched WHERE tenant_id = $1 FOR UPDATE`

// rewriteWatched changes what is watched, and puts one row in the place of all, unless change says that nothing did.
func (s *Store) rewriteWatched(ctx context.Context, tx *tenant.Tx, change func(all *sheet) bool) error {
	rows, err := readStored(ctx, tx, sqlAllWatched)
	if err != nil || len(rows) == 0 {
		return err
	}
	all, level := newSheet(tx.TenantID()), int16(0)
	var gone []uuid.UUID
	for i := range rows {
		gone, level = append(gone, rows[i].id), max(level, rows[i].level)
		if err := all.add(rows[i].sheet, true); err != nil {
			s.reportDamage(ctx, tx.TenantID(), rows[i].id, err)
		}
	}
	if !change(all) {
		return nil
	}
	_, err = replaceWatched(ctx, tx, gone, level, all)
	return err
}

const sqlShown = `SELECT id, level, counts FROM issue_watched WHERE tenant_id = $1 AND last_at >= $2`

// shown reads the entries that show problems which are only watched.
func (s *Store) shown(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, now time.Time) (map[uuid.UUID][]exhibit, error) {
	rows, err := readStored(ctx, tx, sqlShown, now.Add(-recent))
	if err != nil {
		return nil, fmt.Errorf("read what shows a problem: %w", err)
	}
	all := newSheet(tx.TenantID())
	for i := range rows {
		if err := all.add(rows[i].sheet, true); err != nil {
			s.reportDamage(ctx, tx.TenantID(), rows[i].id, err)
		}
	}
	out := map[uuid.UUID][]exhibit{}
	for _, id := range ids {
		if p := all.problems[id]; p != nil {
			if list := chooseWatched(p.evidence); len(list) > 0 {
				out[id] = list
			}
		}
	}
	return out, nil
}

const (
	// sqlPlant makes issues of what was watched. What is of an integration that was deleted meanwhile is left out.
	sqlPlant = `INSERT INTO issue (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity,
	confidence, first_seen_at, last_seen_at, changed_at)
SELECT $1, v.id, v.category, g.id, v.cause, v.scope, 'WATCHED', v.severity, v.severity, v.confidence, v.first_at, v.last_at, $2
FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::timestamptz[], $11::timestamptz[])
	AS v (id, category, integration_id, cause, scope, severity, confidence, first_at, last_at)
LEFT JOIN integration g ON g.tenant_id = $1 AND g.id = v.integration_id
WHERE g.id IS NOT NULL OR v.integration_id = '00000000-0000-0000-0000-000000000000'
ORDER BY v.id RETURNING id`

	sqlPlantMinutes = `INSERT INTO issue_minute (tenant_id, issue_id, at, customer_id, connected_app_id, occurrences, last_at)
SELECT $1, v.* FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::int[], $7::timestamptz[]) AS v`

	sqlPlantHours = `INSERT INTO issue_hour (tenant_id, issue_id, at, occurrences) SELECT $1, v.* FROM unnest($2::uuid[], $3::timestamptz[], $4::bigint[]) AS v`
)

// plant writes what is known of problems that open into the rows that issues have, and tells which of them have a place.
func (s *Store) plant(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, now time.Time) (planted []uuid.UUID, err error) {
	w := s.watching(tx.TenantID())
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := s.readOn(ctx, tx, w, now); err != nil {
		return nil, err
	}
	var list []*problem
	for _, id := range ids {
		if p := w.sheet.problems[id]; p != nil {
			list = append(list, p)
		}
	}
	if planted, err = plantIssues(ctx, tx, list, now); err != nil || len(planted) == 0 {
		return nil, err
	}
	b := &pgx.Batch{}
	for _, p := range list {
		if slices.Contains(planted, p.id) {
			w.sheet.plantCounts(b, p)
		}
	}
	if err := send(ctx, tx, b); err != nil {
		return nil, err
	}
	shown, err := s.shown(ctx, tx, planted, now)
	if err != nil {
		return nil, err
	}
	return planted, keepEvidence(ctx, tx, shown, choose)
}

func plantIssues(ctx context.Context, tx *tenant.Tx, list []*problem, now time.Time) ([]uuid.UUID, error) {
	var ids, integrations []uuid.UUID
	var categories, causes, scopes, severities []string
	var confidences []float64
	var firsts, lasts []time.Time
	for _, p := range list {
		ids, integrations = append(ids, p.id), append(integrations, p.key.IntegrationID)
		categories, causes, scopes = append(categories, string(p.key.Category)), append(causes, p.key.Cause), append(scopes, p.key.Scope)
		severities = append(severities, string(policyOf(p.key.Category).severity))
		confidences = append(confidences, p.confidence)
		firsts, lasts = append(firsts, timeOf(p.first)), append(lasts, timeOf(p.last))
	}
	rows, err := tx.Pgx().Query(ctx, sqlPlant, tx.TenantID(), now, tenant.UUIDs(ids), categories, tenant.UUIDs(integrations),
		causes, scopes, severities, confidences, firsts, lasts)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func (s *sheet) plantCounts(b *pgx.Batch, p *problem) {
	p.tidy()
	var ids, customers, apps []uuid.UUID
	var minutes, lasts, hours []time.Time
	var counts []int32
	var totals []int64
	for _, c := range p.cells {
		w := s.whoms.values[c.whom]
		ids, customers, apps = append(ids, p.id), append(customers, w.customer), append(apps, w.app)
		minutes, lasts, counts = append(minutes, c.at()), append(lasts, c.lastAt()), append(counts, int32(c.n)) //nolint:gosec // As many as there were.
	}
	b.Queue(sqlPlantMinutes, s.tenantID, tenant.UUIDs(ids), minutes, tenant.UUIDs(customers), tenant.UUIDs(apps), counts, lasts)
	ids = ids[:0]
	for _, h := range p.hours {
		ids, hours, totals = append(ids, p.id), append(hours, time.Unix(3600*int64(h.hour), 0).UTC()), append(totals, h.n)
	}
	b.Queue(sqlPlantHours, s.tenantID, tenant.UUIDs(ids), hours, totals)
}
