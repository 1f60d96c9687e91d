package ingest

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/weirhq/weir/ingest/jsonnode"
)

// highs is the high bit of each of eight bytes.
const highs = 0x8080808080808080

// plainString is where a string ends whose opening quote is at i, if it is ASCII without escapes; 0 if it is not, or
// may not be: str reads those.
func plainString(t []byte, i int) int {
	for i++; i+8 <= len(t); i += 8 {
		w := binary.LittleEndian.Uint64(t[i:])
		if stop := (jsonnode.Stops(w) | w) & highs; stop != 0 {
			if i += bits.TrailingZeros64(stop) / 8; t[i] == '"' {
				return i + 1
			}
			return 0
		}
	}
	return 0
}

// str reads a string, whose opening quote is at i.
func (d *document) str() progress {
	start, t := d.i, d.text
	i := start + 1
	var notes uint8
	watch := uint64(highs)
	for {
		// Eight bytes at a time up to the first that is a quote, a backslash, a control character, or not ASCII.
		for i+8 <= len(t) {
			w := binary.LittleEndian.Uint64(t[i:])
			if stop := jsonnode.Stops(w)&^w&highs | w&watch; stop != 0 {
				i += bits.TrailingZeros64(stop) / 8
				break
			}
			i += 8
		}
		if i >= len(t) {
			d.i = i
			return unfinished
		}
		switch c := t[i]; {
		case c == '"':
			d.i = i + 1
			d.note(isString, notes, start)
			return complete
		case c == '\\':
			notes |= hasEscape
			n, p := d.escape(i)
			if p != complete {
				return p
			}
			i += n
		case c < ' ':
			d.i = i
			return d.bad("a control character stands in a string")
		case c >= utf8.RuneSelf:
			notes |= hasHighByte
			watch = 0
			i++
		default:
			i++
		}
	}
}

// escape tells how long the escape at i is.
func (d *document) escape(i int) (n int, p progress) {
	t := d.text
	d.i = i
	if i+1 == len(t) {
		return 0, unfinished
	}
	switch t[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, complete
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k == len(t) {
				return 0, unfinished
			}
			if hexDigit(t[k]) < 0 {
				d.i = k
				return 0, d.bad(`expected four hexadecimal digits after \u`)
			}
		}
		return 6, complete
	}
	d.i = i + 1
	return 0, d.bad("a string has an escape that JSON does not know")
}

// string gives a string's value: what it stands for, without NUL, and with U+FFFD for what is no UTF-8. It shares the
// document's text where it can, else it is written to the arena.
func (d *document) string(n *node, a *arena) string {
	raw := d.text[n.Start+1 : n.End-1]
	if n.Notes&hasEscape == 0 {
		if n.Notes&hasHighByte == 0 || utf8.Valid(raw) {
			return unsafe.String(unsafe.SliceData(raw), len(raw))
		}
		return string(bytes.ToValidUTF8(raw, replacement))
	}
	out := a.room(len(raw))
	out = unescape(out, raw)
	if n.Notes&hasHighByte != 0 && !utf8.Valid(out) {
		return string(bytes.ToValidUTF8(out, replacement))
	}
	return a.keep(out)
}

var replacement = []byte("\uFFFD")

// unescape appends what a string's content stands for, less NUL. The escapes are known to be well formed.
func unescape(out, raw []byte) []byte {
	for {
		k := bytes.IndexByte(raw, '\\')
		if k < 0 {
			return append(out, raw...)
		}
		out = append(out, raw[:k]...)
		raw = raw[k+1:]
		c := raw[0]
		raw = raw[1:]
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hexRune(raw)
			raw = raw[4:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
					pair = utf16.DecodeRune(r, hexRune(raw[2:]))
				}
				if r = pair; r != utf8.RuneError {
					raw = raw[6:]
				}
			}
			if r != 0 {
				out = utf8.AppendRune(out, r)
			}
		default:
			out = append(out, c)
		}
	}
}

func hexRune(s []byte) (r rune) {
	for _, c := range s[:4] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}

func hexDigit(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// skipSpace is the first place from i on that is not white space.
func skipSpace(t []byte, i int) int {
	for i < len(t) && t[i] <= ' ' && (t[i] == ' ' || t[i] == '\n' || t[i] == '\r' || t[i] == '\t') {
		i++
	}
	return i
}

// arena is where texts are written that do not stand in the body as they are. Nothing of it is ever used again, so what
// is in it lives as long as what points there.
type arena struct{ free []byte }

const arenaBytes = 16 << 10

// room gives an empty slice with room for n bytes: keep makes what was written to it permanent.
func (a *arena) room(n int) []byte {
	if n > cap(a.free) {
		a.free = make([]byte, 0, max(n, arenaBytes))
	}
	return a.free[:0]
}

// keep makes a string of what was written to the room that was given last, or to a longer copy of it.
func (a *arena) keep(out []byte) string {
	if len(out) == 0 {
		return ""
	}
	s := unsafe.String(unsafe.SliceData(out), len(out))
	if cap(a.free) > 0 && unsafe.SliceData(out) == unsafe.SliceData(a.free[:1]) {
		a.free = a.free[len(out):cap(a.free)][:0]
	}
	return s
}

// bytesOf gives the bytes of a string to code that only reads them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
