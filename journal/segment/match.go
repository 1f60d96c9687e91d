package segment

import (
	"slices"
	"sort"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Match appends to out the positions, ascending, of the entries whose heads match. When m.NeedsList these are
// candidates, which m.MatchList decides.
func (h *Head) Match(m *Matcher, out []int) []int {
	from, to := h.span(m)
	if from >= to {
		return out
	}
	c := candidates{from: from, to: to, rows: out[len(out):]}
	h.matchRefs(m, &c)
	h.matchCall(m, &c)
	if c.some() {
		c.keep(func(int) bool { return true })
	}
	return append(out, c.rows...)
}

// span is the positions from and before which entries are in the range and on the page.
func (h *Head) span(m *Matcher) (from, to int) {
	from = sort.Search(h.n, func(i int) bool { return h.Micros(i) >= m.from })
	to = sort.Search(h.n, func(i int) bool { return h.Micros(i) >= m.to })
	if m.after == nil {
		return from, to
	}
	if m.order == entry.NewestFirst {
		return from, min(to, sort.Search(h.n, func(i int) bool { return h.compare(i, m.after) >= 0 }))
	}
	return max(from, sort.Search(h.n, func(i int) bool { return h.compare(i, m.after) > 0 })), to
}

func (h *Head) compare(i int, p *entry.Position) int { return comparePosition(h.Micros(i), h.ID(i), p) }

// matchRefs keeps the candidates that are of the kind, and of whom, that the filter says.
func (h *Head) matchRefs(m *Matcher, c *candidates) {
	f := &m.filter
	if m.kinds != 0 {
		c.numbers(&h.kind, func(v uint64) bool { return m.kinds&KindBit(entry.Kind(v)) != 0 })
	}
	if m.statuses != 0 {
		c.numbers(&h.status, func(v uint64) bool { return m.statuses&StatusBit(entry.Status(v)) != 0 })
	}
	c.ids(&h.customer, f.CustomerIDs)
	c.ids(&h.integration, f.IntegrationIDs)
	h.matchApps(f.ConnectedAppIDs, c)
	c.id(&h.flowRun, f.FlowRunID)
	c.id(&h.nodeRun, f.NodeRunID)
	if f.TraceID == "" {
		return
	}
	if h.traceTexts.values != nil {
		c.texts(&h.traceTexts, []string{f.TraceID})
		return
	}
	if id, ok := hexID(f.TraceID); ok {
		c.id(&h.trace, id)
	} else {
		c.none()
	}
}

func (h *Head) matchApps(wanted []uuid.UUID, c *candidates) {
	if h.impliedApp.width == 0 && h.impliedApp.base == 0 {
		c.ids(&h.connectedApp, wanted)
	} else if len(wanted) > 0 {
		c.keep(func(i int) bool { return slices.Contains(wanted, h.connectedAppAt(i)) })
	}
}

// matchCall keeps the candidates whose call, error, type and level are what the filter says.
func (h *Head) matchCall(m *Matcher, c *candidates) {
	f := &m.filter
	if f.Direction != entry.DirectionNone {
		c.numbers(&h.direction, func(v uint64) bool { return v == uint64(f.Direction) })
	}
	if r := &f.StatusCode; r.Equal != nil || r.Min != nil || r.Max != nil || len(r.In) > 0 {
		c.numbers(&h.statusCode, func(v uint64) bool { return inRange(r, int(unzigzag(v))) })
	}
	c.texts(&h.method, f.Methods)
	if len(f.ErrorKinds) > 0 {
		c.numbers(&h.errorKind, func(v uint64) bool { return slices.Contains(f.ErrorKinds, entry.ErrorKind(v)) })
	}
	c.texts(&h.errorCode, f.ErrorCodes)
	c.texts(&h.eventType, f.EventTypes)
	c.texts(&h.category, f.Categories)
	c.ids(&h.issue, f.IssueIDs)
	if f.MinLevel > 0 {
		c.numbers(&h.level, func(v uint64) bool { return v >= uint64(f.MinLevel) })
	}
	if r := &f.DurationMS; r.Min != nil || r.Max != nil {
		c.keep(func(i int) bool { return inFloatRange(r, h.durationAt(i)) })
	}
}

// candidates are the positions that no filter has ruled out yet: all in a span until the first filter that some pass
// and some do not, so that a segment in which none can pass costs no more than a look at its dictionaries.
type candidates struct {
	from, to int
	listed   bool // rows are listed, else it is the span
	rows     []int
}

func (c *candidates) none() { c.listed, c.rows = true, c.rows[:0] }

func (c *candidates) some() bool { return !c.listed || len(c.rows) > 0 }

func (c *candidates) keep(want func(i int) bool) {
	kept := c.rows[:0]
	if !c.listed {
		c.listed = true
		for i := c.from; i < c.to; i++ {
			if want(i) {
				kept = append(kept, i)
			}
		}
		c.rows = kept
		return
	}
	for _, i := range c.rows {
		if want(i) {
			kept = append(kept, i)
		}
	}
	c.rows = kept
}

// numbers asks once for a column that is constant, and once for each value of one that is numbered.
func (c *candidates) numbers(column *numbers, want func(v uint64) bool) {
	switch {
	case !c.some():
	case column.values != nil:
		var wanted codeSet
		for n, v := range column.values {
			wanted.set(n, want(v))
		}
		c.codes(&codes{packed: column.packed}, &wanted, len(column.values))
	case column.width == 0:
		if !want(column.base) {
			c.none()
		}
	default:
		c.keep(func(i int) bool { return want(column.at(i)) })
	}
}

func (c *candidates) id(column *ids, id uuid.UUID) {
	if id != uuid.Nil {
		c.ids(column, []uuid.UUID{id})
	}
}

func (c *candidates) ids(column *ids, wanted []uuid.UUID) {
	if len(wanted) == 0 || !c.some() {
		return
	}
	if column.raw == nil {
		if !slices.Contains(wanted, uuid.Nil) {
			c.none()
		}
		return
	}
	var set codeSet
	for n := range column.different() {
		set.set(n, slices.Contains(wanted, column.value(n)))
	}
	c.codes(&column.codes, &set, column.different())
}

func (c *candidates) texts(column *texts, wanted []string) {
	if len(wanted) == 0 || !c.some() {
		return
	}
	if column.values == nil {
		if !slices.Contains(wanted, "") {
			c.none()
		}
		return
	}
	var set codeSet
	for n, v := range column.values {
		set.set(n, slices.Contains(wanted, v))
	}
	c.codes(&column.codes, &set, len(column.values))
}

// codes keeps the candidates whose code, of so many different ones, is in the set.
func (c *candidates) codes(column *codes, set *codeSet, different int) {
	switch set.size {
	case 0:
		c.none()
	case different:
	default:
		c.keep(func(i int) bool { return set.has(column.at(i)) })
	}
}

// codeSet is some of a column's codes, of which there are at most MaxEntries. Codes of a column are packed in as few
// bits as the largest needs, so one that is read is below twice MaxEntries whatever the bytes say.
type codeSet struct {
	bits [2 * MaxEntries / 64]uint64
	size int
}

func (s *codeSet) set(n int, in bool) {
	if in {
		s.bits[n>>6] |= 1 << (n & 63)
		s.size++
	}
}

func (s *codeSet) has(n int) bool { return s.bits[n>>6]>>(n&63)&1 != 0 }
