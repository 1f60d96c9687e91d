package run

import (
	"cmp"
	"slices"
	"time"
)

// Graph is what ran, in which order, and where it went wrong. One Node stands for all runs of a node key.
type Graph struct {
	// Nodes are in the order in which they began.
	Nodes []*Node
	Edges []Edge
	// Gaps are the keys that nodes name as parents and that were never heard of, sorted.
	Gaps []string
	// FailurePath leads from the trigger to the node that failed first; empty when none failed.
	FailurePath []*Node
	// CriticalPath is the chain of nodes that made the run as long as it was.
	CriticalPath []*Node
}

// Node is all runs of one node key. The run shown for it is the last attempt of the first iteration that failed for
// good, or else of the last iteration.
type Node struct {
	*NodeRun
	// Iterations counts the iterations that there were: 1 outside of loops.
	Iterations int

	parents    []string
	start, end time.Time
}

// Edge leads from a node to one that it led to.
type Edge struct{ From, To *Node }

// BuildGraph makes the graph of a run's node runs. A node that is still running counts as running until now.
//
// Both paths go backwards by the parent that ended last, since that is the one that its child had to wait for (the
// critical path method of Kelley and Walker, 1959, on times that were measured rather than planned).
func BuildGraph(runs []*NodeRun, now time.Time) *Graph {
	byKey := map[string][]*NodeRun{}
	for _, r := range runs {
		byKey[r.NodeKey] = append(byKey[r.NodeKey], r)
	}
	g := &Graph{}
	known := make(map[string]*Node, len(byKey))
	for key, group := range byKey {
		known[key] = newNode(group, now)
		g.Nodes = append(g.Nodes, known[key])
	}
	slices.SortFunc(g.Nodes, func(a, b *Node) int {
		return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.NodeKey, b.NodeKey))
	})
	for _, to := range g.Nodes {
		for _, key := range to.parents {
			if from := known[key]; from != nil {
				g.Edges = append(g.Edges, Edge{From: from, To: to})
			} else if !slices.Contains(g.Gaps, key) {
				g.Gaps = append(g.Gaps, key)
			}
		}
	}
	slices.Sort(g.Gaps)
	g.FailurePath = pathTo(firstFailed(g.Nodes), known)
	g.CriticalPath = pathTo(lastEnded(g.Nodes), known)
	return g
}

func newNode(group []*NodeRun, now time.Time) *Node {
	slices.SortFunc(group, func(a, b *NodeRun) int {
		return cmp.Or(cmp.Compare(a.Iteration, b.Iteration), cmp.Compare(a.Attempt, b.Attempt), begin(a).Compare(begin(b)))
	})
	n := &Node{start: begin(group[0]), end: begin(group[0])}
	for i, r := range group {
		if at := begin(r); at.Before(n.start) {
			n.start = at
		}
		if at := finish(r, now); at.After(n.end) {
			n.end = at
		}
		for _, p := range r.Parents {
			if !slices.Contains(n.parents, p) && p != r.NodeKey {
				n.parents = append(n.parents, p)
			}
		}
		lastAttempt := i+1 == len(group) || group[i+1].Iteration != r.Iteration
		if !lastAttempt {
			continue
		}
		n.Iterations++
		if n.NodeRun == nil || n.Status != Failed {
			n.NodeRun = r
		}
	}
	return n
}

func begin(r *NodeRun) time.Time {
	if r.StartedAt != nil {
		return *r.StartedAt
	}
	return r.FirstAt
}

func finish(r *NodeRun, now time.Time) time.Time {
	switch {
	case r.FinishedAt != nil:
		return *r.FinishedAt
	case r.Status == Running && now.After(begin(r)):
		return now
	}
	return begin(r)
}

func firstFailed(nodes []*Node) *Node {
	var first *Node
	for _, n := range nodes {
		if n.Status == Failed && (first == nil || n.end.Before(first.end)) {
			first = n
		}
	}
	return first
}

func lastEnded(nodes []*Node) *Node {
	var last *Node
	for _, n := range nodes {
		if n.Status != Queued && n.Status != Skipped && (last == nil || n.end.After(last.end)) {
			last = n
		}
	}
	return last
}

// pathTo walks from a node to the trigger and turns the way around. A node is passed once, so loops end.
func pathTo(n *Node, known map[string]*Node) []*Node {
	var path []*Node
	passed := map[*Node]bool{}
	for n != nil {
		path = append(path, n)
		passed[n] = true
		var next *Node
		for _, key := range n.parents {
			p := known[key]
			if p != nil && !passed[p] && (next == nil || p.end.After(next.end)) {
				next = p
			}
		}
		n = next
	}
	slices.Reverse(path)
	return path
}
