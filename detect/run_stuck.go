package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

const (
	// leastStuck is what no run is called stuck before, and unknownStuck is used where fewer than fewestRuns say how long
	// runs of the flow take.
	leastStuck   = 5 * time.Minute
	unknownStuck = time.Hour
	fewestRuns   = 20
	// stuckFor is how old a run may be: of one that is older, the end was lost.
	stuckFor = 7 * 24 * time.Hour
)

// stuckAfter is how long a run of a flow may take: one and a half times as long as any that succeeded in two weeks.
func stuckAfter(l longest) time.Duration {
	if l.runs < fewestRuns {
		return unknownStuck
	}
	return max(leastStuck, time.Duration(1.5*l.ms*float64(time.Millisecond)))
}

// findStuckRuns finds runs that are under way for longer than they should.
func findStuckRuns(p *picture) (found []finding, stuck []*openRun) {
	limits := map[uuid.UUID]time.Duration{}
	byFlow := map[uuid.UUID]int{}
	oldest := map[uuid.UUID]time.Time{}
	counts := map[uuid.UUID]int{}
	for _, r := range p.open {
		f := p.flows[r.FlowID]
		if f == nil {
			continue
		}
		limit, known := limits[r.FlowID]
		if !known {
			limit = stuckAfter(p.history.longestRun(r.FlowID))
			limits[r.FlowID] = limit
		}
		if p.now.Sub(r.Since) <= limit {
			continue
		}
		stuck = append(stuck, r)
		i, ok := byFlow[r.FlowID]
		if !ok {
			i = len(found)
			byFlow[r.FlowID], oldest[r.FlowID] = i, r.Since
			found = append(found, finding{key: keyOfFlow(diagnostics.RunStuck, "run", f), severity: issues.Error})
		}
		counts[r.FlowID]++
		if r.Since.Before(oldest[r.FlowID]) {
			oldest[r.FlowID] = r.Since
		}
		found[i].hit(whom{r.ConnectedAppID.UUID, r.CustomerID.UUID}, r.Since, issues.Evidence{ID: r.ID, Kind: entry.KindFlowRun})
	}
	for id, i := range byFlow {
		f, l := &found[i], p.history.longestRun(id)
		f.title = fmt.Sprintf("%s of %s for {customers}: under way for %s", counted(counts[id], "stuck run"), p.flows[id].Name, lasting(p.now.Sub(oldest[id])))
		f.cause = fmt.Sprintf("The oldest began on %s. ", moment(oldest[id]))
		if l.runs >= fewestRuns {
			f.cause += fmt.Sprintf("Of %d runs that succeeded in the last two weeks the longest took %s.", l.runs, milliseconds(l.ms))
		} else {
			f.cause += "Too few runs of this flow are known to say how long it takes, so it was given an hour."
		}
	}
	return found, stuck
}

// sqlWaiting finds the node that has been under way the longest in each run.
const sqlWaiting = `SELECT DISTINCT ON (n.flow_run_id) n.flow_run_id, coalesce(n.name, n.node_key) FROM node_run n
WHERE n.tenant_id = $1 AND n.flow_run_id = ANY ($2::uuid[]) AND n.status IN ('QUEUED', 'RUNNING') ORDER BY n.flow_run_id, n.first_at`

// findStuck finds runs that are stuck, and the nodes that they are in.
func (d *Detector) findStuck(ctx context.Context, p *picture) ([]finding, bool, error) {
	found, stuck := findStuckRuns(p)
	if len(found) == 0 {
		return nil, true, nil
	}
	ids, flowOf := make([]uuid.UUID, len(stuck)), map[uuid.UUID]uuid.UUID{}
	for i, r := range stuck {
		ids[i], flowOf[r.ID] = r.ID, r.FlowID
	}
	nodes := map[string]map[string]int{} // by the finding's scope, and the node's name
	err := d.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlWaiting, tx.TenantID(), tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		var id uuid.UUID
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			key := keyOfFlow(diagnostics.RunStuck, "run", p.flows[flowOf[id]])
			if nodes[key.Scope] == nil {
				nodes[key.Scope] = map[string]int{}
			}
			nodes[key.Scope][name]++
			return nil
		})
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("read nodes under way: %w", err)
	}
	for i := range found {
		if name, n := mostOf(nodes[found[i].key.Scope]); n > 0 {
			found[i].cause += fmt.Sprintf(" %s in the node %q.", waiting(n), name)
			found[i].first = fmt.Sprintf("Look at the node %q first: it is what the runs are waiting for.", name)
		}
	}
	return found, true, nil
}

func waiting(n int) string {
	if n == 1 {
		return "1 run is"
	}
	return fmt.Sprintf("%d runs are", n)
}

// mostOf is what there is most of; of several the first by name.
func mostOf(counts map[string]int) (name string, n int) {
	for what, count := range counts {
		if count > n || count == n && what < name {
			name, n = what, count
		}
	}
	return name, n
}
