package ingest

import (
	"strconv"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

var (
	runStatuses = []string{"queued", "running", "succeeded", "failed", "canceled", "skipped"}
	triggers    = []string{"external_event", "internal_event", "schedule", "api", "manual"}
)

// flowRun reads the state of a run.
func (d *decoder) flowRun(e *event, env *envelope) {
	var flow, status, trigger, started, finished, input, output, problem ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "flow":
			flow = m.value
		case "status":
			status = m.value
		case "trigger":
			trigger = m.value
		case "started_at":
			started = m.value
		case "finished_at":
			finished = m.value
		case "input":
			input = m.value
		case "output":
			output = m.value
		case "error":
			problem = m.value
		}
	}
	e.ref.Flow = d.need(flow, "data.flow")
	r := &run.FlowRunEvent{ExternalID: e.id, At: e.at, RecordedAt: d.now}
	if r.ID = nodeid.New(e.at); e.id != "" {
		r.ID = run.FlowRunID(d.tenantID, e.id)
	}
	r.Status = run.Status(d.needWord(status, "data.status", runStatuses)) //nolint:gosec // One of six.
	d.trigger(r, trigger)
	r.StartedAt, r.FinishedAt = d.past(started, "data.started_at"), d.past(finished, "data.finished_at")
	r.Input, r.Output = d.json(input), d.json(output)
	r.Error = d.runError(problem)
	r.TraceID = d.trace(env.trace)
	r.Identifiers = d.identifiers(env.identifiers)
	r.Metadata = d.metadata(env)
	e.run = r
}

func (d *decoder) trigger(r *run.FlowRunEvent, v ref) {
	if v == 0 || !d.isObject(v, "data.trigger") {
		return
	}
	var kind, event ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "kind":
			kind = m.value
		case "event":
			event = m.value
		}
	}
	r.Trigger = run.Trigger(d.needWord(kind, "data.trigger.kind", triggers)) //nolint:gosec // One of five.
	r.TriggerEvent = d.key(event, "data.trigger.event")
}

func (d *decoder) runError(v ref) *run.Error {
	if v == 0 {
		return nil
	}
	_, code, message := d.problem(v)
	return &run.Error{Code: code, Message: message}
}

const maxIteration = 1 << 30

// nodeRun reads the state of one execution of a node.
func (d *decoder) nodeRun(e *event, env *envelope) {
	var node, name, kind, status, parents, attempt, iteration, started, finished, input, output, problem, logs ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "node":
			node = m.value
		case "name":
			name = m.value
		case "type":
			kind = m.value
		case "status":
			status = m.value
		case "parents":
			parents = m.value
		case "attempt":
			attempt = m.value
		case "iteration":
			iteration = m.value
		case "started_at":
			started = m.value
		case "finished_at":
			finished = m.value
		case "input":
			input = m.value
		case "output":
			output = m.value
		case "error":
			problem = m.value
		case "logs":
			logs = m.value
		}
	}
	n := &run.NodeRunEvent{ExternalID: e.id, At: e.at, RecordedAt: d.now}
	if n.ID = nodeid.New(e.at); e.id != "" {
		n.ID = run.NodeRunID(d.tenantID, e.id)
	}
	n.FlowRunExternalID = d.need(env.flowRun, "flow_run")
	n.FlowRunID = d.flowRunID(n.FlowRunExternalID)
	n.NodeKey = d.need(node, "data.node")
	n.Name, n.Type = d.short(name, "data.name", maxName), d.short(kind, "data.type", maxKey)
	n.Status = run.Status(d.needWord(status, "data.status", runStatuses)) //nolint:gosec // One of six.
	n.Parents = d.texts(parents, "data.parents")
	n.Attempt = d.count(attempt, "data.attempt", 1, maxAttempt)
	n.Iteration = d.count(iteration, "data.iteration", 0, maxIteration)
	n.StartedAt, n.FinishedAt = d.past(started, "data.started_at"), d.past(finished, "data.finished_at")
	n.Input, n.Output = d.json(input), d.json(output)
	n.Error = d.runError(problem)
	n.Lines = d.lines(e, logs)
	e.node = n
}

func (d *decoder) count(v ref, field string, least, most int) *int {
	if v == 0 {
		return nil
	}
	n := d.whole(v, field, least, most, least)
	return &n
}

// lines reads what a node logged; nil when nothing is said of it.
func (d *decoder) lines(e *event, v ref) []run.Line {
	if v == 0 {
		return nil
	}
	if d.node(v).Shape != isArray {
		d.invalid("data.logs", "expected an array")
		return nil
	}
	list := []run.Line{}
	for each := d.elements(v); each.next() && d.fault == nil; {
		field := "data.logs." + strconv.Itoa(each.index)
		if d.isObject(each.value, field) {
			list = append(list, d.line(e, each.value, field))
		}
	}
	return list
}

func (d *decoder) line(e *event, v ref, field string) run.Line {
	var at, level, message, extra ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "at":
			at = m.value
		case "level":
			level = m.value
		case "message":
			message = m.value
		case "data":
			extra = m.value
		}
	}
	l := run.Line{At: e.at, Level: entry.LevelInfo, Message: d.prose(message, field+".message"), Data: d.json(extra)}
	if at != 0 {
		l.At = d.time(at, field+".at")
	}
	if place := d.word(level, field+".level", levels); place != 0 {
		l.Level = entry.Level(place) //nolint:gosec // One of four.
	}
	return l
}
