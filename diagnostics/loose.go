package diagnostics

import (
	"strings"
	"unicode/utf8"
)

// The longest name, in characters, and value, in bytes of UTF-8, of what looks like a named value.
const (
	mostPairName  = 61
	mostPairValue = 200
)

// loose reads what looks like named values, in whatever was pasted: JSON with a beginning or an end missing, Python's
// dictionaries, logs. A name of letters, digits and _@.- comes before a colon or =, and each may have a quote around it.
// It looks at each place once, and at what stands around colons and = alone.
func (c *content) loose(body string) {
	from := 0 // What was not read as a part of the pair before.
	for n := 0; n < mostFields; {
		at := strings.IndexAny(body[from:], ":=")
		if at < 0 {
			return
		}
		at += from
		name := nameBefore(body[from:at])
		if name == "" {
			from = at + 1
			continue
		}
		value, end := valueAfter(body, at+1)
		if end == 0 {
			from = at + 1
			continue
		}
		c.add(strings.ToLower(name), strings.TrimSpace(value), false)
		from = end
		n++
	}
}

// nameBefore is the name that a text ends with, with a quote and white space behind it perhaps; "" when there is none.
func nameBefore(s string) string {
	end := len(s)
	for end > 0 && isSpaceByte(s[end-1]) {
		end--
	}
	end -= quoteBefore(s[:end])
	start := end
	for start > 0 && end-start < mostPairName && isNameByte(s[start-1]) {
		start--
	}
	for start < end && !isASCIILetter(s[start]) && s[start] != '_' && s[start] != '@' {
		start++
	}
	return s[start:end]
}

func isNameByte(c byte) bool { return isWordByte(c) || c == '.' || c == '@' || c == '-' }

func isQuote(r rune) bool { return r == '"' || r == '\'' || r == '“' || r == '”' }

// quoteBefore is how long the quote is that s ends with, or 0.
func quoteBefore(s string) int {
	if r, size := utf8.DecodeLastRuneInString(s); isQuote(r) {
		return size
	}
	return 0
}

// valueAfter is the value that begins at a place, behind white space and a quote perhaps, and where it ends; 0 is for
// none. White space alone is a value too, of nothing.
func valueAfter(s string, from int) (value string, end int) {
	start := from
	for start < len(s) && isSpaceByte(s[start]) {
		start++
	}
	first := start
	if r, size := utf8.DecodeRuneInString(s[start:]); isQuote(r) {
		first += size
	}
	if end = first + valueLength(s[first:]); end > first {
		return s[first:end], end
	}
	for start--; start >= from; start-- {
		if s[start] != '\n' {
			end = start + valueLength(s[start:])
			return s[start:end], end
		}
	}
	return "", 0
}

// valueLength is how long the value is that s begins with.
func valueLength(s string) int {
	count := 0
	for i, r := range s {
		if count++; count > mostPairValue || r == ',' || r == '}' || r == ']' || r == '\n' || isQuote(r) {
			return i
		}
	}
	return len(s)
}
