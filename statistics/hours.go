package statistics

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// hours are the figures of a UTC day by hour.
type hours [24]Totals

// Packed hours are a byte that says the version of the format, how many integrations there are, of each its id and its
// section with the length before it, and a checksum. A section is three bytes whose bits say which hours have anything,
// and of each of these the total, the failed, how many bins there are, and the bins: how far each is from the one
// before it, twice, plus one when a count follows because it is not 1.
const hoursVersion = 1

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
	mask := uint32(0)
	for i := range h {
		t := &h[i]
		n := t.Durations.bins()
		if t.Total == 0 && t.Failed == 0 && n == 0 {
			continue
		}
		mask |= 1 << i
		b = binary.AppendVarint(binary.AppendVarint(b, t.Total), t.Failed)
		b = binary.AppendUvarint(b, uint64(n)) //nolint:gosec // Never negative.
		last := 0
		for at, count := range t.Durations.counts {
			if count == 0 {
				continue
			}
			bin := t.Durations.low + at
			step := uint64(bin-last) << 1 //nolint:gosec // They ascend.
			if last = bin; count == 1 {
				b = binary.AppendUvarint(b, step)
			} else {
				b = binary.AppendVarint(binary.AppendUvarint(b, step|1), count)
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
	for hour := range len(hours{}) {
		if mask[hour/8]>>(hour%8)&1 == 0 {
			continue
		}
		total, failed := r.varint(), r.varint()
		bins = bins[:0]
		bin := 0
		for range r.count() {
			step, count := r.uvarint(), int64(1)
			if step&1 != 0 {
				count = r.varint()
			}
			if bin += int(step >> 1 & 0xffff); bin < 1 || bin > mostBins { //nolint:gosec // Two bytes.
				return ErrDamaged
			}
			bins = append(bins, BinCount{bin, count})
		}
		if r.bad {
			return ErrDamaged
		}
		do(hour, total, failed, bins)
	}
	if len(r.rest) > 0 {
		return ErrDamaged
	}
	return nil
}
