package journal

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

const (
	// expireDeleted bounds a transaction that deletes segments: each is some hundred rows for PostgreSQL. Fewer of them are
	// packed anew at a time, for that takes some 20 ms each.
	expireDeleted  = 200
	expireRepacked = 16
)

// sqlOver is of segments that hold what is over. One that cannot be read goes when all in it is over.
const sqlOver = ` FROM journal_segment s
WHERE s.tenant_id = $1 AND s.last_at >= $2 AND s.last_at < $3
  AND EXISTS (SELECT FROM unnest($4::int[], $5::timestamptz[], $6::timestamptz[]) k(bit, entries, payloads)
    WHERE s.kinds & k.bit <> 0 AND (s.last_at < k.entries OR s.last_at < k.payloads AND s.stripped & k.bit = 0))`

// Expire removes what of the context's tenant is over: headers and bodies of entries that stay, and entries. It goes day by
// day, in small transactions, so that it may be stopped at any point, and run again. Ingestion and readers never wait for
// it. With dry it removes nothing, and tells what it would.
func (s *Store) Expire(ctx context.Context, r Retention, dry bool) (done Expired, err error) {
	first, last, ok, err := s.Days(ctx)
	if err != nil {
		return done, err
	}
	if ok {
		if err = s.expireSegments(ctx, &r, first, last, dry, &done); err == nil {
			err = s.expireFailures(ctx, &r, first, dry, &done)
		}
		if err != nil {
			return done, err
		}
	}
	before := r.First().Time()
	if done.Terms, err = s.expireByDay(ctx, "journal_term", "bucket, day, commit_no", before, dry); err != nil {
		return done, err
	}
	done.Keys, err = s.expireByDay(ctx, "journal_key", "day, commit_no", before, dry)
	return done, err
}

func (s *Store) expireSegments(ctx context.Context, r *Retention, first, last Day, dry bool, done *Expired) error {
	if first >= r.end() {
		return nil
	}
	bits, entries, payloads := r.columns()
	days, err := s.days(ctx, "SELECT DISTINCT date_trunc('day', s.last_at, 'UTC')"+sqlOver+" ORDER BY 1",
		first.Time(), min(r.end(), last+1).Time(), bits, entries, payloads)
	if err != nil {
		return fmt.Errorf("find days of which something is over: %w", err)
	}
	for _, day := range days {
		if err := s.expireDay(ctx, r, day, dry, done); err != nil {
			return fmt.Errorf("remove what is over of %s: %w", day, err)
		}
	}
	return nil
}

// expireDay goes through the segments of a day once. What compaction moves meanwhile to where it has been is for the next
// time.
func (s *Store) expireDay(ctx context.Context, r *Retention, day Day, dry bool, done *Expired) error {
	at := segmentKey{micros: day.micros() - 1}
	for more := true; more; {
		e := &expirer{rewrite: rewrite{store: s}, retention: r, day: day, dry: dry}
		e.gone, e.bare = r.over(day)
		next := at
		step := func(ctx context.Context, tx *tenant.Tx) (err error) {
			e.tx = tx
			if !dry {
				if _, err := tx.Pgx().Exec(ctx, sqlLockRewriting, tx.TenantID().String()); err != nil {
					return err
				}
			}
			more, err = e.step(ctx, &next)
			return err
		}
		in := s.door.Write
		if dry {
			in = s.door.Read
		}
		if err := in(ctx, step); err != nil {
			return err
		}
		at = next
		done.add(&e.done)
	}
	return nil
}

func (e *Expired) add(more *Expired) {
	for kind := range e.Entries {
		e.Entries[kind] += more.Entries[kind]
		e.Payloads[kind] += more.Payloads[kind]
		e.Failures[kind] += more.Failures[kind]
	}
	e.Segments += more.Segments
	e.Terms += more.Terms
	e.Keys += more.Keys
}

// expirer is one transaction of Expire.
type expirer struct {
	rewrite
	retention *Retention
	day       Day
	dry       bool
	// gone and bare are the kinds whose entries, and whose headers and bodies, are over on the day.
	gone, bare uint32
	done       Expired
}

// overSegment is a segment with something in it that is over.
type overSegment struct {
	id              uuid.UUID
	last            time.Time
	kinds, stripped uint32
	entries         int
	readable        bool
	head            []byte
}

// step looks at the next segments of the day after a place, and moves that on.
func (e *expirer) step(ctx context.Context, at *segmentKey) (more bool, err error) {
	found, err := e.find(ctx, *at)
	if err != nil {
		return false, err
	}
	var whole, part []*overSegment
	more = len(found) == expireDeleted
	for _, seg := range found {
		if len(part) == expireRepacked && !e.dry {
			more = true
			break
		}
		*at = segmentKey{micros: seg.last.UnixMicro(), id: seg.id}
		switch {
		case seg.kinds&^e.gone == 0:
			whole = append(whole, seg)
		case seg.readable:
			part = append(part, seg)
		}
	}
	for _, seg := range append(whole, part...) {
		e.count(seg)
	}
	if e.dry {
		return more, nil
	}
	if err := e.remove(ctx, whole); err != nil {
		return false, err
	}
	// One at a time, so that no more than one is in memory unpacked.
	for _, seg := range part {
		if err := e.repack(ctx, seg); err != nil {
			return false, err
		}
	}
	return more, nil
}

func (e *expirer) find(ctx context.Context, after segmentKey) (found []*overSegment, err error) {
	kinds, entries, payloads := e.retention.columns()
	rows, err := query(ctx, e.tx, `SELECT s.id, s.last_at, s.kinds, s.stripped, s.entries, NOT s.damaged AND s.format <= $10,
  CASE WHEN s.kinds & (s.kinds - 1) <> 0 THEN s.head END`+sqlOver+` AND (s.last_at, s.id) > ($7, $8) ORDER BY s.last_at, s.id LIMIT $9`,
		e.tx.TenantID(), e.day.Time(), (e.day + 1).Time(), kinds, entries, payloads, timeOf(after.micros), after.id, expireDeleted, segment.Format)
	if err != nil {
		return nil, err
	}
	var one overSegment
	var id [16]byte
	var inside, stripped int32
	_, err = pgx.ForEachRow(rows, []any{&id, &one.last, &inside, &stripped, &one.entries, &one.readable, &one.head}, func() error {
		copied := one
		copied.id, copied.kinds, copied.stripped = id, uint32(inside), uint32(stripped) //nolint:gosec // Bits, as they were put in.
		found = append(found, &copied)
		return nil
	})
	return found, err
}

// count notes what goes of a segment. One whose head cannot be read counts under no kind.
func (e *expirer) count(seg *overSegment) {
	e.done.Segments++
	note := func(kind entry.Kind, n int) {
		switch bit := segment.KindBit(kind); {
		case e.gone&bit != 0:
			e.done.Entries[kind] += n
		case e.bare&^seg.stripped&bit != 0:
			e.done.Payloads[kind] += n
		}
	}
	if bits.OnesCount32(seg.kinds) == 1 {
		note(entry.Kind(bits.TrailingZeros32(seg.kinds)), seg.entries) //nolint:gosec // Less than 32.
		return
	}
	head, err := segment.OpenHead(seg.head)
	if err != nil {
		if seg.kinds&^e.gone == 0 {
			e.done.Entries[0] += seg.entries
		}
		return
	}
	for i := range head.Len() {
		note(head.Kind(i), 1)
	}
}

// remove deletes whole segments, unread.
func (e *expirer) remove(ctx context.Context, list []*overSegment) error {
	if len(list) == 0 {
		return nil
	}
	lasts, ids := make([]time.Time, len(list)), make([]uuid.UUID, len(list))
	for i, seg := range list {
		lasts[i], ids[i] = seg.last, seg.id
	}
	_, err := e.tx.Pgx().Exec(ctx, `DELETE FROM journal_segment
WHERE tenant_id = $1 AND last_at = ANY($2) AND (id = ANY($3)) IS TRUE AND last_at >= $4 AND last_at < $5`,
		pgx.QueryExecModeCacheDescribe, e.tx.TenantID(), lasts, tenant.UUIDs(ids), e.day.Time(), (e.day + 1).Time())
	if err != nil {
		return fmt.Errorf("delete segments: %w", err)
	}
	return nil
}

// repack packs a segment anew without what is over.
func (e *expirer) repack(ctx context.Context, seg *overSegment) error {
	old, err := e.fetch(ctx, []time.Time{seg.last}, []uuid.UUID{seg.id})
	if err != nil || len(old) == 0 {
		return err
	}
	kept, err := segment.Rewrite(old[0].Encoded, func(it *entry.Entry) bool {
		bit := segment.KindBit(it.Kind)
		if e.bare&bit != 0 && it.Detail != nil {
			it.Detail = &entry.Detail{Metadata: it.Detail.Metadata}
		}
		return e.gone&bit == 0
	})
	if err != nil {
		return err
	}
	var with []segment.Encoded
	if kept.Entries > 0 {
		with = append(with, kept)
	}
	if err := e.replace(ctx, old, with, old[0].compacted); err != nil || kept.Entries == 0 {
		return err
	}
	// Of segments that are alike in these, each has gone through here, or will.
	_, err = e.tx.Pgx().Exec(ctx, "UPDATE journal_segment SET stripped = $4 WHERE tenant_id = $1 AND last_at = $2 AND checksum = $3",
		e.tx.TenantID(), timeOf(kept.LastMicros), kept.Checksum, int32(e.bare&kept.Kinds)) //nolint:gosec // Bits.
	if err != nil {
		return fmt.Errorf("note what was removed of a segment: %w", err)
	}
	return nil
}
