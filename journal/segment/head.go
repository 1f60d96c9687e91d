package segment

import (
	"bytes"
	"encoding/binary"
	"math"
	"sort"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// Head is the filterable columns of a segment, read in place. It is safe for concurrent use.
type Head struct {
	n                    int
	micros, counter      numbers
	tail                 numbers
	made                 bool // ids are those of nodeid: see headWriter.writeIDs
	recordedAt           numbers
	kind, status         numbers
	customer             ids
	integration          ids
	impliedApp           numbers
	connectedApp         ids
	flowRun, nodeRun     ids
	trace                ids
	traceTexts           texts
	direction            numbers
	statusCode           numbers
	method, endpoint     texts
	scale                float64
	duration             numbers
	rawDuration          numbers
	errorKind            numbers
	errorCode, eventType texts
	level                numbers
	category             texts
	issue                ids
}

// OpenHead reads a head. The Head keeps b, which must not change. Errors are ErrDamaged.
func OpenHead(b []byte) (*Head, error) {
	c, err := unseal("head", b)
	if err != nil {
		return nil, err
	}
	columns := headColumns
	if c.version == 1 {
		columns = firstHeadColumns
	}
	t := readTable(c, MaxEntries, columns)
	h := &Head{n: t.entries}
	h.readIDs(&t)
	h.recordedAt, h.kind, h.status = t.numbers(), t.numbers(), t.numbers()
	h.customer, h.integration = t.ids(), t.ids()
	h.impliedApp, h.connectedApp = t.numbers(), t.ids()
	h.flowRun, h.nodeRun = t.ids(), t.ids()
	h.trace, h.traceTexts = t.ids(), t.texts()
	h.direction, h.statusCode = t.numbers(), t.numbers()
	h.method, h.endpoint = t.texts(), t.texts()
	h.readDurations(&t)
	h.errorKind = t.numbers()
	h.errorCode, h.eventType = t.texts(), t.texts()
	h.level = t.numbers()
	if columns == headColumns {
		h.category, h.issue = t.texts(), t.ids()
	}
	if t.bad {
		return nil, damaged("head", "has a column that cannot be read")
	}
	return h, nil
}

func (h *Head) readIDs(t *table) {
	c, made := t.next()
	if made {
		h.micros, h.made = readNumbers(&c, t.entries), true
		t.bad = t.bad || c.bad
	}
	h.counter, h.tail = t.numbers(), t.numbers()
}

func (h *Head) readDurations(t *table) {
	c, ok := t.next()
	scale := int(c.byte())
	if !ok || scale >= len(durationParts) {
		t.bad = true
		return
	}
	h.scale = durationParts[scale]
	h.duration, h.rawDuration = t.numbers(), t.numbers()
}

// Len is how many entries the segment has.
func (h *Head) Len() int { return h.n }

// ID is the id of the entry at a position, from 0 to Len()-1. Ids ascend.
func (h *Head) ID(i int) (id uuid.UUID) {
	if !h.made {
		binary.BigEndian.PutUint64(id[:8], h.counter.at(i))
		binary.BigEndian.PutUint64(id[8:], h.tail.at(i))
		return id
	}
	binary.BigEndian.PutUint64(id[:8], upperHalf(int64(h.micros.at(i))))
	binary.BigEndian.PutUint64(id[8:], variantBits|h.counter.at(i)<<tailBits&^variantMask|h.tail.at(i))
	return id
}

// Micros is when the entry at a position happened, in microseconds since 1970.
func (h *Head) Micros(i int) int64 {
	if !h.made {
		return nodeid.Micros(h.ID(i))
	}
	return int64(h.micros.at(i))
}

// Kind is the kind of the entry at a position.
func (h *Head) Kind(i int) entry.Kind { return entry.Kind(h.kind.at(i)) }

// Status is the status of the entry at a position.
func (h *Head) Status(i int) entry.Status { return entry.Status(h.status.at(i)) }

// Find is the position of the entry with the id.
func (h *Head) Find(id uuid.UUID) (i int, ok bool) {
	i = sort.Search(h.n, func(i int) bool {
		at := h.ID(i)
		return bytes.Compare(at[:], id[:]) >= 0
	})
	return i, i < h.n && h.ID(i) == id
}

// Row fills in the head of the entry at a position. Its strings share the bytes that OpenHead was given: clone what is
// to outlive the request.
func (h *Head) Row(i int, to *entry.Head) {
	to.ID = h.ID(i)
	to.RecordedAt = unzigzag(h.recordedAt.at(i))
	to.Kind, to.Status = h.Kind(i), h.Status(i)
	to.CustomerID, to.IntegrationID = h.customer.at(i), h.integration.at(i)
	to.ConnectedAppID = h.connectedAppAt(i)
	to.FlowRunID, to.NodeRunID = h.flowRun.at(i), h.nodeRun.at(i)
	to.TraceID = h.traceAt(i)
	to.Direction = entry.Direction(h.direction.at(i))
	to.StatusCode = int(unzigzag(h.statusCode.at(i)))
	to.Method, to.Endpoint = h.method.at(i), h.endpoint.at(i)
	to.DurationMS = h.durationAt(i)
	to.ErrorKind, to.ErrorCode = entry.ErrorKind(h.errorKind.at(i)), h.errorCode.at(i)
	to.EventType = h.eventType.at(i)
	to.Level = entry.Level(h.level.at(i))
	to.Category, to.IssueID = h.category.at(i), h.issue.at(i)
}

func (h *Head) connectedAppAt(i int) uuid.UUID {
	if h.impliedApp.at(i) != 0 {
		return nodeid.ImpliedApp(h.customer.at(i), h.integration.at(i))
	}
	return h.connectedApp.at(i)
}

func (h *Head) traceAt(i int) string {
	if h.traceTexts.values != nil {
		return h.traceTexts.at(i)
	}
	return hexText(h.trace.at(i))
}

func (h *Head) durationAt(i int) float64 {
	if raw := h.rawDuration.at(i); raw != 0 {
		return math.Float64frombits(raw)
	}
	v := h.duration.at(i)
	if v == 0 {
		return -1
	}
	return float64(v-1) / h.scale
}
