package ingest

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// decoder makes events of documents, one after another: it checks, redacts and cuts. It is not for concurrent use.
type decoder struct {
	doc     document
	inner   document
	arena   arena
	records records
	redact  redact.Session

	tenantID uuid.UUID
	now      time.Time
	// oldest is, by kind of log entry, the time before which the tenant keeps nothing.
	oldest [entry.KindLogLine + 1]time.Time

	fault    *Rejection
	lastRun  named
	lastNode named
	// alike counts the transactions of a request that came without an id, by what they are.
	alike map[likeness]int
}

// named is an id that was derived last: the events of one run come together.
type named struct {
	external string
	id       uuid.UUID
}

// setup makes the decoder ready for a request.
func (d *decoder) setup(tenantID uuid.UUID, now time.Time, p *policy) {
	d.redact.Reset(p.redactor)
	*d = decoder{doc: d.doc, inner: d.inner, records: d.records, redact: d.redact, tenantID: tenantID, now: now}
	for k, days := range p.days {
		d.oldest[k] = now.AddDate(0, 0, -days)
	}
}

// release lets go of the request, so that a decoder that waits for the next one holds nothing of it but names of fields.
func (d *decoder) release() {
	d.doc.text, d.inner.text = nil, nil
	d.records.leave()
	d.redact.Reset(nil)
	*d = decoder{doc: d.doc, inner: d.inner, records: d.records, redact: d.redact}
}

// envelope is where the fields of an event's envelope stand; 0 for those that are missing or null.
type envelope struct {
	kind, id, occurredAt, customer, integration, app, flowRun, nodeRun ref
	trace, identifiers, metadata, status, data                         ref
	// unknown says that there are others.
	unknown bool
}

// event makes an event of the document that was read last.
func (d *decoder) event() *event {
	d.fault = nil
	r := d.records.take()
	e := &r.event
	if d.doc.nodes[0].Shape != isObject {
		d.reject(CodeInvalidField, "", "an event is a JSON object")
		e.fault = d.fault
		return e
	}
	env := d.envelope()
	e.id = d.key(env.id, "id")
	name := d.key(env.kind, "type")
	if e.kind = parseType(name); e.kind == noType && d.fault == nil {
		if name == "" {
			d.missing("type")
		} else {
			d.reject(CodeUnknownType, "type", "this type of event is not known")
		}
	}
	if d.fault == nil {
		d.times(e, &env)
		d.names(e, &env)
		d.data(r, &env)
	}
	if e.fault = d.fault; e.fault != nil {
		e.fault.ID = e.id
	}
	return e
}

// salvage reads type and id of an event that broke off.
func (d *decoder) salvage() (kind eventType, id string) {
	d.fault = nil
	if len(d.doc.nodes) == 0 || d.doc.nodes[0].Shape != isObject {
		return noType, ""
	}
	// What is open has no end yet: it ends where the nodes do.
	for _, top := range d.doc.open {
		if top &^= objectBit; top != noNode {
			d.doc.nodes[top].Next = uint32(len(d.doc.nodes)) //nolint:gosec // An event is at most a MiB.
		}
	}
	env := d.envelope()
	id, name := d.key(env.id, "id"), d.key(env.kind, "type")
	if d.fault != nil {
		return noType, ""
	}
	return parseType(name), id
}

func (d *decoder) envelope() (env envelope) {
	for m := d.members(0); m.next(); {
		switch string(m.name) {
		case "type":
			env.kind = m.value
		case "id":
			env.id = m.value
		case "occurred_at":
			env.occurredAt = m.value
		case "customer":
			env.customer = m.value
		case "integration":
			env.integration = m.value
		case "connected_app":
			env.app = m.value
		case "flow_run":
			env.flowRun = m.value
		case "node_run":
			env.nodeRun = m.value
		case "trace_id":
			env.trace = m.value
		case "identifiers":
			env.identifiers = m.value
		case "metadata":
			env.metadata = m.value
		case "status":
			env.status = m.value
		case "data":
			env.data = m.value
		default:
			env.unknown = true
		}
	}
	return env
}

func (d *decoder) times(e *event, env *envelope) {
	e.at = d.now
	if env.occurredAt != 0 {
		e.at, e.dated = d.time(env.occurredAt, "occurred_at"), true
		if d.fault != nil {
			return
		}
	}
	d.inTime(e, "occurred_at")
}

// inTime rejects what happened too long ago, or has not happened yet.
func (d *decoder) inTime(e *event, field string) {
	switch kind := e.kind.logKind(); {
	case e.at.After(d.now.Add(MaxFuture)):
		d.reject(CodeInFuture, field, "it is more than 10 minutes ahead of the server's clock")
	case kind != 0 && e.at.Before(d.oldest[kind]):
		d.reject(CodeTooOld, field, "it is older than log entries of this kind are kept")
	case e.at.Before(time.Time{}):
		d.reject(CodeInvalidField, field, "expected a time after the year 0")
	}
}

func (d *decoder) names(e *event, env *envelope) {
	e.ref.Customer = d.key(env.customer, "customer")
	e.ref.Integration = d.key(env.integration, "integration")
	e.ref.ConnectedApp = d.key(env.app, "connected_app")
	e.ref.At = e.at
}

// data reads what the type says, by type.
func (d *decoder) data(r *record, env *envelope) {
	if env.data == 0 {
		d.missing("data")
		return
	}
	if !d.isObject(env.data, "data") {
		return
	}
	switch r.kind {
	case flowRun:
		d.flowRun(&r.event, env)
	case nodeRun:
		d.nodeRun(&r.event, env)
	case customerState:
		d.customer(&r.event, env)
	case connectedAppState:
		d.connectedApp(&r.event, env)
	case flowState:
		d.flow(&r.event, env)
	case dataSourceState:
		d.dataSource(&r.event, env)
	default:
		d.logEntry(r, env)
	}
}

// newEntry begins the entry of a record whose kind and time are known.
func (d *decoder) newEntry(r *record) *entry.Entry {
	d.records.fill(r)
	e := &r.entry
	r.event.entry, e.Detail = e, &r.detail
	e.Kind = r.kind.logKind()
	e.ID, e.RecordedAt = nodeid.New(r.at), d.now.UnixMicro()
	e.DurationMS = -1
	return e
}

// logEntry reads an event that becomes a log entry of its own.
func (d *decoder) logEntry(r *record, env *envelope) {
	e := d.newEntry(r)
	e.ExternalID = r.id
	e.FlowRunID = d.flowRunID(d.key(env.flowRun, "flow_run"))
	e.NodeRunID = d.nodeRunID(d.key(env.nodeRun, "node_run"))
	e.TraceID = d.trace(env.trace)
	e.Identifiers = d.identifiers(env.identifiers)
	e.Detail.Metadata = d.metadata(env)
	switch r.kind {
	case apiRequest:
		d.apiRequest(r, env.data)
	case externalWebhook:
		d.externalWebhook(r, env.data)
	case externalEventPull:
		d.externalEventPull(r, env.data)
	case externalEvent:
		d.externalEvent(r, env.data)
	case internalEvent:
		d.internalEvent(r, env.data)
	case logLine:
		d.logLine(r, env)
	case transaction:
		d.transaction(r, env.data)
	}
	if status := d.word(env.status, "status", logStatuses); status != 0 {
		d.overrule(e, entry.Status(status)) //nolint:gosec // One of four.
	}
}

var logStatuses = []string{"success", "failure", "pending", "unknown"}

// overrule sets the status that the envelope says.
func (d *decoder) overrule(e *entry.Entry, status entry.Status) {
	if e.Status = status; status != entry.StatusFailure && e.ErrorKind == entry.ErrorHTTP {
		// What the answer's body says was taken for an error, which it is not.
		e.ErrorKind, e.ErrorCode, e.Message = entry.ErrorNone, "", ""
	}
	if status == entry.StatusFailure && e.Kind == entry.KindAPIRequest && e.ErrorKind == entry.ErrorNone {
		e.ErrorKind = entry.ErrorHTTP
		d.blame(e)
	}
}

func (d *decoder) flowRunID(external string) uuid.UUID {
	if external == "" {
		return uuid.Nil
	}
	if d.lastRun.external != external {
		d.lastRun = named{external, run.FlowRunID(d.tenantID, external)}
	}
	return d.lastRun.id
}

func (d *decoder) nodeRunID(external string) uuid.UUID {
	if external == "" {
		return uuid.Nil
	}
	if d.lastNode.external != external {
		d.lastNode = named{external, run.NodeRunID(d.tenantID, external)}
	}
	return d.lastNode.id
}
