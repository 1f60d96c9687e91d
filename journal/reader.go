package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// reader reads segments within one snapshot of a tenant's data.
type reader struct {
	store   *Store
	tx      *tenant.Tx
	damaged []*opened
}

// opened is a segment as far as it was read.
type opened struct {
	id          uuid.UUID
	first, last int64
	entries     int
	format      int16
	broken      bool
	tokens      []byte
	head        *segment.Head
	list        *segment.List
	body        *segment.Body
	numbers     *numbering
	// matches are the positions that are still to be given out, in ascending order.
	matches []int
	// narrowed is the frame of the body in which the matches were narrowed last: from up to to.
	narrowed struct{ from, to int }
}

// hit is an entry in a segment.
type hit struct {
	seg *opened
	at  int
}

func (h hit) position() entry.Position {
	return entry.Position{Micros: h.seg.head.Micros(h.at), ID: h.seg.head.ID(h.at)}
}

// part is a column of a segment.
type part uint8

const (
	partHead part = 1 << iota
	partList
	partTokens
	partBody
	partNumbers
)

var partColumns = [...]struct {
	part part
	name string
}{{partHead, "head"}, {partList, "list"}, {partTokens, "tokens"}, {partBody, "body"}, {partNumbers, sqlNumbers}}

// walk is read for a walk through what is prepared.
func (s *Store) walk(ctx context.Context, p *prepared, fn func(ctx context.Context, r *reader) error) error {
	return s.read(ctx, func(ctx context.Context, r *reader) error {
		if p.goesFar() {
			r.tx.PlanOnce()
		}
		return fn(ctx, r)
	})
}

// read runs fn on one snapshot, and afterwards sets aside the segments that could not be read.
func (s *Store) read(ctx context.Context, fn func(ctx context.Context, r *reader) error) error {
	r := &reader{store: s}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		r.tx = tx
		return fn(ctx, r)
	})
	if len(r.damaged) > 0 {
		s.setAside(ctx, r.damaged)
	}
	return err
}

const sqlSetAside = "UPDATE journal_segment SET damaged = true WHERE tenant_id = $1 AND last_at = $2 AND id = $3"

// setAside marks segments as damaged, so that nobody reads them again, and reports them. One of a format that only a
// newer release knows is left as it is.
func (s *Store) setAside(ctx context.Context, segments []*opened) {
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		for _, seg := range segments {
			s.log.LogAttrs(ctx, slog.LevelError, "a segment cannot be read and is set aside", slog.String("tenant", tx.TenantID().String()),
				slog.String("segment", seg.id.String()), slog.Time("last_at", timeOf(seg.last)), slog.Int("entries", seg.entries),
				slog.Int("format", int(seg.format)))
			if seg.format > segment.Format {
				continue
			}
			if _, err := tx.Pgx().Exec(ctx, sqlSetAside, tx.TenantID(), timeOf(seg.last), seg.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		s.log.LogAttrs(ctx, slog.LevelError, "damaged segments could not be set aside", slog.Any("error", err))
	}
}

// broke notes an error of the codec: the segment is skipped from now on. Other errors are given back.
func (r *reader) broke(seg *opened, err error) error {
	if err == nil || !errors.Is(err, segment.ErrDamaged) {
		return err
	}
	if !seg.broken {
		seg.broken, seg.matches = true, nil
		r.damaged = append(r.damaged, seg)
	}
	return nil
}

// sqlLoad bounds the times, since partitions are not told apart by an array when a plan is made once. IS TRUE keeps the ids
// out of the index condition, where each would be looked up with each time.
const sqlLoad = ` FROM journal_segment
WHERE tenant_id = $1 AND last_at = ANY($2) AND (id = ANY($3)) IS TRUE AND last_at >= $4 AND last_at <= $5`

// load reads columns of segments that lack them, in one statement.
func (r *reader) load(ctx context.Context, segs []*opened, parts part) error {
	// A segment that lies in several windows is opened in each.
	missing := make(map[uuid.UUID][]*opened, len(segs))
	var lasts []time.Time
	var ids []uuid.UUID
	oldest, newest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, seg := range segs {
		if seg.broken || !seg.lacks(parts) || slices.Contains(missing[seg.id], seg) {
			continue
		}
		if missing[seg.id] == nil {
			lasts, ids = append(lasts, timeOf(seg.last)), append(ids, seg.id)
			oldest, newest = min(oldest, seg.last), max(newest, seg.last)
		}
		missing[seg.id] = append(missing[seg.id], seg)
	}
	if len(missing) == 0 {
		return nil
	}
	rows, err := query(ctx, r.tx, "SELECT id"+columns(parts)+sqlLoad, r.tx.TenantID(), lasts, tenant.UUIDs(ids), timeOf(oldest), timeOf(newest))
	if err != nil {
		return fmt.Errorf("read segments: %w", err)
	}
	var id [16]byte
	into := make([][]byte, len(partColumns))
	to := append([]any{&id}, targets(parts, into)...)
	if _, err := pgx.ForEachRow(rows, to, func() error {
		for _, seg := range missing[id] {
			if err := r.broke(seg, seg.open(parts, into)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read segments: %w", err)
	}
	return nil
}

func columns(parts part) string {
	var b strings.Builder
	for _, c := range partColumns {
		if parts&c.part != 0 {
			b.WriteString(", " + c.name)
		}
	}
	return b.String()
}

func targets(parts part, into [][]byte) (to []any) {
	for i, c := range partColumns {
		if parts&c.part != 0 {
			to = append(to, &into[i])
		}
	}
	return to
}

func (seg *opened) lacks(parts part) bool {
	return parts&partHead != 0 && seg.head == nil || parts&partList != 0 && seg.list == nil ||
		parts&partTokens != 0 && seg.tokens == nil || parts&partBody != 0 && seg.body == nil ||
		parts&partNumbers != 0 && seg.numbers == nil
}

// open takes columns that were read, in the order of partColumns.
func (seg *opened) open(parts part, columns [][]byte) (err error) {
	if parts&partHead != 0 && seg.head == nil {
		seg.head, err = segment.OpenHead(columns[0])
	}
	if err == nil && parts&partList != 0 && seg.list == nil {
		seg.list, err = segment.OpenList(columns[1])
	}
	if parts&partTokens != 0 {
		seg.tokens = columns[2]
	}
	if err == nil && parts&partBody != 0 && seg.body == nil {
		seg.body, err = segment.OpenBody(columns[3])
	}
	if parts&partNumbers != 0 {
		seg.numbers = openNumbers(columns[4])
	}
	return err
}

// entries makes entries of hits: heads and lists, and details when asked for. Hits in segments that turn out to be
// damaged are left out.
func (r *reader) entries(ctx context.Context, hits []hit, details bool) ([]*entry.Entry, error) {
	parts := partList
	if details {
		parts |= partBody
	}
	for rest := hits; len(rest) > 0; {
		n := min(len(rest), 64)
		segs := make([]*opened, n)
		for i, h := range rest[:n] {
			segs[i] = h.seg
		}
		if err := r.load(ctx, segs, parts); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	out := make([]*entry.Entry, 0, len(hits))
	for _, h := range hits {
		if !h.seg.broken && h.seg.lacks(parts) {
			return nil, errGone(h.seg)
		}
		e := &entry.Entry{}
		err := h.fill(e, details)
		if err := r.broke(h.seg, err); err != nil {
			return nil, err
		}
		if err == nil && !h.seg.broken {
			out = append(out, e)
		}
	}
	return out, nil
}

func errGone(seg *opened) error { return fmt.Errorf("segment %s is gone within one snapshot", seg.id) }

func (h hit) fill(e *entry.Entry, details bool) (err error) {
	if h.seg.broken {
		return nil
	}
	h.seg.head.Row(h.at, &e.Head)
	if err := h.seg.list.Row(h.at, &e.List); err != nil {
		return err
	}
	if details {
		e.Detail, err = h.seg.body.Detail(h.at)
	}
	return err
}
