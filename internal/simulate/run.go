package simulate

import (
	"strconv"
	"strings"
	"time"
)

const (
	attempts = 3
	// noticeable is how long a node must take for its start to be told on its own; a shorter one is
	// told once, when it is over, as agents that buffer do.
	noticeable = 350 * time.Millisecond
)

// launch is what makes a run.
type launch struct {
	flow  *flow
	scene *scene
	at    time.Time
	kind  string // of the trigger
	event string // id of the event that launched it
	hang  *Incident
}

// run is one execution of a flow while it is being played.
type run struct {
	story      *Story
	launch     launch
	id         string
	identifier identifier
	states     map[string]state
	end        time.Time
	failed     *outcome
	failedAt   time.Time
	failedNode string
	hung       bool
}

// state is what became of a node.
type state struct {
	end time.Time
	yes bool
}

// launch plays a whole run: all that its nodes do and when. What they did is queued, not told yet.
func (s *Story) launch(l launch) {
	sc := l.scene
	sc.now = l.at
	r := &run{story: s, launch: l, id: newID("run", sc), states: make(map[string]state, len(l.flow.nodes))}
	r.identifier = identifier{l.flow.identifier[0], l.flow.identifierTemplate.render(sc)}
	queued := milliseconds(sc.logNormal(120, 0.9))
	began := l.at.Add(queued)
	if queued > noticeable {
		r.tell(l.at, "queued", time.Time{}, time.Time{})
	}
	r.tell(began, "running", began, time.Time{})
	r.end = began
	for i := range l.flow.nodes {
		n := &l.flow.nodes[i]
		if n.in == "" {
			r.visit(n, began)
		}
		if r.hung {
			r.cancel(began)
			return
		}
	}
	end := r.end.Add(milliseconds(sc.unit() * 8))
	status := "succeeded"
	if r.failed != nil {
		status = "failed"
	}
	r.tell(end, status, began, end)
}

// visit runs a node if one of its parents led to it. After a failure nothing new begins, but what
// had begun on another branch is finished.
func (r *run) visit(n *node, began time.Time) {
	at, parents, ok := r.ready(n, began)
	if !ok || (r.failed != nil && !at.Before(r.failedAt)) {
		return
	}
	if n.kind == nodeLoop {
		r.loop(n, at, parents)
		return
	}
	r.perform(n, at, parents, -1)
}

// ready says when a node may start, and which of its parents led to it.
func (r *run) ready(n *node, began time.Time) (time.Time, []string, bool) {
	if n.kind == nodeTrigger {
		return began, []string{}, true
	}
	if condition, branch, conditional := strings.Cut(n.when, "="); conditional {
		if st, ran := r.states[condition]; !ran || st.yes != (branch == "yes") {
			return time.Time{}, nil, false
		}
	}
	var at time.Time
	var parents []string
	for _, key := range n.after {
		if st, ran := r.states[key]; ran {
			parents = append(parents, key)
			if st.end.After(at) {
				at = st.end
			}
		}
	}
	return at.Add(milliseconds(0.3 + r.launch.scene.unit()*4)), parents, len(parents) > 0
}

// loop runs the loop's own node, then its body once for each item, one item after the other.
func (r *run) loop(n *node, at time.Time, parents []string) {
	r.perform(n, at, parents, -1)
	items := r.launch.scene.between(2, 4)
	at = r.states[n.key].end
	for i := range items {
		for j := range r.launch.flow.nodes {
			body := &r.launch.flow.nodes[j]
			if body.in != n.key || r.failed != nil || r.hung {
				continue
			}
			at = at.Add(milliseconds(0.3 + r.launch.scene.unit()*3))
			r.perform(body, at, body.after, i)
			at = r.states[body.key].end
		}
	}
}

// perform runs a node, as often as it takes.
func (r *run) perform(n *node, at time.Time, parents []string, iteration int) {
	for attempt := 1; ; attempt++ {
		a := attemptOf{node: n, parents: parents, iteration: iteration, number: attempt, at: at}
		a.id = r.id + "." + n.key
		if iteration >= 0 {
			a.id += "." + strconv.Itoa(iteration)
		}
		if attempt > 1 {
			a.id += "~" + strconv.Itoa(attempt)
		}
		if r.launch.hang != nil && n.key == r.launch.flow.surest() {
			r.tellNode(a, "running", at, outcome{})
			r.hung = true
			r.states[n.key] = state{end: at}
			return
		}
		o, lines := r.attempt(n, a)
		r.finish(a, o, lines)
		if !o.failed() {
			r.states[n.key] = state{end: o.end, yes: r.launch.scene.chance(n.odds)}
			return
		}
		if !o.retry || attempt == attempts {
			r.states[n.key] = state{end: o.end}
			if r.failed == nil {
				r.failed, r.failedAt, r.failedNode = &o, o.end, n.key
			}
			delete(r.states, n.key)
			return
		}
		at = o.end.Add(o.wait + milliseconds(r.launch.scene.unit()*250))
	}
}

// attempt does the node's work once.
func (r *run) attempt(n *node, a attemptOf) (outcome, []logLine) {
	sc := r.launch.scene
	if n.kind != nodeRequest {
		return outcome{end: a.at.Add(workOf(n.kind, sc))}, r.remark(n, a)
	}
	integration, name, _ := strings.Cut(n.call, ".")
	e := r.story.providers[integration].endpoint(name)
	by := caller{run: r.id, node: a.id, identifier: r.identifier}
	at := a.at.Add(milliseconds(0.5 + sc.unit()*2))
	lines := []logLine(nil)
	if e.provider.tokenURL != "" && sc.chance(0.02) && !r.story.during(TokenExpired, integration, sc.customer, at) {
		at = r.story.refresh(at, e.provider, sc, by, true)
		sc.provider = e.provider
		lines = append(lines, logLine{at, "debug", "Refreshed the access token: Bearer " + jwtTemplate.render(sc)})
	}
	o := r.story.call(at, e, sc, by, a.number)
	level := "info"
	if o.failed() {
		level = "error"
		if o.retry && a.number < attempts {
			level = "warn"
		}
	}
	lines = append(lines, logLine{o.end, level, o.describe(e)})
	if level == "warn" {
		lines = append(lines, logLine{o.end, "info", "Trying again in " + o.wait.String()})
	}
	o.end = o.end.Add(milliseconds(0.4 + sc.unit()*2))
	return o, lines
}

var jwtTemplate = compile("${jwt}")

// workOf is how long a node takes that calls nobody.
func workOf(kind string, sc *scene) time.Duration {
	switch kind {
	case nodeWait:
		return milliseconds(sc.logNormal(20000, 0.8))
	case nodeCode:
		return milliseconds(sc.logNormal(60, 0.7))
	case nodeTransform:
		return milliseconds(sc.logNormal(6, 0.6))
	default:
		return milliseconds(sc.logNormal(1.5, 0.5))
	}
}

func (r *run) remark(n *node, a attemptOf) []logLine {
	sc := r.launch.scene
	switch n.kind {
	case nodeTransform:
		return []logLine{{a.at, "debug", "Mapped " + strconv.Itoa(sc.between(4, 22)) + " fields"}}
	case nodeCode:
		return []logLine{{a.at, "info", n.name + ": " + wordsTemplate.render(sc)}}
	default:
		return nil
	}
}

var wordsTemplate = compile("${words}")
