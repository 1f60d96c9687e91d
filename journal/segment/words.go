package segment

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Words in the Bloom filter have at least 3 bytes, and at most 64: longer runs are encoded data, which nobody types.
// What is shorter or longer is found by looking at entries alone.
const (
	shortestWord = 3
	longestWord  = 64
)

// What a byte is to the scanner.
const (
	byteGap    = iota
	byteWord   // an ASCII letter or digit
	byteOther  // a part of a character beyond ASCII
	byteEscape // a backslash
)

var classes = func() (c [256]byte) {
	for b := range c {
		switch {
		case b >= utf8.RuneSelf:
			c[b] = byteOther
		case b == '\\':
			c[b] = byteEscape
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			c[b] = byteWord
		}
	}
	return c
}()

// isJSON tells whether a body's escapes are JSON's, by how it begins.
func isJSON(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '{', '[', '"':
			return true
		case ' ', '\t', '\r', '\n':
		default:
			return false
		}
	}
	return false
}

// eachWord gives add the hash of each word of the text, of those that are in the Bloom filter. It must find the words
// that normalize and then eachWord find: it only does without making the normal text, where all is ASCII.
func (w *wordSet) eachWord(s string, json bool) {
	b := bytesOf(s)
	for i := 0; i < len(b); {
		for i < len(b) && classes[b[i]] == byteGap {
			i++
		}
		start := i
		for i < len(b) && classes[b[i]] == byteWord {
			i++
		}
		if i < len(b) && (classes[b[i]] == byteOther || json && classes[b[i]] == byteEscape) {
			i = w.slowWord(s, start, json)
			continue
		}
		if n := i - start; n >= shortestWord && n <= longestWord {
			w.add(hashWord(b, start, n))
		}
		if i < len(b) {
			i++
		}
	}
}

// slowWord adds the words of the run of characters, beyond ASCII or escaped, that starts at i, and returns where the
// next begins.
func (w *wordSet) slowWord(s string, i int, json bool) int {
	word := w.word[:0]
	for i < len(s) {
		r, size := nextRune(s, i, json)
		kind := runeClass(r)
		if kind == runeGap {
			i += size
			break
		}
		if kind == runeAlone {
			w.addWord(word)
			word = word[:0]
			w.addWord(utf8.AppendRune(word, r))
		} else if len(word) <= longestWord {
			word = utf8.AppendRune(word, r)
		}
		i += size
	}
	w.addWord(word)
	w.word = word[:0]
	return i
}

func (w *wordSet) addWord(word []byte) {
	if len(word) >= shortestWord && len(word) <= longestWord {
		w.add(hashWord(word, 0, len(word)))
	}
}

// nextRune is the character at i, folded, and how many bytes it takes in the text.
func nextRune(s string, i int, json bool) (rune, int) {
	b := s[i]
	if b == '\\' && json {
		return unescape(s[i:])
	}
	if b < utf8.RuneSelf {
		return foldASCII(b), 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return fold(r), size
}

func foldASCII(b byte) rune {
	if 'A' <= b && b <= 'Z' {
		b |= 0x20
	}
	return rune(b)
}

// fold gives all the cases of a letter one form.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		return foldASCII(byte(r))
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

var escapes = [256]rune{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\', '/': '/'}

// unescape reads the JSON escape that s starts with. What is none is a backslash.
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return '\\', 1
	}
	if s[1] != 'u' {
		if r := escapes[s[1]]; r != 0 {
			return r, 2
		}
		return '\\', 1
	}
	r, ok := hexRune(s)
	if !ok {
		return '\\', 1
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hexRune(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return fold(both), 12
			}
		}
		return utf8.RuneError, 6
	}
	return fold(r), 6
}

// hexRune reads \u and four hexadecimal digits.
func hexRune(s string) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		d := hexDigit(s[i])
		if d > 15 {
			d = hexDigit(s[i] | 0x20)
		}
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// What a character is to the splitter.
const (
	runeGap   = iota // between words
	runeWord         // of a word
	runeAlone        // a word of its own
)

var alone = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func runeClass(r rune) int {
	if r < utf8.RuneSelf {
		if classes[r] == byteWord {
			return runeWord
		}
		return runeGap
	}
	switch {
	case unicode.In(r, alone...):
		return runeAlone
	case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
		return runeWord
	}
	return runeGap
}

// normalize appends the text as searches compare it: letters folded, JSON's escapes undone, invalid UTF-8 replaced.
func normalize(to []byte, s string, json bool) []byte {
	for i := 0; i < len(s); {
		start := len(to)
		to = slices.Grow(to, len(s)-i)
		plain := to[start : start+len(s)-i]
		n := 0
		for n < len(plain) && (lower[s[i+n]] != 0 && (s[i+n] != '\\' || !json)) {
			plain[n] = lower[s[i+n]]
			n++
		}
		to = to[:start+n]
		if i += n; i == len(s) {
			break
		}
		r, size := nextRune(s, i, json)
		to = utf8.AppendRune(to, r)
		i += size
	}
	return to
}

// lower folds ASCII; it is 0 for what takes a closer look.
var lower = func() (l [256]byte) {
	for b := range utf8.RuneSelf {
		l[b] = byte(foldASCII(byte(b)))
	}
	return l
}()

// hashWord hashes the n bytes at start. Case does not count in ASCII letters, and neither does the bit that it is in
// elsewhere. Bloom filters are stored: this never changes.
func hashWord(b []byte, start, n int) uint32 {
	const fold = 0x2020202020202020
	h := uint64(n) * 0x9e3779b97f4a7c15
	for n > 8 {
		h = mix(h ^ (binary.LittleEndian.Uint64(b[start:]) | fold))
		start += 8
		n -= 8
	}
	var last uint64
	if start+8 <= len(b) {
		last = binary.LittleEndian.Uint64(b[start:]) & (1<<(8*uint(n)) - 1)
	} else {
		for i := range n {
			last |= uint64(b[start+i]) << (8 * i)
		}
	}
	return uint32(mix(h ^ (last | fold)))
}

// hashLetters is hashWord of up to 16 letters, the first lowest.
func hashLetters(low, high uint64, n int) uint32 {
	const fold = 0x2020202020202020
	h := uint64(n) * 0x9e3779b97f4a7c15
	if n <= 8 {
		return uint32(mix(h ^ (low | fold)))
	}
	return uint32(mix(mix(h^(low|fold)) ^ (high | fold)))
}

func mix(v uint64) uint64 {
	high, low := bits.Mul64(v, 0xa0761d6478bd642f)
	return high ^ low
}
