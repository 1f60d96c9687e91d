package simulate

import "time"

// attemptOf is one try at a node. Each has an id of its own, so that none overwrites another.
type attemptOf struct {
	id        string
	node      *node
	parents   []string
	iteration int // -1 outside loops
	number    int
	at        time.Time
}

type logLine struct {
	at             time.Time
	level, message string
}

// tell sends the run's state. Only the last message has an end and what came out.
func (r *run) tell(at time.Time, status string, began, ended time.Time) {
	l := r.launch
	env := r.story.envelopeOf("flow_run", r.id, at, l.scene, l.flow.integration)
	env.identifier = r.identifier
	env.metadata = [][2]string{{"region", l.scene.customer.region}, {"worker", "runner-" + string('1'+byte(l.scene.customer.index%4))}}
	l.scene.now = at
	r.story.emit(at, env, func(d *document) {
		d.text("flow", l.flow.key)
		d.text("status", status)
		d.open("trigger")
		d.text("kind", l.kind)
		d.optional("event", l.event)
		d.close()
		if !began.IsZero() {
			d.at("started_at", began)
		}
		if status == "queued" || status == "running" {
			d.body("input", runInput, l.scene)
			return
		}
		d.at("finished_at", ended)
		if status == "succeeded" {
			d.body("output", runOutput, l.scene)
		}
		if r.failed != nil {
			d.open("error")
			d.text("code", r.failed.code)
			d.text("message", r.failedNode+": "+r.failed.message)
			d.close()
		}
	})
}

var (
	runInput   = compile(`{"order":"A-${order}","invoice":"INV-${invoice}","amount":${amount},"currency":"${currency}","contact":"${email}"}`)
	runOutput  = compile(`{"invoice":"INV-${invoice}","result":"${words}"}`)
	nodeInput  = compile(`{"record":"${record}","company":"${company}"}`)
	nodeOutput = compile(`{"record":"${record}","updated":true,"note":"${words}"}`)
)

// finish tells a node's start, if it was long enough to be seen, its end, and what it logged.
func (r *run) finish(a attemptOf, o outcome, lines []logLine) {
	if o.end.Sub(a.at) > noticeable {
		r.tellNode(a, "running", a.at, outcome{})
	}
	status := "succeeded"
	if o.failed() {
		status = "failed"
	}
	r.tellNode(a, status, o.end, o, lines...)
	if o.end.After(r.end) {
		r.end = o.end
	}
	if len(lines) > 0 && (o.failed() || r.launch.scene.chance(0.08)) {
		r.tellLog(a, o.end, lines[len(lines)-1])
	}
}

func (r *run) tellNode(a attemptOf, status string, at time.Time, o outcome, lines ...logLine) {
	sc := r.launch.scene
	env := r.story.envelopeOf("node_run", a.id, at, sc, r.launch.flow.integration)
	env.run = r.id
	env.app = ""
	r.story.emit(at, env, func(d *document) {
		d.text("node", a.node.key)
		d.text("name", a.node.name)
		d.text("type", a.node.kind)
		d.text("status", status)
		d.texts("parents", a.parents)
		d.number("attempt", a.number)
		if a.iteration >= 0 {
			d.number("iteration", a.iteration)
		}
		d.at("started_at", a.at)
		if status == "running" {
			return
		}
		d.at("finished_at", at)
		d.body("input", nodeInput, sc)
		if o.failed() {
			d.open("error")
			d.text("code", o.code)
			d.text("message", o.message)
			d.close()
		} else {
			d.body("output", nodeOutput, sc)
		}
		writeLines(d, lines)
	})
}

func writeLines(d *document, lines []logLine) {
	if len(lines) == 0 {
		return
	}
	d.key("logs")
	d.b = append(d.b, '[')
	for _, l := range lines {
		d.open("")
		d.at("at", l.at)
		d.text("level", l.level)
		d.text("message", l.message)
		d.close()
	}
	d.b = append(d.b, ']')
}

// tellLog sends a line on its own, as agents do that stream their log.
func (r *run) tellLog(a attemptOf, at time.Time, line logLine) {
	sc := r.launch.scene
	env := envelope{kind: "log", id: newID("log", sc), at: line.at, run: r.id, node: a.id, trace: sc.trace}
	r.story.emit(at, env, func(d *document) {
		d.text("level", line.level)
		d.text("message", r.launch.flow.name+": "+line.message)
		d.open("data")
		d.text("node", a.node.key)
		d.number("attempt", a.number)
		d.close()
	})
}

// cancel ends a run that hangs when somebody notices: at the end of its incident.
func (r *run) cancel(began time.Time) {
	until := r.launch.hang.To
	if soonest := r.end.Add(time.Second); until.Before(soonest) {
		until = soonest
	}
	r.failed = &outcome{code: "CANCELED", message: "no progress since the request was sent; canceled by an operator"}
	r.failedNode = r.launch.flow.surest()
	r.tell(until, "canceled", began, until)
}
