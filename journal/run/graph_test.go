package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ran makes a node run that began and ended so many seconds after noon.
func ran(key string, status Status, from, to int, parents ...string) *NodeRun {
	start, end := noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(to)*time.Second)
	n := &NodeRun{NodeKey: key, Status: status, Attempt: 1, Parents: parents, StartedAt: &start, FirstAt: start}
	if status.Final() {
		n.FinishedAt = &end
	}
	return n
}

func keys(nodes []*Node) []string {
	out := []string{}
	for _, n := range nodes {
		out = append(out, n.NodeKey)
	}
	return out
}

func edges(g *Graph) []string {
	out := []string{}
	for _, e := range g.Edges {
		out = append(out, e.From.NodeKey+">"+e.To.NodeKey)
	}
	return out
}

func TestGraphOfFanOutAndFanIn(t *testing.T) {
	t.Parallel()
	g := BuildGraph([]*NodeRun{
		ran("join", Failed, 9, 10, "quick", "slow"), ran("slow", Succeeded, 1, 8, "start"),
		ran("start", Succeeded, 0, 1), ran("quick", Succeeded, 1, 2, "start"),
	}, noon)
	require.Equal(t, []string{"start", "quick", "slow", "join"}, keys(g.Nodes))
	require.Equal(t, []string{"start>quick", "start>slow", "quick>join", "slow>join"}, edges(g))
	require.Equal(t, []string{"start", "slow", "join"}, keys(g.CriticalPath))
	require.Equal(t, []string{"start", "slow", "join"}, keys(g.FailurePath))
	require.Empty(t, g.Gaps)
}

func TestGraphShowsParentsThatWereNeverHeardOfAsGaps(t *testing.T) {
	t.Parallel()
	g := BuildGraph([]*NodeRun{ran("b", Failed, 1, 2, "a", "trigger")}, noon)
	require.Equal(t, []string{"a", "trigger"}, g.Gaps)
	require.Equal(t, []string{"b"}, keys(g.FailurePath))
}

func TestGraphShowsTheLastAttempt(t *testing.T) {
	t.Parallel()
	first, second := ran("a", Failed, 0, 1), ran("a", Succeeded, 2, 3)
	second.Attempt = 2
	g := BuildGraph([]*NodeRun{second, first}, noon)
	require.Len(t, g.Nodes, 1)
	require.Equal(t, 2, g.Nodes[0].Attempt)
	require.Equal(t, 1, g.Nodes[0].Iterations)
	require.Empty(t, g.FailurePath, "a failure that was retried with success is none")
}

func TestGraphOfALoopShowsTheIterationThatFailed(t *testing.T) {
	t.Parallel()
	var runs []*NodeRun
	for i := range 3 {
		n := ran("each", []Status{Succeeded, Failed, Succeeded}[i], i, i+1, "each", "start")
		n.Iteration = i
		runs = append(runs, n)
	}
	g := BuildGraph(append(runs, ran("start", Succeeded, -1, 0)), noon)
	each := g.Nodes[1]
	require.Equal(t, 3, each.Iterations)
	require.Equal(t, 1, each.Iteration)
	require.Equal(t, []string{"start", "each"}, keys(g.FailurePath))
}

func TestGraphOfARunThatIsRunningCountsUntilNow(t *testing.T) {
	t.Parallel()
	g := BuildGraph([]*NodeRun{ran("a", Succeeded, 0, 30), ran("b", Running, 1, 0)}, noon.Add(time.Minute))
	require.Equal(t, []string{"b"}, keys(g.CriticalPath))
}

func TestGraphOfNothing(t *testing.T) {
	t.Parallel()
	require.Equal(t, &Graph{}, BuildGraph(nil, noon))
}

// Whatever the messages claim, cycles and unknown parents included: every path ends, follows edges, and the order in
// which the node runs came does not matter.
func TestGraphOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var runs []*NodeRun
		for i := range rapid.IntRange(0, 12).Draw(t, "nodes") {
			name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
			n := ran(name.Draw(t, "key"), rapid.SampledFrom([]Status{Queued, Running, Succeeded, Failed, Canceled, Skipped}).Draw(t, "status"),
				rapid.IntRange(0, 9).Draw(t, "from"), rapid.IntRange(0, 9).Draw(t, "to"),
				rapid.SliceOfN(name, 0, 3).Draw(t, "parents")...)
			n.Iteration, n.Attempt = i, 1 // no two runs are the same attempt of the same iteration
			runs = append(runs, n)
		}
		shuffled := rapid.Permutation(runs).Draw(t, "shuffled")
		g, other := BuildGraph(runs, noon), BuildGraph(shuffled, noon)
		require.Equal(t, keys(g.Nodes), keys(other.Nodes))
		require.Equal(t, keys(g.FailurePath), keys(other.FailurePath))
		require.Equal(t, keys(g.CriticalPath), keys(other.CriticalPath))
		list := edges(g)
		for _, path := range [][]*Node{g.FailurePath, g.CriticalPath} {
			for i := 1; i < len(path); i++ {
				require.Contains(t, list, fmt.Sprintf("%s>%s", path[i-1].NodeKey, path[i].NodeKey))
			}
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(keys(path)))), len(path))
		}
	})
}
