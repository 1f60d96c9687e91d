package run

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/tenant"
)

// Expired tells what Expire removed, or would remove.
type Expired struct {
	// Runs and their NodeRuns went.
	Runs, NodeRuns int
	// Payloads are runs that stay, of which and of whose node runs input and output went.
	Payloads int
}

const (
	// expireRuns and expireRows bound what one transaction of Expire deletes.
	expireRuns = 100
	expireRows = 1000
	// stripRows of node runs have their payloads in memory, unpacked: up to some MiB each where they logged much.
	stripRows = 100
)

// Expire removes the runs that stand before one time, with their node runs, and of those that stand before another time
// input, output and the data of lines. It goes in small transactions, during each of which the tenant's commits wait;
// it may be stopped at any point, and run again. With dry it removes nothing, and tells what it would.
func (s *Store) Expire(ctx context.Context, runs, payloads time.Time, dry bool) (done Expired, err error) {
	if dry {
		err = s.countOver(ctx, runs, payloads, &done)
		return done, err
	}
	// What is gone with its run need not be emptied before.
	if err := s.deleteRuns(ctx, runs, &done); err != nil {
		return done, fmt.Errorf("remove flow runs that are over: %w", err)
	}
	if err := s.expireChanges(ctx, runs); err != nil {
		return done, err
	}
	for more := true; more; {
		if more, err = s.stripRuns(ctx, runs, payloads, &done); err != nil {
			return done, fmt.Errorf("remove payloads of flow runs that are over: %w", err)
		}
	}
	return done, nil
}

// sqlStrippable is of runs of which input and output are over and there. A commit after they were removed may have brought
// some again.
const sqlStrippable = ` FROM flow_run r WHERE r.tenant_id = $1 AND r.at >= $2 AND r.at < $3 AND r.stripped IS DISTINCT FROM r.commit_no`

func (s *Store) countOver(ctx context.Context, runs, payloads time.Time, done *Expired) error {
	err := s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		q := tx.Pgx()
		if err := q.QueryRow(ctx, `SELECT count(*), (SELECT count(*) FROM node_run n JOIN flow_run o ON o.tenant_id = n.tenant_id AND o.id = n.flow_run_id
  WHERE n.tenant_id = $1 AND o.at < $2) FROM flow_run r WHERE r.tenant_id = $1 AND r.at < $2`, tx.TenantID(), runs).Scan(&done.Runs, &done.NodeRuns); err != nil {
			return err
		}
		return q.QueryRow(ctx, "SELECT count(*)"+sqlStrippable, tx.TenantID(), runs, payloads).Scan(&done.Payloads)
	})
	if err != nil {
		return fmt.Errorf("count flow runs that are over: %w", err)
	}
	return nil
}

// quietly runs fn in a transaction during which no commit merges runs: what both lock, they would lock in another order.
func (s *Store) quietly(ctx context.Context, fn func(ctx context.Context, tx *tenant.Tx) error) error {
	return s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "SELECT FROM journal_cursor WHERE tenant_id = $1 FOR UPDATE", tx.TenantID()); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// deleteRuns deletes node runs first, for there may be thousands below one run, and then the runs.
func (s *Store) deleteRuns(ctx context.Context, before time.Time, done *Expired) error {
	for {
		var ids []uuid.UUID
		err := s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
			ids, err = runIDs(ctx, tx, "SELECT r.id FROM flow_run r WHERE r.tenant_id = $1 AND r.at < $2 ORDER BY r.at, r.id LIMIT $3", tx.TenantID(), before, expireRuns)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for more := true; more; {
			n, err := s.deleteRows(ctx, `DELETE FROM node_run WHERE tenant_id = $1 AND id IN
  (SELECT n.id FROM node_run n WHERE n.tenant_id = $1 AND n.flow_run_id = ANY($2) LIMIT $3)`, ids, expireRows)
			if err != nil {
				return err
			}
			done.NodeRuns += n
			more = n == expireRows
		}
		n, err := s.deleteRows(ctx, "DELETE FROM flow_run WHERE tenant_id = $1 AND id = ANY($2) AND at < $3", ids, before)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil // They have moved: a message said that they began later.
		}
		done.Runs += n
	}
}

func (s *Store) deleteRows(ctx context.Context, sql string, ids []uuid.UUID, more any) (n int, err error) {
	err = s.quietly(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		tag, err := tx.Pgx().Exec(ctx, sql, tx.TenantID(), tenant.UUIDs(ids), more)
		n = int(tag.RowsAffected())
		return err
	})
	return n, err
}

func runIDs(ctx context.Context, tx *tenant.Tx, sql string, args ...any) ([]uuid.UUID, error) {
	rows, err := tx.Pgx().Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	var ids []uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// stripRuns empties the node runs of the next runs, and then the runs, which are marked.
func (s *Store) stripRuns(ctx context.Context, from, before time.Time, done *Expired) (more bool, err error) {
	var ids []uuid.UUID
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		ids, err = runIDs(ctx, tx, "SELECT r.id"+sqlStrippable+" ORDER BY r.at, r.id LIMIT $4", tx.TenantID(), from, before, expireRuns)
		return err
	})
	if err != nil || len(ids) == 0 {
		return false, err
	}
	for after, more := uuid.Nil, true; more; {
		if err := s.quietly(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			var nodes []*nodeRow
			if err := tx.Bun().NewSelect().Model(&nodes).Column("id", "status", "payload").Where("n.tenant_id = ?", tx.TenantID()).
				Where("n.flow_run_id IN (?)", bun.List(ids)).Where("n.id > ?", after).Where("n.payload IS NOT NULL").
				OrderExpr("n.id").Limit(stripRows).Scan(ctx); err != nil {
				return err
			}
			if more = len(nodes) == stripRows; more {
				after = nodes[len(nodes)-1].ID
			}
			return writeStripped(ctx, tx, nodes)
		}); err != nil {
			return false, err
		}
	}
	return len(ids) == expireRuns, s.quietly(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var runs []*runRow
		if err := byID(ctx, tx, &runs, ids); err != nil {
			return err
		}
		return markStripped(ctx, tx, runs, done)
	})
}

// strip removes input, output and the data of lines. What cannot be read goes as a whole.
func strip(packed []byte, p *Payload) {
	if unpack(packed, p) != nil {
		*p = Payload{}
	}
	p.Input, p.Output = nil, nil
	for i := range p.Lines {
		p.Lines[i].Data = nil
	}
}

func writeStripped(ctx context.Context, tx *tenant.Tx, nodes []*nodeRow) error {
	if len(nodes) == 0 {
		return nil
	}
	ids, payloads := make([]uuid.UUID, len(nodes)), make([][]byte, len(nodes))
	for i, n := range nodes {
		strip(n.Packed, &n.payload)
		ids[i], payloads[i] = n.ID, pack(&n.payload)
	}
	_, err := tx.Pgx().Exec(ctx, `UPDATE node_run n SET payload = u.payload FROM unnest($2::uuid[], $3::bytea[]) u(id, payload)
WHERE n.tenant_id = $1 AND n.id = u.id AND n.payload IS DISTINCT FROM u.payload`, pgx.QueryExecModeCacheDescribe, tx.TenantID(), tenant.UUIDs(ids), payloads)
	return err
}

// markStripped empties runs, and forgets the words that were in what goes.
func markStripped(ctx context.Context, tx *tenant.Tx, runs []*runRow, done *Expired) error {
	ids, payloads, words := make([]uuid.UUID, len(runs)), make([][]byte, len(runs)), make([][]byte, len(runs))
	for i, r := range runs {
		strip(r.Packed, &r.payload)
		r.err = loadError(r.ErrorCode, r.ErrorMessage)
		var err error
		if words[i], err = tokens(r); err != nil {
			return err
		}
		ids[i], payloads[i] = r.ID, pack(&r.payload)
	}
	_, err := tx.Pgx().Exec(ctx, `UPDATE flow_run r SET payload = u.payload, tokens = u.tokens, stripped = r.commit_no
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) u(id, payload, tokens) WHERE r.tenant_id = $1 AND r.id = u.id`,
		pgx.QueryExecModeCacheDescribe, tx.TenantID(), tenant.UUIDs(ids), payloads, words)
	if err == nil {
		done.Payloads += len(runs)
	}
	return err
}
