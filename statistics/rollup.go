package statistics

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// rollup is a row of what a day's cells add up to: of one integration, or of all that have little. A day of few cells has
// no parts: its cells by minute are as quickly read.
type rollup struct {
	integrationID uuid.UUID
	hours, parts  []byte
}

// shared is the integration of the row that several share. No integration has that id: ids say their version.
var shared = uuid.Max

const (
	// littleHours is up to how many bytes of hours an integration shares a row: whoever asks for another one reads them in
	// vain. The row has no more than so many bytes of hours, and so many cells.
	littleHours = 640
	sharedHours = 4 << 10
	sharedCells = 2048
	// fewCells is how many cells by minute a day has at most that has no parts. It has none either when a part would be too
	// large to be read at once.
	fewCells = 2048
)

// rolling adds up a day by integration.
type rolling struct {
	first     int64 // the day's first minute
	cells     int   // by minute
	partless  bool
	collector *Collector
	// failures are by minute until all are there: a run that failed may be taken back.
	failures map[key]*counted
	hours    map[uint32]*hours // by the collector's numbers
	present  map[pair]*[24]int64
}

func newRolling(day int64) *rolling {
	return &rolling{
		first: day * minutesOfDay, collector: NewCollector(), failures: map[key]*counted{}, hours: map[uint32]*hours{}, present: map[pair]*[24]int64{},
	}
}

// add adds the cells of a row by minute.
func (r *rolling) add(c *Cells) {
	in := r.collector.takeFrom(c)
	r.cells += c.Len()
	for i := range c.Len() {
		k := in.key(i)
		offset := c.minutes[i] - r.first
		h := r.hours[k.integration]
		if h == nil {
			h = &hours{}
			r.hours[k.integration] = h
		}
		h[offset/60].add(c, i)
		if k.customer > 0 {
			p := r.present[pair{k.integration, k.customer}]
			if p == nil {
				p = &[24]int64{}
				r.present[pair{k.integration, k.customer}] = p
			}
			p[offset/60] += c.counts[i]
		}
		if c.status(i) == entry.StatusFailure {
			r.fail(k, c, i)
			continue
		}
		k.minute = r.first
		cell := r.collector.count(k, c.counts[i], c.durations(i))
		cell.last = max(cell.last, offset)
	}
}

func (r *rolling) fail(k key, c *Cells, i int) {
	f := r.failures[k]
	if f == nil {
		f = &counted{key: k}
		r.failures[k] = f
	}
	f.count += c.counts[i]
	for _, d := range c.durations(i) {
		f.addDuration(d)
	}
}

// settle puts the failures that are left among the cells.
func (r *rolling) settle() {
	for k, f := range r.failures {
		if f.isNothing() {
			continue
		}
		k.minute = r.first
		cell := r.collector.count(k, f.count, f.appendBins(nil))
		cell.last = max(cell.last, f.minute-r.first)
	}
	clear(r.failures)
}

// part is an integration's part of a day.
type part struct {
	section
	number uint32
	cells  []counted
}

func (p *part) bins() (n int) {
	for i := range p.cells {
		n += 1 + len(p.cells[i].more)
	}
	return n
}

// rollups packs what was added, and ends it.
func (r *rolling) rollups() []rollup {
	parts := r.parts()
	r.partless = r.cells <= fewCells || slices.ContainsFunc(parts, func(p part) bool { return len(p.cells) > mostDayCells || p.bins() > mostDayBins })
	// The least first: whoever has little shares, up to the limits.
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(len(a.packed), len(b.packed)), slices.Compare(a.integrationID[:], b.integrationID[:]))
	})
	sharing, bytes, cells := 0, 0, 0
	for sharing < len(parts) {
		bytes, cells = bytes+len(parts[sharing].packed), cells+len(parts[sharing].cells)
		if len(parts[sharing].packed) > littleHours || bytes > sharedHours || cells > sharedCells {
			break
		}
		sharing++
	}
	var out []rollup
	if sharing > 1 {
		out = append(out, r.row(shared, parts[:sharing]))
		parts = parts[sharing:]
	}
	for i := range parts {
		out = append(out, r.row(parts[i].integrationID, parts[i:i+1]))
	}
	return out
}

// parts are the integrations that have anything. Cells are sorted so that neighbors are alike.
func (r *rolling) parts() []part {
	r.settle()
	c := r.collector
	c.cells = slices.DeleteFunc(c.cells, func(cell counted) bool { return cell.isNothing() })
	slices.SortFunc(c.cells, func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.integration, b.integration), cmp.Compare(a.call, b.call), cmp.Compare(a.form, b.form),
			cmp.Compare(a.code, b.code), cmp.Compare(a.fault, b.fault), cmp.Compare(a.transfer, b.transfer),
			cmp.Compare(a.flow, b.flow), cmp.Compare(a.app, b.app), cmp.Compare(a.customer, b.customer))
	})
	var parts []part
	for rest := c.cells; len(rest) > 0; {
		number := rest[0].integration
		n := slices.IndexFunc(rest, func(cell counted) bool { return cell.integration != number })
		if n < 0 {
			n = len(rest)
		}
		parts = append(parts, part{section{pick(c.integrations.values, number), r.hours[number].pack()}, number, rest[:n]})
		rest = rest[n:]
	}
	return parts
}

func (r *rolling) row(integrationID uuid.UUID, parts []part) rollup {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.number, b.number) })
	sections := make([]section, len(parts))
	var cells []counted
	for i := range parts {
		sections[i] = parts[i].section
		cells = append(cells, parts[i].cells...)
	}
	out := rollup{integrationID: integrationID, hours: packHours(sections)}
	if !r.partless {
		out.parts = r.pack(cells)
	}
	return out
}

// exchange is what cells of one link agree in.
type exchange struct {
	integration uint32
	kind        entry.Kind
	direction   entry.Direction
	transfer    uint32
}

func exchangeOf(c *counted) exchange {
	return exchange{c.integration, entry.Kind(c.form & 15), entry.Direction(c.form >> 7), c.transfer} //nolint:gosec // Four bits and two.
}

// pack packs cells by day. Only of failures, and of the last cell of a link, anybody asks when they were seen last: others
// say nothing of it.
func (r *rolling) pack(cells []counted) []byte {
	last := map[exchange]int64{}
	for i := range cells {
		last[exchangeOf(&cells[i])] = max(last[exchangeOf(&cells[i])], cells[i].last)
	}
	p := r.collector.packing(dayGrain)
	for i := range cells {
		c := &cells[i]
		offset := uint32(0)
		if statusOf(uint32(c.form)) == entry.StatusFailure || last[exchangeOf(c)] == c.last {
			offset = uint32(c.last) //nolint:gosec // Of a day.
		}
		p.offsets = append(p.offsets, offset)
	}
	p.presence = func(of pair) (bits uint32) {
		for hour, n := range r.present[of] {
			if n > 0 {
				bits |= 1 << hour
			}
		}
		return bits
	}
	return p.row(cells, r.first)
}
