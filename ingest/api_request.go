package ingest

import (
	"strings"

	"github.com/weirhq/weir/journal/entry"
)

var (
	directions = []string{"outbound", "inbound"}
	errorKinds = []string{"timeout", "dns", "tls", "connection", "application"}
)

// errorKind is the kind of error at a place among errorKinds, counted from 1.
func errorKind(place int) entry.ErrorKind { return entry.ErrorHTTP + entry.ErrorKind(place) } //nolint:gosec // One of five.

const maxAttempt = 1 << 20

// apiRequest reads a call of an API.
func (d *decoder) apiRequest(r *record, data ref) {
	var direction, method, address, endpoint, request, response, duration, attempt, problem ref
	for m := d.members(data); m.next(); {
		switch string(m.name) {
		case "direction":
			direction = m.value
		case "method":
			method = m.value
		case "url":
			address = m.value
		case "endpoint":
			endpoint = m.value
		case "request":
			request = m.value
		case "response":
			response = m.value
		case "duration_ms":
			duration = m.value
		case "attempt":
			attempt = m.value
		case "error":
			problem = m.value
		}
	}
	e := &r.entry
	e.Direction = entry.Outbound
	if d.word(direction, "data.direction", directions) == 2 {
		e.Direction = entry.Inbound
	}
	if e.Method = d.method(method, "data.method"); e.Method == "" {
		d.missing("data.method")
	}
	if d.address(e, address, "data.url"); e.URL == "" {
		d.missing("data.url")
	}
	d.endpoint(e, endpoint)
	e.DurationMS = d.millis(duration, "data.duration_ms")
	e.Attempt = d.whole(attempt, "data.attempt", 1, maxAttempt, 1)
	d.request(r, request)
	answer := d.response(r, response)
	d.errorOf(e, problem)
	if d.fault == nil {
		d.judge(r, answer)
	}
}

// method reads an HTTP method, in capitals.
func (d *decoder) method(v ref, field string) string {
	text := d.text(v, field, 32)
	for i := range len(text) {
		if c := text[i] | 0x20; (c < 'a' || c > 'z') && text[i] != '-' && text[i] != '_' {
			d.invalid(field, "expected an HTTP method, such as GET")
			return ""
		}
	}
	return strings.ToUpper(text)
}

const maxURL = 32 << 10

// address reads a URL.
func (d *decoder) address(e *entry.Entry, v ref, field string) {
	text := d.text(v, field, maxURL)
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			d.invalid(field, "expected a URL without control characters")
			return
		}
	}
	e.URL, _ = d.redact.URL(text)
}

const maxEndpoint = 1000

// endpoint reads the template of the path, or makes one of the URL.
func (d *decoder) endpoint(e *entry.Entry, v ref) {
	if e.Endpoint = d.clean(d.text(v, "data.endpoint", maxEndpoint)); e.Endpoint == "" {
		e.Endpoint = endpointOf(e.URL)
	}
}

func (d *decoder) request(r *record, v ref) {
	if v == 0 || !d.isObject(v, "data.request") {
		return
	}
	var headers, body ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "headers":
			headers = m.value
		case "body":
			body = m.value
		}
	}
	var contentType string
	r.detail.RequestHeaders, contentType = d.header(headers, "data.request.headers")
	r.detail.RequestBody, _ = d.body(body, "data.request.body", contentType, &r.bodies[0])
}

// answer is what a response says, for judging it.
type answer struct {
	// body is where the body stands; 0 when there is none.
	body ref
	// text is the body, redacted and whole.
	text string
}

func (d *decoder) response(r *record, v ref) answer {
	if v == 0 || !d.isObject(v, "data.response") {
		return answer{}
	}
	var status, headers, body ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "status":
			status = m.value
		case "headers":
			headers = m.value
		case "body":
			body = m.value
		}
	}
	r.entry.StatusCode = d.whole(status, "data.response.status", 100, 999, 0)
	var contentType string
	r.detail.ResponseHeaders, contentType = d.header(headers, "data.response.headers")
	a := answer{body: body}
	r.detail.ResponseBody, a.text = d.body(body, "data.response.body", contentType, &r.bodies[1])
	return a
}

// errorOf reads what the sender says of an error: an object, or a text.
func (d *decoder) errorOf(e *entry.Entry, v ref) {
	if v == 0 {
		return
	}
	kind, code, message := d.problem(v)
	e.ErrorKind = entry.ErrorApplication
	if kind != 0 {
		e.ErrorKind = errorKind(kind)
	}
	e.ErrorCode, e.Message = code, message
}

// problem reads an error's parts; kind is a place among errorKinds, or 0.
func (d *decoder) problem(v ref) (kind int, code, message string) {
	const field = "data.error"
	if d.node(v).Shape == isString {
		return 0, "", d.prose(v, field)
	}
	if d.node(v).Shape != isObject {
		d.invalid(field, "expected an object with code and message")
		return 0, "", ""
	}
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "kind":
			kind = d.word(m.value, field+".kind", errorKinds)
		case "code":
			code = d.label(m.value, field+".code")
		case "message":
			message = d.prose(m.value, field+".message")
		}
	}
	return kind, code, message
}

// judge says how a call ended, by what the sender says, by the answer's status, and by its body.
func (d *decoder) judge(r *record, a answer) {
	e := &r.entry
	e.Status = entry.StatusSuccess
	switch {
	case e.ErrorKind != entry.ErrorNone:
		e.Status = entry.StatusFailure
		if e.ErrorCode == "" || e.Message == "" {
			d.blameBody(e, a.text)
		}
	case e.StatusCode >= 400, e.StatusCode < 300 && a.body != 0 && d.saysFailure(a):
		e.Status, e.ErrorKind = entry.StatusFailure, entry.ErrorHTTP
		d.blameBody(e, a.text)
	}
}

// blame finds the error's code and message in the answer that was kept.
func (d *decoder) blame(e *entry.Entry) {
	if body := e.Detail.ResponseBody; body != nil {
		d.blameBody(e, body.Text)
	}
}

func (d *decoder) blameBody(e *entry.Entry, text string) {
	code, message := providerError(&d.inner, &d.arena, text, e.StatusCode)
	if e.ErrorCode == "" {
		e.ErrorCode = cutRunes(strings.Clone(code), maxCode)
	}
	if e.Message == "" {
		e.Message = cutText(message, maxText)
	}
}
