package issues

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// watch is what a tenant's rows of issue_watched add up to. A row never changes: whoever counts adds one, and whoever
// merges or erases puts others in the place of some. So reading on is reading the rows that are new.
type watch struct {
	mu    sync.Mutex
	sheet *sheet
	// rows are those that are added up, and how often each was merged.
	rows    map[uuid.UUID]int16
	trimmed time.Time

	// used orders tenants by when they were asked for last, and held is how many bytes this one has. The Store's lock is theirs.
	used, held int
}

const (
	// mostWatched is about how many bytes are held of all tenants together. Those that were not asked for lately are let go
	// of, and read again when they are; and so is one that alone has more.
	mostWatched = 24 << 20
	// trimEvery is how often what is held lets go of what is too old.
	trimEvery = 10 * time.Minute
)

// watching gives what is held of a tenant. Whoever works with it passes it on: it may be let go of meanwhile, which takes
// nothing from what was read of it.
func (s *Store) watching(tenantID uuid.UUID) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watches[tenantID]
	if w == nil {
		w = &watch{sheet: newSheet(tenantID), rows: map[uuid.UUID]int16{}}
		w.sheet.totals = true
		s.watches[tenantID] = w
	}
	s.uses++
	w.used = s.uses
	return w
}

// makeRoom notes how many bytes are held of a tenant, and lets go of others when it is too much, and of this one when that
// is not enough: who has it goes on with it.
func (s *Store) makeRoom(of *watch, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of.held = size
	total := 0
	for _, w := range s.watches {
		total += w.held
	}
	for total > s.mostWatched && len(s.watches) > 0 {
		var oldest uuid.UUID
		for id, w := range s.watches {
			if oldest == uuid.Nil || s.watches[oldest] == of || w != of && w.used < s.watches[oldest].used {
				oldest = id
			}
		}
		total -= s.watches[oldest].held
		delete(s.watches, oldest)
	}
}

// sqlWatched reads the rows of a tenant, and the sheets of those that are not known.
const sqlWatched = `SELECT id, level, CASE WHEN id <> ALL ($2::uuid[]) THEN counts END FROM issue_watched WHERE tenant_id = $1`

// stored is a row of issue_watched. The sheet is nil of one that is known.
type stored struct {
	id    uuid.UUID
	level int16
	sheet []byte
}

func readStored(ctx context.Context, tx *tenant.Tx, sql string, args ...any) (list []stored, err error) {
	rows, err := tx.Pgx().Query(ctx, sql, append([]any{pgx.QueryExecModeCacheStatement, tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r stored, err error) {
		var id pgtype.UUID
		err = row.Scan(&id, &r.level, &r.sheet)
		r.id = id.Bytes
		return r, err
	})
}

// readOn brings what is held up to what the transaction sees. w is locked.
func (s *Store) readOn(ctx context.Context, tx *tenant.Tx, w *watch, now time.Time) error {
	known := make([]uuid.UUID, 0, len(w.rows))
	for id := range w.rows {
		known = append(known, id)
	}
	list, err := readStored(ctx, tx, sqlWatched, tenant.UUIDs(known))
	if err != nil {
		return fmt.Errorf("read what is watched: %w", err)
	}
	there := 0
	for i := range list {
		if _, ok := w.rows[list[i].id]; ok {
			there++
		}
	}
	if there < len(w.rows) {
		// Another process merged rows, or erased somebody.
		w.forget()
		return s.readOn(ctx, tx, w, now)
	}
	for i := range list {
		s.hold(ctx, w, &list[i])
	}
	if now.Sub(w.trimmed) >= trimEvery {
		w.sheet.trim(now)
		w.sheet.coarsen(now)
		w.trimmed = now
	}
	s.makeRoom(w, w.sheet.bytes())
	return nil
}

// hold adds a row to what is held. w is locked.
func (s *Store) hold(ctx context.Context, w *watch, r *stored) {
	if r.sheet == nil {
		return
	}
	w.rows[r.id] = r.level
	if err := w.sheet.add(r.sheet, false); err != nil {
		s.reportDamage(ctx, w.sheet.tenantID, r.id, err)
	}
}

// reportDamage says that a row cannot be read. It is left out: what is watched is counted anew.
func (s *Store) reportDamage(ctx context.Context, tenantID, id uuid.UUID, err error) {
	s.deps.Log.LogAttrs(ctx, slog.LevelError, "a row of what is watched is left out", slog.String("tenant", tenantID.String()),
		slog.String("row", id.String()), slog.String("error", err.Error()))
}

func (w *watch) forget() {
	w.sheet = newSheet(w.sheet.tenantID)
	w.sheet.totals = true
	w.rows, w.trimmed = map[uuid.UUID]int16{}, time.Time{}
}

// drop forgets problems: they are issues now.
func (w *watch) drop(ids []uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		delete(w.sheet.problems, id)
	}
}

// seenSince are the problems that were seen since a time.
func (s *Store) seenSince(ctx context.Context, tx *tenant.Tx, w *watch, since, now time.Time) (ids []uuid.UUID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := s.readOn(ctx, tx, w, now); err != nil {
		return nil, err
	}
	for id, p := range w.sheet.problems {
		if p.last > since.UnixMicro() {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// candidates are those of the problems that were seen within the last day, counted.
func (w *watch) candidates(ids []uuid.UUID, now time.Time) (list []*candidate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if p := w.sheet.problems[id]; p != nil && p.last > now.Add(-day).UnixMicro() {
			c := &candidate{watch: w, record: p.record(), kinds: p.kindsSeen(), since: time.Unix(0, 0).UTC()}
			c.last = c.lastSeen.Truncate(time.Minute)
			p.countFor(c)
			list = append(list, c)
		}
	}
	return list
}

// record is what the problem would be as an issue. The name of its provider is read when it opens.
func (p *problem) record() *record {
	severity := policyOf(p.key.Category).severity
	return &record{
		id: p.id, integration: p.key.IntegrationID, category: p.key.Category, cause: p.key.Cause, scope: p.key.Scope,
		status: Watched, severity: severity, base: severity, confidence: p.confidence, firstSeen: timeOf(p.first), lastSeen: timeOf(p.last),
	}
}

// countFor counts a problem as sqlCounts counts an issue.
func (p *problem) countFor(c *candidate) {
	last := minuteOf(c.last)
	for _, cell := range p.since(last - 59) {
		n, ago := int64(cell.n), last-cell.minute
		if ago < 0 {
			continue
		}
		c.counts[inHour] += n
		if ago < 10 {
			c.counts[inTen] += n
		}
		if ago < 2 {
			c.counts[inMinutes] += n
		}
	}
	hour := hourOf(last)
	c.counts[inDay] = p.inHours(hour-23, hour)
	before := p.inHours(hour-169, hour-2)
	c.before = [len(windows)]int64{before, before, before, p.inHours(hour-191, hour-24)}
}

// spread finds out whom a candidate hits from its start on, and when the first was seen of it.
func (w *watch) spread(c *candidate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.sheet.problems[c.id]
	if p == nil {
		return
	}
	for _, cell := range p.since(minuteOf(c.start)) {
		who := w.sheet.whoms.values[cell.whom]
		if _, ok := c.seen[who]; !ok {
			c.affected = append(c.affected, who)
		}
		c.seen[who] += int64(cell.n)
		c.began = earlier(c.began, cell.at())
	}
}

// lasting finds those who saw a candidate often enough within a day, and since which minute: that of the last sighting but
// two.
func (w *watch) lasting(c *candidate) map[whom]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := map[whom]time.Time{}
	p := w.sheet.problems[c.id]
	if p == nil {
		return found
	}
	totals := map[uint32]uint32{}
	cells := p.since(minuteOf(c.end().Add(-day)))
	for i := len(cells) - 1; i >= 0; i-- {
		cell := &cells[i]
		had := totals[cell.whom]
		if totals[cell.whom] = had + cell.n; had < often && had+cell.n >= often {
			found[w.sheet.whoms.values[cell.whom]] = cell.at()
		}
	}
	return found
}
