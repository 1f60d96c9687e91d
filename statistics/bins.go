package statistics

import (
	"encoding/binary"
	"math"
	"slices"
)

// packedBins are the bins of a sketch, packed: how far each is from the one before it, or, with its sign, the first from
// start; twice, plus one when a count follows because it is not 1.
type packedBins struct {
	n, start int
	bytes    []byte
	// known are the bins that percentiles lie in, or 0.
	known [len(percentiles)]int
}

// percentiles are those that roll-ups know.
var percentiles = [...]float64{0.5, 0.95, 0.99}

// appendTo appends the bins, packed.
func (s *Sketch) appendTo(b []byte, start int) []byte {
	last, first := start, true
	for at, count := range s.counts {
		if count == 0 {
			continue
		}
		bin := s.low + at
		step := uint64(bin - last) //nolint:gosec // They ascend.
		if first {
			step, first = zigzag(int64(bin-last)), false
		}
		if last = bin; count == 1 {
			b = binary.AppendUvarint(b, step<<1)
		} else {
			b = binary.AppendVarint(binary.AppendUvarint(b, step<<1|1), count)
		}
	}
	return b
}

// first is the first bin that has anything.
func (s *Sketch) first() int {
	return s.low + slices.IndexFunc(s.counts, func(n int64) bool { return n != 0 })
}

// percentiles are the bins that they lie in; 0 where there is none.
func (s *Sketch) percentiles() (known [len(percentiles)]int) {
	for i, q := range percentiles {
		known[i] = s.quantile(q)
	}
	return known
}

// bin reads a bin, which is beside another, or after it.
func (r *reader) bin(last int, beside bool) (bin int, count int64) {
	v := r.uvarint()
	count = 1
	if v&1 != 0 {
		count = r.varint()
	}
	step := v >> 1 & 0xffff
	if bin = last + int(step); beside { //nolint:gosec // Two bytes.
		bin = last + int(unzigzag(step))
	}
	if bin < 1 || bin > mostBins {
		r.fail()
	}
	return bin, count
}

// each gives the bins; false when they cannot be read.
func (p *packedBins) each(do func(bin int, count int64)) bool {
	r := reader{rest: p.bytes}
	bin := p.start
	for i := range p.n {
		var count int64
		if bin, count = r.bin(bin, i == 0); r.bad {
			return false
		}
		do(bin, count)
	}
	return len(r.rest) == 0
}

// quantile is the bin that a quantile lies in; 0 when there is none.
func (p *packedBins) quantile(q float64) (in int) {
	total := int64(0)
	p.each(func(_ int, n int64) { total += n })
	rank := int64(math.Floor(q * float64(total-1)))
	p.each(func(bin int, n int64) {
		if rank -= n; rank < 0 && in == 0 && total > 0 {
			in = bin
		}
	})
	return in
}

// adopt makes packed bins those of an empty sketch, which unpacks them when it has to; to another they are added.
func (s *Sketch) adopt(p packedBins) bool {
	if s.packed.bytes != nil || len(s.counts) > 0 || p.n == 0 {
		return s.addPacked(p)
	}
	s.packed = p
	return true
}

// addPacked adds packed bins.
func (s *Sketch) addPacked(p packedBins) bool {
	s.unpack()
	return p.each(s.count)
}

// unpack makes the bins of the sketch's own. What cannot be read was refused when it came.
func (s *Sketch) unpack() {
	if p := s.packed; p.bytes != nil {
		s.packed = packedBins{}
		p.each(s.count)
	}
}
