package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// reject notes why the event is not stored, unless something was noted before.
func (d *decoder) reject(code, field, format string, args ...any) {
	if d.fault == nil {
		d.fault = &Rejection{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
	}
}

func (d *decoder) missing(field string) { d.reject(CodeMissingField, field, "%s is required", field) }

func (d *decoder) invalid(field, format string, args ...any) {
	d.reject(CodeInvalidField, field, format, args...)
}

// member walks over an object's members.
type member struct {
	d *decoder
	// text and nodes are the document's, the nodes up to the end of the object.
	text  []byte
	nodes []node
	at    uint32
	name  []byte
	// value is the member's value; 0 when it is null.
	value ref
}

func (d *decoder) members(object ref) member {
	nodes := d.doc.nodes
	return member{d: d, text: d.doc.text, nodes: nodes[:nodes[object].Next], at: uint32(object) + 1}
}

func (m *member) next() bool {
	at := int(m.at) + 1
	if at >= len(m.nodes) {
		return false
	}
	name, value := &m.nodes[at-1], &m.nodes[at]
	if name.Notes == 0 {
		m.name = m.text[name.Start+1 : name.End-1]
	} else {
		m.name = bytesOf(m.d.doc.string(name, &m.d.arena))
	}
	m.value = ref(at) //nolint:gosec // An event is at most a MiB.
	if value.Shape == isNull {
		m.value = 0
	}
	m.at = value.Next
	return true
}

// element walks over an array's elements.
type element struct {
	d        *decoder
	at, over uint32
	value    ref
	index    int
}

func (d *decoder) elements(array ref) element {
	return element{d: d, at: uint32(array) + 1, over: d.doc.nodes[array].Next, index: -1}
}

func (m *element) next() bool {
	if m.at >= m.over {
		return false
	}
	m.value = ref(m.at)
	m.index++
	m.at = m.d.doc.nodes[m.at].Next
	return true
}

func (d *decoder) node(v ref) *node { return &d.doc.nodes[v] }

// raw is a value as it was sent.
func (d *decoder) raw(v ref) []byte {
	n := d.node(v)
	return d.doc.text[n.Start:n.End]
}

func (d *decoder) isObject(v ref, field string) bool {
	if d.node(v).Shape == isObject {
		return true
	}
	d.invalid(field, "expected an object")
	return false
}

// text reads an optional string of at most so many characters.
func (d *decoder) text(v ref, field string, most int) string {
	if v == 0 {
		return ""
	}
	n := d.node(v)
	if n.Shape != isString {
		d.invalid(field, "expected a string")
		return ""
	}
	s := d.doc.string(n, &d.arena)
	if len(s) > most && utf8.RuneCountInString(s) > most {
		d.invalid(field, "expected at most %d characters", most)
		return ""
	}
	return s
}

// key reads an optional string that rows are found by.
func (d *decoder) key(v ref, field string) string { return d.text(v, field, maxKey) }

// need is key of what must be there, and not empty.
func (d *decoder) need(v ref, field string) string {
	s := d.key(v, field)
	if s == "" {
		d.missing(field)
	}
	return s
}

// prose reads an optional text for people: it is redacted, and cut where it is too long.
func (d *decoder) prose(v ref, field string) string {
	return cutText(d.clean(d.text(v, field, MaxEventBytes)), maxText)
}

// short is prose that is cut at so many characters.
func (d *decoder) short(v ref, field string, most int) string {
	return cutRunes(d.clean(d.text(v, field, MaxEventBytes)), most)
}

// label reads a short text that may also be sent as a number, such as an error's code.
func (d *decoder) label(v ref, field string) string {
	if v != 0 && d.node(v).Shape == isNumber {
		return stringOf(d.raw(v))
	}
	return d.short(v, field, maxCode)
}

// clean redacts a text.
func (d *decoder) clean(s string) string {
	if s == "" {
		return s
	}
	if out, changed := d.redact.Text(bytesOf(s), nil); changed {
		return stringOf(out)
	}
	return s
}

// time reads a time.
func (d *decoder) time(v ref, field string) time.Time {
	text := d.text(v, field, maxKey)
	if at, ok := utcMoment(text); ok {
		return at
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() > 9999 {
		d.invalid(field, "expected a time as in RFC 3339, such as 2026-03-02T10:15:00Z")
		return time.Time{}
	}
	return time.UnixMicro(at.UnixMicro()).UTC()
}

// optionalTime reads a time that may be missing, and that has come by now.
func (d *decoder) optionalTime(v ref, field string) *time.Time {
	if v == 0 {
		return nil
	}
	at := d.time(v, field)
	return &at
}

// past is optionalTime of what has happened.
func (d *decoder) past(v ref, field string) *time.Time {
	at := d.optionalTime(v, field)
	if at != nil && at.After(d.now.Add(MaxFuture)) {
		d.reject(CodeInFuture, field, "it is more than 10 minutes ahead of the server's clock")
	}
	return at
}

// whole reads an integer between two bounds, or gives what stands for a missing one.
func (d *decoder) whole(v ref, field string, least, most, without int) int {
	if v == 0 {
		return without
	}
	n, err := strconv.ParseInt(stringOf(d.raw(v)), 10, 64)
	if d.node(v).Shape != isNumber || err != nil || n < int64(least) || n > int64(most) {
		d.invalid(field, "expected a whole number from %d to %d", least, most)
		return without
	}
	return int(n)
}

// millis reads a duration in milliseconds, or gives -1.
func (d *decoder) millis(v ref, field string) float64 {
	if v == 0 {
		return -1
	}
	ms, err := strconv.ParseFloat(stringOf(d.raw(v)), 64)
	if d.node(v).Shape != isNumber || err != nil || ms < 0 {
		d.invalid(field, "expected a number of milliseconds, 0 or more")
		return -1
	}
	return ms
}

// truth reads a boolean; nil when it is missing.
func (d *decoder) truth(v ref, field string) *bool {
	if v == 0 {
		return nil
	}
	if d.node(v).Shape != isBool {
		d.invalid(field, "expected true or false")
		return nil
	}
	is := d.doc.text[d.node(v).Start] == 't'
	return &is
}

// word reads one of some words, and gives its place among them counted from 1; 0 when it is missing.
func (d *decoder) word(v ref, field string, words []string) int {
	if v == 0 {
		return 0
	}
	if n := d.node(v); n.Shape == isString {
		text := d.doc.string(n, &d.arena)
		for i, w := range words {
			if text == w {
				return i + 1
			}
		}
	}
	d.invalid(field, "expected one of %s", strings.Join(words, ", "))
	return 0
}

// needWord is word of what must be there.
func (d *decoder) needWord(v ref, field string, words []string) int {
	if v == 0 {
		d.missing(field)
		return 0
	}
	return d.word(v, field, words)
}

// texts reads an array of keys; nil when it is missing.
func (d *decoder) texts(v ref, field string) []string {
	if v == 0 {
		return nil
	}
	if d.node(v).Shape != isArray {
		d.invalid(field, "expected an array of strings")
		return nil
	}
	out := []string{}
	for m := d.elements(v); m.next() && d.fault == nil; {
		if d.node(m.value).Shape != isString {
			d.invalid(field+"."+strconv.Itoa(m.index), "expected a string")
			break
		}
		if s := d.key(m.value, field); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// cutText cuts a text after so many bytes at most, between two characters.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// cutRunes cuts a text after so many characters at most.
func cutRunes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for i := range s {
		if most == 0 {
			return s[:i]
		}
		most--
	}
	return s
}

func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
