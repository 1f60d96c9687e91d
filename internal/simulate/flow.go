package simulate

import (
	"slices"
	"strings"
	"time"
)

// What launches a flow, in the words of the events contract.
const (
	triggeredExternally = "external_event"
	triggeredInternally = "internal_event"
	triggeredBySchedule = "schedule"
	triggeredByAPI      = "api"
	triggeredManually   = "manual"
)

// flow is an automation: what launches it, and the nodes that a run of it walks.
type flow struct {
	key, name   string
	integration string
	trigger     string
	eventType   string
	filter      string
	schedule    string        // cron, of a scheduled flow
	every       time.Duration // what the cron text says, as a period
	offset      time.Duration // of the first of a period after midnight UTC
	pullEvery   time.Duration // a source that is polled instead of one that calls
	disabled    bool
	identifier  [2]string // key and template of the business id that everything in a run carries
	nodes       []node    // in an order in which parents come first

	identifierTemplate *template
}

// Kinds of nodes.
const (
	nodeTrigger   = "trigger"
	nodeRequest   = "api_request"
	nodeTransform = "transform"
	nodeCondition = "condition"
	nodeLoop      = "loop"
	nodeCode      = "code"
	nodeWait      = "wait"
)

// node is one step of a flow. It runs when one of its parents did and, with a condition, when that
// was answered as the branch says. A node in a loop runs once for each iteration.
type node struct {
	key, name, kind string
	call            string   // integration.endpoint of a request
	after           []string // parents
	when            string   // condition=yes or condition=no
	in              string   // the loop it stands in
	odds            float64  // that a condition says yes
}

func (n *node) integration() string {
	key, _, _ := strings.Cut(n.call, ".")
	return key
}

// integrations lists every provider that the flow touches, its own first.
func (f *flow) integrations() []string {
	keys := []string{f.integration}
	for i := range f.nodes {
		if key := f.nodes[i].integration(); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (f *flow) touches(integration string) bool {
	return slices.Contains(f.integrations(), integration)
}

// surest is the last request that every run comes to, whatever its conditions say.
func (f *flow) surest() string {
	reached := map[string]bool{}
	last := ""
	for _, n := range f.nodes {
		led := n.kind == nodeTrigger || slices.ContainsFunc(n.after, func(parent string) bool { return reached[parent] })
		if !led || n.when != "" || n.in != "" {
			continue
		}
		reached[n.key] = true
		if n.kind == nodeRequest {
			last = n.key
		}
	}
	return last
}

// next returns when the flow's schedule is due after a time.
func (f *flow) next(after time.Time) time.Time {
	day := after.Truncate(24 * time.Hour)
	due := day.Add(f.offset)
	for !due.After(after) {
		due = due.Add(f.every)
	}
	return due
}

// Shorthands of the catalogue.

func start() node { return node{key: "trigger", name: "Trigger", kind: nodeTrigger} }

func request(key, name, call string, after ...string) node {
	return node{key: key, name: name, kind: nodeRequest, call: call, after: after}
}

func step(kind, key, name string, after ...string) node {
	return node{key: key, name: name, kind: kind, after: after}
}

func choice(key, name string, odds float64, after ...string) node {
	return node{key: key, name: name, kind: nodeCondition, odds: odds, after: after}
}

func (n node) on(branch string) node {
	n.when = branch
	return n
}

func (n node) inside(loop string) node {
	n.in = loop
	return n
}
