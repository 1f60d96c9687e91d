package run

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// Changed is a run that a commit changed, itself or by a node run of it.
type Changed struct {
	No int64
	ID uuid.UUID
}

const (
	// changesInRow is how many runs a row of flow_run_change has at most, unless one commit changed more.
	changesInRow = 256
	// changeRowsAtOnce is how many such rows are read at a time.
	changeRowsAtOnce = 16
)

// KeepChanges writes down, in a transaction that forgets the log of some commits, which runs they changed: first is the
// first of those commits, at when the last of them was. Runs that are not there any more are left out.
func KeepChanges(ctx context.Context, tx *tenant.Tx, first int64, at time.Time, list []Changed) error {
	if _, err := tx.Pgx().Exec(ctx, `INSERT INTO flow_run_change (tenant_id, through_no, at, changes) SELECT $1, $2, $3, ''
		WHERE NOT EXISTS (SELECT FROM flow_run_change WHERE tenant_id = $1) ON CONFLICT DO NOTHING`, tx.TenantID(), first-1, at); err != nil {
		return fmt.Errorf("write from where on changes of flow runs are known: %w", err)
	}
	list, err := existing(ctx, tx, list)
	if err != nil || len(list) == 0 {
		return err
	}
	slices.SortFunc(list, compareChanged)
	batch := &pgx.Batch{}
	for len(list) > 0 {
		n := min(changesInRow, len(list))
		for n < len(list) && list[n].No == list[n-1].No { // A commit is not divided.
			n++
		}
		batch.Queue("INSERT INTO flow_run_change (tenant_id, through_no, at, changes) VALUES ($1, $2, $3, $4)",
			tx.TenantID(), list[n-1].No, at, packChanges(list[:n]))
		list = list[n:]
	}
	if err := tx.Pgx().SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write which flow runs changed: %w", err)
	}
	return nil
}

func compareChanged(a, b Changed) int {
	return cmp.Or(cmp.Compare(a.No, b.No), bytes.Compare(a.ID[:], b.ID[:]))
}

// existing leaves of changes those of runs that are there.
func existing(ctx context.Context, tx *tenant.Tx, list []Changed) ([]Changed, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]uuid.UUID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	there, err := runIDs(ctx, tx, "SELECT id FROM flow_run WHERE tenant_id = $1 AND id = ANY($2)", tx.TenantID(), tenant.UUIDs(unique(ids)))
	if err != nil {
		return nil, fmt.Errorf("find flow runs that changed: %w", err)
	}
	known := make(map[uuid.UUID]struct{}, len(there))
	for _, id := range there {
		known[id] = struct{}{}
	}
	return slices.DeleteFunc(slices.Clone(list), func(c Changed) bool { _, ok := known[c.ID]; return !ok }), nil
}

// packChanges packs changes in their order, of each run only the last.
func packChanges(list []Changed) (packed []byte) {
	last := make(map[uuid.UUID]int64, len(list))
	for _, c := range list {
		last[c.ID] = c.No
	}
	before := int64(0)
	for _, c := range list {
		if last[c.ID] == c.No {
			packed = append(binary.AppendUvarint(packed, uint64(c.No-before)), c.ID[:]...) //nolint:gosec // In order, so not below 0.
			before = c.No
		}
	}
	return packed
}

func unpackChanges(packed []byte) (list []Changed, err error) {
	no := int64(0)
	for len(packed) > 0 {
		step, n := binary.Uvarint(packed)
		if n <= 0 || len(packed) < n+len(uuid.Nil) {
			return nil, errors.New("unpack which flow runs changed: the row is damaged")
		}
		no += int64(step) //nolint:gosec // As it was put in.
		list = append(list, Changed{no, uuid.UUID(packed[n : n+len(uuid.Nil)])})
		packed = packed[n+len(uuid.Nil):]
	}
	return list, nil
}

// Since are runs that commits changed, each with the last of the changes that are known: it may lie behind Through, and
// then it is to be told of later. All changes up to Through are among them.
type Since struct {
	Runs    []*FlowRun
	Last    map[uuid.UUID]int64
	Through int64
}

// ChangedSince gives the runs that commits after one and up to another changed, where the log of commits says it no more:
// as many as are read at once.
func (s *Store) ChangedSince(ctx context.Context, after, through int64) (out Since, err error) {
	out = Since{Last: map[uuid.UUID]int64{}, Through: through}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		known, err := s.kept(ctx, tx, after, &out)
		if err != nil {
			return err
		}
		found, err := s.ByIDs(ctx, slices.Collect(maps.Keys(out.Last)))
		if err != nil {
			return err
		}
		if !known {
			if err := s.unkept(ctx, after, out.Through, found, out.Last); err != nil {
				return err
			}
		}
		out.Runs = slices.Collect(maps.Values(found))
		return nil
	})
	return out, err
}

// kept reads the next rows of flow_run_change. It tells whether they know all changes after the commit.
func (s *Store) kept(ctx context.Context, tx *tenant.Tx, after int64, out *Since) (known bool, err error) {
	if err := tx.Pgx().QueryRow(ctx, "SELECT EXISTS (SELECT FROM flow_run_change WHERE tenant_id = $1 AND through_no <= $2)", tx.TenantID(), after).Scan(&known); err != nil {
		return false, fmt.Errorf("read from where on changes of flow runs are known: %w", err)
	}
	// The row that the last commit is in may go on behind it.
	rows, err := tx.Pgx().Query(ctx, `SELECT through_no, changes FROM flow_run_change WHERE tenant_id = $1 AND through_no > $2 AND through_no <=
		coalesce((SELECT min(through_no) FROM flow_run_change WHERE tenant_id = $1 AND through_no >= $3), $3) ORDER BY through_no LIMIT $4`,
		tx.TenantID(), after, out.Through, changeRowsAtOnce)
	if err != nil {
		return false, fmt.Errorf("read which flow runs changed: %w", err)
	}
	var no int64
	var packed []byte
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&no, &packed}, func() error {
		list, err := unpackChanges(packed)
		for _, c := range list {
			if c.No > after {
				out.Last[c.ID] = c.No
			}
		}
		n++
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read which flow runs changed: %w", err)
	}
	if n == changeRowsAtOnce {
		out.Through = min(out.Through, no)
	}
	return known, nil
}

// unkept adds what runs themselves know of their changes. It looks through all runs of the tenant: it is for commits of
// which nothing else is known any more.
func (s *Store) unkept(ctx context.Context, after, through int64, found map[uuid.UUID]*FlowRun, last map[uuid.UUID]int64) error {
	runs, err := s.runs(ctx, false, func(q *selection) {
		// What was added or ended after a commit was changed after it.
		q.and("r.commit_no > ? AND (r.commit_no <= ? OR r.added_no <= ? OR r.ended_no <= ?)", after, through, through, through)
	})
	for _, r := range runs {
		found[r.ID], last[r.ID] = r, max(last[r.ID], r.CommitNo)
	}
	return err
}

// LastChanges gives the commit that changed each run last, itself or by a node run of it.
func (s *Store) LastChanges(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]int64, error) {
	out := make(map[uuid.UUID]int64, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT r.id, greatest(r.commit_no, (SELECT max(n.commit_no) FROM node_run n WHERE n.tenant_id = $1 AND n.flow_run_id = r.id))
			FROM flow_run r WHERE r.tenant_id = $1 AND r.id = ANY($2)`, tx.TenantID(), tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		var id [16]byte
		var no int64
		_, err = pgx.ForEachRow(rows, []any{&id, &no}, func() error {
			out[id] = no
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which commits changed flow runs last: %w", err)
	}
	return out, nil
}

// ForgetErased makes what is written of changes forget the runs that are not there any more. It goes in small steps; it may
// be stopped at any point, and run again.
func ForgetErased(ctx context.Context, door *tenant.Door) error {
	for after, more := int64(-1), true; more; {
		err := door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
			after, more, err = forgetErased(ctx, tx, after)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget changes of flow runs that were erased: %w", err)
		}
	}
	return nil
}

func forgetErased(ctx context.Context, tx *tenant.Tx, after int64) (last int64, more bool, err error) {
	rows, err := tx.Pgx().Query(ctx, "SELECT through_no, changes FROM flow_run_change WHERE tenant_id = $1 AND through_no > $2 ORDER BY through_no LIMIT $3 FOR UPDATE",
		tx.TenantID(), after, changeRowsAtOnce)
	if err != nil {
		return after, false, err
	}
	var no int64
	var packed []byte
	batch := &pgx.Batch{}
	of := map[int64][]Changed{}
	if _, err = pgx.ForEachRow(rows, []any{&no, &packed}, func() (err error) {
		of[no], err = unpackChanges(packed)
		last = no
		return err
	}); err != nil {
		return after, false, err
	}
	for no, list := range of {
		left, err := existing(ctx, tx, list)
		if err != nil {
			return after, false, err
		}
		if len(left) < len(list) {
			batch.Queue("UPDATE flow_run_change SET changes = $3 WHERE tenant_id = $1 AND through_no = $2", tx.TenantID(), no, append([]byte{}, packChanges(left)...))
		}
	}
	return last, len(of) == changeRowsAtOnce, tx.Pgx().SendBatch(ctx, batch).Close()
}

// changesOutlive is for how long longer than runs it is kept which of them changed: their senders' clocks may be ahead.
const changesOutlive = 24 * time.Hour

// expireChanges removes what is written of changes of runs that are over.
func (s *Store) expireChanges(ctx context.Context, runs time.Time) error {
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, `DELETE FROM flow_run_change WHERE tenant_id = $1 AND through_no <= (SELECT max(through_no) FROM flow_run_change
			WHERE tenant_id = $1 AND at < $2)`, tx.TenantID(), runs.Add(-changesOutlive))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget changes of flow runs that are over: %w", err)
	}
	return nil
}
