package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// eraseAtOnce is how many segments one transaction of EraseCustomer looks at.
const eraseAtOnce = 64

// EraseCustomer removes all entries of a customer of the context's tenant, and tells how many there were. What is
// committed for the customer meanwhile may stay, so ingestion must have stopped taking the customer's events. It may be
// stopped at any point, and run again.
func (s *Store) EraseCustomer(ctx context.Context, customerID uuid.UUID) (erased int, err error) {
	first, last, ok, err := s.Days(ctx)
	if err != nil || !ok {
		return 0, err
	}
	for day := first; day <= last; day++ {
		// Between transactions segments may be compacted, which can move entries to where the eraser has been already.
		for {
			n, err := s.eraseDay(ctx, customerID, day)
			erased += n
			if err != nil {
				return erased, fmt.Errorf("erase customer %s on %s: %w", customerID, day, err)
			}
			if n == 0 {
				break
			}
		}
	}
	// The log of commits names runs. Those of others are kept.
	if err := s.forgetCommits(ctx, s.opt.Now().Add(time.Hour)); err != nil {
		return erased, err
	}
	return erased, run.ForgetErased(ctx, s.door)
}

// eraseDay goes through the segments of a day once.
func (s *Store) eraseDay(ctx context.Context, customerID uuid.UUID, day Day) (erased int, err error) {
	at := segmentKey{micros: day.micros() - 1}
	for more := true; more; {
		n := 0
		err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			if _, err := tx.Pgx().Exec(ctx, sqlLockRewriting, tx.TenantID().String()); err != nil {
				return err
			}
			e := &eraser{rewrite: rewrite{store: s, tx: tx}, customerID: customerID}
			var err error
			if more, err = e.step(ctx, day, &at); err != nil {
				return err
			}
			n = e.erased
			_, err = tx.Pgx().Exec(ctx, "DELETE FROM journal_failure WHERE tenant_id = $1 AND customer_id = $2 AND at >= $3 AND at < $4",
				tx.TenantID(), customerID, day.Time(), (day + 1).Time())
			return err
		})
		if err != nil {
			return erased, err
		}
		erased += n
	}
	return erased, nil
}

type eraser struct {
	rewrite
	customerID uuid.UUID
	erased     int
}

// step looks at the heads of the next segments, and packs those anew that hold entries of the customer.
func (e *eraser) step(ctx context.Context, day Day, at *segmentKey) (more bool, err error) {
	rows, err := query(ctx, e.tx, `SELECT id, last_at, head FROM journal_segment
WHERE tenant_id = $1 AND last_at >= $2 AND last_at < $3 AND (last_at, id) > ($4, $5) AND customers & $6 <> 0 AND NOT damaged
ORDER BY last_at, id LIMIT $7`, e.tx.TenantID(), day.Time(), (day + 1).Time(), timeOf(at.micros), at.id,
		int64(segment.HashBit(e.customerID)), eraseAtOnce)
	if err != nil {
		return false, err
	}
	var id [16]byte
	var last time.Time
	var head []byte
	var lasts []time.Time
	var ids []uuid.UUID
	seen := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &last, &head}, func() error {
		seen++
		*at = segmentKey{micros: last.UnixMicro(), id: id}
		if h, err := segment.OpenHead(head); err != nil || len(e.matches(h)) > 0 {
			lasts, ids = append(lasts, last), append(ids, id)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	// One at a time, so that no more than one is in memory unpacked.
	for i := range ids {
		if err := e.repack(ctx, lasts[i:i+1], ids[i:i+1]); err != nil {
			return false, err
		}
	}
	return seen == eraseAtOnce, nil
}

func (e *eraser) repack(ctx context.Context, lasts []time.Time, ids []uuid.UUID) error {
	old, err := e.fetch(ctx, lasts, ids)
	if err != nil {
		return err
	}
	for _, seg := range old {
		head, err := segment.OpenHead(seg.Head)
		if err != nil {
			return err
		}
		gone := map[uuid.UUID]bool{}
		for _, i := range e.matches(head) {
			gone[head.ID(i)] = true
		}
		kept, err := segment.Drop(seg.Encoded, func(_ int, id uuid.UUID) bool { return gone[id] })
		if err != nil {
			return err
		}
		var with []segment.Encoded
		if kept.Entries > 0 {
			with = append(with, kept)
		}
		if err := e.replace(ctx, []*stored{seg}, with, seg.compacted); err != nil {
			return err
		}
		e.erased += len(gone)
	}
	return nil
}

// matches are the positions of the customer's entries.
func (e *eraser) matches(h *segment.Head) []int {
	m, err := segment.NewMatcher(&entry.Filter{CustomerIDs: []uuid.UUID{e.customerID}})
	if err != nil {
		return nil
	}
	return h.Match(m, nil)
}
