package statistics

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Row is packed cells of one UTC day, by ascending minute.
type Row struct {
	// Day counts from 1970, and so do the minutes of the first and the last cell.
	Day, FirstMinute, LastMinute int64
	Packed                       []byte
}

const minutesOfDay = 24 * 60

// A packed row is a byte that says the version of the format; the values that are numbered (customers, integrations,
// connected apps, flows, calls, errors, transfers), as a zstd frame; whether cells are by minute or by day; how many there
// are; the first minute; the columns; and a checksum. A column says nothing of what follows from the last cell of the same
// call: cells of a call mostly have one form, status code and integration, and durations that are near.
//
// Version 1, one zstd frame of plain columns, and version 2, whose errors had no category, are read but no longer written.
const (
	version     = 3
	minuteGrain = 0
	dayGrain    = 1
	// mostDayCells is how many cells a row by day has at most, and mostDayBins how many bins.
	mostDayCells = 1 << 20
	mostDayBins  = 1 << 23
)

// ErrDamaged is of a row that cannot be read.
var ErrDamaged = errors.New("packed statistics cannot be read")

// similar is what cells of a call are like.
type similar struct {
	form, code, integration uint32
	bin                     int
}

// learn notes what a cell is like. Failures are what the next cell is not like.
func (s *similar) learn(form, code, integration uint32) {
	if statusOf(form) != entry.StatusFailure {
		s.form, s.code = form, code
	}
	s.integration = integration
}

// packing is cells on their way into a row: numbered by the values that the row has, each less what the last cell of its
// call says.
type packing struct {
	collector *Collector
	grain     byte
	// offsets are the minutes, each from the one before, or from the day's first in a row by day.
	offsets  []uint32
	cells    []packed
	bins     []BinCount // of all cells, as numbers to be written
	presence func(pair) uint32
	// call and customer are those of the last cell, and before is what the last cell of each call was like.
	call, customer uint32
	before         []similar

	customers, integrations, apps, flows, calls, errors, transfers renumbering
	column                                                         []byte
}

type packed struct {
	form, code, customer, integration, app, flow, call, fault, transfer uint32
	count                                                               int64
	bins                                                                int
}

// renumbering numbers the values that a row has, in the order in which they are found. 0 stays 0.
type renumbering struct {
	numbers []uint32 // by old number, of those that were found
	found   []uint32
}

func (n *renumbering) of(old uint32, values int) uint32 {
	if old == 0 {
		return 0
	}
	if missing := values + 1 - len(n.numbers); missing > 0 {
		n.numbers = append(n.numbers, make([]uint32, missing)...)
	}
	if n.numbers[old] == 0 {
		n.found = append(n.found, old)
		n.numbers[old] = uint32(len(n.found)) //nolint:gosec // As many as there are cells.
	}
	return n.numbers[old]
}

func (n *renumbering) reset() {
	clear(n.numbers)
	n.found = n.found[:0]
}

// add takes one cell more.
func (p *packing) add(cell *counted) {
	c := p.collector
	one := packed{
		form: uint32(cell.form), code: uint32(cell.code), count: cell.count,
		customer: p.customers.of(cell.customer, len(c.customers.values)), integration: p.integrations.of(cell.integration, len(c.integrations.values)),
		app: cell.app, flow: p.flows.of(cell.flow, len(c.flows.values)), call: p.calls.of(cell.call, len(c.calls.values)),
		fault: p.errors.of(cell.fault, len(c.errors.values)), transfer: p.transfers.of(cell.transfer, len(c.transfers.values)),
	}
	if cell.app > impliedApp {
		one.app = impliedApp + p.apps.of(cell.app-impliedApp, len(c.apps.values))
	}
	from := len(p.bins)
	p.bins = cell.appendBins(p.bins)
	one.bins = len(p.bins) - from

	like := &p.before[cell.call]
	form, code, integration := one.form, one.code, one.integration
	one.form ^= like.form
	one.code, one.integration = differing(code, like.code), differing(integration, like.integration)
	like.learn(form, code, integration)
	bins := p.bins[from:]
	for i := len(bins) - 1; i > 0; i-- {
		bins[i].Bin -= bins[i-1].Bin
	}
	if len(bins) > 0 {
		first := bins[0].Bin
		bins[0].Bin = int(zigzag(int64(first - like.bin))) //nolint:gosec // At most twice mostBins.
		like.bin = first
	}
	if p.grain == dayGrain { // sorted by call and customer
		call, customer := one.call, one.customer
		one.call, one.customer = uint32(zigzag(int64(call)-int64(p.call))), uint32(zigzag(int64(customer)-int64(p.customer))) //nolint:gosec // As many as there are cells.
		p.call, p.customer = call, customer
	}
	p.cells = append(p.cells, one)
}

// differing is 0 for what is as before.
func differing(v, before uint32) uint32 {
	if v == before {
		return 0
	}
	return v + 1
}

// appendBins appends the cell's bins, ascending.
func (c *counted) appendBins(to []BinCount) []BinCount {
	from := len(to)
	if c.first.Count != 0 {
		to = append(to, c.first)
	}
	for _, b := range c.more {
		if b.Count != 0 {
			to = append(to, b)
		}
	}
	if len(to) > from+1 {
		slices.SortFunc(to[from:], func(a, b BinCount) int { return cmp.Compare(a.Bin, b.Bin) })
	}
	return to
}

// pack packs cells of one day that ascend by minute.
func (c *Collector) pack(cells []counted) []byte {
	p := c.packing(minuteGrain)
	minute := cells[0].minute
	for i := range cells {
		p.offsets = append(p.offsets, uint32(cells[i].minute-minute)) //nolint:gosec // They ascend, within a day.
		minute = cells[i].minute
	}
	return p.row(cells, cells[0].minute)
}

// packing is ready for a row. Its memory is that of the one before.
func (c *Collector) packing(grain byte) *packing {
	p := &c.packed
	p.collector, p.grain, p.presence, p.call, p.customer = c, grain, nil, 0, 0
	p.offsets, p.cells, p.bins, p.column = p.offsets[:0], p.cells[:0], p.bins[:0], p.column[:0]
	clear(p.before)
	if missing := len(c.calls.values) + 1 - len(p.before); missing > 0 {
		p.before = append(p.before, make([]similar, missing)...)
	}
	for _, n := range [...]*renumbering{&p.customers, &p.integrations, &p.apps, &p.flows, &p.calls, &p.errors, &p.transfers} {
		n.reset()
	}
	return p
}

func (p *packing) row(cells []counted, first int64) []byte {
	for i := range cells {
		p.add(&cells[i])
	}
	p.column = p.values(p.column[:0])
	b := append(make([]byte, 0, len(p.column)+64+4*len(cells)), version)
	b = appendZstd(b, p.column)
	b = binary.AppendUvarint(b, uint64(p.grain))
	b = binary.AppendUvarint(b, uint64(len(cells)))
	b = binary.AppendVarint(b, first)
	b = p.columns(b)
	if p.grain == dayGrain {
		b = p.presences(b, cells)
	}
	return seal(b)
}

func (p *packing) values(b []byte) []byte {
	c := p.collector
	for _, ids := range [...]struct {
		of     *renumbering
		values []uuid.UUID
	}{{&p.customers, c.customers.values}, {&p.integrations, c.integrations.values}, {&p.apps, c.apps.values}, {&p.flows, c.flows.values}} {
		b = binary.AppendUvarint(b, uint64(len(ids.of.found)))
		for _, n := range ids.of.found {
			b = append(b, ids.values[n-1][:]...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.calls.found)))
	for _, n := range p.calls.found {
		v := &c.calls.values[n-1]
		b = appendBytes(appendBytes(b, v.Method), v.Endpoint)
	}
	b = binary.AppendUvarint(b, uint64(len(p.errors.found)))
	for _, n := range p.errors.found {
		v := &c.errors.values[n-1]
		b = appendBytes(appendBytes(binary.AppendUvarint(b, uint64(v.Kind)), v.Code), v.Category)
	}
	b = binary.AppendUvarint(b, uint64(len(p.transfers.found)))
	for _, n := range p.transfers.found {
		v := &c.transfers.values[n-1]
		b = appendBytes(appendBytes(appendBytes(b, v.From), v.To), v.Operation)
	}
	return b
}

func (p *packing) columns(b []byte) []byte {
	p.column = p.column[:0]
	for _, d := range p.offsets {
		p.column = binary.AppendUvarint(p.column, uint64(d))
	}
	b = appendColumn(b, p.column)
	for _, of := range [...]func(*packed) uint64{
		func(c *packed) uint64 { return uint64(c.form) }, func(c *packed) uint64 { return uint64(c.customer) },
		func(c *packed) uint64 { return uint64(c.integration) }, func(c *packed) uint64 { return uint64(c.app) },
		func(c *packed) uint64 { return uint64(c.flow) }, func(c *packed) uint64 { return uint64(c.call) },
		func(c *packed) uint64 { return uint64(c.code) }, func(c *packed) uint64 { return uint64(c.fault) },
		func(c *packed) uint64 { return uint64(c.transfer) }, func(c *packed) uint64 { return zigzag(c.count - 1) },
		func(c *packed) uint64 { return zigzag(c.count - int64(c.bins)) },
	} {
		p.column = p.column[:0]
		for i := range p.cells {
			p.column = binary.AppendUvarint(p.column, of(&p.cells[i]))
		}
		b = appendColumn(b, p.column)
	}
	p.column = p.column[:0]
	for i := range p.bins {
		p.column = binary.AppendUvarint(p.column, uint64(p.bins[i].Bin)) //nolint:gosec // Never negative.
	}
	b = appendColumn(b, p.column)
	p.column = p.column[:0]
	for i := range p.bins {
		p.column = binary.AppendVarint(p.column, p.bins[i].Count-1)
	}
	return appendColumn(b, p.column)
}

func (p *packing) presences(b []byte, cells []counted) []byte {
	p.column = p.column[:0]
	seen := map[pair]struct{}{}
	for i := range cells {
		of := pair{cells[i].integration, cells[i].customer}
		if _, ok := seen[of]; !ok && of.customer > 0 {
			seen[of] = struct{}{}
			p.column = binary.AppendUvarint(p.column, uint64(p.presence(of)))
		}
	}
	return appendColumn(b, p.column)
}
