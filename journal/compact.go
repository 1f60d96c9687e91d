package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Compaction tells what Compact did: how many segments it read and what it made of them, in bytes too, and the same of
// the rows that hold keys and terms. Busy says that another process compacts the tenant, so that work was left to it.
type Compaction struct {
	SegmentsBefore, SegmentsAfter int
	BytesBefore, BytesAfter       int64
	KeyRowsBefore, KeyRowsAfter   int
	TermRowsBefore, TermRowsAfter int
	Busy                          bool
}

const (
	// smallSegment is how many entries a compacted segment has that is still merged with others.
	smallSegment = segment.MaxEntries / 2
	// Entries are unpacked while they are merged, so that a chunk takes some 25 MB.
	chunkEntries = 8 * segment.MaxEntries
	chunkBytes   = 8 << 20
)

// Compact merges the small segments of the context's tenant whose entries are all older than before: into segments of
// up to 1,024 entries, in order of time. Each transaction replaces some of them; a reader sees the old or the new, and
// entries keep their ids. It may be stopped at any point, and run again. It waits for no other process, nor makes
// ingestion wait.
func (s *Store) Compact(ctx context.Context, before time.Time) (Compaction, error) {
	var done Compaction
	if err := s.forgetCommits(ctx, before.Add(-commitsKept)); err != nil {
		return done, err
	}
	first, last, ok, err := s.Days(ctx)
	if err != nil || !ok {
		return done, err
	}
	end := min(before.UnixMicro(), last.micros()+dayMicros)
	days, err := s.looseDays(ctx, first.micros(), end)
	if err != nil {
		return done, err
	}
	for _, day := range days {
		chunks, err := s.looseSegments(ctx, day, end)
		if err != nil {
			return done, err
		}
		for _, chunk := range chunks {
			if err := s.compactChunk(ctx, chunk, &done); err != nil {
				return done, fmt.Errorf("compact segments of %s: %w", day, err)
			}
			if done.Busy {
				return done, nil
			}
		}
	}
	if err := s.packKeys(ctx, end, &done); err != nil || done.Busy {
		return done, err
	}
	err = s.packTerms(ctx, end, &done)
	return done, err
}

// looseDays are the days that have segments that were never compacted.
func (s *Store) looseDays(ctx context.Context, from, end int64) (days []Day, err error) {
	days, err = s.days(ctx, `SELECT DISTINCT date_trunc('day', last_at, 'UTC') FROM journal_segment
WHERE tenant_id = $1 AND last_at >= $2 AND last_at < $3 AND NOT compacted AND NOT damaged ORDER BY 1`, timeOf(from), timeOf(end))
	if err != nil {
		return nil, fmt.Errorf("find days to compact: %w", err)
	}
	return days, nil
}

// looseSegment is a segment that may be merged with others.
type looseSegment struct {
	id        uuid.UUID
	last      time.Time
	entries   int
	bytes     int64
	compacted bool
}

// looseSegments cuts the segments of a day that may be merged into chunks. Large ones that were compacted before stay
// as they are, even where a late entry lies within their time: rewriting them would cost more than it saves.
func (s *Store) looseSegments(ctx context.Context, day Day, end int64) (chunks [][]looseSegment, err error) {
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := query(ctx, tx, `SELECT id, last_at, entries, compacted,
  octet_length(head) + octet_length(list) + octet_length(tokens) + octet_length(body) FROM journal_segment
WHERE tenant_id = $1 AND last_at >= $2 AND last_at < $3 AND NOT damaged AND format <= $4 AND (NOT compacted OR entries < $5)
ORDER BY first_at, id`, tx.TenantID(), day.Time(), timeOf(min(end, (day+1).micros())), segment.Format, smallSegment)
		if err != nil {
			return err
		}
		var one looseSegment
		var id [16]byte
		entries, bytes := 0, int64(0)
		var chunk []looseSegment
		_, err = pgx.ForEachRow(rows, []any{&id, &one.last, &one.entries, &one.compacted, &one.bytes}, func() error {
			one.id = id
			if entries+one.entries > chunkEntries || bytes+one.bytes > chunkBytes {
				chunks, chunk, entries, bytes = append(chunks, chunk), nil, 0, 0
			}
			chunk, entries, bytes = append(chunk, one), entries+one.entries, bytes+one.bytes
			return nil
		})
		chunks = append(chunks, chunk)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list segments of %s: %w", day, err)
	}
	return chunks, nil
}

func (s *Store) compactChunk(ctx context.Context, chunk []looseSegment, done *Compaction) error {
	lasts, ids := make([]time.Time, len(chunk)), make([]uuid.UUID, len(chunk))
	for i, seg := range chunk {
		lasts[i], ids[i] = seg.last, seg.id
	}
	var step Compaction
	busy, err := s.rewriting(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if len(chunk) == 1 {
			_, err := tx.Pgx().Exec(ctx, "UPDATE journal_segment SET compacted = true WHERE tenant_id = $1 AND last_at = $2 AND id = $3 AND NOT compacted",
				tx.TenantID(), lasts[0], ids[0])
			return err
		}
		w := &rewrite{store: s, tx: tx}
		old, err := w.fetch(ctx, lasts, ids)
		if err != nil || len(old) == 0 {
			return err
		}
		in := make([]segment.Encoded, len(old))
		for i, seg := range old {
			in[i] = seg.Encoded
			step.BytesBefore += int64(seg.Size())
		}
		merged, err := segment.Merge(in, segment.MaxEntries)
		if err != nil {
			return err
		}
		for i := range merged {
			step.BytesAfter += int64(merged[i].Size())
		}
		step.SegmentsBefore, step.SegmentsAfter = len(old), len(merged)
		return w.replace(ctx, old, merged, true)
	})
	if err != nil {
		return err
	}
	done.SegmentsBefore += step.SegmentsBefore
	done.SegmentsAfter += step.SegmentsAfter
	done.BytesBefore += step.BytesBefore
	done.BytesAfter += step.BytesAfter
	done.Busy = busy
	return nil
}

// days asks for days of the context's tenant. The tenant is the statement's first argument.
func (s *Store) days(ctx context.Context, sql string, args ...any) (days []Day, err error) {
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := query(ctx, tx, sql, append([]any{tx.TenantID()}, args...)...)
		if err != nil {
			return err
		}
		times, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
		for _, t := range times {
			days = append(days, DayOf(t))
		}
		return err
	})
	return days, err
}
