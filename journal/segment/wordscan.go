package segment

import (
	"encoding/binary"
	"math/bits"
)

// scanAhead is how far beyond a token is written and read, and what bytes are looked at together.
const scanAhead = 64

// scan writes the text, with a gap for each word, and the digits, and hears the runs of letters and digits. It is the
// hottest loop of ingestion. Where a token ends is found out for many before the first of them is looked at: else each
// would have to wait for the one before.
func (c *wordCoder) scan(raw []byte) {
	end := len(raw)
	raw = append(raw, make([]byte, 2*scanAhead)...) // so that what is loaded at the end is there
	out, digits := room(c.text, 1+2*end+scanAhead), room(c.streams[2], end+scanAhead)
	out[0] = 0 // so that there is one before the first
	o, d := 1, 0
	last := -3          // where the last word stands in the text
	run, inRun := 0, -1 // where the run began that goes on here
	c.found = c.found[:0]
	near := c.heard.next(0)
	c.edges.begin()
	for c.edges.more(raw, end) {
		for k, from := range c.edges.list[:c.edges.n-1] {
			i, next := int(from), int(c.edges.list[k+1])
			n := next - i
			word := -1
			switch b := raw[i]; coderClasses[b] {
			case coderOther:
				o += copySome(out[o:], raw[i:], n)
				continue
			case coderHigh:
				out[o], out[o+1] = escapeByte, b
				o += 2
				continue
			case coderLetter:
				if n >= shortestCoded && n <= longestCoded {
					mask := &letterMasks[n]
					word = c.find(binary.LittleEndian.Uint64(raw[i:])&mask[0], binary.LittleEndian.Uint64(raw[i+8:])&mask[1], n)
				}
				if word < 0 {
					o += copySome(out[o:], raw[i:], n)
					break
				}
				o -= isOne(last == o-2) & isOne(out[o-1] == ' ')
				last = o
				c.found = append(c.found, occurrence{uint32(o), uint16(word)}) //nolint:gosec // both are small
				o++
			case coderDigit:
				o, d = putDigits(out, o, digits, d, raw[i:], n)
			}
			if i != inRun {
				run = i
			}
			if coderRuns[raw[next]] {
				inRun = next
				continue
			}
			if run >= near.to {
				near = c.heard.next(run)
			}
			if run < near.from {
				continue
			}
			if word >= 0 && run == i {
				c.words[word].alone = true
			} else if n := next - run; n >= shortestWord && n <= longestWord {
				c.heard.found.add(hashWord(raw, run, n))
			}
		}
	}
	c.text = out
	c.streams[0], c.streams[2] = out[1:o], digits[:d]
}

// copySome copies n bytes, and up to 16.
func copySome(to, from []byte, n int) int {
	if n > 16 {
		return copy(to, from[:n])
	}
	*(*[16]byte)(to) = [16]byte(from)
	return n
}

// putDigits writes a run of digits, which may be several for the format.
func putDigits(out []byte, o int, digits []byte, d int, from []byte, n int) (int, int) {
	for ; n > 0; n -= longestRun {
		code, kept := from[0], 0
		if n >= shortestRun {
			kept = min(n, longestRun)
			code = byte(firstRun + kept - shortestRun)
		}
		out[o] = code
		*(*[16]byte)(digits[d:]) = [16]byte(from)
		o, d, from = o+1, d+kept, from[longestRun:]
	}
	return o, d
}

func isOne(b bool) int {
	if b {
		return 1
	}
	return 0
}

// letterMasks keep the first letters of 16, by how many.
var letterMasks = func() (m [longestCoded + 1][2]uint64) {
	for n := range m {
		m[n] = [2]uint64{1<<(8*min(n, 8)) - 1, 1<<(8*max(n-8, 0)) - 1}
	}
	return m
}()

// edgeBlock is how many bytes are looked at before their tokens are.
const edgeBlock = 4 << 10

// edgeFinder finds where in a text other bytes begin: letters, digits, and what is neither, and each that is not ASCII.
type edgeFinder struct {
	list [edgeBlock + 16]uint32
	n    int
	// at is how far the text was looked at, and the others whether the byte before is of the class: 0 or 1.
	at                  int
	letter, digit, high uint64
}

func (f *edgeFinder) begin() { f.list[0], f.n, f.at, f.letter, f.digit, f.high = 0, 1, 0, 0, 0, 0 }

// more puts the next edges into the list, behind the last one that was in it, and tells whether there are any. The last of
// all is the end of the text, behind which there must be scanAhead bytes more.
func (f *edgeFinder) more(raw []byte, end int) bool {
	if f.at > end {
		return false
	}
	f.list[0], f.n = f.list[f.n-1], 1
	for stop := min(f.at+edgeBlock, end); f.at < stop; f.at += 64 {
		edges := f.edgesOf(raw[f.at : f.at+64])
		if f.at == 0 {
			edges &^= 1
		}
		if left := end - f.at; left < 64 {
			edges &= 1<<left - 1
		}
		f.put(edges)
	}
	if f.at >= end {
		f.list[f.n] = uint32(end) //nolint:gosec // at most mostSplit
		f.n++
		f.at = end + 1
	}
	return true
}

// put appends where the bits are. Eight at a time, so that how many there are need not be predicted.
func (f *edgeFinder) put(edges uint64) {
	n := f.n
	f.n += bits.OnesCount64(edges)
	for ; n < f.n; n += 8 {
		to := (*[8]uint32)(f.list[n:])
		for i := range to {
			to[i] = uint32(f.at + bits.TrailingZeros64(edges)) //nolint:gosec // at most mostSplit
			edges &= edges - 1
		}
	}
}

// edgesOf has a bit for each of 64 bytes that is of another class than the one before.
func (f *edgeFinder) edgesOf(b []byte) uint64 {
	var letters, digits, any uint64
	for i := 0; i < 64; i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		low := v &^ highBits
		fold := low | 0x20*eachByte
		letter := (fold + (0x80-'a')*eachByte) &^ (fold + (0x7f-'z')*eachByte) &^ v & highBits
		digit := (low + (0x80-'0')*eachByte) &^ (low + (0x7f-'9')*eachByte) &^ v & highBits
		letters |= letter * gatherBits >> 56 << i
		digits |= digit * gatherBits >> 56 << i
		any |= v
	}
	edges := (letters ^ (letters<<1 | f.letter)) | (digits ^ (digits<<1 | f.digit))
	f.letter, f.digit = letters>>63, digits>>63
	if any&highBits != 0 || f.high != 0 {
		edges |= f.highEdges(b)
	}
	return edges
}

func (f *edgeFinder) highEdges(b []byte) (edges uint64) {
	var high uint64
	for i := 0; i < 64; i += 8 {
		high |= binary.LittleEndian.Uint64(b[i:]) & highBits * gatherBits >> 56 << i
	}
	edges = high | high<<1 | f.high
	f.high = high >> 63
	return edges
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
	// gatherBits, multiplied with the highest bits of eight bytes, makes a byte of them, the highest of the product.
	gatherBits = 0x0002040810204081
)
