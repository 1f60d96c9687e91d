package statistics

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// Cells is an unpacked row, column by column.
type Cells struct {
	minutes                              []int64
	forms, codes                         []uint32
	customer, integration, app, flow     []uint32
	call, fault, transfer                []uint32
	counts                               []int64
	binEnds                              []uint32 // where the bins of each cell end
	bins                                 []BinCount
	customers, integrations, apps, flows []uuid.UUID
	calls                                []Call
	errors                               []Error
	transfers                            []Transfer
}

// Open unpacks a row. Errors: ErrDamaged.
func Open(packed []byte) (*Cells, error) {
	if len(packed) == 0 || packed[0] != version {
		return nil, ErrDamaged
	}
	raw, err := decompressor().DecodeAll(packed[1:], nil)
	if err != nil {
		return nil, ErrDamaged
	}
	r := &reader{rest: raw}
	c := r.cells()
	if r.bad || len(r.rest) > 0 {
		return nil, ErrDamaged
	}
	return c, nil
}

// Len is how many cells there are.
func (c *Cells) Len() int { return len(c.minutes) }

// reader reads a row from front to back. After the first read that goes wrong all others give zeros, and bad says so.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) fail() { r.rest, r.bad = nil, true }

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // as most are
		v := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return v
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1) //nolint:gosec // zigzag
}

// count reads a number of things of at least one byte each.
func (r *reader) count() int {
	v := r.uvarint()
	if v > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(v) //nolint:gosec // Checked above.
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) uuids() []uuid.UUID {
	list := make([]uuid.UUID, r.count())
	for i := range list {
		copy(list[i][:], r.take(len(list[i])))
	}
	return list
}

func (r *reader) cells() *Cells {
	n := r.uvarint()
	if n == 0 || n > mostCells {
		r.fail()
		return nil
	}
	c := &Cells{}
	first := r.varint()
	c.customers, c.integrations, c.apps, c.flows = r.uuids(), r.uuids(), r.uuids(), r.uuids()
	c.calls = make([]Call, r.count())
	for i := range c.calls {
		c.calls[i] = Call{r.text(), r.text()}
	}
	c.errors = make([]Error, r.count())
	for i := range c.errors {
		c.errors[i] = Error{entry.ErrorKind(r.uvarint()), r.text()} //nolint:gosec // What is no kind is none.
	}
	c.transfers = make([]Transfer, r.count())
	for i := range c.transfers {
		c.transfers[i] = Transfer{r.text(), r.text(), r.text()}
	}
	if r.bad {
		return nil
	}
	r.columns(c, int(n), first) //nolint:gosec // At most mostBytes.
	return c
}

func (r *reader) columns(c *Cells, n int, minute int64) {
	deltas := r.numbers(n, math.MaxUint32)
	c.minutes = make([]int64, len(deltas))
	for i, d := range deltas {
		minute += int64(d)
		c.minutes[i] = minute
	}
	c.forms = r.numbers(n, 1<<9)
	c.customer, c.integration = r.numbers(n, len(c.customers)), r.numbers(n, len(c.integrations))
	c.app, c.flow = r.numbers(n, impliedApp+len(c.apps)), r.numbers(n, len(c.flows))
	c.call, c.codes = r.numbers(n, len(c.calls)), r.numbers(n, 999)
	c.fault, c.transfer = r.numbers(n, len(c.errors)), r.numbers(n, len(c.transfers))
	c.counts = r.signed(n)
	c.binEnds = r.numbers(n, mostBins)
	total := uint32(0)
	for i, bins := range c.binEnds {
		total += bins
		c.binEnds[i] = total
	}
	if int64(total) > int64(mostCells)*int64(mostBins) {
		r.fail()
		return
	}
	bins, counts := r.numbers(int(total), mostBins), r.signed(int(total))
	if r.bad {
		return
	}
	c.bins = make([]BinCount, total)
	for i := range c.bins {
		c.bins[i] = BinCount{int(bins[i]), counts[i]}
	}
}

// column gives the bytes of a column; ok is false for one that is all zero.
func (r *reader) column() (column reader, ok bool) {
	size := r.count()
	return reader{rest: r.take(size)}, size > 0 && !r.bad
}

// numbers reads a column of n numbers, none of them above most.
func (r *reader) numbers(n, most int) []uint32 {
	column, ok := r.column()
	if r.bad || ok && n > len(column.rest) {
		r.fail()
		return nil
	}
	list := make([]uint32, n)
	if !ok {
		return list
	}
	for i := range list {
		v := column.uvarint()
		if v > uint64(most) { //nolint:gosec // Never negative.
			column.fail()
		}
		list[i] = uint32(v) //nolint:gosec // Checked above.
	}
	if column.bad || len(column.rest) > 0 {
		r.fail()
	}
	return list
}

// signed reads a column of n numbers less one.
func (r *reader) signed(n int) []int64 {
	column, ok := r.column()
	if r.bad || ok && n > len(column.rest) {
		r.fail()
		return nil
	}
	list := make([]int64, n)
	for i := range list {
		list[i] = 1
		if ok {
			list[i] += column.varint()
		}
	}
	if column.bad || len(column.rest) > 0 {
		r.fail()
	}
	return list
}

func (c *Cells) kind(i int) entry.Kind           { return entry.Kind(c.forms[i] & 15) }
func (c *Cells) status(i int) entry.Status       { return entry.Status(c.forms[i] >> 4 & 7) }
func (c *Cells) direction(i int) entry.Direction { return entry.Direction(c.forms[i] >> 7) }

func (c *Cells) durations(i int) []BinCount {
	from := uint32(0)
	if i > 0 {
		from = c.binEnds[i-1]
	}
	return c.bins[from:c.binEnds[i]]
}

func pick[T any](values []T, n uint32) (v T) {
	if n > 0 {
		v = values[n-1]
	}
	return v
}

func (c *Cells) appID(i int) uuid.UUID {
	switch n := c.app[i]; n {
	case 0:
		return uuid.Nil
	case impliedApp:
		return nodeid.ImpliedApp(pick(c.customers, c.customer[i]), pick(c.integrations, c.integration[i]))
	default:
		return c.apps[n-impliedApp-1]
	}
}

// Cell fills in the cell at a position. Its durations share the unpacked row.
func (c *Cells) Cell(i int, to *Cell) {
	*to = Cell{Count: c.counts[i], Durations: c.durations(i), Dimensions: Dimensions{
		Minute: c.minutes[i], Kind: c.kind(i), Status: c.status(i), Direction: c.direction(i),
		CustomerID: pick(c.customers, c.customer[i]), IntegrationID: pick(c.integrations, c.integration[i]),
		ConnectedAppID: c.appID(i), FlowID: pick(c.flows, c.flow[i]), Call: pick(c.calls, c.call[i]),
		StatusCode: int(c.codes[i]), Error: pick(c.errors, c.fault[i]), Transfer: pick(c.transfers, c.transfer[i]),
	}}
}
