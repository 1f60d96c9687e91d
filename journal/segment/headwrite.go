package segment

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// headColumns is how many columns a head has, in the order of headWriter.write, and firstHeadColumns how many it had in
// version 1.
const (
	headColumns      = 27
	firstHeadColumns = 25
)

// The parts of an id's lower half, as nodeid makes it: two bits that are the same in all, a counter, and a tail that is
// the same in all ids of one process.
const (
	tailBits    = 34
	variantBits = uint64(1) << 63
	variantMask = uint64(3) << 62
)

// headWriter writes heads. It keeps its buffers.
type headWriter struct {
	columns
	table  tableWriter
	values []uint64
	more   []uint64
	uuids  []uuid.UUID
	words  []string
}

func (w *headWriter) write(b []byte, entries []*entry.Entry) []byte {
	w.table.reset()
	w.writeIDs(entries)
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(e.RecordedAt) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Kind) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Status) })
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.CustomerID })
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.IntegrationID })
	w.writeApps(entries)
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.FlowRunID })
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.NodeRunID })
	w.writeTraces(entries)
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Direction) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(int64(e.StatusCode)) })
	w.texts(entries, func(e *entry.Entry) string { return e.Method })
	w.texts(entries, func(e *entry.Entry) string { return e.Endpoint })
	w.writeDurations(entries)
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.ErrorKind) })
	w.texts(entries, func(e *entry.Entry) string { return e.ErrorCode })
	w.texts(entries, func(e *entry.Entry) string { return e.EventType })
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Level) })
	w.texts(entries, func(e *entry.Entry) string { return e.Category })
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.IssueID })
	return w.table.appendTo(b, len(entries))
}

// forget lets go of all strings.
func (w *headWriter) forget() {
	clear(w.words[:cap(w.words)])
	w.columns.texts.reset(0)
}

func (w *headWriter) numbers(entries []*entry.Entry, of func(*entry.Entry) uint64) {
	w.values = w.values[:0]
	for _, e := range entries {
		w.values = append(w.values, of(e))
	}
	w.end(w.values)
}

// end writes the numbers as the next column.
func (w *headWriter) end(values []uint64) {
	if slices.ContainsFunc(values, func(v uint64) bool { return v != 0 }) {
		w.table.b = w.appendNumbers(w.table.b, values)
	}
	w.table.end()
}

func (w *headWriter) ids(entries []*entry.Entry, of func(*entry.Entry) *uuid.UUID) {
	w.uuids = w.uuids[:0]
	some := false
	for _, e := range entries {
		id := of(e)
		some = some || *id != uuid.Nil
		w.uuids = append(w.uuids, *id)
	}
	if some {
		w.table.b = w.appendIDs(w.table.b, w.uuids)
	}
	w.table.end()
}

// writeApps writes two columns: which connected apps follow from customer and integration, as most do, and the ids of the
// others.
func (w *headWriter) writeApps(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 {
		if hasImpliedApp(e) {
			return 1
		}
		return 0
	})
	w.ids(entries, func(e *entry.Entry) *uuid.UUID {
		if hasImpliedApp(e) {
			return &uuid.Nil
		}
		return &e.ConnectedAppID
	})
}

func hasImpliedApp(e *entry.Entry) bool {
	return e.ConnectedAppID == nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
}

func (w *headWriter) texts(entries []*entry.Entry, of func(*entry.Entry) string) {
	w.words = w.words[:0]
	some := false
	for _, e := range entries {
		s := of(e)
		some = some || s != ""
		w.words = append(w.words, s)
	}
	if some {
		w.table.b = w.appendTexts(w.table.b, w.words)
	}
	w.table.end()
}

// writeIDs writes three columns for the ids that nodeid makes: the microseconds, the counter and the tail. For others
// the first is empty, and the second and the third are the two halves.
func (w *headWriter) writeIDs(entries []*entry.Entry) {
	made := !slices.ContainsFunc(entries, func(e *entry.Entry) bool { return !madeByNodeID(e.ID) })
	if made {
		w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Micros()) })
		w.numbers(entries, func(e *entry.Entry) uint64 { return binary.BigEndian.Uint64(e.ID[8:]) &^ variantMask >> tailBits })
		w.numbers(entries, func(e *entry.Entry) uint64 { return binary.BigEndian.Uint64(e.ID[8:]) & (1<<tailBits - 1) })
		return
	}
	w.table.end()
	w.numbers(entries, func(e *entry.Entry) uint64 { return binary.BigEndian.Uint64(e.ID[:8]) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return binary.BigEndian.Uint64(e.ID[8:]) })
}

// upperHalf is the upper half of the ids that nodeid makes of the time.
func upperHalf(micros int64) uint64 {
	id := nodeid.First(time.UnixMicro(micros))
	return binary.BigEndian.Uint64(id[:8])
}

func madeByNodeID(id uuid.UUID) bool {
	micros := nodeid.Micros(id)
	return micros != 0 && upperHalf(micros) == binary.BigEndian.Uint64(id[:8]) &&
		binary.BigEndian.Uint64(id[8:])&variantMask == variantBits
}

// writeTraces writes two columns: trace ids as UUIDs when all are 32 lower-case hexadecimal digits or "", and as texts
// when some are not.
func (w *headWriter) writeTraces(entries []*entry.Entry) {
	w.uuids = w.uuids[:0]
	some := false
	for _, e := range entries {
		id, ok := hexID(e.TraceID)
		if !ok {
			w.table.end()
			w.texts(entries, func(e *entry.Entry) string { return e.TraceID })
			return
		}
		some = some || id != uuid.Nil
		w.uuids = append(w.uuids, id)
	}
	if some {
		w.table.b = w.appendIDs(w.table.b, w.uuids)
	}
	w.table.end()
	w.table.end()
}

// hexID reads 32 lower-case hexadecimal digits, not all zero; "" is uuid.Nil.
func hexID(s string) (id uuid.UUID, ok bool) {
	if s == "" {
		return id, true
	}
	if len(s) != 2*len(id) {
		return id, false
	}
	for i := range id {
		high, low := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if high > 15 || low > 15 {
			return id, false
		}
		id[i] = high<<4 | low
	}
	return id, id != uuid.Nil
}

func hexDigit(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	}
	return 0xff
}

func hexText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// Durations are three columns: one number that says how many parts a millisecond was cut into for all durations to be
// whole (1, 10, 100 or 1,000), the durations in these parts plus one, 0 being the -1 of an unknown one; and the bits of
// those that are not whole even in microseconds, 0 for the others.
var durationParts = [...]float64{1, 10, 100, 1000}

func (w *headWriter) writeDurations(entries []*entry.Entry) {
	scale := 0
	for _, e := range entries {
		for scale < len(durationParts)-1 {
			if _, ok := wholeDuration(e.DurationMS, scale); ok {
				break
			}
			if _, ok := wholeDuration(e.DurationMS, len(durationParts)-1); !ok {
				break // it is whole at no scale
			}
			scale++
		}
	}
	w.values, w.more = w.values[:0], w.more[:0]
	for _, e := range entries {
		v, ok := wholeDuration(e.DurationMS, scale)
		raw := uint64(0)
		if !ok {
			raw = math.Float64bits(e.DurationMS)
		}
		w.values, w.more = append(w.values, v), append(w.more, raw)
	}
	w.table.b = append(w.table.b, byte(scale))
	w.table.end()
	w.end(w.values)
	w.end(w.more)
}

func wholeDuration(ms float64, scale int) (v uint64, ok bool) {
	if ms == -1 {
		return 0, true
	}
	scaled := math.Round(ms * durationParts[scale])
	if !(scaled >= 0 && scaled < 1<<52) {
		return 0, false
	}
	v = uint64(scaled) // no longer -0
	if math.Float64bits(float64(v)/durationParts[scale]) != math.Float64bits(ms) {
		return 0, false
	}
	return v + 1, true
}
