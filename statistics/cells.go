package statistics

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// Cells is an unpacked row, column by column.
type Cells struct {
	// byDay says that cells are of the whole day: their minutes are the last that matter, or the day's first.
	byDay                                bool
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
	// first is the day's first minute and presences are of the day, in a row by day.
	first     int64
	presences []presence
}

// presence says in which hours of a day, as bits, a customer had entries of an integration, by their numbers.
type presence struct {
	pair
	hours uint32
}

type pair struct{ integration, customer uint32 }

// Open unpacks a row. Errors: ErrDamaged.
func Open(packed []byte) (*Cells, error) { return open(packed, false) }

// open is Open, or leaves out what Traffic does not say.
func open(packed []byte, lean bool) (*Cells, error) {
	if len(packed) == 0 {
		return nil, ErrDamaged
	}
	r := &reader{version: packed[0], rest: packed[1:], lean: lean && packed[0] > 1}
	var c *Cells
	switch r.version {
	case 1:
		raw, err := decompressor().DecodeAll(r.rest, nil)
		if err != nil {
			return nil, ErrDamaged
		}
		r.rest = raw
		c = r.first()
	case 2, version:
		if !sound(packed) {
			return nil, ErrDamaged
		}
		r.rest = r.rest[:len(r.rest)-crc32.Size]
		c = r.second()
	}
	if c == nil || r.bad || len(r.rest) > 0 {
		return nil, ErrDamaged
	}
	return c, nil
}

// first reads version 1: plain columns, in one frame of zstd with its checksum.
func (r *reader) first() *Cells {
	n := r.uvarint()
	if n == 0 || n > mostCells {
		r.fail()
		return nil
	}
	c := &Cells{}
	first := r.varint()
	r.values(c)
	if r.bad {
		return nil
	}
	r.columns(c, int(n), first) //nolint:gosec // At most mostCells.
	if r.bad {
		return nil
	}
	for i := range c.minutes {
		slices.SortFunc(c.durations(i), func(a, b BinCount) int { return cmp.Compare(a.Bin, b.Bin) })
	}
	if slices.ContainsFunc(c.bins, func(b BinCount) bool { return b.Bin < 1 || b.Bin > mostBins }) {
		r.fail()
	}
	return c
}

// second reads versions 2 and 3.
func (r *reader) second() *Cells {
	c := &Cells{}
	values := &reader{version: r.version, rest: r.zstd(), lean: r.lean}
	values.values(c)
	g, n, first := r.uvarint(), r.uvarint(), r.varint()
	if r.bad || values.bad || len(values.rest) > 0 && !r.lean || g > dayGrain || n == 0 || n > mostDayCells {
		r.fail()
		return nil
	}
	c.byDay, c.first = g == dayGrain, first
	r.columns(c, int(n), first) //nolint:gosec // At most mostDayCells.
	if r.bad || !c.follow() {
		r.fail()
		return nil
	}
	if r.lean {
		r.rest = nil
	} else if c.byDay {
		r.presences(c)
	}
	return c
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends a checksum.
func seal(b []byte) []byte { return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)) }

// sound tells whether the checksum at the end holds.
func sound(b []byte) bool {
	n := len(b) - crc32.Size
	return n > 0 && binary.BigEndian.Uint32(b[n:]) == crc32.Checksum(b[:n], castagnoli)
}

// follow puts in what columns leave to the last cell of the same call; false when that is no cell.
func (c *Cells) follow() bool {
	before := make([]similar, len(c.calls)+1)
	for i := range c.minutes {
		like := &before[c.call[i]]
		form, code, integration := c.forms[i]^like.form, like.code, like.integration
		if c.codes != nil {
			if v := c.codes[i]; v > 0 {
				code = v - 1
			}
			c.codes[i] = code
		}
		if v := c.integration[i]; v > 0 {
			integration = v - 1
		}
		c.forms[i], c.integration[i] = form, integration
		like.learn(form, code, integration)
		bins := c.durations(i)
		for n := range bins {
			if n == 0 {
				bins[0].Bin = like.bin + int(unzigzag(uint64(bins[0].Bin))) //nolint:gosec // Read as a number of 32 bits.
				like.bin = bins[0].Bin
			} else {
				bins[n].Bin += bins[n-1].Bin
			}
			if bins[n].Bin < 1 || bins[n].Bin > mostBins {
				return false
			}
		}
		if c.forms[i] >= 1<<9 || int(c.integration[i]) > len(c.integrations) {
			return false
		}
	}
	return true
}

// presences reads the hours of the pairs, in the order in which cells name them.
func (r *reader) presences(c *Cells) {
	seen := map[pair]struct{}{}
	for i := range c.minutes {
		p := pair{c.integration[i], c.customer[i]}
		if _, ok := seen[p]; !ok && p.customer > 0 {
			seen[p] = struct{}{}
			c.presences = append(c.presences, presence{pair: p})
		}
	}
	for i, hours := range r.numbers(len(c.presences), 1<<24-1) {
		c.presences[i].hours = hours
	}
}

// Len is how many cells there are.
func (c *Cells) Len() int { return len(c.minutes) }

func (c *Cells) kind(i int) entry.Kind           { return entry.Kind(c.forms[i] & 15) }
func (c *Cells) status(i int) entry.Status       { return statusOf(c.forms[i]) }
func (c *Cells) direction(i int) entry.Direction { return entry.Direction(c.forms[i] >> 7) }

func statusOf(form uint32) entry.Status { return entry.Status(form >> 4 & 7) }

func (c *Cells) durations(i int) []BinCount {
	if c.binEnds == nil {
		return nil
	}
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
