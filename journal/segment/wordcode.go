package segment

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Bodies are JSON: few different words, which come again and again in another order, and numbers, which do not. A
// compressor that looks for repeated stretches spends more on saying where a word of eight letters stood before than it
// takes to say which of some thousand words it is. So frames of bodies are taken apart before they are compressed: into
// a dictionary of their words, a text in which each word is one byte, the second bytes of words that need two, and the
// digits of numbers. What the compressor makes of these is a quarter smaller than what it makes of the whole, and it saves
// the time that it takes to take a frame apart. The idea is the word replacing transform (Skibiński, Grabowski, Deorowicz:
// Revisiting dictionary-based compression, 2005), with a dictionary that each frame brings along. Why, and when not, stands
// in docs/adr/0012-words.md.
//
// What a byte of the text means; these numbers are of the format:
//
//	0x00 to 0x7f   itself
//	0x80 to 0xcf   one of the 80 most frequent words
//	0xd0 to 0xf4   another word, together with the next of the second bytes
//	0xf5 to 0xfd   the next 2 to 10 digits
//	0xfe           the byte that follows, which is above 0x7f
//
// Two words that follow one another have a space between them.
const (
	firstWord  = 0x80
	firstLead  = firstWord + shortCodes
	firstRun   = firstLead + leads
	escapeByte = firstRun + longestRun - shortestRun + 1

	shortCodes = 80
	leads      = 37
	// mostCoded is how many words a dictionary has at most; those that come later stay in the text.
	mostCoded = shortCodes + leads*256

	// A word is of ASCII letters. Shorter ones are not worth a code, longer ones would need longer keys.
	shortestCoded, longestCoded = 3, 16
	// A run is of digits. A longer one is several.
	shortestRun, longestRun = 2, 10
)

// wordStreams is how many streams there are: text, second bytes, digits, dictionary.
const wordStreams = 4

// What a byte is to wordCoder.
const (
	coderOther = iota
	coderLetter
	coderDigit
	coderHigh
)

var coderClasses = func() (c [256]byte) {
	for b := range c {
		switch {
		case b >= 0x80:
			c[b] = coderHigh
		case b >= '0' && b <= '9':
			c[b] = coderDigit
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			c[b] = coderLetter
		}
	}
	return c
}()

// coderRuns tells whether a byte is a letter or a digit.
var coderRuns = func() (c [256]bool) {
	for b, class := range coderClasses {
		c[b] = class == coderLetter || class == coderDigit
	}
	return c
}()

// codedWord is a word of the dictionary: its letters, the first in the lowest byte, and how often it occurs.
type codedWord struct {
	low, high uint64
	count     uint32
	n         uint8
	// alone tells that it stands by itself somewhere in a span that is listened to: no digit next to it.
	alone bool
}

// occurrence is where in the text a word stands.
type occurrence struct {
	at   uint32 // in wordCoder.text
	word uint16
}

// wordCoder takes frames apart. It keeps its buffers, some hundred KiB.
type wordCoder struct {
	slots   []uint16 // the number of a word plus one, 0 is free
	words   []codedWord
	found   []occurrence
	counts  [256]int
	ranked  []uint16 // numbers of words, by their codes
	codes   []uint16 // of words, by their numbers: the byte in the text above the second byte
	rest    []uint16
	spare   []uint16
	streams [wordStreams][]byte
	text    []byte // what the first stream lies in, with a byte before it
	packed  []byte
	heard   listener
	edges   edgeFinder
}

// coderSlotBits is how large the hash table is, as a power of two, with room for mostCoded.
const coderSlotBits = 14

// split fills the streams with what the frame holds. It uses the memory behind the frame, if there is some.
func (c *wordCoder) split(raw []byte) {
	if c.slots == nil {
		c.slots = make([]uint16, 1<<coderSlotBits)
	}
	clear(c.slots)
	c.words, c.found = c.words[:0], c.found[:0]
	for i := range c.streams {
		c.streams[i] = c.streams[i][:0]
	}
	c.scan(raw)
	c.number()
	c.fill()
	c.heard.end(c.words)
}

// fill writes the codes of the words into the gaps of the text, and the second bytes. Whether a word has one cannot be
// predicted, so each is written, and the next one over it.
func (c *wordCoder) fill() {
	text, second := c.text, room(c.streams[1], len(c.found)+1)
	n := 0
	for _, o := range c.found {
		code := c.codes[o.word]
		text[o.at] = byte(code >> 8)
		second[n] = byte(code)
		n += 1 - int((uint32(code)-firstLead<<8)>>31) // one more when the byte is a lead
	}
	c.streams[1] = second[:n]
}

// find is the number of a word of so many letters, which is counted; -1 when the dictionary is full.
func (c *wordCoder) find(low, high uint64, n int) int {
	hash := (low ^ high*0x9e3779b97f4a7c15) * 0xa0761d6478bd642f
	at := hash >> (64 - coderSlotBits)
	for ; c.slots[at] != 0; at = (at + 1) & (1<<coderSlotBits - 1) {
		number := int(c.slots[at]) - 1
		if w := &c.words[number]; w.low == low && w.high == high {
			w.count++
			return number
		}
	}
	if len(c.words) == mostCoded {
		return -1
	}
	c.words = append(c.words, codedWord{low: low, high: high, count: 1, n: uint8(n)}) //nolint:gosec // at most longestCoded
	c.slots[at] = uint16(len(c.words))                                                //nolint:gosec // at most mostCoded
	return len(c.words) - 1
}

// number gives the words their codes, and writes the dictionary: first the most frequent ones, then the others by their
// letters, so that neighbours have much in common. Each is how many letters it shares with the one before, and the rest.
func (c *wordCoder) number() {
	c.ranked = c.rank(c.ranked[:0])
	dictionary := room(c.streams[3], binary.MaxVarintLen64+len(c.words)*(1+longestCoded)+16)
	n := binary.PutUvarint(dictionary, uint64(len(c.words)))
	before := &codedWord{}
	c.codes = room(c.codes, len(c.words))
	for i, number := range c.ranked {
		w := &c.words[number]
		code := (firstWord + i) << 8
		if i >= shortCodes {
			code = firstLead<<8 + i - shortCodes
		}
		c.codes[number] = uint16(code) //nolint:gosec // the codes are made for two bytes
		n += putWord(dictionary[n:], w, before)
		before = w
	}
	c.streams[3] = dictionary[:n]
}

// rank appends the numbers of all words: those that take short codes, then the others in the order of their first letters.
func (c *wordCoder) rank(to []uint16) []uint16 {
	c.counts = [256]int{}
	for i := range c.words {
		c.counts[min(c.words[i].count, 255)]++
	}
	// All that are more frequent than some count have short codes, and so many of those that are as frequent that there is
	// no short one left.
	above, level := 0, 255
	for ; level > 1 && above+c.counts[level] <= shortCodes; level-- {
		above += c.counts[level]
	}
	equals := shortCodes - above
	rest := c.rest[:0]
	for i := range c.words {
		frequency := int(min(c.words[i].count, 255))
		if frequency == level && equals > 0 {
			equals--
			frequency++
		}
		if frequency > level {
			to = append(to, uint16(i)) //nolint:gosec // at most mostCoded
		} else {
			rest = append(rest, uint16(i)) //nolint:gosec // at most mostCoded
		}
	}
	c.rest = rest
	return append(to, c.byLetters()...)
}

// byLetters sorts the rest by the first six letters, whatever their case: two letters at a time, the last ones first. What
// stands behind them matters little.
func (c *wordCoder) byLetters() []uint16 {
	from, to := c.rest, room(c.spare, len(c.rest))
	for shift := 32; shift >= 0; shift -= 16 {
		pair := func(number uint16) uint64 {
			v := c.words[number].low >> shift
			return v<<5&(31<<5) | v>>8&31
		}
		next := [1024]uint16{}
		for _, number := range from {
			next[pair(number)]++
		}
		sum := uint16(0)
		for i := range next {
			next[i], sum = sum, sum+next[i]
		}
		for _, number := range from {
			at := pair(number)
			to[next[at]] = number
			next[at]++
		}
		from, to = to, from
	}
	c.rest, c.spare = from, to
	return from
}

// room is a buffer of so many elements, whatever is in them.
func room[T any](b []T, n int) []T { return slices.Grow(b[:0], n)[:n] }

// putWord writes a word of the dictionary, and behind it what may be overwritten: how many of its first letters, at most 15,
// are those of the word before, and the others.
func putWord(b []byte, w, before *codedWord) int {
	if differ := w.low ^ before.low; differ != 0 {
		shared := bits.TrailingZeros64(differ) / 8
		b[0] = byte(shared)
		binary.LittleEndian.PutUint64(b[1:], w.low>>(8*uint(shared))) //nolint:gosec // below 8
		binary.LittleEndian.PutUint64(b[9-shared:], w.high)
		return 1 + int(w.n) - shared
	}
	shared := bits.TrailingZeros64(w.high^before.high|1<<56) / 8
	b[0] = byte(8 + shared)
	binary.LittleEndian.PutUint64(b[1:], w.high>>(8*uint(shared))) //nolint:gosec // below 8
	return 1 + int(w.n) - 8 - shared
}

// appendPacked appends the streams, compressed: of each its packed and its unpacked size, and then all of them.
func (c *wordCoder) appendPacked(b []byte, z *zstd.Encoder) []byte {
	c.packed = c.packed[:0]
	for _, stream := range c.streams {
		start := len(c.packed)
		if c.packed = z.EncodeAll(stream, c.packed); len(c.packed)-start >= len(stream) {
			c.packed = append(c.packed[:start], stream...)
		}
		b = binary.AppendUvarint(b, uint64(len(c.packed)-start))
		b = binary.AppendUvarint(b, uint64(len(stream)))
	}
	return append(b, c.packed...)
}
