package statistics

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// hours are the figures of a UTC day by hour.
type hours [24]Totals

// Packed hours are a byte that says the version of the format, how many integrations there are, of each its id and its
// section with the length before it, and a checksum. A section is three bytes whose bits say which hours have anything,
// and of each of these the total, four times, plus one when some failed, plus two when there are not as many bins as the
// total; these two numbers, where it says so; and the bins: how far each is from the one before it, or the first from that
// of the hour before, twice, plus one when a count follows because it is not 1.
const (
	hoursVersion = 1
	someFailed   = 1
	otherBins    = 2
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
	var b []byte
	mask, start := uint32(0), int64(0)
	for i := range h {
		t := &h[i]
		n := int64(t.Durations.bins())
		if t.Total == 0 && t.Failed == 0 && n == 0 {
			continue
		}
		mask |= 1 << i
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
		last, first := start, true
		for at, count := range t.Durations.counts {
			if count == 0 {
				continue
			}
			bin := int64(t.Durations.low + at)
			step := uint64(bin - last) //nolint:gosec // They ascend.
			if first {
				step, start, first = zigzag(bin-last), bin, false
			}
			if last = bin; count == 1 {
				b = binary.AppendUvarint(b, step<<1)
			} else {
				b = binary.AppendVarint(binary.AppendUvarint(b, step<<1|1), count)
			}
		}
	}
	if mask == 0 {
		return nil
	}
	return append([]byte{byte(mask), byte(mask >> 8), byte(mask >> 16)}, b...)
}

// each gives the hours that have anything. The bins are only for the time of the call. Errors: ErrDamaged.
func (s *section) each(do func(hour int, total, failed int64, bins []BinCount)) error {
	r := &reader{rest: s.packed}
	mask := r.take(3)
	if r.bad {
		return ErrDamaged
	}
	var bins []BinCount
	start := int64(0)
	for hour := range len(hours{}) {
		if mask[hour/8]>>(hour%8)&1 == 0 {
			continue
		}
		head := r.uvarint()
		total, failed := unzigzag(head>>2), int64(0)
		if head&someFailed != 0 {
			failed = r.varint()
		}
		n := total
		if head&otherBins != 0 {
			n = int64(r.count()) //nolint:gosec // Fits.
		}
		if bins = r.hourBins(bins[:0], n, start); r.bad {
			return ErrDamaged
		}
		if len(bins) > 0 {
			start = int64(bins[0].Bin)
		}
		do(hour, total, failed, bins)
	}
	if len(r.rest) > 0 {
		return ErrDamaged
	}
	return nil
}

// hourBins reads n bins, the first of them beside start.
func (r *reader) hourBins(bins []BinCount, n, start int64) []BinCount {
	if n < 0 || n > int64(len(r.rest)) {
		r.fail()
		return nil
	}
	bin := start
	for i := range n {
		v, count := r.uvarint(), int64(1)
		if v&1 != 0 {
			count = r.varint()
		}
		if step := v >> 1 & 0xffff; i == 0 {
			bin += unzigzag(step)
		} else {
			bin += int64(step) //nolint:gosec // Two bytes.
		}
		if bin < 1 || bin > int64(mostBins) {
			r.fail()
			return nil
		}
		bins = append(bins, BinCount{int(bin), count})
	}
	return bins
}
