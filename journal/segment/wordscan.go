package segment

import (
	"encoding/binary"
	"math/bits"
)

// scan writes the text, with a gap for each word, and the digits. It is the hottest loop of ingestion: it looks at eight
// bytes at once and decides little, because how long a word is cannot be predicted.
func (c *wordCoder) scan(raw []byte) {
	end := len(raw)
	raw = append(raw, make([]byte, 16)...) // so that what is loaded at the end is there
	out, digits := room(c.streams[0], 2*end+8), room(c.streams[2], end+16)
	o, d := 0, 0
	last := -3 // where the last word stands in the text
	run := heardRun{word: -1}
	for i := 0; i < end; {
		v := binary.LittleEndian.Uint64(raw[i:])
		binary.LittleEndian.PutUint64(out[o:], v)
		plain := min(plainBytes(v), end-i)
		o += plain
		i += plain
		if plain == 8 || i == end {
			continue
		}
		switch b := raw[i]; coderClasses[b] {
		case coderLetter:
			low, high, n := letters(raw, i)
			word := -1
			if n >= shortestCoded && n <= longestCoded {
				word = c.find(low, high, n)
			}
			run = c.follow(raw, run, heardRun{i, i + n, word})
			if word < 0 {
				o += copy(out[o:], raw[i:i+n])
				i += n
				continue
			}
			i += n
			if last == o-2 && out[o-1] == ' ' {
				o--
			}
			last = o
			c.found = append(c.found, occurrence{uint32(o), uint16(word)}) //nolint:gosec // both are small
			o++
		case coderDigit:
			n := digitRun(raw, i)
			out[o] = b
			if n >= shortestRun {
				out[o] = byte(firstRun + n - shortestRun)
				copy(digits[d:d+16], raw[i:i+16])
				d += n
			}
			run = c.follow(raw, run, heardRun{i, i + n, -1})
			o++
			i += n
		default:
			out[o], out[o+1] = escapeByte, b
			o += 2
			i++
		}
	}
	c.hear(raw, run)
	c.streams[0], c.streams[2] = out[:o], digits[:d]
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// notBetween has the highest bit of each byte of v that is not from first to last, which are ASCII.
func notBetween(v uint64, first, last byte) uint64 {
	low := v &^ highBits
	atLeast := low + (0x80-uint64(first))*eachByte
	above := low + (0x7f-uint64(last))*eachByte
	return (^atLeast | above | v) & highBits
}

// plainBytes is how many of eight bytes stand before the first letter, digit, or byte beyond ASCII.
func plainBytes(v uint64) int {
	other := notBetween(v|0x20*eachByte, 'a', 'z') & notBetween(v, '0', '9') &^ v
	return bits.TrailingZeros64(^other&highBits) / 8
}

// letters is the run of letters at i: the first 16 of them in two numbers, the first lowest, and how many there are.
func letters(b []byte, i int) (low, high uint64, n int) {
	low, high = binary.LittleEndian.Uint64(b[i:]), binary.LittleEndian.Uint64(b[i+8:])
	first := bits.TrailingZeros64(notBetween(low|0x20*eachByte, 'a', 'z')) >> 3
	second := bits.TrailingZeros64(notBetween(high|0x20*eachByte, 'a', 'z')) >> 3
	second &= -(first >> 3)         // nothing, unless all of the first eight are letters
	low &= 1<<(8*uint(first)) - 1   //nolint:gosec // at most 8
	high &= 1<<(8*uint(second)) - 1 //nolint:gosec // at most 8
	n = first + second
	if n == longestCoded {
		for ; coderClasses[b[i+n]] == coderLetter; n++ {
		}
	}
	return low, high, n
}

// digitRun is how many digits, of at most longestRun, there are at i.
func digitRun(b []byte, i int) int {
	n := bits.TrailingZeros64(notBetween(binary.LittleEndian.Uint64(b[i:]), '0', '9')) >> 3
	if n == 8 {
		for n < longestRun && coderClasses[b[i+n]] == coderDigit {
			n++
		}
	}
	return n
}
