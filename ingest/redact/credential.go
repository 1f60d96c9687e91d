package redact

import (
	"bytes"
	"encoding/base64"
)

// The finders below look at an anchor that ends at s[at] and report the range to
// replace. floor is where the last replaced range ended: nothing before it is
// looked at again.

// longestGlued bounds the first part of a token that - or _ glues to a word.
const longestGlued = 1024

// findJWT finds a compact JWS or JWE; the anchor is eyJ, `{"` in base64url. Two
// parts are enough where the second is JSON too: a token that was cut.
func findJWT(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 2
	if from < floor || !opens(s, from) {
		return 0, 0, false
	}
	within := s
	if from > 0 && charsets[s[from-1]]&words64 != 0 {
		// Many tokens may seem to begin in one run: bound what each costs.
		within = s[:min(len(s), from+longestGlued)]
	}
	to = run(within, from, words64)
	if to-from < 8 {
		return 0, 0, false
	}
	parts, claims := 1, false
	for parts < 5 && to < len(s) && s[to] == '.' {
		next := run(s, to+1, words64)
		claims = claims || parts == 1 && bytes.HasPrefix(s[to+1:], []byte("eyJ"))
		to = next
		parts++
	}
	if parts < 3 && !claims {
		return 0, 0, false
	}
	return from, run(s, to, dotted), true
}

var (
	privateKey = []byte("PRIVATE KEY")
	pemEnd     = []byte("-----END")
	pemDashes  = []byte("-----")
)

// findPEM finds a private key from its BEGIN line to the end of its END line; the
// anchor is -BE. A key whose end is missing goes as far as its letters do.
func findPEM(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 6
	if from < floor || !bytes.HasPrefix(s[from:], []byte("-----BEGIN ")) {
		return 0, 0, false
	}
	head := s[from+11 : min(len(s), from+64)]
	key := bytes.Index(head, privateKey)
	if dashes := bytes.Index(head, pemDashes); key < 0 || dashes >= 0 && dashes < key {
		return 0, 0, false
	}
	body := from + 11 + key
	if end := bytes.Index(s[body:], pemEnd); end >= 0 {
		tail := body + end + len(pemEnd)
		if dashes := bytes.Index(s[tail:min(len(s), tail+64)], pemDashes); dashes >= 0 {
			return from, tail + dashes + len(pemDashes), true
		}
		return from, tail, true
	}
	to = body
	for to < len(s) && (charsets[s[to]]&(dotted|spaces) != 0 || s[to] == ':' || s[to] == ',' || s[to] == '\\') {
		to++
	}
	return from, to, true
}

// bearerWords follow "bearer" in prose and in error messages.
var bearerWords = wordSet(`auth authentication authorization authorisation token tokens realm scheme schemes is not was
	header headers keyword format required invalid missing expired error credential credentials type types prefix access
	method methods only string value must the this that an and for from with are has should only security`)

// longestParam bounds the name of a parameter of a challenge.
const longestParam = 32

// findBearer finds what follows "Bearer"; the anchor is its first three letters.
func findBearer(s []byte, at, floor int) (from, to int, ok bool) {
	start := at - 2
	from = skipScheme(s, start, floor, "bearer")
	if from < 0 {
		return 0, 0, false
	}
	to = from
	for to < len(s) && (charsets[s[to]]&dotted != 0 || s[to] == '|' || s[to] == ':' || s[to] == '!') {
		to++
	}
	// Bearer realm="…" is a challenge, no credential.
	if to < len(s) && s[to] == '"' && to > from && to-from < longestParam && s[to-1] == '=' {
		return 0, 0, false
	}
	for to > from && (s[to-1] == '.' || s[to-1] == ':' || s[to-1] == '!') {
		to--
	}
	if to-from < 4 || prose(s[from:to]) {
		return 0, 0, false
	}
	return from, to, true
}

func prose(word []byte) bool {
	if len(word) > 14 {
		return false
	}
	var buf [14]byte
	for i, c := range word {
		buf[i] = c | 0x20
	}
	return bearerWords[string(buf[:len(word)])]
}

// longestBasic bounds what is decoded.
const longestBasic = 1024

// findBasic finds what follows "Basic" if it decodes to user:password; the anchor
// is its last three letters.
func findBasic(s []byte, at, floor int) (from, to int, ok bool) {
	from = skipScheme(s, at-4, floor, "basic")
	if from < 0 {
		return 0, 0, false
	}
	to = run(s[:min(len(s), from+longestBasic)], from, dotted)
	enc := bytes.TrimRight(s[from:to], "=.")
	if len(enc) < 4 || to-from == longestBasic {
		return 0, 0, false
	}
	plain := make([]byte, base64.RawStdEncoding.DecodedLen(len(enc)))
	n, err := base64.RawStdEncoding.Decode(plain, enc)
	if err != nil || bytes.IndexByte(plain[:n], ':') < 0 {
		return 0, 0, false
	}
	for _, c := range plain[:n] {
		if c < ' ' || c == 0x7f {
			return 0, 0, false
		}
	}
	return from, to, true
}

// skipScheme reports where the credential after the name of an authentication
// scheme at s[start] begins, or -1.
func skipScheme(s []byte, start, floor int, scheme string) int {
	if start < floor || start+len(scheme) >= len(s) || !opens(s, start) {
		return -1
	}
	for i := range len(scheme) {
		if s[start+i]|0x20 != scheme[i] {
			return -1
		}
	}
	from := start + len(scheme)
	switch {
	case bytes.HasPrefix(s[from:], []byte("%20")):
		return from + 3
	case s[from] == '+':
		return from + 1
	}
	if end := skipSpace(s, from); end > from {
		return end
	}
	return -1
}

// findUserinfo finds the password of a URL with credentials; the anchor is ://.
// A user without a real password is the key itself.
func findUserinfo(s []byte, at, _ int) (from, to int, ok bool) {
	start := at + 1
	colon, host := authority(s, start)
	if host < 0 || colon < 0 || colon > host {
		return 0, 0, false
	}
	password := s[colon+1 : host]
	if len(password) <= 1 || string(password) == "x-oauth-basic" {
		return start, host, start < colon
	}
	return colon + 1, host, true
}

// authority finds the first colon and the last @ of what stands between :// and
// the path, -1 for one that is missing.
func authority(s []byte, start int) (colon, host int) {
	colon, host = -1, -1
	for i := start; i < len(s); i++ {
		switch s[i] {
		case ':':
			if colon < 0 {
				colon = i
			}
		case '@':
			host = i
		case '/', '?', '#', '"', '\'', '<', '>', '\\', ' ', '\t', '\r', '\n':
			return colon, host
		}
	}
	return colon, host
}

// findTelegram finds a bot's token, 123456789:AA…; the anchor is :AA.
func findTelegram(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 2
	for from > floor && isDigit(s[from-1]) {
		from--
	}
	to = run(s, at-1, words64)
	n := at - 2 - from
	return from, to, n >= 8 && n <= 11 && to-at >= 31
}

// findMailchimp finds a key, 32 hexadecimal digits and the data centre; the
// anchor is -us.
func findMailchimp(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 2 - 32
	to = run(s, at+1, digits)
	if from < floor || to == at+1 || !opens(s, from) || !closes(s, to) {
		return 0, 0, false
	}
	return from, to, run(s, from, hexes) == at-2
}

// findSalesforce finds a session id, the organization's id and what follows its
// exclamation mark; the anchor is 00D.
func findSalesforce(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 2
	bang := run(s, from, alnums)
	if from < floor || !opens(s, from) || bang >= len(s) || s[bang] != '!' || bang-from < 12 {
		return 0, 0, false
	}
	to = run(s, bang+1, dotted)
	return from, to, to-bang > 20
}

// findAirtable finds a personal access token, pat and 14 characters, a dot, 64
// hexadecimal digits; the anchor is pat.
func findAirtable(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 2
	dot := from + 17
	if from < floor || dot >= len(s) || s[dot] != '.' || !opens(s, from) || run(s, from, alnums) != dot {
		return 0, 0, false
	}
	to = run(s, dot+1, hexes)
	return from, to, to-dot > 60
}

// findEntra finds a client secret of Microsoft Entra, three characters, a digit
// and Q~; the anchor is the last three of these.
func findEntra(s []byte, at, floor int) (from, to int, ok bool) {
	from = at - 5
	if from < floor || !opens(s, from) {
		return 0, 0, false
	}
	to = run(s, at+1, words64|dotted)
	return from, to, to-at > 28
}
