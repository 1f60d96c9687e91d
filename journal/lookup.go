package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// ByIDs gives the entries of the ids, with what lists show. An id that is of none, or of one that the principal may not
// see, is not in the map.
func (s *Store) ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Entry, error) {
	return s.byIDs(ctx, ids, false)
}

// Details gives what only a single entry's page shows, likewise.
func (s *Store) Details(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Detail, error) {
	found, err := s.byIDs(ctx, ids, true)
	if err != nil {
		return nil, err
	}
	details := make(map[uuid.UUID]*entry.Detail, len(found))
	for id, e := range found {
		details[id] = e.Detail
	}
	return details, nil
}

func (s *Store) byIDs(ctx context.Context, ids []uuid.UUID, details bool) (map[uuid.UUID]*entry.Entry, error) {
	principal, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	days, err := s.byDay(ctx, ids)
	if err != nil || len(days) == 0 {
		return nil, err
	}
	found := make(map[uuid.UUID]*entry.Entry, len(ids))
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		hits, err := r.find(ctx, days)
		if err != nil {
			return err
		}
		list, err := r.entries(ctx, hits, details)
		for _, e := range list {
			if principal.CustomerID == uuid.Nil || principal.CustomerID == e.CustomerID {
				found[e.ID] = e
			}
		}
		return err
	})
	return found, err
}

// byDay sorts ids by the day of their times, less those of days that have no partition.
func (s *Store) byDay(ctx context.Context, ids []uuid.UUID) ([][]uuid.UUID, error) {
	first, last, ok, err := s.Days(ctx)
	if err != nil || !ok {
		return nil, err
	}
	sorted := slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool {
		day := dayOf(nodeid.Micros(id))
		return day < first || day > last
	})
	slices.SortFunc(sorted, compareIDs)
	sorted = slices.Compact(sorted)
	var days [][]uuid.UUID
	for len(sorted) > 0 {
		day := dayOf(nodeid.Micros(sorted[0]))
		n := slices.IndexFunc(sorted, func(id uuid.UUID) bool { return dayOf(nodeid.Micros(id)) != day })
		if n < 0 {
			n = len(sorted)
		}
		days, sorted = append(days, sorted[:n]), sorted[n:]
	}
	return days, nil
}

const sqlSegmentsAt = `SELECT id, first_at, last_at, entries, format, head FROM journal_segment s
WHERE tenant_id = $1 AND last_at >= $2 AND last_at < $3 AND first_at <= $4 AND NOT damaged
  AND EXISTS (SELECT FROM unnest($5::timestamptz[]) t(at) WHERE t.at BETWEEN s.first_at AND s.last_at)`

// find looks the ids of each day up in the segments that lie over their times.
func (r *reader) find(ctx context.Context, days [][]uuid.UUID) (hits []hit, err error) {
	for _, ids := range days {
		times := make([]time.Time, len(ids))
		for i, id := range ids {
			times[i] = nodeid.Time(id)
		}
		first, last := times[0], times[len(times)-1]
		end := (DayOf(last) + 1).Time()
		segs, err := r.segments(ctx, partHead, sqlSegmentsAt, r.tx.TenantID(), first, end, last, slices.Compact(times))
		if err != nil {
			return nil, err
		}
		for _, seg := range segs {
			if seg.broken {
				continue
			}
			for _, id := range ids {
				if at, ok := seg.head.Find(id); ok {
					hits = append(hits, hit{seg: seg, at: at})
				}
			}
		}
	}
	return hits, nil
}

// segments runs a query that selects id, first_at, last_at, entries, format and columns of segments.
func (r *reader) segments(ctx context.Context, parts part, sql string, args ...any) ([]*opened, error) {
	rows, err := query(ctx, r.tx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	var segs []*opened
	var row struct {
		id          [16]byte
		first, last time.Time
		entries     int
		format      int16
	}
	into := make([][]byte, len(partColumns))
	to := append([]any{&row.id, &row.first, &row.last, &row.entries, &row.format}, targets(parts, into)...)
	if _, err := pgx.ForEachRow(rows, to, func() error {
		seg := &opened{id: row.id, first: row.first.UnixMicro(), last: row.last.UnixMicro(), entries: row.entries, format: row.format}
		segs = append(segs, seg)
		return r.broke(seg, seg.open(parts, into))
	}); err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	return segs, nil
}

// ByExternalIDs gives the entries that senders gave these ids, of the kinds (EXTERNAL_EVENT, INTERNAL_EVENT,
// EXTERNAL_WEBHOOK or EXTERNAL_EVENT_PULL), within the range, which may be open. Of several the newest is given.
func (s *Store) ByExternalIDs(ctx context.Context, kinds []entry.Kind, externalIDs []string, within entry.Range) (map[string]*entry.Entry, error) {
	found := make(map[string]*entry.Entry, len(externalIDs))
	wanted := make(map[string]bool, len(externalIDs))
	var hashes []int64
	for _, id := range externalIDs {
		wanted[id] = true
		for _, k := range kinds {
			hashes = append(hashes, entry.ExternalTerm(k, id))
		}
	}
	accept := func(e *entry.Entry) bool {
		if !wanted[e.ExternalID] {
			return false
		}
		delete(wanted, e.ExternalID)
		return true
	}
	list, err := s.byTerms(ctx, entry.Filter{Kinds: kinds, Range: within}, hashes, accept, func() bool { return len(wanted) == 0 })
	for _, e := range list {
		found[e.ExternalID] = e
	}
	return found, err
}

// mostOfSource is how many events BySource gives of one webhook or pull.
const mostOfSource = 1000

// BySource gives the external events that webhooks or pulls brought, by the senders' ids of those: the newest first, at
// most 1,000 of each.
func (s *Store) BySource(ctx context.Context, sourceIDs []string) (map[string][]*entry.Entry, error) {
	found := make(map[string][]*entry.Entry, len(sourceIDs))
	room := make(map[string]int, len(sourceIDs))
	var hashes []int64
	for _, id := range sourceIDs {
		room[id] = mostOfSource
		hashes = append(hashes, entry.TermHash(entry.TermSource, id))
	}
	accept := func(e *entry.Entry) bool {
		if room[e.SourceID] == 0 {
			return false
		}
		room[e.SourceID]--
		return true
	}
	list, err := s.byTerms(ctx, entry.Filter{Kinds: []entry.Kind{entry.KindExternalEvent}}, hashes, accept, func() bool { return false })
	for _, e := range list {
		found[e.SourceID] = append(found[e.SourceID], e)
	}
	return found, err
}

// byTerms gives the entries that match and are accepted, near the moments of the terms, the newest first.
func (s *Store) byTerms(ctx context.Context, f entry.Filter, hashes []int64, accept func(*entry.Entry) bool, enough func() bool) (list []*entry.Entry, err error) {
	if len(hashes) == 0 {
		return nil, nil
	}
	p, ok, err := s.prepare(ctx, f, entry.NewestFirst, nil)
	if err != nil || !ok {
		return nil, err
	}
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		sc := newScan(r, p, entry.NewestFirst, nil)
		sc.accept = accept
		sc.guide = termHints(s, widening{order: entry.NewestFirst, lo: p.lo, hi: p.hi, now: s.opt.Now().UnixMicro()}, hashes)
		var hits []hit
		for !enough() {
			h, ok, err := sc.next(ctx)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			hits = append(hits, h)
		}
		list, err = r.entries(ctx, hits, false)
		return err
	})
	return list, err
}
