package statistics

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// reader reads a row from front to back. After the first read that goes wrong all others give zeros, and bad says so.
type reader struct {
	rest    []byte
	version byte
	bad     bool
	// lean passes over what Traffic does not say.
	lean bool
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

func (r *reader) varint() int64 { return unzigzag(r.uvarint()) }

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) } //nolint:gosec // zigzag

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) } //nolint:gosec // zigzag

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

// values reads what is numbered.
func (r *reader) values(c *Cells) {
	c.customers, c.integrations, c.apps, c.flows = r.uuids(), r.uuids(), r.uuids(), r.uuids()
	c.calls = make([]Call, r.count())
	for i := range c.calls {
		c.calls[i] = Call{r.text(), r.text()}
	}
	if r.lean {
		return
	}
	c.errors = make([]Error, r.count())
	for i := range c.errors {
		c.errors[i] = Error{Kind: entry.ErrorKind(r.uvarint()), Code: r.text()} //nolint:gosec // What is no kind is none.
		if r.version > 2 {
			c.errors[i].Category = r.text()
		}
	}
	c.transfers = make([]Transfer, r.count())
	for i := range c.transfers {
		c.transfers[i] = Transfer{r.text(), r.text(), r.text()}
	}
}

// columns reads n cells.
func (r *reader) columns(c *Cells, n int, first int64) {
	c.minutes = minutesFrom(first, r.numbers(n, math.MaxUint32), c.byDay)
	c.forms = r.numbers(n, 1<<9)
	extra := 0 // what a column may say from version 2 on beside its values
	if r.version > 1 {
		extra = 1
	}
	c.customer, c.integration = r.near(n, len(c.customers), c.byDay), r.numbers(n, len(c.integrations)+extra)
	c.app = r.numbers(n, impliedApp+len(c.apps))
	if r.lean {
		r.skip(1)
		c.call = r.near(n, len(c.calls), c.byDay)
		r.skip(3)
		c.counts = r.signed(n)
		return
	}
	c.flow = r.numbers(n, len(c.flows))
	c.call, c.codes = r.near(n, len(c.calls), c.byDay), r.numbers(n, 999+extra)
	c.fault, c.transfer = r.numbers(n, len(c.errors)), r.numbers(n, len(c.transfers))
	c.counts = r.signed(n)
	if r.version == 1 {
		c.binEnds = r.numbers(n, mostBins)
	} else if c.binEnds = r.numbers(n, math.MaxUint32); !r.bad {
		for i, fewer := range c.binEnds {
			bins := c.counts[i] - unzigzag(uint64(fewer))
			if bins < 0 || bins > int64(mostBins) {
				r.fail()
				return
			}
			c.binEnds[i] = uint32(bins)
		}
	}
	total := uint64(0)
	for i, bins := range c.binEnds {
		total += uint64(bins)
		c.binEnds[i] = uint32(total) //nolint:gosec // Checked below.
	}
	if total > max(mostDayBins, uint64(mostCells)*uint64(mostBins)) {
		r.fail()
		return
	}
	bins, counts := r.numbers(int(total), 2*mostBins), r.signed(int(total))
	if r.bad {
		return
	}
	c.bins = make([]BinCount, total)
	for i := range c.bins {
		c.bins[i] = BinCount{int(bins[i]), counts[i]}
	}
}

func minutesFrom(first int64, offsets []uint32, each bool) []int64 {
	minutes, minute := make([]int64, len(offsets)), first
	for i, d := range offsets {
		if each {
			minute = first
		}
		minute += int64(d)
		minutes[i] = minute
	}
	return minutes
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
	if len(column.rest) == n { // a byte each, as in most columns
		for i, v := range column.rest {
			if v >= 0x80 || int(v) > most {
				r.fail()
			}
			list[i] = uint32(v)
		}
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

// near reads a column of n numbers, none of them above most: each, if they are near, as what it differs from the one before.
func (r *reader) near(n, most int, near bool) []uint32 {
	if !near {
		return r.numbers(n, most)
	}
	list, last := r.numbers(n, math.MaxUint32), int64(0)
	for i, v := range list {
		if last += unzigzag(uint64(v)); last < 0 || last > int64(most) {
			r.fail()
			return nil
		}
		list[i] = uint32(last) //nolint:gosec // Checked above.
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
