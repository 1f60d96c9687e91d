package statistics

import (
	"bytes"
	"encoding/binary"

	"github.com/google/uuid"
)

// hours are the figures of a UTC day by hour.
type hours [24]Totals

// Packed hours are a byte that says the version of the format, how many integrations there are, of each its id and its
// section with the length before it, and a checksum. A section is:
//
//   - a byte that says whether hours are skipped over, and three whose bits say which hours have anything;
//   - if so, the bins of the day, packed, with their number and length before them;
//   - of each hour the total, four times, plus one when some failed, plus two when there are not as many bins as the total;
//     these two numbers, where it says so; if hours are skipped over, the bins that percentiles lie in, each from the one
//     before it, and the length of the bins; and the bins.
//
// Whoever asks for a month of hours of a busy integration then reads no bins but those of the days.
const (
	hoursVersion = 1
	someFailed   = 1
	otherBins    = 2
	// manyBins is from how many bins a day on hours are skipped over.
	manyBins = 512
)

// section is the hours of an integration in a row.
type section struct {
	integrationID uuid.UUID
	packed        []byte
}

func packHours(sections []section) []byte {
	b := binary.AppendUvarint([]byte{hoursVersion}, uint64(len(sections)))
	for i := range sections {
		b = append(b, sections[i].integrationID[:]...)
		b = appendBytes(b, sections[i].packed)
	}
	return seal(b)
}

// openHours finds the sections of a row. Errors: ErrDamaged.
func openHours(packed []byte) ([]section, error) {
	if len(packed) == 0 || packed[0] != hoursVersion || !sound(packed) {
		return nil, ErrDamaged
	}
	r := &reader{rest: packed[1 : len(packed)-4]}
	list := make([]section, r.count())
	for i := range list {
		copy(list[i].integrationID[:], r.take(len(uuid.UUID{})))
		list[i].packed = r.take(r.count())
	}
	if r.bad || len(r.rest) > 0 {
		return nil, ErrDamaged
	}
	return list, nil
}

// pack makes a section; it is nil when there is nothing.
func (h *hours) pack() []byte {
	mask, n := uint32(0), 0
	var day Sketch
	for i := range h {
		if t := &h[i]; !t.isNothing() {
			mask |= 1 << i
			n += t.Durations.bins()
			day.Merge(&t.Durations)
		}
	}
	if mask == 0 {
		return nil
	}
	skipping := n >= manyBins
	b := []byte{0, byte(mask), byte(mask >> 8), byte(mask >> 16)}
	if skipping {
		b[0] = 1
		b = binary.AppendUvarint(b, uint64(day.bins())) //nolint:gosec // Never negative.
		b = appendBytes(b, day.appendTo(nil, 0))
	}
	start := 0
	for i := range h {
		if mask>>i&1 == 0 {
			continue
		}
		t := &h[i]
		b = t.appendHead(b)
		if skipping {
			last := 0
			for _, bin := range t.Durations.percentiles() {
				b = binary.AppendUvarint(b, uint64(bin-last)) //nolint:gosec // They ascend.
				last = bin
			}
			b = appendBytes(b, t.Durations.appendTo(nil, 0))
		} else if b = t.Durations.appendTo(b, start); t.Durations.bins() > 0 {
			start = t.Durations.first()
		}
	}
	return b
}

func (t *Totals) appendHead(b []byte) []byte {
	n := int64(t.Durations.bins())
	head := zigzag(t.Total) << 2
	if t.Failed != 0 {
		head |= someFailed
	}
	if n != t.Total {
		head |= otherBins
	}
	b = binary.AppendUvarint(b, head)
	if t.Failed != 0 {
		b = binary.AppendVarint(b, t.Failed)
	}
	if n != t.Total {
		b = binary.AppendUvarint(b, uint64(n)) //nolint:gosec // Never negative.
	}
	return b
}

// target says what an hour counts for: a point of a series, if any, and the sum that has it. Nil is of an hour that does
// not count.
type target func(minute int64) (point, sum *Totals)

// wholeSum is the sum that has all hours of a day, if one has.
func (to target) wholeSum(first int64) *Totals {
	_, sum := to(first)
	for hour := range int64(24) {
		if _, other := to(first + 60*hour); other != sum {
			return nil
		}
	}
	return sum
}

// add adds the hours of the day that begins with a minute. Errors: ErrDamaged.
func (s *section) add(first int64, to target) error {
	r := &reader{rest: bytes.Clone(s.packed)} // points keep parts of it
	head := r.take(4)
	if r.bad {
		return ErrDamaged
	}
	skipping := head[0] != 0
	var whole *Totals
	if skipping {
		if whole = to.wholeSum(first); whole == nil {
			r.count()
			r.take(r.count())
		} else {
			day := packedBins{n: r.count()}
			day.bytes = r.take(r.count())
			if !whole.Durations.addPacked(day) {
				return ErrDamaged
			}
		}
	}
	start := 0
	for hour := range int64(24) {
		if head[1+hour/8]>>(hour%8)&1 == 0 {
			continue
		}
		h := hourIn{start: start}
		h.read(r, skipping)
		if r.bad {
			return ErrDamaged
		}
		start = h.next
		if point, sum := to(first + 60*hour); sum != nil && !h.addTo(point, sum, whole != nil) {
			return ErrDamaged
		}
	}
	if len(r.rest) > 0 {
		return ErrDamaged
	}
	return nil
}

// hourIn is an hour of a section.
type hourIn struct {
	total, failed int64
	bins          packedBins
	// start is what the first bin is counted from, and next what that of the next hour is.
	start, next int
}

func (h *hourIn) read(r *reader, skipping bool) {
	head := r.uvarint()
	h.total = unzigzag(head >> 2)
	if head&someFailed != 0 {
		h.failed = r.varint()
	}
	h.bins = packedBins{n: int(h.total), start: h.start}
	if head&otherBins != 0 {
		h.bins.n = r.count()
	}
	if skipping {
		h.bins.start = 0
		last := 0
		for i := range h.bins.known {
			last += int(r.uvarint() & 0xffff) //nolint:gosec // Two bytes.
			h.bins.known[i] = last
		}
		h.bins.bytes = r.take(r.count())
		return
	}
	h.next = h.start
	before := r.rest
	if h.bins.n < 0 || h.bins.n > len(before) {
		r.fail()
		return
	}
	bin := h.start
	for i := range h.bins.n {
		bin, _ = r.bin(bin, i == 0)
		if i == 0 {
			h.next = bin
		}
	}
	h.bins.bytes = before[:len(before)-len(r.rest)]
}

// addTo adds the hour to a point and to the sum, unless the sum has the durations of the whole day already.
func (h *hourIn) addTo(point, sum *Totals, has bool) bool {
	sum.Total += h.total
	sum.Failed += h.failed
	ok := has || sum.Durations.addPacked(h.bins)
	if point == nil {
		return ok
	}
	point.Total += h.total
	point.Failed += h.failed
	return ok && point.Durations.adopt(h.bins)
}
