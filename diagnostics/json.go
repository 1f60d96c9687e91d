package diagnostics

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// json reads JSON, from which a text of it is told by how it begins and by whether it is right to its end, or was cut.
func (c *content) json(body string) bool {
	r := jsonReader{c: c, s: body}
	if body[0] == '"' {
		inner, ok := r.text()
		if r.space(); !ok || r.more() {
			return false
		}
		of := takeApart(inner)
		c.fields = append(c.fields[:0], of.fields...)
		c.words.b = append(c.words.b, of.words.b...)
		return true
	}
	ok := r.value("", 0)
	// What is long and begins well was cut, here or where it was stored.
	c.cut = c.cut || len(body) >= cutBody && len(c.fields) > 0
	if !ok && !c.cut {
		c.clear()
		return false
	}
	return true
}

// jsonReader walks a text of JSON once, in its order, and keeps what fields have. Its methods tell whether what they read
// is right; what they read before they found that it is not stays with the content.
type jsonReader struct {
	c *content
	s string
	i int
	// lists is how many lists it is in.
	lists int
}

const (
	// mostNesting is how deep what is not looked at may be, as encoding/json has it.
	mostNesting = 10_000
)

func (r *jsonReader) space() {
	for r.i < len(r.s) {
		switch r.s[r.i] {
		case ' ', '\t', '\r', '\n':
			r.i++
		default:
			return
		}
	}
}

// more tells whether something comes that ends no object and no list.
func (r *jsonReader) more() bool { return r.i < len(r.s) && r.s[r.i] != ']' && r.s[r.i] != '}' }

// is passes by a character that has to come next.
func (r *jsonReader) is(c byte) bool {
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

// add keeps a value, unless it is too deep.
func (r *jsonReader) add(path, value string, depth int) {
	if depth <= mostDepth {
		r.c.add(path, value, r.lists > 0)
	}
}

// value reads the next value.
func (r *jsonReader) value(path string, depth int) bool {
	if r.space(); r.i >= len(r.s) || depth > mostNesting {
		return false
	}
	switch c := r.s[r.i]; c {
	case '{':
		return r.object(path, depth)
	case '[':
		return r.list(path, depth)
	case '"':
		return r.string(path, depth)
	case 't':
		return r.word("true", path, depth)
	case 'f':
		return r.word("false", path, depth)
	case 'n':
		return r.word("null", path, depth)
	}
	start := r.i
	if !r.number() {
		return false
	}
	r.add(path, r.s[start:r.i], depth)
	return true
}

func (r *jsonReader) word(word, path string, depth int) bool {
	if !strings.HasPrefix(r.s[r.i:], word) {
		return false
	}
	r.i += len(word)
	r.add(path, word, depth)
	return true
}

func (r *jsonReader) string(path string, depth int) bool {
	s, ok := r.text()
	if !ok {
		return false
	}
	if r.add(path, s, depth); depth <= mostDepth && s != "" && !links[nameOf(path)] {
		r.c.say(s)
	}
	return true
}

func (r *jsonReader) object(path string, depth int) bool {
	r.i++
	if r.space(); !r.more() {
		r.add(path, "{}", depth)
		return r.is('}')
	}
	for {
		if r.space(); r.i >= len(r.s) || r.s[r.i] != '"' {
			return false
		}
		name, ok := r.text()
		if r.space(); !ok || !r.is(':') {
			return false
		}
		within := path
		if depth < mostDepth {
			within = r.c.join(path, name)
		}
		if !r.value(within, depth+1) {
			return false
		}
		if r.space(); !r.is(',') {
			return r.is('}')
		}
	}
}

func (r *jsonReader) list(path string, depth int) bool {
	r.i++
	if r.space(); !r.more() {
		r.add(path, "[]", depth)
		return r.is(']')
	}
	r.lists++
	defer func() { r.lists-- }()
	for {
		if !r.value(path, depth+1) {
			return false
		}
		if r.space(); !r.is(',') {
			return r.is(']')
		}
	}
}

// number passes by a number.
func (r *jsonReader) number() bool {
	r.is('-')
	if !r.is('0') && !r.digits() || r.is('.') && !r.digits() {
		return false
	}
	if r.is('e') || r.is('E') {
		_ = r.is('+') || r.is('-')
		return r.digits()
	}
	return true
}

func (r *jsonReader) digits() bool {
	start := r.i
	for r.i < len(r.s) && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	return r.i > start
}

// text reads a string. Without escapes it is a part of the body, and nothing is copied.
func (r *jsonReader) text() (string, bool) {
	start := r.i + 1
	for i := start; i < len(r.s); i++ {
		switch c := r.s[i]; {
		case c == '"':
			r.i = i + 1
			return r.s[start:i], true
		case c == '\\':
			return r.escaped(start, i)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escaped reads the rest of a string, of which the first escape is at i.
func (r *jsonReader) escaped(start, i int) (string, bool) {
	b := append(make([]byte, 0, i-start+64), r.s[start:i]...)
	for i < len(r.s) {
		switch c := r.s[i]; {
		case c == '"':
			r.i = i + 1
			return string(b), true
		case c < ' ':
			return "", false
		case c != '\\':
			b = append(b, c)
			i++
			continue
		}
		if i++; i >= len(r.s) {
			return "", false
		}
		if r.s[i] == 'u' {
			unit, size := r.units(i + 1)
			if size == 0 {
				return "", false
			}
			b = utf8.AppendRune(b, unit)
			i += 1 + size
			continue
		}
		at := strings.IndexByte(`"\/bfnrt`, r.s[i])
		if at < 0 {
			return "", false
		}
		b = append(b, "\"\\/\b\f\n\r\t"[at])
		i++
	}
	return "", false
}

// units reads the four digits of an escape, and those of the other half of a pair. Half a pair is U+FFFD, as it is to
// encoding/json. size is how long they are, or 0 when they are none.
func (r *jsonReader) units(i int) (unit rune, size int) {
	unit, ok := hex4(r.s, i)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(unit) {
		return unit, 4
	}
	if strings.HasPrefix(r.s[i+4:], `\u`) {
		if low, ok := hex4(r.s, i+6); ok {
			if pair := utf16.DecodeRune(unit, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(s string, i int) (unit rune, ok bool) {
	if i+4 > len(s) {
		return 0, false
	}
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}
