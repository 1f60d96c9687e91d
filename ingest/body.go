package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
)

const jsonType = "application/json"

// header reads header fields, redacted, and finds the content type among them.
func (d *decoder) header(v ref, field string) (list []entry.Header, contentType string) {
	if v == 0 || !d.isObject(v, field) {
		return nil, ""
	}
	list = d.records.headerRoom()
	for m := d.members(v); m.next() && d.fault == nil; {
		if m.value == 0 {
			continue
		}
		name := stringOf(m.name)
		if d.node(m.value).Shape != isArray {
			list = d.headerField(list, name, m.value, field)
			continue
		}
		for each := d.elements(m.value); each.next(); {
			list = d.headerField(list, name, each.value, field)
		}
	}
	if len(list) > maxHeaders {
		d.invalid(field, "expected at most %d header fields", maxHeaders)
	}
	d.records.keepHeaders(list)
	for i := range list {
		if name := list[i].Name; len(name) == len("content-type") && strings.EqualFold(name, "content-type") {
			contentType = list[i].Value
		}
	}
	return list[:len(list):len(list)], contentType
}

func (d *decoder) headerField(list []entry.Header, name string, v ref, field string) []entry.Header {
	n := d.node(v)
	var value string
	switch n.Shape {
	case isString:
		value = d.doc.string(n, &d.arena)
	case isNumber, isBool:
		// Loggers write Content-Length so.
		value = stringOf(d.raw(v))
	default:
		d.invalid(field+"."+name, "expected a string or an array of strings")
		return list
	}
	if redacted, changed := d.redact.Header(name, value); changed {
		value = redacted
	}
	return append(list, entry.Header{Name: name, Value: value})
}

// content is a body before it is cut.
type content struct {
	text        string
	contentType string
	size        int
	redacted    bool
	base64      bool
}

// body reads a body in any of its forms, redacts and cuts it; nil when there is none. The text before it is cut is
// given too.
func (d *decoder) body(v ref, field, contentType string, to *entry.Body) (*entry.Body, string) {
	if v == 0 {
		return nil, ""
	}
	c := content{contentType: contentType}
	parsed := false
	switch n := d.node(v); n.Shape {
	case isString:
		c.text = d.doc.string(n, &d.arena)
		c.size = len(c.text)
	case isObject:
		if coded, ok := d.coded(v); ok {
			d.decode(&c, coded, field)
			break
		}
		parsed = d.jsonBody(&c, v)
	case isArray:
		parsed = d.jsonBody(&c, v)
	default:
		d.jsonBody(&c, v)
	}
	if !c.base64 {
		var out []byte
		var changed bool
		if parsed && !d.doc.deep {
			out, changed = d.redact.Nodes(c.contentType, d.doc.text, d.doc.nodes, uint32(v), nil)
		} else {
			out, changed = d.redact.Body(c.contentType, bytesOf(c.text), nil)
		}
		if changed {
			c.text, c.redacted = stringOf(out), true
		}
	}
	*to = entry.Body{
		Text: cutText(c.text, maxText), ContentType: c.contentType, SizeBytes: c.size,
		Redacted: c.redacted, Truncated: len(c.text) > maxText, Base64: c.base64,
	}
	return to, c.text
}

// jsonBody reads a body that is JSON. It tells whether the text is kept as it was sent, so that the document's nodes are
// those of the text.
func (d *decoder) jsonBody(c *content, v ref) (asSent bool) {
	raw := d.raw(v)
	c.size = len(raw)
	clean := d.cleanJSON(raw)
	c.text = stringOf(clean)
	if c.contentType == "" {
		c.contentType = jsonType
	}
	return unsafe.SliceData(clean) == unsafe.SliceData(raw)
}

// cleanJSON is a value of the document without what cannot be kept.
func (d *decoder) cleanJSON(raw []byte) []byte {
	if d.doc.notes == 0 {
		// It is ASCII, in which NUL would be no JSON, and it has no escapes.
		return raw
	}
	return cleanJSON(raw)
}

// cleanJSON is a JSON text without what cannot be kept: NUL, and bytes that are no UTF-8.
func cleanJSON(raw []byte) []byte {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, replacement)
	}
	if out, changed := redact.StripNUL(raw, nil); changed {
		return out
	}
	return raw
}

// coded gives the value of {"base64":"…"}.
func (d *decoder) coded(v ref) (coded ref, ok bool) {
	m := d.members(v)
	if !m.next() || string(m.name) != "base64" || m.value == 0 || d.node(m.value).Shape != isString {
		return 0, false
	}
	coded = m.value
	return coded, !m.next()
}

// decode reads a body that was sent as base64. What is no text stays base64.
func (d *decoder) decode(c *content, v ref, field string) {
	coded := d.doc.string(d.node(v), &d.arena)
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		raw, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(coded, "="))
	}
	if err != nil {
		d.invalid(field+".base64", "expected base64")
		return
	}
	c.size = len(raw)
	if utf8.Valid(raw) {
		c.text = strings.ReplaceAll(stringOf(raw), "\x00", "")
		return
	}
	c.base64 = true
	if out, changed := d.redact.Body(c.contentType, raw, nil); changed {
		raw, c.redacted = out, true
	}
	c.text = base64.StdEncoding.EncodeToString(raw)
}

// payload reads any JSON value as the text that it was sent as; a string is itself.
func (d *decoder) payload(r *record, v ref, field string) {
	r.detail.RequestBody, _ = d.body(v, field, "", &r.bodies[0])
}

// json reads any JSON value, redacted. One that is too long becomes an object that says so.
func (d *decoder) json(v ref) json.RawMessage {
	if v == 0 {
		return nil
	}
	sent := d.raw(v)
	raw := d.cleanJSON(sent)
	if out, changed := d.redact.JSON(raw, nil); changed {
		raw = out
	}
	return shortJSON(raw, len(sent))
}

// shortJSON is a JSON text, or an object that tells of one that is too long.
func shortJSON(raw []byte, size int) json.RawMessage {
	if len(raw) <= maxText {
		return raw
	}
	// A quoted preview is at most six times as long, and an eighth of the room leaves enough for that.
	preview, err := json.Marshal(cutText(stringOf(raw), maxText/8))
	if err != nil {
		preview = []byte(`""`)
	}
	out := append([]byte(`{"truncated":true,"sizeBytes":`), strconv.Itoa(size)...)
	return append(append(append(out, `,"preview":`...), preview...), '}')
}

// object is json of what must be an object.
func (d *decoder) object(v ref, field string) json.RawMessage {
	if v == 0 || !d.isObject(v, field) {
		return nil
	}
	return d.json(v)
}

// metadata is the envelope's metadata, and with it the fields that the envelope does not know. A field of metadata
// comes before one of the envelope that has its name.
func (d *decoder) metadata(env *envelope) json.RawMessage {
	if env.metadata != 0 && !d.isObject(env.metadata, "metadata") {
		return nil
	}
	if !env.unknown {
		return d.json(env.metadata)
	}
	merged := map[string]json.RawMessage{}
	for m := d.members(0); m.next(); {
		if !known[string(m.name)] && m.value != 0 {
			merged[string(m.name)] = d.cleanJSON(d.raw(m.value))
		}
	}
	if env.metadata != 0 {
		for m := d.members(env.metadata); m.next(); {
			merged[string(m.name)] = json.RawMessage("null")
			if m.value != 0 {
				merged[string(m.name)] = d.cleanJSON(d.raw(m.value))
			}
		}
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return d.json(env.metadata)
	}
	size := len(raw)
	if out, changed := d.redact.JSON(raw, nil); changed {
		raw = out
	}
	return shortJSON(raw, size)
}

var known = map[string]bool{
	"type": true, "id": true, "occurred_at": true, "customer": true, "integration": true, "connected_app": true,
	"flow_run": true, "node_run": true, "trace_id": true, "identifiers": true, "metadata": true, "status": true,
	"data": true,
}

// identifiers reads the business ids. A value is redacted when its own form or its key's name says so.
func (d *decoder) identifiers(v ref) []entry.Identifier {
	if v == 0 || !d.isObject(v, "identifiers") {
		return nil
	}
	list := []entry.Identifier{}
	for m := d.members(v); m.next() && d.fault == nil; {
		if m.value == 0 {
			continue
		}
		key := stringOf(m.name)
		if key == "" || utf8.RuneCountInString(key) > maxKey {
			d.invalid("identifiers", "expected keys of 1 to %d characters", maxKey)
			break
		}
		if d.node(m.value).Shape != isArray {
			list = d.identifier(list, key, m.value)
			continue
		}
		for each := d.elements(m.value); each.next(); {
			list = d.identifier(list, key, each.value)
		}
	}
	if len(list) > maxIdentifiers {
		d.invalid("identifiers", "expected at most %d identifiers", maxIdentifiers)
	}
	return list
}

func (d *decoder) identifier(list []entry.Identifier, key string, v ref) []entry.Identifier {
	if d.node(v).Shape != isString {
		d.invalid("identifiers."+key, "expected a string or an array of strings")
		return list
	}
	value := d.text(v, "identifiers."+key, maxKey)
	if value == "" {
		return list
	}
	if d.redact.HasName(key) {
		value = redactedMark
	}
	return append(list, entry.Identifier{Key: key, Value: d.clean(value)})
}

// redactedMark is what stands in the place of what was redacted.
const redactedMark = "[redacted]"

// trace reads a W3C trace id.
func (d *decoder) trace(v ref) string {
	if v == 0 {
		return ""
	}
	id := strings.ToLower(d.text(v, "trace_id", maxKey))
	ok := len(id) == 32 && strings.Trim(id, "0") != ""
	for i := 0; ok && i < len(id); i++ {
		ok = hexDigit(id[i]) >= 0
	}
	if !ok {
		d.invalid("trace_id", "expected a W3C trace id: 32 hexadecimal digits, not all of them 0")
		return ""
	}
	return id
}
