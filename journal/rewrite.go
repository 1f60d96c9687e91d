package journal

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Whoever rewrites segments of a tenant holds this lock, so that two do not rewrite the same ones. Neither ingestion
// nor readers ask for it.
const (
	sqlLockRewriting    = "SELECT pg_advisory_xact_lock(hashtextextended('weir.rewrite:' || $1::text, 0)) IS NOT NULL"
	sqlTryLockRewriting = "SELECT pg_try_advisory_xact_lock(hashtextextended('weir.rewrite:' || $1::text, 0))"
)

// rewriting runs fn in a transaction that alone rewrites what is kept of the tenant. When another process does, it is
// busy, and fn is not run.
func (s *Store) rewriting(ctx context.Context, fn func(ctx context.Context, tx *tenant.Tx) error) (busy bool, err error) {
	err = s.pace.step(ctx, func() error {
		return s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			var free bool
			if err := tx.Pgx().QueryRow(ctx, sqlTryLockRewriting, tx.TenantID().String()).Scan(&free); err != nil {
				return err
			}
			if busy = !free; busy {
				return nil
			}
			return fn(ctx, tx)
		})
	})
	return busy, err
}

// stored is a segment as it lies in its row.
type stored struct {
	segment.Encoded
	id        uuid.UUID
	last      time.Time
	numbers   *numbering
	compacted bool
}

// rewrite is a transaction that puts segments in the place of others.
type rewrite struct {
	store *Store
	tx    *tenant.Tx
}

const sqlStored = `SELECT id, last_at, ` + sqlNumbers + `, compacted, entries, format, checksum, head, list, tokens, body FROM journal_segment
WHERE tenant_id = $1 AND last_at = ANY($2) AND (id = ANY($3)) IS TRUE AND NOT damaged ORDER BY last_at, id`

// fetch reads whole segments. Those that are damaged are marked so and left out.
func (w *rewrite) fetch(ctx context.Context, lasts []time.Time, ids []uuid.UUID) (sound []*stored, err error) {
	rows, err := query(ctx, w.tx, sqlStored, w.tx.TenantID(), lasts, tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	var all []*stored
	var one stored
	var id [16]byte
	var numbers []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &one.last, &numbers, &one.compacted, &one.Entries, &one.Format, &one.Checksum,
		&one.Head, &one.List, &one.Tokens, &one.Body}, func() error {
		copied := one
		copied.id, copied.numbers = id, openNumbers(numbers)
		all = append(all, &copied)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	for _, seg := range all {
		if seg.Verify() == nil {
			sound = append(sound, seg)
			continue
		}
		w.store.log.LogAttrs(ctx, slog.LevelError, "a segment cannot be read and is set aside",
			slog.String("tenant", w.tx.TenantID().String()), slog.String("segment", seg.id.String()),
			slog.Time("last_at", seg.last), slog.Int("entries", seg.Entries))
		if _, err := w.tx.Pgx().Exec(ctx, sqlSetAside, w.tx.TenantID(), seg.last, seg.id); err != nil {
			return nil, fmt.Errorf("set a damaged segment aside: %w", err)
		}
	}
	return sound, nil
}

// replace puts new segments, of entries of the old ones, in the place of those.
func (w *rewrite) replace(ctx context.Context, old []*stored, with []segment.Encoded, compacted bool) error {
	lasts, ids := make([]time.Time, len(old)), make([]uuid.UUID, len(old))
	for i, seg := range old {
		lasts[i], ids[i] = seg.last, seg.id
	}
	tag, err := w.tx.Pgx().Exec(ctx, "DELETE FROM journal_segment WHERE tenant_id = $1 AND last_at = ANY($2) AND (id = ANY($3)) IS TRUE",
		pgx.QueryExecModeCacheDescribe, w.tx.TenantID(), lasts, tenant.UUIDs(ids))
	if err != nil {
		return fmt.Errorf("delete segments: %w", err)
	}
	if tag.RowsAffected() != int64(len(old)) {
		return fmt.Errorf("delete segments: %d of %d are there", tag.RowsAffected(), len(old))
	}
	numbers, commitNo, err := numbersOf(old)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for i := range with {
		var each []byte
		if numbers != nil {
			if commitNo, each, err = number(&with[i], numbers); err != nil {
				return err
			}
		}
		queueSegment(batch, w.tx.TenantID(), commitNo, each, compacted, &with[i], w.store.opt.Now())
	}
	if err := w.tx.Send(ctx, batch); err != nil {
		return fmt.Errorf("write segments: %w", err)
	}
	return nil
}
