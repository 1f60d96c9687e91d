package redact

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonUnit decodes an escape of a JSON string, a surrogate pair as one. raw is 0
// when there is none.
func jsonUnit(s []byte, out *[4]byte) (raw, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		out[0] = s[1]
	case 'b':
		out[0] = '\b'
	case 'f':
		out[0] = '\f'
	case 'n':
		out[0] = '\n'
	case 'r':
		out[0] = '\r'
	case 't':
		out[0] = '\t'
	case 'u':
		r, ok := hexRune(s)
		if !ok {
			return 0, 0
		}
		raw = 6
		if utf16.IsSurrogate(r) {
			low, ok := hexRune(s[6:])
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				r, raw = pair, 12
			}
		}
		return raw, utf8.EncodeRune(out[:], r)
	default:
		return 0, 0
	}
	return 2, 1
}

// hexRune reads \uXXXX.
func hexRune(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		d := unhex(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

func percentUnit(s []byte, out *[4]byte) (raw, n int) {
	if s[0] == '+' {
		out[0] = ' '
		return 1, 1
	}
	if len(s) < 3 {
		return 0, 0
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	if hi < 0 || lo < 0 {
		return 0, 0
	}
	out[0] = byte(hi<<4 | lo)
	return 3, 1
}

// longestEntity bounds the search for the semicolon: &#x10FFFF; with zeros.
const longestEntity = 12

func entityUnit(s []byte, out *[4]byte) (raw, n int) {
	end := bytes.IndexByte(s[:min(len(s), longestEntity)], ';')
	if end < 2 {
		return 0, 0
	}
	name := s[1:end]
	switch string(name) {
	case "amp":
		out[0] = '&'
	case "lt":
		out[0] = '<'
	case "gt":
		out[0] = '>'
	case "quot":
		out[0] = '"'
	case "apos":
		out[0] = '\''
	default:
		if name[0] != '#' {
			return 0, 0
		}
		r, ok := charReference(name[1:])
		if !ok {
			return 0, 0
		}
		return end + 1, utf8.EncodeRune(out[:], r)
	}
	return end + 1, 1
}

func charReference(digits []byte) (rune, bool) {
	base := 10
	if len(digits) > 1 && (digits[0] == 'x' || digits[0] == 'X') {
		base, digits = 16, digits[1:]
	}
	v, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || v > utf8.MaxRune {
		return 0, false
	}
	return rune(v), true
}
