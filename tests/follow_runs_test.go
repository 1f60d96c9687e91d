package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

const (
	followRuns = `subscription($after: String) { flowRunsUpdated(after: $after) { id state: runStatus } }`
	followRun  = `subscription($after: String) { flowRunUpdated(id: %q, after: $after) { id state: traceId } }`
)

// ran is an event of a flow run, by name, in a state.
func ran(name, status string) string {
	return fmt.Sprintf(`{"type":"flow_run","id":%q,"customer":"acme","integration":"crm","data":{"flow":"sync","status":%q}}`, name, status)
}

// Whatever is killed while clients follow runs, each of them hears how each run ended, once, and of one run's changes the
// last; and the changes that they hear are in their order, none of them twice.
func TestFollowersOfRunsMissNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	c := newCluster(t)
	ctx := within(t, 4*patience)
	steps := 0
	trace := func(n int) string { return fmt.Sprintf("%032x", n) }
	// step changes the one run that is followed by itself, and what is sent is sent again.
	step := func(events ...string) error {
		steps++
		events = append(events, strings.Replace(ran("one", "running"), "{", fmt.Sprintf(`{"trace_id":%q,`, trace(steps)), 1))
		for range 2 {
			if err := c.send(ctx, strings.Join(events, "\n")); err != nil {
				return err
			}
		}
		return nil
	}
	require.NoError(t, step())
	var made struct {
		FlowRuns struct{ Nodes []struct{ ID string } }
	}
	client := &harness.Client{URL: c.urls()[0], Token: c.token}
	require.NoError(t, client.Query(ctx, `{ flowRuns(first: 1) { nodes { id } } }`, nil, &made))
	one := made.FlowRuns.Nodes[0].ID

	runs, runEvents := follow(t, "runs", c.token, followRuns, c.urls()...)
	only, onlyEvents := follow(t, "one run", c.token, fmt.Sprintf(followRun, one), c.urls()...)
	all := []*follower{runs, runEvents, only, onlyEvents}
	eventually(t, patience, "all have begun", func(context.Context) bool {
		require.NoError(t, step())
		return !slices.ContainsFunc(all, func(f *follower) bool { return len(f.heard()) == 0 })
	})
	// Each run begins, gets a node in a commit of its own, and ends.
	var names []string
	for i := range 70 {
		names = append(names, fmt.Sprint("r-", i))
	}
	c.work(names, func(name string) error {
		if err := step(ran(name, "running")); err != nil {
			return err
		}
		node := fmt.Sprintf(`{"type":"node_run","id":"%s.fetch","flow_run":%q,"data":{"node":"fetch","status":"succeeded"}}`, name, name)
		if err := step(node); err != nil {
			return err
		}
		return step(ran(name, "succeeded"), ran(name+"-too", "succeeded"))
	}, 0, 1, 2, 1, 0, 2)

	for _, f := range []*follower{runs, runEvents} {
		eventually(t, patience, "all ends were heard: "+f.report(), func(context.Context) bool { return len(f.times("SUCCEEDED")) == 2*len(names) })
		t.Log(f.report())
		f.inOrder(t)
		for id, n := range f.times("SUCCEEDED") {
			require.Equal(t, 1, n, "%s of %s", id, f.report())
		}
		// Nothing of a run is heard behind its end: what is sent again is no change.
		ended := map[string]bool{}
		for _, h := range f.heard() {
			require.False(t, ended[h.ID], "%s of %s", h.ID, f.report())
			ended[h.ID] = h.State == "SUCCEEDED"
		}
	}
	for _, f := range []*follower{only, onlyEvents} {
		eventually(t, patience, "the last change was heard: "+f.report(), func(context.Context) bool {
			list := f.heard()
			return list[len(list)-1].State == trace(steps)
		})
		t.Log(f.report())
		f.inOrder(t)
		before := ""
		for _, h := range f.heard() {
			require.Equal(t, one, h.ID)
			require.Greater(t, h.State, before, "told as it was before, or twice: %s", f.report())
			before = h.State
		}
	}
}
