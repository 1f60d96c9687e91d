package issues

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// sheet is what was seen of problems that are only watched, by minute and whom they hit. A row of issue_watched is a packed
// one; what all rows of a tenant add up to is another, by which problems are judged.
type sheet struct {
	tenantID uuid.UUID
	whoms    numbered[whom]
	problems map[uuid.UUID]*problem
	// totals has hours count all sightings, and not only those that are in no cell any more.
	totals bool
}

// problem is one of a sheet.
type problem struct {
	id          uuid.UUID
	key         Key
	first, last int64 // in microseconds
	confidence  float64
	kinds       uint32 // a bit for each kind of entry that it was seen in
	cells       []cell // in order up to sorted
	sorted      int
	hours       []hourly // in order
	evidence    []exhibit
	// judged is when the traffic of each window was looked at, and with how many sightings.
	judged [len(windows)]judgement
}

// cell counts the sightings of one in a minute, and tells when the last was: microseconds after the minute began. What was
// put together by hour is of the first of its minutes.
type cell struct {
	minute int32
	whom   uint32
	n      uint32
	last   uint32
}

func (c *cell) at() time.Time { return time.Unix(60*int64(c.minute), 0).UTC() }

// lastAt is the time of the last sighting.
func (c *cell) lastAt() time.Time { return c.at().Add(time.Duration(c.last) * time.Microsecond) }

// hourly counts sightings of an hour, from 1970 on.
type hourly struct {
	hour int32
	n    int64
}

func minuteOf(t time.Time) int32 { return int32(t.Unix() / 60) } //nolint:gosec // Good for 4,000 years.

func hourOf(minute int32) int32 { return minute / 60 }

func newSheet(tenantID uuid.UUID) *sheet {
	return &sheet{tenantID: tenantID, problems: map[uuid.UUID]*problem{}}
}

// problem gives the one with the key, and makes it if need be.
func (s *sheet) problem(id uuid.UUID, key Key, first, last int64) *problem {
	p := s.problems[id]
	if p == nil {
		p = &problem{id: id, key: key, first: first, last: last}
		s.problems[id] = p
	}
	p.first, p.last = min(p.first, first), max(p.last, last)
	return p
}

// count adds sightings of a minute.
func (s *sheet) count(p *problem, c cell) {
	if n := len(p.cells); n > 0 && p.cells[n-1].minute == c.minute && p.cells[n-1].whom == c.whom {
		p.cells[n-1].add(c)
	} else {
		p.cells = append(p.cells, c)
	}
	if s.totals {
		p.addHour(hourOf(c.minute), int64(c.n))
	}
}

func (c *cell) add(other cell) {
	c.n += other.n
	c.last = max(c.last, other.last)
}

func (p *problem) addHour(hour int32, n int64) {
	at := len(p.hours)
	if at > 0 && p.hours[at-1].hour >= hour {
		var found bool
		if at, found = slices.BinarySearchFunc(p.hours, hour, func(h hourly, hour int32) int { return cmp.Compare(h.hour, hour) }); found {
			p.hours[at].n += n
			return
		}
	}
	p.hours = slices.Insert(p.hours, at, hourly{hour, n})
}

func compareCells(a, b cell) int {
	return cmp.Or(cmp.Compare(a.minute, b.minute), cmp.Compare(a.whom, b.whom))
}

// tidy puts the cells in order, one for each minute and whom.
func (p *problem) tidy() {
	if p.sorted == len(p.cells) {
		return
	}
	// Most come in order: what is before the first of the new ones stays.
	least := slices.MinFunc(p.cells[p.sorted:], compareCells)
	from, _ := slices.BinarySearchFunc(p.cells[:p.sorted], least, compareCells)
	rest := p.cells[from:]
	slices.SortFunc(rest, compareCells)
	kept := 0
	for i := 1; i < len(rest); i++ {
		if compareCells(rest[kept], rest[i]) == 0 {
			rest[kept].add(rest[i])
			continue
		}
		kept++
		rest[kept] = rest[i]
	}
	p.cells = p.cells[:from+kept+1]
	p.sorted = len(p.cells)
}

// since are the cells from a minute on.
func (p *problem) since(minute int32) []cell {
	p.tidy()
	from, _ := slices.BinarySearchFunc(p.cells, minute, func(c cell, minute int32) int { return cmp.Compare(c.minute, minute) })
	return p.cells[from:]
}

// saw notes the kind of an entry that shows it.
func (p *problem) saw(kind entry.Kind) { p.kinds |= 1 << (kind & 31) }

func (p *problem) kindsSeen() (list []entry.Kind) {
	for kind := range entry.Kind(32) {
		if p.kinds&(1<<kind) != 0 {
			list = append(list, kind)
		}
	}
	return list
}

// inHours are the sightings from one hour on up to another.
func (p *problem) inHours(from, to int32) (n int64) {
	for _, h := range p.hours {
		if h.hour >= from && h.hour <= to {
			n += h.n
		}
	}
	return n
}

// trim lets go of what nobody asks for any more: cells that are no longer recent become hours, and hours go that are no
// longer counted. What is left without both is gone.
func (s *sheet) trim(now time.Time) {
	oldest, counts := minuteOf(now.Add(-recent)), hourOf(minuteOf(now.Add(-counted)))
	for id, p := range s.problems {
		young := p.since(oldest)
		if old := p.cells[:len(p.cells)-len(young)]; len(old) > 0 {
			for _, c := range old {
				if !s.totals {
					p.addHour(hourOf(c.minute), int64(c.n))
				}
			}
			p.cells = slices.Clone(young)
			p.sorted = len(p.cells)
		}
		p.hours = slices.DeleteFunc(p.hours, func(h hourly) bool { return h.hour < counts })
		p.evidence = slices.DeleteFunc(p.evidence, func(e exhibit) bool { return minuteOf(e.At) < oldest })
		if len(p.cells) == 0 && len(p.hours) == 0 {
			delete(s.problems, id)
		}
	}
}

// erase lets go of a customer, and of what nobody knows any more whom it hit: it may have been the customer. It tells whether
// there was any such thing.
func (s *sheet) erase(customerID uuid.UUID) (erased bool) {
	return s.drop(func(p *problem) {
		p.cells = slices.DeleteFunc(p.cells, func(c cell) bool { return s.whoms.values[c.whom].customer == customerID })
		p.evidence = slices.DeleteFunc(p.evidence, func(e exhibit) bool { return e.customer == customerID })
		if len(p.cells) == 0 {
			p.hours = nil
		}
	})
}

// forget lets go of what was seen before a time, and tells whether there was anything.
func (s *sheet) forget(before time.Time) bool {
	minute := minuteOf(before)
	return s.drop(func(p *problem) {
		p.cells = slices.DeleteFunc(p.cells, func(c cell) bool { return c.minute < minute })
		p.evidence = slices.DeleteFunc(p.evidence, func(e exhibit) bool { return e.At.Before(before) })
		p.hours = slices.DeleteFunc(p.hours, func(h hourly) bool { return h.hour < hourOf(minute) })
	})
}

// drop lets go of a part of each problem, and of those that nothing is left of.
func (s *sheet) drop(part func(p *problem)) (dropped bool) {
	for id, p := range s.problems {
		had := len(p.cells) + len(p.evidence) + len(p.hours)
		part(p)
		p.sorted = 0
		dropped = dropped || len(p.cells)+len(p.evidence)+len(p.hours) < had
		if len(p.cells) == 0 && len(p.hours) == 0 {
			delete(s.problems, id)
		}
	}
	return dropped
}

// What a problem and whom it hits take in memory, about, beside texts and cells.
const (
	problemBytes = 360
	whomBytes    = 100
)

// bytes are about how many the sheet takes.
func (s *sheet) bytes() int {
	n := whomBytes * len(s.whoms.values)
	for _, p := range s.problems {
		n += problemBytes + len(p.key.Cause) + len(p.key.Scope) + len(p.key.Category) + 16*cap(p.cells) + 16*cap(p.hours) + 64*cap(p.evidence)
	}
	return n
}

// size is how many cells there are.
func (s *sheet) size() (n int) {
	for _, p := range s.problems {
		n += len(p.cells)
	}
	return n
}

const (
	// mostByMinute is how many cells a sheet keeps by minute: where there are more, those of whole hours before lastHours are
	// put together by hour. Windows of minutes end with the last sighting, which is mostly of now.
	mostByMinute = 20_000
	lastHours    = 2
)

// coarsen puts cells together by hour where there are too many.
func (s *sheet) coarsen(now time.Time) {
	if s.size() <= mostByMinute {
		return
	}
	fine := 60 * (hourOf(minuteOf(now)) - lastHours)
	for _, p := range s.problems {
		fresh := p.since(fine)
		p.cells = append(byHour(p.cells[:len(p.cells)-len(fresh)]), fresh...)
		p.sorted = 0
		p.tidy()
	}
}

// byHour puts cells together that are of one hour and whom: they are of the first of its minutes.
func byHour(cells []cell) (out []cell) {
	type of struct {
		hour int32
		whom uint32
	}
	at := map[of]int{}
	for _, c := range cells {
		o := of{hourOf(c.minute), c.whom}
		if i, ok := at[o]; ok {
			after := uint32(c.minute-out[i].minute) * 60_000_000 //nolint:gosec // Within an hour.
			out[i].add(cell{n: c.n, last: after + c.last})
			continue
		}
		at[o] = len(out)
		out = append(out, c)
	}
	return out
}

// sheetVersion is the first byte of a packed sheet.
const sheetVersion = 1

// pack packs a sheet: a frame with whom and how often problems hit, and one with the entries that show them.
func (s *sheet) pack() []byte {
	list := make([]*problem, 0, len(s.problems))
	for _, p := range s.problems {
		p.tidy()
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *problem) int {
		return cmp.Or(cmp.Compare(a.first, b.first), slices.Compare(a.id[:], b.id[:]))
	})
	w := &packingSheet{sheet: s, whoms: numbered[whom]{}}
	var each []byte
	for _, p := range list {
		each = w.problem(each, p)
	}
	var lists []byte
	lists = appendIDs(appendIDs(appendIDs(lists, w.integrations.values), w.customers.values), w.apps.values)
	lists = append(binary.AppendUvarint(lists, uint64(len(w.whoms.values))), w.listed...)
	lists = append(binary.AppendUvarint(lists, uint64(len(list))), each...)
	b := []byte{sheetVersion}
	frame := zip(nil, lists)
	b = append(binary.AppendUvarint(b, uint64(len(frame))), frame...)
	if len(w.shown) == 0 {
		return b
	}
	return zip(b, w.shown)
}

type packingSheet struct {
	sheet                         *sheet
	integrations, customers, apps numbered[uuid.UUID]
	whoms                         numbered[whom]
	listed, shown                 []byte
}

func (w *packingSheet) whom(number uint32, integration uuid.UUID) uint32 {
	who := w.sheet.whoms.values[number]
	had := len(w.whoms.values)
	at := w.whoms.of(who)
	if int(at) == had {
		w.listed = binary.AppendUvarint(w.listed, uint64(w.customers.of(who.customer)))
		w.listed = binary.AppendUvarint(w.listed, uint64(w.integrations.of(integration)))
		w.listed = binary.AppendUvarint(w.listed, uint64(appNumber(who, integration, &w.apps)))
	}
	return at
}

func (w *packingSheet) problem(b []byte, p *problem) []byte {
	b = appendKey(b, &p.key, w.integrations.of(p.key.IntegrationID))
	b = binary.AppendVarint(b, p.first)
	b = binary.AppendVarint(b, p.last-p.first)
	b = appendFraction(b, p.confidence)
	b = binary.AppendUvarint(b, uint64(p.kinds))
	b = binary.AppendUvarint(b, uint64(len(p.cells)))
	minute := int32(0)
	for _, c := range p.cells {
		b = binary.AppendUvarint(b, uint64(c.minute-minute)) //nolint:gosec // They are in order.
		b = binary.AppendUvarint(b, uint64(w.whom(c.whom, p.key.IntegrationID)))
		b = binary.AppendUvarint(b, uint64(c.n))
		b = binary.AppendUvarint(b, uint64(c.last))
		minute = c.minute
	}
	b = binary.AppendUvarint(b, uint64(len(p.hours)))
	for _, h := range p.hours {
		b = binary.AppendUvarint(b, uint64(h.hour)) //nolint:gosec // Never negative.
		b = binary.AppendUvarint(b, uint64(h.n))    //nolint:gosec // Never negative.
	}
	w.shown = binary.AppendUvarint(w.shown, uint64(len(p.evidence)))
	for _, e := range p.evidence {
		w.shown = binary.AppendUvarint(w.shown, uint64(e.Kind))
		w.shown = binary.AppendVarint(w.shown, e.At.UnixMicro()-p.first)
		w.shown = append(append(w.shown, e.ID[:]...), e.customer[:]...)
	}
	return b
}
