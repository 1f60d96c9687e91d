package graph

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

const (
	runAfterQuery  = `subscription($id: ID!, $after: String) { flowRunUpdated(id: $id, after: $after) { id runStatus } }`
	runsAfterQuery = `subscription($after: String, $filter: FlowRunFilter) { flowRunsUpdated(after: $after, filter: $filter) { id runStatus } }`
)

// runner commits runs of a world's flow, and knows how they are.
type runner struct {
	*bundle
	t   *testing.T
	w   *world
	ids map[string]string
}

func (b *bundle) runner(t *testing.T, w *world) *runner {
	t.Helper()
	return &runner{b, t, w, map[string]string{}}
}

// event is of a run and a customer at a second.
func (r *runner) event(name string, customer uuid.UUID, status run.Status, second int) run.FlowRunEvent {
	id := run.FlowRunID(r.w.tenant.ID, name)
	r.ids[name] = nodeid.Format(nodeid.FlowRun, id)
	return run.FlowRunEvent{ID: id, ExternalID: name, At: at(second), RecordedAt: noon, FlowID: r.w.target.FlowID, CustomerID: customer, Status: status}
}

func (r *runner) put(runs ...run.FlowRunEvent) {
	r.t.Helper()
	r.commit(r.t, r.w.tenant.ID, nil, runs, nil)
}

// node has a node of a run begin.
func (r *runner) node(of string, second int) {
	r.t.Helper()
	name, moment := fmt.Sprint("node-", second), at(second)
	r.commit(r.t, r.w.tenant.ID, nil, nil, []run.NodeRunEvent{{ID: run.NodeRunID(r.w.tenant.ID, name), ExternalID: name, FlowRunID: run.FlowRunID(r.w.tenant.ID, of), FlowRunExternalID: of,
		At: moment, RecordedAt: noon, NodeKey: name, Status: run.Running, StartedAt: &moment}})
}

// said is what a client is told next, by the run's name, and where that stands.
func (r *runner) said(c *wsClient, field string) (what, cursor string) {
	r.t.Helper()
	m := c.next("r")
	require.NotEmpty(r.t, m.Extensions.Cursor)
	for name, id := range r.ids {
		if id == m.text(r.t, field+".id") {
			return name + " " + m.text(r.t, field+".runStatus"), m.Extensions.Cursor
		}
	}
	r.t.Fatalf("an unknown run: %s", m.raw)
	return "", ""
}

// From each cursor each run that changed since is told once, as it is now, in the order of the last changes, and then what
// is committed: also when the log of commits has forgotten them.
func TestRunsAreToldBehindACursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	r, s := b.runner(t, w), serve(t, b)
	mine, second := w.target.CustomerID, b.name(t, w.tenant.ID, "second", "salesforce").CustomerID
	s.know("mine", w.as(tenant.RoleViewer))
	s.know("customer", w.customer(second))
	s.know("theirs", other.as(tenant.RoleOwner))
	follow := func(who string, v vars) *wsClient {
		c := s.connect(t, who)
		c.subscribe("r", runsAfterQuery, v)
		return c
	}
	live := follow("mine", nil)
	s.joined(t, 1)

	// Each step says what is told when it is committed, in the order of the runs' ids within a commit.
	var cursors []string
	hear := func(n int) (said []string) {
		for range n {
			what, cursor := r.said(live, "flowRunsUpdated")
			said, cursors = append(said, what), append(cursors, cursor)
		}
		return said
	}
	r.put(r.event("a", mine, run.Running, 10), r.event("b", second, run.Running, 10))
	require.ElementsMatch(t, []string{"a RUNNING", "b RUNNING"}, hear(2))
	r.put(r.event("c", second, run.Queued, 11))
	require.Equal(t, []string{"c QUEUED"}, hear(1))
	r.put(r.event("a", mine, run.Failed, 12))
	require.Equal(t, []string{"a FAILED"}, hear(1))
	r.put(r.event("a", mine, run.Failed, 12)) // Sent again, it is no change.
	r.node("c", 13)
	require.Equal(t, []string{"c QUEUED"}, hear(1))
	r.put(r.event("b", second, run.Succeeded, 14))
	require.Equal(t, []string{"b SUCCEEDED"}, hear(1))
	live.silent()

	behind := [][]string{
		{"a FAILED", "c QUEUED", "b SUCCEEDED"}, {"a FAILED", "c QUEUED", "b SUCCEEDED"}, {"a FAILED", "c QUEUED", "b SUCCEEDED"},
		{"c QUEUED", "b SUCCEEDED"}, {"b SUCCEEDED"}, {},
	}
	for _, how := range []string{"logged", "forgotten", "and something more"} {
		for i, want := range behind {
			c := follow("mine", vars{"after": cursors[i]})
			for j, said := range want {
				what, cursor := r.said(c, "flowRunsUpdated")
				require.Equal(t, said, what, "%s, behind %d", how, i)
				again := follow("mine", vars{"after": cursor})
				for _, said := range want[j+1:] {
					what, _ := r.said(again, "flowRunsUpdated")
					require.Equal(t, said, what, "%s, behind %d, behind %d", how, i, j)
				}
				again.silent()
				require.NoError(t, again.conn.CloseNow())
			}
			c.silent()
			require.NoError(t, c.conn.CloseNow())
		}
		switch how {
		case "logged":
			_, err := b.deps.Journal.Compact(b.system(t, w.tenant.ID), noon.Add(3*time.Hour))
			require.NoError(t, err)
		case "forgotten":
			r.put(r.event("d", mine, run.Running, 20))
			hear(1)
			for i := range behind {
				behind[i] = append(behind[i], "d RUNNING")
			}
		}
	}
	// A filter is of how it is now, and a customer is told of its own.
	for v, want := range map[string][]string{"FAILED": {"a FAILED"}, "RUNNING": {"d RUNNING"}} {
		c := follow("mine", vars{"after": cursors[0], "filter": vars{"runStatuses": []string{v}}})
		for _, said := range want {
			what, _ := r.said(c, "flowRunsUpdated")
			require.Equal(t, said, what)
		}
		c.silent()
	}
	customer, theirs := follow("customer", vars{"after": whole(0).cursor()}), follow("theirs", vars{"after": whole(0).cursor()})
	for _, said := range []string{"c QUEUED", "b SUCCEEDED"} {
		what, _ := r.said(customer, "flowRunsUpdated")
		require.Equal(t, said, what)
	}
	customer.silent()
	// The other tenant's are its own: a world begins with one.
	require.Equal(t, nodeid.Format(nodeid.FlowRun, run.FlowRunID(other.tenant.ID, "run-1")), theirs.next("r").text(t, "flowRunsUpdated.id"))
	theirs.silent()
	// What is gone is not told.
	require.NoError(t, b.door.Write(b.system(t, w.tenant.ID), func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "DELETE FROM flow_run WHERE tenant_id = $1 AND external_id = 'a'", tx.TenantID())
		return err
	}))
	c := follow("mine", vars{"after": cursors[0]})
	for _, said := range []string{"c QUEUED", "b SUCCEEDED", "d RUNNING"} {
		what, _ := r.said(c, "flowRunsUpdated")
		require.Equal(t, said, what)
	}
	r.put(r.event("c", second, run.Running, 30))
	what, _ := r.said(c, "flowRunsUpdated")
	require.Equal(t, "c RUNNING", what)
	c.silent()
}

// One run is told of behind a cursor when it has changed since, whatever else has.
func TestOneRunIsToldBehindACursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r, s := b.runner(t, w), serve(t, b)
	s.know("mine", w.as(tenant.RoleViewer))
	follow := func(after any) *wsClient {
		c := s.connect(t, "mine")
		c.subscribe("r", runAfterQuery, vars{"id": r.ids["a"], "after": after})
		return c
	}
	r.put(r.event("a", w.target.CustomerID, run.Queued, 10))
	c := follow(nil)
	what, first := r.said(c, "flowRunUpdated")
	require.Equal(t, "a QUEUED", what)
	c.silent()
	s.joined(t, 1)
	r.put(r.event("b", w.target.CustomerID, run.Queued, 11))
	r.node("a", 12)
	what, second := r.said(c, "flowRunUpdated")
	require.Equal(t, "a QUEUED", what)
	r.put(r.event("b", w.target.CustomerID, run.Running, 13))
	c.silent()

	unchanged := []*wsClient{c, follow(second)}
	s.joined(t, 2)
	again := follow(first)
	what, cursor := r.said(again, "flowRunUpdated")
	require.Equal(t, "a QUEUED", what)
	require.Equal(t, second, cursor)
	again.silent()
	s.joined(t, 3)
	r.put(r.event("a", w.target.CustomerID, run.Succeeded, 14))
	for _, c := range append(unchanged, again) {
		what, cursor = r.said(c, "flowRunUpdated")
		require.Equal(t, "a SUCCEEDED", what)
		c.silent()
	}
	follow(cursor).silent()
	// Its cursors are of all runs.
	all := s.connect(t, "mine")
	all.subscribe("r", runsAfterQuery, vars{"after": first})
	for _, said := range []string{"b RUNNING", "a SUCCEEDED"} {
		what, _ = r.said(all, "flowRunsUpdated")
		require.Equal(t, said, what)
	}
	all.silent()
}
