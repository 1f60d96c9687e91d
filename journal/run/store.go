package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// Store reads and writes the runs of the context's tenant.
type Store struct {
	door *tenant.Door
}

// NewStore makes a Store over the door.
func NewStore(door *tenant.Door) *Store { return &Store{door: door} }

// light are the columns of flow_run without what is large.
var light = []string{"tenant_id", "id", "external_id", "at", "recorded_at", "commit_no", "flow_id", "customer_id",
	"integration_id", "connected_app_id", "status", "trigger_kind", "trigger_event", "started_at", "finished_at",
	"error_code", "error_message", "trace_id", "identifiers", "added_no", "ended_no"}

// lightNode are the columns of node_run without what is large.
var lightNode = []string{"tenant_id", "id", "flow_run_id", "external_id", "node_key", "name", "type", "status",
	"attempt", "iteration", "parents", "started_at", "finished_at", "first_at", "error_code", "error_message"}

// runs reads the runs that are shown and that the query asks for, in one round trip; those that are searched with their
// tokens.
func (s *Store) runs(ctx context.Context, tokens bool, ask func(*selection)) (out []*FlowRun, err error) {
	columns := light
	if tokens {
		columns = append(slices.Clone(light), "tokens")
	}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		q := newSelection(tx.TenantID(), columns...)
		ask(q)
		rows, err := tx.Pgx().Query(ctx, q.text.String(), q.args...)
		if err != nil {
			return fmt.Errorf("read flow runs: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var r runRow
			if err := rows.Scan(r.targets()[:len(columns)]...); err != nil {
				return fmt.Errorf("read flow runs: %w", err)
			}
			if err := r.load(); err != nil {
				return err
			}
			out = append(out, r.flowRun())
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("read flow runs: %w", err)
		}
		return nil
	})
	return out, err
}

func (s *Store) nodes(ctx context.Context, ask func(*bun.SelectQuery)) ([]*NodeRun, error) {
	var out []*NodeRun
	err := s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var rows []*nodeRow
		q := tx.Bun().NewSelect().Model(&rows).Column(lightNode...).Where("n.tenant_id = ?", tx.TenantID())
		ask(q)
		if err := q.Scan(ctx); err != nil {
			return fmt.Errorf("read node runs: %w", err)
		}
		for _, n := range rows {
			if err := n.load(); err != nil {
				return err
			}
			out = append(out, n.nodeRun())
		}
		return nil
	})
	return out, err
}

// ByIDs gives the runs that there are among the ids.
func (s *Store) ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*FlowRun, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := s.runs(ctx, false, func(q *selection) { q.and("r.id = ANY(?)", tenant.UUIDs(ids)) })
	out := make(map[uuid.UUID]*FlowRun, len(list))
	for _, r := range list {
		out[r.ID] = r
	}
	return out, err
}

// ByExternalID gives the run that its sender names so; NotFound when there is none.
func (s *Store) ByExternalID(ctx context.Context, external string) (*FlowRun, error) {
	list, err := s.runs(ctx, false, func(q *selection) { q.and("r.external_id = ?", external) })
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.New(errs.NotFound, "no such flow run")
	}
	return list[0], nil
}

// launchedLimit bounds how many runs are given for one event: an event that launched more is not one that a person
// would look through.
const launchedLimit = 100

// LaunchedBy gives the runs that each event, by its sender's id, launched: the first 100 of each, in order of time.
func (s *Store) LaunchedBy(ctx context.Context, events []string) (map[string][]*FlowRun, error) {
	if len(events) == 0 {
		return nil, nil
	}
	list, err := s.runs(ctx, false, func(q *selection) {
		q.and("r.trigger_event = ANY(?)", events)
		q.add(" ORDER BY r.at, r.id")
	})
	out := map[string][]*FlowRun{}
	for _, r := range list {
		if len(out[r.TriggerEvent]) < launchedLimit {
			out[r.TriggerEvent] = append(out[r.TriggerEvent], r)
		}
	}
	return out, err
}

// NodeRuns gives all node runs of each run, in no order: BuildGraph puts them into one.
func (s *Store) NodeRuns(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID][]*NodeRun, error) {
	if len(runIDs) == 0 {
		return nil, nil
	}
	list, err := s.nodes(ctx, func(q *bun.SelectQuery) { q.Where("n.flow_run_id IN (?)", bun.List(runIDs)) })
	out := map[uuid.UUID][]*NodeRun{}
	for _, n := range list {
		out[n.FlowRunID] = append(out[n.FlowRunID], n)
	}
	return out, err
}

// NodeRunsByIDs gives the node runs that there are among the ids.
func (s *Store) NodeRunsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*NodeRun, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := s.nodes(ctx, func(q *bun.SelectQuery) {
		// A node run of a run that has not been heard of itself is not shown yet, as its run is not.
		q.Where("n.id IN (?)", bun.List(ids)).
			Where("EXISTS (SELECT FROM flow_run r WHERE r.tenant_id = n.tenant_id AND r.id = n.flow_run_id AND r.flow_id IS NOT NULL)")
	})
	out := make(map[uuid.UUID]*NodeRun, len(list))
	for _, n := range list {
		out[n.ID] = n
	}
	return out, err
}

// Payloads gives what the runs took in and gave out. A run without any has none here.
func (s *Store) Payloads(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID]*Payload, error) {
	return s.payloads(ctx, "flow_run", runIDs)
}

// NodePayloads gives what the node runs took in, gave out and logged. A node run without any has none here.
func (s *Store) NodePayloads(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Payload, error) {
	return s.payloads(ctx, "node_run", ids)
}

func (s *Store) payloads(ctx context.Context, table string, ids []uuid.UUID) (map[uuid.UUID]*Payload, error) {
	out := map[uuid.UUID]*Payload{}
	if len(ids) == 0 {
		return out, nil
	}
	err := s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var rows []struct {
			ID      uuid.UUID `bun:"id,type:uuid"`
			Payload []byte    `bun:"payload"`
		}
		err := tx.Bun().NewSelect().Table(table).Column("id", "payload").Where("tenant_id = ?", tx.TenantID()).
			Where("id IN (?)", bun.List(ids)).Where("payload IS NOT NULL").Scan(ctx, &rows)
		if err != nil {
			return fmt.Errorf("read payloads of %s: %w", table, err)
		}
		for _, r := range rows {
			p := &Payload{}
			if err := unpack(r.Payload, p); err != nil {
				return err
			}
			out[r.ID] = p
		}
		return nil
	})
	return out, err
}
