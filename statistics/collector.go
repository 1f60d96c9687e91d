package statistics

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// Collector adds up cells. It keeps its memory from one Pack to the next; it is not for concurrent use.
type Collector struct {
	customers, integrations, apps, flows index[uuid.UUID]
	calls                                index[Call]
	errors                               index[Error]
	transfers                            index[Transfer]

	at    map[key]int
	cells []counted
	one   [1]BinCount

	packed packing
}

// NewCollector makes a Collector.
func NewCollector() *Collector { return &Collector{at: map[key]int{}} }

// key is what the entries of a cell agree in; what has no small number of its own is numbered, 0 being none.
type key struct {
	minute                           int64
	form                             uint16
	code                             uint16
	customer, integration, app, flow uint32
	call, fault, transfer            uint32
}

// counted is a cell. Most have one duration.
type counted struct {
	key
	count int64
	first BinCount
	more  []BinCount
	// last is the last minute of a cell by day, from the day's first on.
	last int64
}

// An app that follows from customer and integration is this number, others follow.
const impliedApp = 1

// index numbers values from 1 on; the zero value is 0.
type index[T comparable] struct {
	numbers map[T]uint32
	values  []T
	// recent are numbers that were asked for, by a hash that costs next to nothing: most entries are of few values.
	recent [128]uint32
}

// near is number of a value with a hash: where two values share their place, the later one has it.
func (x *index[T]) near(v T, hash uint32) uint32 {
	n := &x.recent[hash%uint32(len(x.recent))]
	if *n == 0 || x.values[*n-1] != v {
		*n = x.number(v)
	}
	return *n
}

func hashID(id uuid.UUID) uint32 {
	return binary.LittleEndian.Uint32(id[:]) ^ binary.LittleEndian.Uint32(id[12:])
}

// hashCall looks at the end of the endpoint, where most differ, and at how long it is.
func hashCall(c *Call) uint32 {
	h := uint64(len(c.Endpoint))<<4 ^ uint64(len(c.Method))
	if e := c.Endpoint; len(e) >= 16 {
		e = e[len(e)-16:]
		h ^= eight(e)*0x9e3779b97f4a7c15 ^ eight(e[8:])
	}
	return uint32(h * 0xa0761d6478bd642f >> 32)
}

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func (x *index[T]) number(v T) uint32 {
	var zero T
	if v == zero {
		return 0
	}
	if n, ok := x.numbers[v]; ok {
		return n
	}
	if x.numbers == nil {
		x.numbers = map[T]uint32{}
	}
	x.values = append(x.values, v)
	n := uint32(len(x.values)) //nolint:gosec // As many as there are cells.
	x.numbers[v] = n
	return n
}

func (x *index[T]) reset() {
	clear(x.numbers)
	clear(x.values)
	clear(x.recent[:])
	x.values = x.values[:0]
}

// formOf packs kind (4 bits), status (3) and direction (2).
func formOf(k entry.Kind, s entry.Status, d entry.Direction) uint16 {
	return uint16(k) | uint16(s)<<4 | uint16(d)<<7
}

// AddEntry counts an entry, if its kind is counted.
func (c *Collector) AddEntry(e *entry.Entry) {
	if Counts(e.Kind) {
		cell := cellOf(e, c.one[:0])
		c.Add(&cell)
	}
}

// Add counts a cell.
func (c *Collector) Add(cell *Cell) {
	c.count(key{
		minute: cell.Minute, form: formOf(cell.Kind, cell.Status, cell.Direction), code: codeOf(cell.StatusCode),
		customer:    c.customers.near(cell.CustomerID, hashID(cell.CustomerID)),
		integration: c.integrations.near(cell.IntegrationID, hashID(cell.IntegrationID)),
		app:         c.app(cell.ConnectedAppID, cell.CustomerID, cell.IntegrationID),
		flow:        c.flows.number(cell.FlowID), call: c.calls.near(cell.Call, hashCall(&cell.Call)), fault: c.errors.number(cell.Error),
		transfer: c.transfers.number(cell.Transfer),
	}, cell.Count, cell.Durations)
}

// codeOf keeps the status codes that HTTP can have.
func codeOf(code int) uint16 {
	if code < 0 || code > 999 {
		return 0
	}
	return uint16(code)
}

func (c *Collector) app(app, customer, integration uuid.UUID) uint32 {
	switch app {
	case uuid.Nil:
		return 0
	case nodeid.ImpliedApp(customer, integration):
		return impliedApp
	}
	return impliedApp + c.apps.number(app)
}

func (c *Collector) count(k key, n int64, durations []BinCount) *counted {
	i, ok := c.at[k]
	if !ok {
		i = len(c.cells)
		c.at[k] = i
		c.cells = append(c.cells, counted{key: k})
	}
	cell := &c.cells[i]
	cell.count += n
	for _, d := range durations {
		cell.addDuration(d)
	}
	return cell
}

// taking takes cells of a row, whose values have other numbers there.
type taking struct {
	cells                                *Cells
	customers, integrations, apps, flows []uint32
	calls, errors, transfers             []uint32
}

func (c *Collector) takeFrom(cells *Cells) taking {
	return taking{
		cells, renumbered(&c.customers, cells.customers), renumbered(&c.integrations, cells.integrations), renumbered(&c.apps, cells.apps),
		renumbered(&c.flows, cells.flows), renumbered(&c.calls, cells.calls), renumbered(&c.errors, cells.errors),
		renumbered(&c.transfers, cells.transfers),
	}
}

func renumbered[T comparable](x *index[T], values []T) []uint32 {
	numbers := make([]uint32, len(values))
	for i, v := range values {
		numbers[i] = x.number(v)
	}
	return numbers
}

func (t *taking) key(i int) key {
	c := t.cells
	k := key{
		minute: c.minutes[i], form: uint16(c.forms[i]), code: uint16(c.codes[i]), app: c.app[i], //nolint:gosec // As they were put in.
		customer: pick(t.customers, c.customer[i]), integration: pick(t.integrations, c.integration[i]), flow: pick(t.flows, c.flow[i]),
		call: pick(t.calls, c.call[i]), fault: pick(t.errors, c.fault[i]), transfer: pick(t.transfers, c.transfer[i]),
	}
	if k.app > impliedApp {
		k.app = impliedApp + t.apps[k.app-impliedApp-1]
	}
	return k
}

// addRow counts all cells of a row.
func (c *Collector) addRow(cells *Cells) {
	in := c.takeFrom(cells)
	for i := range cells.Len() {
		c.count(in.key(i), cells.counts[i], cells.durations(i))
	}
}

func (c *counted) addDuration(d BinCount) {
	if c.first.Count == 0 && len(c.more) == 0 || c.first.Bin == d.Bin {
		c.first.Bin = d.Bin
		c.first.Count += d.Count
		return
	}
	i, found := slices.BinarySearchFunc(c.more, d.Bin, func(b BinCount, bin int) int { return cmp.Compare(b.Bin, bin) })
	if found {
		c.more[i].Count += d.Count
		return
	}
	c.more = slices.Insert(c.more, i, d)
}

// mostCells is how many cells a row has at most, so that a short range of a busy day reads little of it.
const mostCells = 8192

// Pack makes a row of each day, or several of a busy one, and forgets what was counted. What adds up to nothing is left out.
func (c *Collector) Pack() []Row {
	c.cells = slices.DeleteFunc(c.cells, func(cell counted) bool { return cell.isNothing() })
	c.sort()
	var rows []Row
	for rest := c.cells; len(rest) > 0; {
		day := floorDiv(rest[0].minute, minutesOfDay)
		n := 1
		for n < min(len(rest), mostCells) && floorDiv(rest[n].minute, minutesOfDay) == day {
			n++
		}
		rows = append(rows, Row{
			Day: day, FirstMinute: rest[0].minute, LastMinute: rest[n-1].minute, Packed: c.pack(rest[:n]),
		})
		rest = rest[n:]
	}
	c.reset()
	return rows
}

// sort sorts the cells by minute, customer and integration. Most come by ascending minutes, with few in each.
func (c *Collector) sort() {
	byMinute := func(a, b counted) int { return cmp.Compare(a.minute, b.minute) }
	if !slices.IsSortedFunc(c.cells, byMinute) {
		slices.SortFunc(c.cells, byMinute)
	}
	for from := 0; from < len(c.cells); {
		to := from + 1
		for to < len(c.cells) && c.cells[to].minute == c.cells[from].minute {
			to++
		}
		slices.SortFunc(c.cells[from:to], func(a, b counted) int {
			return cmp.Or(cmp.Compare(a.customer, b.customer), cmp.Compare(a.integration, b.integration))
		})
		from = to
	}
}

func (c *counted) isNothing() bool {
	return c.count == 0 && c.first.Count == 0 && !slices.ContainsFunc(c.more, func(b BinCount) bool { return b.Count != 0 })
}

func (c *Collector) reset() {
	c.customers.reset()
	c.integrations.reset()
	c.apps.reset()
	c.flows.reset()
	c.calls.reset()
	c.errors.reset()
	c.transfers.reset()
	clear(c.at)
	clear(c.cells[:cap(c.cells)])
	c.cells = c.cells[:0]
}
