package ingest

import (
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal/entry"
)

var (
	rejections = []string{
		"verification_failed", "unsupported_method", "unsupported_content_type", "unparsable", "payload_too_large",
		"source_disabled", "no_connection", "other",
	}
	pullStates = []string{"queued", "running", "success", "error", "skipped"}
	strategies = []string{"full_scan", "latest_records", "custom"}
	skipCodes  = []string{
		"flow_disabled", "filter_not_matched", "duplicate", "queue_full", "rate_limited", "not_subscribed", "other",
	}
	vias   = []string{"customer_subscription", "global_webhook", "api"}
	levels = []string{"debug", "info", "warn", "error"}
)

// externalWebhook reads a call that an external app made.
func (d *decoder) externalWebhook(r *record, data ref) {
	var method, address, headers, body, valid, status, source, rejection, problem ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "method":
			method = m.value
		case "url":
			address = m.value
		case "headers":
			headers = m.value
		case "body":
			body = m.value
		case "signature_valid":
			valid = m.value
		case "response_status":
			status = m.value
		case "data_source":
			source = m.value
		case "rejection":
			rejection = m.value
		case "error":
			problem = m.value
		}
	}
	e := &r.entry
	e.Method = d.method(method, "data.method")
	if d.address(e, address, "data.url"); e.URL == "" {
		d.missing("data.url")
	}
	e.Endpoint = endpointOf(e.URL)
	e.Direction = entry.Inbound
	var contentType string
	r.detail.RequestHeaders, contentType = d.header(headers, "data.headers")
	r.detail.RequestBody, _ = d.body(body, "data.body", contentType, &r.bodies[0])
	e.StatusCode = d.whole(status, "data.response_status", 100, 999, 0)
	e.Webhook = &entry.Webhook{SignatureValid: d.truth(valid, "data.signature_valid")}
	if place := d.word(rejection, "data.rejection", rejections); place != 0 {
		e.Webhook.Rejection = rejections[place-1]
	}
	d.source(r, source, directory.UseWebhook)
	d.errorOf(e, problem)
	e.Status = entry.StatusSuccess
	if signed := e.Webhook.SignatureValid; e.Webhook.Rejection != "" || e.ErrorKind != entry.ErrorNone || e.StatusCode >= 400 || signed != nil && !*signed {
		e.Status = entry.StatusFailure
	}
}

// source notes the data source that an event came through.
func (d *decoder) source(r *record, v ref, use directory.Use) {
	if r.ref.DataSource = d.key(v, "data.data_source"); r.ref.DataSource != "" {
		r.ref.Use = use
	}
}

const maxCount = 1 << 31

// externalEventPull reads a look for new records.
func (d *decoder) externalEventPull(r *record, data ref) {
	var source, status, strategy, full, pages, scanned, before, after, count, duration, problem ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "data_source":
			source = m.value
		case "status":
			status = m.value
		case "strategy":
			strategy = m.value
		case "full":
			full = m.value
		case "pages":
			pages = m.value
		case "records_scanned":
			scanned = m.value
		case "cursor_before":
			before = m.value
		case "cursor_after":
			after = m.value
		case "event_count":
			count = m.value
		case "duration_ms":
			duration = m.value
		case "error":
			problem = m.value
		}
	}
	e := &r.entry
	if d.source(r, source, directory.UsePull); r.ref.DataSource == "" {
		d.missing("data.data_source")
	}
	p := &entry.Pull{
		Pages:          d.whole(pages, "data.pages", 0, maxCount, -1),
		RecordsScanned: d.whole(scanned, "data.records_scanned", 0, maxCount, -1),
		EventCount:     d.whole(count, "data.event_count", 0, maxCount, -1),
		CursorBefore:   d.label(before, "data.cursor_before"),
		CursorAfter:    d.label(after, "data.cursor_after"),
	}
	if all := d.truth(full, "data.full"); all != nil {
		p.Full = *all
	}
	if place := d.word(strategy, "data.strategy", strategies); place != 0 {
		p.Strategy = strategies[place-1]
	}
	e.Pull = p
	e.DurationMS = d.millis(duration, "data.duration_ms")
	d.errorOf(e, problem)
	state := d.word(status, "data.status", pullStates)
	if state == 0 {
		// What says nothing of its end has ended: well, unless there is an error.
		if state = 3; e.ErrorKind != entry.ErrorNone {
			state = 4
		}
	}
	p.State = pullStates[state-1]
	e.Status = [...]entry.Status{
		entry.StatusPending, entry.StatusPending, entry.StatusSuccess, entry.StatusFailure, entry.StatusSuccess,
	}[state-1]
	r.ref.Cursor = cursorOf(p, e.Status)
}

// cursorOf is what a pull shows of its cursor. One that looks at everything each time needs none.
func cursorOf(p *entry.Pull, s entry.Status) directory.Cursor {
	switch {
	case s != entry.StatusSuccess || p.State == "skipped" || p.Full || p.Strategy == "full_scan" || p.CursorBefore == "" || p.CursorAfter == "":
		return directory.CursorUnknown
	case p.CursorBefore == p.CursorAfter && (p.RecordsScanned > 0 || p.EventCount > 0):
		return directory.CursorStill
	}
	return directory.CursorFine
}

// externalEvent reads something that happened in an external app.
func (d *decoder) externalEvent(r *record, data ref) {
	var name, record, payload, source, brought, skip ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "event_type":
			name = m.value
		case "record_id":
			record = m.value
		case "payload":
			payload = m.value
		case "data_source":
			source = m.value
		case "source":
			brought = m.value
		case "skip":
			skip = m.value
		}
	}
	e := &r.entry
	e.Status = entry.StatusSuccess
	e.EventType = d.need(name, "data.event_type")
	e.RecordID = d.label(record, "data.record_id")
	d.payload(r, payload, "data.payload")
	d.source(r, source, directory.UseEvent)
	e.SourceID = d.key(brought, "data.source")
	d.skip(e, skip)
}

// internalEvent reads something that happened in the tenant's product.
func (d *decoder) internalEvent(r *record, data ref) {
	var name, payload, via, skip ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "event_type":
			name = m.value
		case "payload":
			payload = m.value
		case "via":
			via = m.value
		case "skip":
			skip = m.value
		}
	}
	e := &r.entry
	e.Status = entry.StatusSuccess
	e.EventType = d.need(name, "data.event_type")
	d.payload(r, payload, "data.payload")
	e.Via = entry.Via(d.word(via, "data.via", vias)) //nolint:gosec // One of three.
	d.skip(e, skip)
}

// skip reads why an event launched nothing on purpose.
func (d *decoder) skip(e *entry.Entry, v ref) {
	if v == 0 || !d.isObject(v, "data.skip") {
		return
	}
	var code, message ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "code":
			code = m.value
		case "message":
			message = m.value
		}
	}
	if place := d.needWord(code, "data.skip.code", skipCodes); place != 0 {
		e.SkipCode = skipCodes[place-1]
	}
	e.SkipMessage = d.prose(message, "data.skip.message")
}

// logLine reads a line that was logged in a run.
func (d *decoder) logLine(r *record, env *envelope) {
	var level, message, extra ref
	for m := d.members(env.data); m.next(); {
		switch string(m.name) {
		case "level":
			level = m.value
		case "message":
			message = m.value
		case "data":
			extra = m.value
		}
	}
	e := &r.entry
	if env.flowRun == 0 {
		d.missing("flow_run")
	}
	e.Level = entry.Level(d.needWord(level, "data.level", levels)) //nolint:gosec // One of four.
	if e.Message = d.prose(message, "data.message"); e.Message == "" {
		d.missing("data.message")
	}
	d.payload(r, extra, "data.data")
	// A line is no outcome: what failed is its run.
	e.Status = entry.StatusSuccess
}

// transaction reads a message that went from one system to another.
func (d *decoder) transaction(r *record, data ref) {
	var from, to, status, operation, payload, message, flow, duration, problem ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "from":
			from = m.value
		case "to":
			to = m.value
		case "status":
			status = m.value
		case "operation":
			operation = m.value
		case "payload_type":
			payload = m.value
		case "message":
			message = m.value
		case "flow_id":
			flow = m.value
		case "duration_ms":
			duration = m.value
		case "error":
			problem = m.value
		}
	}
	e := &r.entry
	e.Transaction = &entry.Transaction{
		From: d.need(from, "data.from"), To: d.need(to, "data.to"),
		PayloadType: d.short(payload, "data.payload_type", maxKey), BusinessFlowID: d.key(flow, "data.flow_id"),
	}
	e.Status = entry.Status(d.needWord(status, "data.status", logStatuses)) //nolint:gosec // One of four.
	e.EventType = d.short(operation, "data.operation", maxKey)
	e.DurationMS = d.millis(duration, "data.duration_ms")
	said := d.prose(message, "data.message")
	if d.errorOf(e, problem); e.Message == "" {
		e.Message = said
	}
}
