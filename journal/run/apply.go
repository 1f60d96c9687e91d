package run

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/stamp"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Apply merges messages about runs and nodes into their rows, in the transaction of a commit that holds the tenant's
// lock, so that nobody else merges at the same time. It tells of each message whether it changed anything; one that
// changed nothing is a duplicate.
func (s *Store) Apply(ctx context.Context, tx *tenant.Tx, commitNo int64, runs []FlowRunEvent, nodes []NodeRunEvent) (done Applied, err error) {
	if len(runs) == 0 && len(nodes) == 0 {
		return done, nil
	}
	b := &merge{
		tx: tx, runs: map[uuid.UUID]*runRow{}, nodes: map[uuid.UUID]*nodeRow{}, dirtyRuns: map[uuid.UUID]*runRow{}, dirtyNodes: map[uuid.UUID]*nodeRow{},
		changed: map[uuid.UUID]struct{}{},
	}
	if err := b.read(ctx, runs, nodes); err != nil {
		return done, err
	}
	for i := range runs {
		done.RunChanged = append(done.RunChanged, b.mergeRun(&runs[i]))
	}
	for i := range nodes {
		done.NodeChanged = append(done.NodeChanged, b.mergeNode(&nodes[i]))
	}
	done.Changed = slices.SortedFunc(maps.Keys(b.changed), compareIDs)
	if err := b.write(ctx, commitNo); err != nil {
		return done, err
	}
	for _, r := range b.dirtyRuns {
		done.Cells = append(done.Cells, r.cells()...)
	}
	return done, nil
}

// Applied tells what Apply did.
type Applied struct {
	// RunChanged and NodeChanged say of each message whether it changed anything.
	RunChanged, NodeChanged []bool
	// Changed are the runs of those that did, in the order of their ids.
	Changed []uuid.UUID
	// Cells are what the commit has to add to the statistics.
	Cells []statistics.Cell
}

type merge struct {
	tx         *tenant.Tx
	runs       map[uuid.UUID]*runRow
	nodes      map[uuid.UUID]*nodeRow
	dirtyRuns  map[uuid.UUID]*runRow
	dirtyNodes map[uuid.UUID]*nodeRow
	// changed are the runs of which something that can be seen has changed, of themselves or of their nodes.
	changed map[uuid.UUID]struct{}
	// moved are runs that got or lost a node because messages named different ones: hardly ever any.
	moved []uuid.UUID
}

func (b *merge) read(ctx context.Context, runs []FlowRunEvent, nodes []NodeRunEvent) error {
	var runIDs, nodeIDs []uuid.UUID
	for i := range runs {
		runIDs = append(runIDs, runs[i].ID)
	}
	for i := range nodes {
		runIDs, nodeIDs = append(runIDs, nodes[i].FlowRunID), append(nodeIDs, nodes[i].ID)
	}
	var runRows []*runRow
	if err := byID(ctx, b.tx, &runRows, unique(runIDs)); err != nil {
		return fmt.Errorf("read flow runs: %w", err)
	}
	for _, r := range runRows {
		if err := r.load(); err != nil {
			return err
		}
		b.runs[r.ID] = r
	}
	var nodeRows []*nodeRow
	if err := byID(ctx, b.tx, &nodeRows, unique(nodeIDs)); err != nil {
		return fmt.Errorf("read node runs: %w", err)
	}
	for _, n := range nodeRows {
		if err := n.load(); err != nil {
			return err
		}
		b.nodes[n.ID] = n
	}
	return nil
}

func byID(ctx context.Context, tx *tenant.Tx, rows any, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Bun().NewSelect().Model(rows).Where("tenant_id = ?", tx.TenantID()).Where("id IN (?)", bun.List(ids)).Scan(ctx)
}

func unique(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func (b *merge) mergeRun(e *FlowRunEvent) bool {
	r := b.runs[e.ID]
	if r == nil {
		r = b.newRun(e.ID, e.ExternalID)
		r.RecordedAt = e.RecordedAt
	}
	shown := r.FlowID != none
	// The first message of the run itself is news even when it says no more than its nodes did.
	changed := r.merge(e) || !shown
	// A message that changes no value may still move a stamp, which decides about a message that is on its way.
	b.dirtyRuns[r.ID] = r
	if changed {
		b.changed[r.ID] = struct{}{}
	}
	return changed
}

func (b *merge) newRun(id uuid.UUID, external string) *runRow {
	r := &runRow{TenantID: b.tx.TenantID(), ID: id, ExternalID: external, Stamps: stamp.Set{}, status: Queued, trigger: TriggerAPI}
	b.runs[id] = r
	return r
}

func (b *merge) mergeNode(e *NodeRunEvent) bool {
	r := b.runs[e.FlowRunID]
	if r == nil {
		r = b.newRun(e.FlowRunID, e.FlowRunExternalID)
		r.RecordedAt = e.RecordedAt
	}
	// What a node brings after its run was stripped has to go too, which is seen by the commit of the run.
	if r.hear(e.At) || r.Stripped != nil {
		b.dirtyRuns[r.ID] = r
	}
	n := b.nodes[e.ID]
	if n == nil {
		n = &nodeRow{TenantID: b.tx.TenantID(), ID: e.ID, ExternalID: e.ExternalID, Stamps: stamp.Set{}, status: Queued, Attempt: 1, fresh: true}
		b.nodes[e.ID] = n
	}
	was := n.FlowRunID
	changed := n.merge(e) || n.fresh
	// A message that changes no value may still move a stamp, which decides about a message that is on its way.
	b.dirtyNodes[n.ID] = n
	n.fresh = false
	if changed {
		n.changed = true
		b.noteNode(n.FlowRunID, was, e.FlowRunID)
	}
	return changed
}

// noteNode notes that a node changed: which run it is of, which it was of before, and which the message names.
func (b *merge) noteNode(is, was, said uuid.UUID) {
	b.changed[is] = struct{}{}
	if is != said {
		b.moved = append(b.moved, is)
	}
	if was != none && was != is {
		b.changed[was] = struct{}{}
		b.moved = append(b.moved, was)
	}
}

func (b *merge) write(ctx context.Context, commitNo int64) error {
	if err := b.writeRuns(ctx, commitNo); err != nil {
		return err
	}
	if len(b.moved) > 0 {
		if _, err := b.tx.Pgx().Exec(ctx, "UPDATE flow_run SET commit_no = $2 WHERE tenant_id = $1 AND id = ANY($3)", b.tx.TenantID(), commitNo, tenant.UUIDs(unique(b.moved))); err != nil {
			return fmt.Errorf("note that nodes are another flow run's: %w", err)
		}
	}
	if len(b.dirtyNodes) == 0 {
		return nil
	}
	rows := make([]*nodeRow, 0, len(b.dirtyNodes))
	for _, n := range b.dirtyNodes {
		n.store(commitNo)
		rows = append(rows, n)
	}
	slices.SortFunc(rows, func(x, y *nodeRow) int { return compareIDs(x.ID, y.ID) })
	_, err := b.tx.Bun().NewInsert().Model(&rows).On("CONFLICT (tenant_id, id) DO UPDATE").
		Set(excluded("flow_run_id", "node_key", "name", "type", "status", "attempt", "iteration", "parents", "started_at",
			"finished_at", "first_at", "commit_no", "error_code", "error_message", "payload", "stamps")).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write node runs: %w", err)
	}
	return nil
}

func (b *merge) writeRuns(ctx context.Context, commitNo int64) error {
	if len(b.dirtyRuns) == 0 {
		return nil
	}
	rows := make([]*runRow, 0, len(b.dirtyRuns))
	var moved []*runRow
	for _, r := range b.dirtyRuns {
		_, changed := b.changed[r.ID]
		r.store(commitNo, changed)
		var err error
		if r.Tokens, err = tokens(r); err != nil {
			return err
		}
		rows = append(rows, r)
		if !slices.Equal(r.before, r.Identifiers) {
			moved = append(moved, r)
		}
	}
	slices.SortFunc(rows, func(x, y *runRow) int { return compareIDs(x.ID, y.ID) })
	_, err := b.tx.Bun().NewInsert().Model(&rows).On("CONFLICT (tenant_id, id) DO UPDATE").
		Set(excluded("at", "commit_no", "flow_id", "customer_id", "integration_id", "connected_app_id", "status",
			"trigger_kind", "trigger_event", "started_at", "finished_at", "error_code", "error_message", "trace_id",
			"identifiers", "payload", "tokens", "stamps", "added_no", "ended_no")).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write flow runs: %w", err)
	}
	return b.writeIdentifiers(ctx, moved)
}

// writeIdentifiers replaces what the runs are found by.
func (b *merge) writeIdentifiers(ctx context.Context, runs []*runRow) error {
	if len(runs) == 0 {
		return nil
	}
	var changed, owners []uuid.UUID
	var hashes []int64
	for _, r := range runs {
		if len(r.before) > 0 {
			changed = append(changed, r.ID)
		}
		for _, id := range r.Identifiers {
			hashes, owners = append(hashes, entry.TermHash("identifier", id.Value)), append(owners, r.ID)
		}
	}
	q := b.tx.Pgx()
	if len(changed) > 0 {
		if _, err := q.Exec(ctx, "DELETE FROM flow_run_identifier WHERE tenant_id = $1 AND flow_run_id = ANY($2)", b.tx.TenantID(), tenant.UUIDs(changed)); err != nil {
			return fmt.Errorf("forget identifiers of flow runs: %w", err)
		}
	}
	_, err := q.Exec(ctx, `INSERT INTO flow_run_identifier (tenant_id, hash, flow_run_id)
		SELECT DISTINCT $1::uuid, t.hash, t.id FROM unnest($2::bigint[], $3::uuid[]) t(hash, id) ON CONFLICT DO NOTHING`,
		b.tx.TenantID(), hashes, tenant.UUIDs(owners))
	if err != nil {
		return fmt.Errorf("write identifiers of flow runs: %w", err)
	}
	return nil
}

// excluded is the list of assignments that take the columns of the row that was to be inserted.
func excluded(columns ...string) string {
	var out []byte
	for i, c := range columns {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(append(append(out, c...), " = EXCLUDED."...), c...)
	}
	return string(out)
}
