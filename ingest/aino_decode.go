package ingest

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/journal/entry"
)

// likeness is what makes two transactions the same: the first half of the SHA-256 of their bytes.
type likeness [sha256.Size / 2]byte

// sent is where the fields of a transaction stand, as Aino's agents send it; 0 for those that are missing or null.
type sent struct {
	from, to, status, timestamp, operation, payloadType, flowID, message, ids, metadata ref
}

// sentTransaction makes an event of the document that was read last, which is a transaction of Aino's. Agents are sloppy
// and cannot mend anything, so all that can be understood is: only a transaction without a sender or a receiver, or
// from another time, is rejected. What is not understood stands in the metadata.
func (d *decoder) sentTransaction() *event {
	d.fault = nil
	r := d.records.take()
	e := &r.event
	e.kind = transaction
	if d.doc.nodes[0].Shape != isObject {
		d.invalid("", "a transaction is a JSON object")
		e.fault = d.fault
		return e
	}
	e.id = d.alikeID()
	d.toUTF8()
	rest := &pairs{}
	s := d.sentFields()
	at, dated := d.sentTime(s.timestamp, rest)
	if e.at, e.dated = d.now, dated; dated {
		e.at = at
	}
	e.ref.At = e.at
	d.inTime(e, "timestamp")
	if d.fault == nil {
		d.sentEntry(r, &s, rest)
	}
	e.fault = d.fault
	return e
}

// alikeID makes the id of a transaction, which has none, of its bytes as they were sent: an agent that was not answered
// sends the same bytes again. Equal ones of one request are counted, so that they stay two, and stay them when all is
// sent again.
func (d *decoder) alikeID() string {
	sum := sha256.Sum256(d.raw(0))
	like := likeness(sum[:sha256.Size/2])
	if d.alike == nil {
		d.alike = map[likeness]int{}
	}
	n := d.alike[like]
	d.alike[like] = n + 1
	return "aino:" + base64.RawURLEncoding.EncodeToString(like[:]) + ":" + strconv.Itoa(n)
}

func (d *decoder) sentFields() (s sent) {
	for m := d.members(0); m.next(); {
		if field := s.field(string(m.name)); field != nil {
			*field = m.value
		}
	}
	return s
}

// field is the place of a field; nil for one that is not known.
func (s *sent) field(name string) *ref {
	switch name {
	case "from":
		return &s.from
	case "to":
		return &s.to
	case "status":
		return &s.status
	case "timestamp":
		return &s.timestamp
	case "operation":
		return &s.operation
	case "payloadType":
		return &s.payloadType
	case "flowId":
		return &s.flowID
	case "message":
		return &s.message
	case "ids":
		return &s.ids
	case "metadata":
		return &s.metadata
	}
	return nil
}

func (d *decoder) sentEntry(r *record, s *sent, rest *pairs) {
	e := d.newEntry(r)
	e.Transaction = &entry.Transaction{
		From: d.sentName(s.from), To: d.sentName(s.to), PayloadType: d.sentName(s.payloadType), BusinessFlowID: d.sentName(s.flowID),
	}
	if e.Transaction.From == "" {
		d.missing("from")
	}
	if e.Transaction.To == "" {
		d.missing("to")
	}
	e.Status = d.sentStatus(s.status, rest)
	e.EventType = d.sentName(s.operation)
	e.Message = cutText(d.sentText(s.message), maxText)
	e.Identifiers = d.sentIDs(s.ids, rest)
	d.sentMetadata(s.metadata, rest)
	var known sent
	for m := d.members(0); m.next(); {
		if m.value != 0 && known.field(string(m.name)) == nil && !d.isBlank(m.value) {
			rest.add(stringOf(m.name), d.raw(m.value))
		}
	}
	r.detail.Metadata = d.joined(rest)
}

// isBlank tells whether a value is what agents send for one that is not set: "", {} or [].
func (d *decoder) isBlank(v ref) bool {
	switch n := d.node(v); n.Shape {
	case isString:
		return strings.TrimSpace(d.doc.string(n, &d.arena)) == ""
	case isArray, isObject:
		return n.Next == uint32(v)+1
	default:
		return false
	}
}

// sentText reads what stands for a text, of whatever shape: blank is none, and what is no string is as it was sent. It is
// redacted.
func (d *decoder) sentText(v ref) string {
	if v == 0 || d.isBlank(v) {
		return ""
	}
	switch n := d.node(v); n.Shape {
	case isString:
		return d.clean(d.doc.string(n, &d.arena))
	case isArray, isObject:
		raw := cleanJSON(d.raw(v))
		if out, changed := d.redact.JSON(raw, nil); changed {
			raw = out
		}
		return stringOf(raw)
	}
	return d.clean(stringOf(d.raw(v)))
}

// sentName is sentText of a name, or of an id: without space around it, and cut where rows are no longer found by it.
func (d *decoder) sentName(v ref) string {
	return cutRunes(strings.TrimSpace(d.sentText(v)), maxKey)
}

// sentStatus reads a status. Aino's own agents document "error" beside "failure".
func (d *decoder) sentStatus(v ref, rest *pairs) entry.Status {
	if v == 0 || d.isBlank(v) {
		return entry.StatusUnknown
	}
	switch word := strings.ToLower(d.sentName(v)); word {
	case "success":
		return entry.StatusSuccess
	case "failure", "error":
		return entry.StatusFailure
	case "unknown":
	default:
		rest.add("status", d.raw(v))
	}
	return entry.StatusUnknown
}

// sentTime reads when a transaction took place; ok is false when that is not said, or cannot be read.
func (d *decoder) sentTime(v ref, rest *pairs) (at time.Time, ok bool) {
	if v == 0 || d.isBlank(v) {
		return at, false
	}
	text := stringOf(d.raw(v))
	if n := d.node(v); n.Shape == isString {
		text = strings.TrimSpace(d.doc.string(n, &d.arena))
	}
	if strings.Trim(text, "0.") == "" {
		// A number that was never set.
		return at, false
	}
	if at, ok = parseMoment(text); !ok {
		rest.add("timestamp", d.raw(v))
	}
	return at, ok
}

// sentIDs reads the business ids. Those that entries cannot be found by, because they are too long or too many, or are
// no texts, stand in the metadata under their type.
func (d *decoder) sentIDs(v ref, rest *pairs) []entry.Identifier {
	if v == 0 || d.isBlank(v) {
		return nil
	}
	list := []entry.Identifier{}
	switch d.node(v).Shape {
	case isObject:
		list = d.sentIDsOf(list, v, rest)
	case isArray:
		for each := d.elements(v); each.next(); {
			if d.node(each.value).Shape == isObject {
				list = d.sentIDsOf(list, each.value, rest)
				continue
			}
			list = d.sentID(list, "id", each.value, rest)
		}
	default:
		list = d.sentID(list, "id", v, rest)
	}
	return list
}

// sentIDsOf reads the ids of one type.
func (d *decoder) sentIDsOf(list []entry.Identifier, group ref, rest *pairs) []entry.Identifier {
	var kind, values ref
	for m := d.members(group); m.next(); {
		switch string(m.name) {
		case "idType":
			kind = m.value
		case "values":
			values = m.value
		}
	}
	name := d.sentName(kind)
	if name == "" {
		name = "id"
	}
	if values == 0 {
		return list
	}
	if d.node(values).Shape != isArray {
		return d.sentID(list, name, values, rest)
	}
	for each := d.elements(values); each.next(); {
		list = d.sentID(list, name, each.value, rest)
	}
	return list
}

func (d *decoder) sentID(list []entry.Identifier, name string, v ref, rest *pairs) []entry.Identifier {
	n := d.node(v)
	if n.Shape == isNull || d.isBlank(v) {
		return list
	}
	value := stringOf(d.raw(v))
	if n.Shape == isString {
		value = strings.TrimSpace(d.doc.string(n, &d.arena))
	}
	hidden := d.redact.HasName(name)
	switch {
	case len(list) < maxIdentifiers && hidden:
		return append(list, entry.Identifier{Key: name, Value: redactedMark})
	case hidden:
	case n.Shape == isArray || n.Shape == isObject || len(list) >= maxIdentifiers || utf8.RuneCountInString(value) > maxKey:
		rest.add(name, d.raw(v))
	default:
		return append(list, entry.Identifier{Key: name, Value: d.clean(value)})
	}
	return list
}
