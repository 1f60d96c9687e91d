package segment

import (
	"encoding/binary"
	"math/bits"
)

// padding stands behind the last packed numbers of a buffer, so that reading one may load nine bytes at once.
const padding = 9

// packed is numbers of the same width in bits, without gaps, the lowest bits first.
type packed struct {
	b     []byte // from the first number to the end of the buffer, which is at least padding behind the last number
	width uint
}

// widthOf is how many bits numbers up to v need.
func widthOf(v uint64) uint { return uint(bits.Len64(v)) }

func packedSize(n int, width uint) int { return (n*int(width) + 7) / 8 }

// appendPacked packs numbers that fit into width bits.
func appendPacked(b []byte, values []uint64, width uint) []byte {
	if width == 0 {
		return b
	}
	var acc uint64
	var held uint
	for _, v := range values {
		acc |= v << held
		if held+width < 64 {
			held += width
			continue
		}
		b = binary.LittleEndian.AppendUint64(b, acc)
		acc = v >> (64 - held) // nothing when held is 0: Go shifts 64 bits out
		held += width - 64
	}
	for ; held > 0; held -= min(held, 8) {
		b = append(b, byte(acc))
		acc >>= 8
	}
	return b
}

// readPacked takes n packed numbers from the cursor, whose content must have padding at its end.
func readPacked(c *cursor, n int, width uint) packed {
	size := packedSize(n, width)
	if width > 64 || size+padding > len(c.rest) {
		c.fail()
		return packed{}
	}
	p := packed{b: c.rest, width: width}
	c.rest = c.rest[size:]
	return p
}

// at is the number at a position, which must be one that was packed.
func (p *packed) at(i int) uint64 {
	if p.width == 0 {
		return 0
	}
	bit := uint(i) * p.width
	b := p.b[bit>>3:]
	shift := bit & 7
	v := binary.LittleEndian.Uint64(b) >> shift
	if p.width > 56 {
		v |= uint64(b[8]) << (64 - shift)
	}
	if p.width < 64 {
		v &= 1<<p.width - 1
	}
	return v
}
