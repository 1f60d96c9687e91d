package issues

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// heldCalls is traffic by integration and minute: how often each call was made, by whom, and how often it succeeded. It is
// packed, some 5 bytes for a call of one in a minute, because there is much of it; and what takes long of a cell, the hash
// of its ids and texts, is done once for a row.
type heldCalls struct {
	ids          numbered[uuid.UUID]
	calls        numbered[statistics.Call]
	integrations numbered[uuid.UUID]
	of           []*integrationCalls // by the number of the integration
	// adding is what is not packed yet; nil for nothing.
	adding *adding
	// packed are the bytes of all minutes.
	packed int
	// renumbered is how many bytes the tables had when they last had nothing in vain.
	renumbered int
	row        rowNumbers
}

// integrationCalls are the calls of an integration.
type integrationCalls struct {
	sorts   numbered[sortOfCall]
	callers numbered[caller]
	minutes []packedMinute // ascending
}

// sortOfCall is a kind of entry, and the number of what was called, 0 for nothing.
type sortOfCall struct {
	kind entry.Kind
	call uint32
}

// caller is a customer and a connected app, by their numbers: those of ids, after 0 for no customer, and after the numbers
// of no app and of the implied one.
type caller struct{ customer, app uint32 }

// spot is where calls are counted, by numbers.
type spot struct {
	integration  uint32
	minute       int32
	sort, caller uint32
}

// spotted counts the calls of a spot that are not pending, and those that succeeded.
type spotted struct {
	spot
	n, succeeded int64
}

// packedMinute is the calls of a minute, in the order of their sorts and callers.
type packedMinute struct {
	minute int32
	packed []byte
}

const (
	// mostAdded is how many spots wait to be packed.
	mostAdded = 1 << 16
	// minuteBytes, idBytes, callBytes and numberBytes are about what a minute, an id, a call and a number take beside.
	minuteBytes, idBytes, callBytes, numberBytes = 32, 56, 160, 40
	// fewTables is up to how many bytes tables are left as they are.
	fewTables = 64 << 10
)

// adding is what is added, and where each spot is in it.
type adding struct {
	list []spotted
	at   map[spot]uint32
}

// addings are shared by all tenants: there is much in one only while it is read.
var addings = sync.Pool{New: func() any { return &adding{at: map[spot]uint32{}} }}

// rowNumbers are the numbers, here, of what a row numbers by itself.
type rowNumbers struct {
	of                     *statistics.Traffic
	customers, apps, calls []uint32
	integrations           []uint32
}

func (h *heldCalls) open(t *statistics.Traffic) {
	r := &h.row
	r.of = t
	r.customers, r.apps = append(r.customers[:0], 0), append(r.apps[:0], statistics.NoApp, statistics.ImpliedApp)
	r.calls, r.integrations = append(r.calls[:0], 0), append(r.integrations[:0], h.integration(uuid.Nil))
	for _, id := range t.Customers() {
		r.customers = append(r.customers, 1+h.ids.of(id))
	}
	for _, id := range t.Apps() {
		r.apps = append(r.apps, statistics.ListedApp+h.ids.of(id))
	}
	for _, call := range t.Calls() {
		r.calls = append(r.calls, 1+h.calls.of(call))
	}
	for _, id := range t.Integrations() {
		r.integrations = append(r.integrations, h.integration(id))
	}
}

func (h *heldCalls) integration(id uuid.UUID) uint32 {
	at := h.integrations.of(id)
	if int(at) == len(h.of) {
		h.of = append(h.of, &integrationCalls{})
	}
	return at
}

// add adds a cell of a row.
func (h *heldCalls) add(t *statistics.Traffic, i int) {
	status := t.Status(i)
	if status == entry.StatusPending {
		return
	}
	if h.row.of != t {
		h.open(t)
	}
	n, succeeded := t.Count(i), int64(0)
	if status == entry.StatusSuccess && n > 0 {
		succeeded = n
	}
	integration := h.row.integrations[t.Integration(i)]
	of := h.of[integration]
	h.count(spot{
		integration: integration, minute: int32(t.Minute(i)), //nolint:gosec // Good for 4,000 years.
		sort:   of.sorts.of(sortOfCall{t.Kind(i), h.row.calls[t.Call(i)]}),
		caller: of.callers.of(caller{h.row.customers[t.Customer(i)], h.row.apps[t.App(i)]}),
	}, n, succeeded)
}

func (h *heldCalls) count(s spot, n, succeeded int64) {
	if h.adding == nil {
		h.adding = addings.Get().(*adding)
	}
	a := h.adding
	at, ok := a.at[s]
	if !ok {
		at = uint32(len(a.list)) //nolint:gosec // At most mostAdded.
		a.at[s] = at
		a.list = append(a.list, spotted{spot: s})
	}
	a.list[at].n += n
	a.list[at].succeeded += succeeded
	if len(a.list) >= mostAdded {
		h.pack()
	}
}

// pack packs what was added.
func (h *heldCalls) pack() {
	h.row.of = nil
	a := h.adding
	if a == nil {
		return
	}
	slices.SortFunc(a.list, func(a, b spotted) int {
		return cmp.Or(cmp.Compare(a.integration, b.integration), cmp.Compare(a.minute, b.minute), cmp.Compare(a.sort, b.sort), cmp.Compare(a.caller, b.caller))
	})
	for rest := a.list; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].integration == rest[0].integration && rest[n].minute == rest[0].minute {
			n++
		}
		h.of[rest[0].integration].merge(rest[:n], &h.packed)
		rest = rest[n:]
	}
	a.list = a.list[:0]
	clear(a.at)
	addings.Put(a)
	h.adding = nil
}

// merge merges what was added of a minute, in order, with what is there of it.
func (c *integrationCalls) merge(added []spotted, size *int) {
	minute := added[0].minute
	at, found := c.minute(minute)
	if !found {
		c.minutes = slices.Insert(c.minutes, at, packedMinute{minute: minute})
		*size += minuteBytes
	}
	m := &c.minutes[at]
	var w minuteWriter
	m.each(func(one spotted) {
		for len(added) > 0 && added[0].before(&one) {
			w.add(&added[0])
			added = added[1:]
		}
		if len(added) > 0 && added[0].sort == one.sort && added[0].caller == one.caller {
			one.n, one.succeeded = one.n+added[0].n, one.succeeded+added[0].succeeded
			added = added[1:]
		}
		w.add(&one)
	})
	for i := range added {
		w.add(&added[i])
	}
	*size += len(w.packed) - len(m.packed)
	m.packed = bytes.Clone(w.packed)
}

func (s *spotted) before(other *spotted) bool {
	return s.sort < other.sort || s.sort == other.sort && s.caller < other.caller
}

// minute is where a minute is, or would be.
func (c *integrationCalls) minute(minute int32) (at int, found bool) {
	return slices.BinarySearchFunc(c.minutes, minute, func(m packedMinute, minute int32) int { return cmp.Compare(m.minute, minute) })
}

// between are the minutes from one on, before another.
func (c *integrationCalls) between(from, to int32) []packedMinute {
	first, _ := c.minute(from)
	end, _ := c.minute(max(from, to))
	return c.minutes[first:end]
}

// minuteWriter packs the calls of a minute: how many sorts on, the caller, or how many callers on within a sort, and how
// many calls succeeded and did not.
type minuteWriter struct {
	packed       []byte
	sort, caller uint32
}

func (w *minuteWriter) add(s *spotted) {
	if s.sort > w.sort {
		w.caller = 0
	}
	w.packed = binary.AppendUvarint(w.packed, uint64(s.sort-w.sort))
	w.packed = binary.AppendUvarint(w.packed, uint64(s.caller-w.caller))
	w.packed = binary.AppendVarint(w.packed, s.succeeded)
	w.packed = binary.AppendVarint(w.packed, s.n-s.succeeded)
	w.sort, w.caller = s.sort, s.caller
}

func (m *packedMinute) at() time.Time { return time.Unix(60*int64(m.minute), 0).UTC() }

// each gives the calls of a minute.
func (m *packedMinute) each(do func(one spotted)) {
	u, one := unpacking{rest: m.packed}, spotted{spot: spot{minute: m.minute}}
	for len(u.rest) > 0 {
		if on := u.small(); on > 0 {
			one.sort, one.caller = one.sort+on, 0
		}
		one.caller += u.small()
		one.succeeded = u.signed()
		one.n = one.succeeded + u.signed()
		do(one)
	}
}

// whom is whom the calls of a caller are of.
func (h *heldCalls) whom(integration uuid.UUID, c caller) (w whom) {
	if c.customer > 0 {
		w.customer = h.ids.values[c.customer-1]
	}
	switch c.app {
	case statistics.NoApp:
	case statistics.ImpliedApp:
		w.app = nodeid.ImpliedApp(w.customer, integration)
	default:
		w.app = h.ids.values[c.app-statistics.ListedApp]
	}
	return w
}

// tables are about the bytes of what has numbers.
func (h *heldCalls) tables() int {
	n := idBytes*(len(h.ids.values)+len(h.integrations.values)) + callBytes*len(h.calls.values)
	for _, of := range h.of {
		n += numberBytes * (len(of.sorts.values) + len(of.callers.values))
	}
	return n
}

// size is about how many bytes are held.
func (h *heldCalls) size() int { return h.packed + h.tables() }

// prune lets go of what is before a minute, and of what has a number in vain, once that may be as much as the rest.
func (h *heldCalls) prune(from int32) {
	h.pack()
	for _, of := range h.of {
		first, _ := of.minute(from)
		for _, m := range of.minutes[:first] {
			h.packed -= minuteBytes + len(m.packed)
		}
		of.minutes = slices.Clone(of.minutes[first:])
	}
	if h.tables() > fewTables+2*h.renumbered {
		h.renumber()
	}
}

// renumber gives new numbers to what is still there.
func (h *heldCalls) renumber() {
	now := &heldCalls{}
	for number, of := range h.of {
		if len(of.minutes) == 0 {
			continue
		}
		id := h.integrations.values[number]
		to := now.integration(id)
		for i := range of.minutes {
			of.minutes[i].each(func(one spotted) {
				sort, by := of.sorts.values[one.sort], of.callers.values[one.caller]
				if sort.call > 0 {
					sort.call = 1 + now.calls.of(h.calls.values[sort.call-1])
				}
				if by.customer > 0 {
					by.customer = 1 + now.ids.of(h.ids.values[by.customer-1])
				}
				if by.app >= statistics.ListedApp {
					by.app = statistics.ListedApp + now.ids.of(h.ids.values[by.app-statistics.ListedApp])
				}
				now.count(spot{to, one.minute, now.of[to].sorts.of(sort), now.of[to].callers.of(by)}, one.n, one.succeeded)
			})
		}
	}
	now.pack()
	now.renumbered = now.tables()
	*h = *now
}

// tell answers a question as far as it is about what is held.
func (h *heldCalls) tell(q *question) {
	number, ok := h.integrations.numbers[q.integration]
	if !ok {
		return
	}
	of := h.of[number]
	asked := make([]bool, len(of.sorts.values))
	for i, sort := range of.sorts.values {
		var call statistics.Call
		if sort.call > 0 {
			call = h.calls.values[sort.call-1]
		}
		asked[i] = q.calls.are(sort.kind, call)
	}
	callers := h.askedOf(q, of)
	minutes := of.between(minuteOf(q.from), minuteOf(q.to.Add(minuteLess)))
	for i := range minutes {
		at := minutes[i].at()
		minutes[i].each(func(one spotted) {
			if !asked[one.sort] {
				return
			}
			if q.total != nil {
				q.total(one.n)
			}
			if w := callers[one.caller]; w != nil {
				q.each(*w, at, one.n, one.succeeded)
			}
		})
	}
}

// askedOf are those asked for whom the calls of each caller are of; nil where they are of none of them.
func (h *heldCalls) askedOf(q *question, of *integrationCalls) []*whom {
	callers := make([]*whom, len(of.callers.values))
	for i, by := range of.callers.values {
		for _, w := range whose(h.whom(q.integration, by)) {
			if q.asked[w] {
				callers[i] = &w
				break
			}
		}
	}
	return callers
}
