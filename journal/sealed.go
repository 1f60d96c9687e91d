package journal

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/journal/term"
	"github.com/weirhq/weir/statistics"
)

// Sealed is entries of one day, packed into a segment, with what finds them again. It does not change.
type Sealed struct {
	segment  segment.Encoded
	ids      []uuid.UUID
	failures []entry.Head
	terms    []term.Term
	cells    []statistics.Row
}

// Seal packs entries of one tenant before their commit, outside of its lock: it sorts them by id and cuts them by day
// and size. It is safe for concurrent use.
func (s *Store) Seal(entries []*entry.Entry) ([]*Sealed, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	if !slices.IsSortedFunc(entries, byID) {
		slices.SortFunc(entries, byID)
	}
	encoder, collector := s.encoders.Get().(*segment.Encoder), s.collectors.Get().(*statistics.Collector)
	defer s.encoders.Put(encoder)
	var out []*Sealed
	for _, part := range cut(entries) {
		one, err := seal(encoder, collector, part)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	// One that a panic has left half full must not count for another tenant: it is not used again.
	s.collectors.Put(collector)
	return out, nil
}

func byID(a, b *entry.Entry) int { return compareIDs(a.ID, b.ID) }

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// cut divides sorted entries by day, and each day evenly into as few parts as can be.
func cut(entries []*entry.Entry) (parts [][]*entry.Entry) {
	for len(entries) > 0 {
		end := dayOf(entries[0].Micros()).micros() + dayMicros
		n := len(entries)
		if entries[n-1].Micros() >= end {
			n, _ = slices.BinarySearchFunc(entries, end, func(e *entry.Entry, end int64) int {
				if e.Micros() < end {
					return -1
				}
				return 1
			})
		}
		count := (n + segment.MaxEntries - 1) / segment.MaxEntries
		for ; count > 0; count-- {
			size := (n + count - 1) / count
			parts = append(parts, entries[:size])
			entries, n = entries[size:], n-size
		}
	}
	return parts
}

func seal(encoder *segment.Encoder, collector *statistics.Collector, entries []*entry.Entry) (*Sealed, error) {
	encoded, err := encoder.Encode(entries)
	if err != nil {
		return nil, fmt.Errorf("pack entries: %w", err)
	}
	s := &Sealed{segment: encoded, ids: make([]uuid.UUID, len(entries)), terms: make([]term.Term, 0, 2*len(entries))}
	var hashes []int64
	for i, e := range entries {
		s.ids[i] = e.ID
		collector.AddEntry(e)
		micros := e.Micros()
		hashes = entry.AppendTerms(hashes[:0], e)
		for _, h := range hashes {
			s.terms = append(s.terms, term.Term{Hash: h, Micros: micros})
		}
		if e.Status == entry.StatusFailure && e.Kind != entry.KindLogLine {
			s.failures = append(s.failures, e.Head)
		}
	}
	s.cells = collector.Pack()
	return s, nil
}

// Len is how many entries there are.
func (s *Sealed) Len() int { return len(s.ids) }

// without is the same less some entries; nil when none is left. Terms of those that are gone stay: they cost a look.
func (s *Sealed) without(dropped map[uuid.UUID]struct{}) (*Sealed, error) {
	isDropped := func(id uuid.UUID) bool {
		_, ok := dropped[id]
		return ok
	}
	if len(dropped) == 0 || !slices.ContainsFunc(s.ids, isDropped) {
		return s, nil
	}
	kept, err := segment.Drop(s.segment, func(_ int, id uuid.UUID) bool { return isDropped(id) })
	if err != nil {
		return nil, fmt.Errorf("drop duplicates: %w", err)
	}
	if kept.Entries == 0 {
		return nil, nil
	}
	out := &Sealed{segment: kept, terms: s.terms}
	if out.cells, err = cellsOf(&kept); err != nil {
		return nil, err
	}
	for _, f := range s.failures {
		if !isDropped(f.ID) {
			out.failures = append(out.failures, f)
		}
	}
	return out, nil
}

// cellsOf counts the entries of a segment anew.
func cellsOf(packed *segment.Encoded) ([]statistics.Row, error) {
	head, err := segment.OpenHead(packed.Head)
	if err != nil {
		return nil, fmt.Errorf("count what is left: %w", err)
	}
	list, err := segment.OpenList(packed.List)
	if err != nil {
		return nil, fmt.Errorf("count what is left: %w", err)
	}
	collector := statistics.NewCollector()
	var e entry.Entry
	for i := range head.Len() {
		head.Row(i, &e.Head)
		if err := list.Row(i, &e.List); err != nil {
			return nil, fmt.Errorf("count what is left: %w", err)
		}
		collector.AddEntry(&e)
	}
	return collector.Pack(), nil
}

// failures are rows of journal_failure, column by column.
type failures struct {
	ats                           []time.Time
	ids                           []pgtype.UUID
	kinds                         []int16
	customers, integrations, apps []pgtype.UUID
	codes                         []pgtype.Int4
	errors                        []pgtype.Text
}

func (f *failures) add(e *entry.Head) {
	f.ats = append(f.ats, e.OccurredAt())
	f.ids = append(f.ids, pgtype.UUID{Bytes: e.ID, Valid: true})
	f.kinds = append(f.kinds, int16(e.Kind))
	f.customers = append(f.customers, nullable(e.CustomerID))
	f.integrations = append(f.integrations, nullable(e.IntegrationID))
	f.apps = append(f.apps, nullable(e.ConnectedAppID))
	f.codes = append(f.codes, pgtype.Int4{Int32: int32(e.StatusCode), Valid: e.StatusCode != 0})
	f.errors = append(f.errors, pgtype.Text{String: e.ErrorCode, Valid: e.ErrorCode != ""})
}

func nullable(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }
