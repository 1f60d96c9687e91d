package redact

import (
	"bytes"
	"math/bits"
)

// Anchors of the forms that need more than a prefix and a run. The rest of the
// bits are shared out among the providers.
const (
	anchorAssign = iota // '=' or ':', one byte
	anchorDigits
	anchorUserinfo
	anchorJWT
	anchorPEM
	anchorBearer
	anchorBasic
	anchorTelegram
	anchorMailchimp
	anchorSalesforce
	anchorAirtable
	anchorEntra
	anchorProviders
)

// assignBit is always set in the state of the scan: its anchor is one byte long.
const assignBit = uint64(1) << anchorAssign

// finders are the checks of the anchors that report no place to go on from.
var finders = [anchorProviders]func(s []byte, at, floor int) (from, to int, ok bool){
	anchorUserinfo:   findUserinfo,
	anchorJWT:        findJWT,
	anchorPEM:        findPEM,
	anchorBearer:     findBearer,
	anchorBasic:      findBasic,
	anchorTelegram:   findTelegram,
	anchorMailchimp:  findMailchimp,
	anchorSalesforce: findSalesforce,
	anchorAirtable:   findAirtable,
	anchorEntra:      findEntra,
}

var (
	textAnchors anchorSet
	// byAnchor lists, for each anchor's bit, the providers that it may begin.
	byAnchor [64][]provider
)

func init() {
	t := &textAnchors
	const numerals = "0123456789"
	t.add(anchorAssign, "", "", "=:")
	t.add(anchorDigits, numerals, numerals, numerals)
	t.add(anchorUserinfo, ":", "/", "/")
	t.add(anchorJWT, "e", "y", "J")
	t.add(anchorPEM, "-", "B", "E")
	t.add(anchorBearer, "bB", "eE", "aA")
	t.add(anchorBasic, "sS", "iI", "cC")
	t.add(anchorTelegram, ":", "A", "A")
	t.add(anchorMailchimp, "-", "u", "s")
	t.add(anchorSalesforce, "0", "0", "D")
	t.add(anchorAirtable, "p", "a", "t")
	t.add(anchorEntra, numerals, "Q", "~")
	// Providers with the same anchor share its bit; when bits run out, anchors
	// share them too, which costs a comparison and no correctness.
	taken := map[string]int{}
	next := 0
	for _, p := range providers {
		a := (p.prefix + "00")[p.anchor : p.anchor+3]
		third := a[2:]
		if len(p.prefix) == 2 {
			a, third = p.prefix, "0123456789abcdefABCDEF"
		}
		bit, ok := taken[a]
		if !ok {
			bit = anchorProviders + next%(64-anchorProviders)
			taken[a] = bit
			next++
			t.add(bit, a[:1], a[1:2], third)
		}
		byAnchor[bit] = append(byAnchor[bit], p)
	}
}

// text notes the edits of a plain text that begins at base.
func (p *pass) text(s []byte, base int) {
	first := len(p.edits)
	p.forms(s, base)
	if len(p.r.patterns) == 0 {
		return
	}
	for _, re := range p.r.patterns {
		for _, m := range re.FindAllIndex(s, -1) {
			if m[0] < m[1] && string(s[m[0]:m[1]]) != mark {
				p.edits = append(p.edits, edit{from: base + m[0], to: base + m[1], text: mark})
			}
		}
	}
	p.edits = p.edits[:first+len(merge(p.edits[first:]))]
}

// forms notes the secrets that the built-in forms find in s.
func (p *pass) forms(s []byte, base int) {
	var one, two uint64
	floor := 0
	for i := 0; i < len(s); i++ {
		a := &textAnchors[s[i]]
		hit := (two | assignBit) & a.third
		two = one & a.second
		one = a.first
		if hit == 0 || hit == assignBit && s[i] == ':' && !endsName(s, i) {
			continue
		}
		if hit == 1<<anchorDigits {
			// Nearly all numbers are too short for a card.
			if end := run(s, i+1, digits); end-i+2 < shortestCard && end-i+2 != 4 {
				i, one, two = end-1, textAnchors[s[end-1]].first, 0
				continue
			}
		}
		e, next := p.find(s, i, floor, hit)
		if e.to > e.from {
			p.edits = append(p.edits, edit{from: base + e.from, to: base + e.to, text: e.text})
			floor = e.to
		}
		if next > i {
			i, one, two = next-1, 0, 0
			if e.to == e.from {
				one = textAnchors[s[i]].first
			}
		}
	}
}

// endsName reports whether the colon at s[i] may end a name: "name": or Name: or
// name:"value".
// Those of times and URLs do not.
func endsName(s []byte, i int) bool {
	if i == 0 || i+1 >= len(s) {
		return false
	}
	prev, next := s[i-1], s[i+1]
	return prev == '"' || prev == '\'' || next == ' ' || next == '"' || next == '\'' || next == '\\'
}

// find runs the checks of all anchors that end at s[at]. It returns the edit, if
// there is one, and where to go on.
func (p *pass) find(s []byte, at, floor int, hit uint64) (edit, int) {
	for ; hit != 0; hit &= hit - 1 {
		bit := bits.TrailingZeros64(hit)
		switch {
		case bit == anchorAssign:
			if e, ok := p.assignment(s, at, floor); ok {
				return e, e.to
			}
		case bit == anchorDigits:
			from, to, next, ok := findCard(s, at, floor)
			if ok {
				return edit{from, to, mark}, to
			}
			return edit{}, next
		case bit < anchorProviders:
			if from, to, ok := finders[bit](s, at, floor); ok && to > at {
				return edit{from, to, mark}, to
			}
		default:
			for i := range byAnchor[bit] {
				if from, to, ok := byAnchor[bit][i].match(s, at-2); ok && from >= floor {
					return edit{from, to, mark}, to
				}
			}
		}
	}
	return edit{}, at
}

// longestLookBack bounds how far before its = or : a name is searched for.
const longestLookBack = 80

// assignment looks at the = or : at s[at]: name=value, "name": value, or a line
// of HTTP like X-Auth-Token: value, with a sensitive name.
func (p *pass) assignment(s []byte, at, floor int) (edit, bool) {
	if at == floor {
		return edit{}, false
	}
	prev := s[at-1]
	switch {
	case prev == '"' || prev == '\'':
		if s[at] == '=' && (at+1 >= len(s) || s[at+1] != '>') {
			return edit{}, false
		}
		return p.quotedMember(s, at, floor)
	case s[at] == '=':
		return p.variable(s, at, floor)
	case isAlnum(prev):
		if from := skipBlank(s, at+1); from < len(s) && (s[from] == '"' || s[from] == '\'' || s[from] == '\\') {
			return p.argument(s, at, from, floor)
		}
		return p.headerLine(s, at, floor)
	}
	return edit{}, false
}

// argument handles name: "value", as in GraphQL and YAML. Without the quotes it
// would be a message about a field: "password: is too short".
func (p *pass) argument(s []byte, at, from, floor int) (edit, bool) {
	start := at
	for start > floor && at-start < longestLookBack && charsets[s[start-1]]&words64 != 0 {
		start--
	}
	c := p.r.field(s[start:at])
	if c == plain || s[from] == '\\' && (from+1 >= len(s) || s[from+1] != '"' && s[from+1] != '\'') {
		return edit{}, false
	}
	return unquotedValue(s, from, c)
}

// nameByte reports whether c may stand in an unquoted name. % is for names in
// which a letter is percent-encoded.
func nameByte(c byte) bool {
	return charsets[c]&words64 != 0 || c == '.' || c == '%' || c == '[' || c == ']' || c == '$'
}

// variable handles name=value.
func (p *pass) variable(s []byte, at, floor int) (edit, bool) {
	start := at
	for start > floor && at-start < longestLookBack && nameByte(s[start-1]) {
		start--
	}
	from := at + 1
	if start == at || from >= len(s) || s[from] == '=' || s[from] == '~' {
		return edit{}, false
	}
	c := p.variableClass(s[start:at])
	if c == plain {
		return edit{}, false
	}
	return unquotedValue(s, from, c)
}

func (p *pass) variableClass(name []byte) class {
	if bytes.IndexByte(name, '%') >= 0 {
		var buf [longestLookBack]byte
		name = percent.decode(buf[:0], name)
	}
	return p.r.field(name)
}

// unquotedValue finds the value that begins at s[from], quoted or not.
func unquotedValue(s []byte, from int, c class) (edit, bool) {
	if q := s[from]; q == '"' || q == '\'' {
		return quotedValue(s, from, 0, q)
	}
	if q := s[from]; q == '\\' && from+1 < len(s) && (s[from+1] == '"' || s[from+1] == '\'') {
		return quotedValue(s, from+1, 1, s[from+1])
	}
	if bytes.HasPrefix(s[from:], []byte(mark)) {
		return edit{from, from + len(mark), mark}, true
	}
	to := from
	for to < len(s) && charsets[s[to]]&stops == 0 {
		to++
	}
	if to == from || c == secretUnlessNumber && numeric(s[from:to]) {
		return edit{}, false
	}
	return edit{from, to, mark}, true
}

func numeric(s []byte) bool {
	for _, c := range s {
		if !isDigit(c) && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// quotedValue finds the text between the quote at s[at], which slashes
// backslashes precede, and its partner. Without one it goes on to the end.
func quotedValue(s []byte, at, slashes int, quote byte) (edit, bool) {
	from := at + 1
	for i := from; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		n := 0
		for i-n-1 >= from && s[i-n-1] == '\\' {
			n++
		}
		if n == slashes || slashes == 0 && n%2 == 0 {
			return edit{from, i - min(n, slashes), mark}, i-min(n, slashes) > from
		}
	}
	return edit{from, len(s), mark}, len(s) > from
}

// quotedMember handles "name": value and 'name' => value in text that is no JSON
// as a whole: a log line, a body that was cut.
func (p *pass) quotedMember(s []byte, at, floor int) (edit, bool) {
	quote, end := s[at-1], at-1
	slashes := 0
	for end > floor && s[end-1] == '\\' {
		end--
		slashes++
	}
	start := end
	for start > floor && end-start < longestLookBack && s[start-1] != quote {
		start--
	}
	if start == floor || s[start-1] != quote {
		return edit{}, false
	}
	name := s[start:end]
	if bytes.IndexByte(name, '\\') >= 0 {
		var buf [longestLookBack]byte
		name = jsonString.decode(buf[:0], name)
	}
	c := p.r.field(name)
	if c == plain {
		return edit{}, false
	}
	from := at + 1
	if s[at] == '=' {
		from++
	}
	from = skipSpace(s, from)
	if from >= len(s) {
		return edit{}, false
	}
	return looseValue(s, from, c)
}

// looseValue finds the value at s[from] of a member of broken JSON.
func looseValue(s []byte, from int, c class) (edit, bool) {
	switch b := s[from]; {
	case b == '{' || b == '[':
		if c == secretScalar {
			return edit{}, false
		}
		return edit{from, skipBrackets(s, from), quotedMark}, true
	case b == '"', b == '\'', b == '\\':
		return unquotedValue(s, from, c)
	}
	to := from
	for to < len(s) && charsets[s[to]]&stops == 0 {
		to++
	}
	word := s[from:to]
	if to == from || string(word) == "null" || string(word) == "None" || c == secretUnlessNumber && numeric(word) {
		return edit{}, false
	}
	return edit{from, to, quotedMark}, true
}

// skipBrackets returns where the object or array at s[from] ends, or the end.
func skipBrackets(s []byte, from int) int {
	depth := 0
	for i := from; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		}
	}
	return len(s)
}

// headerLine handles "Authorization: value" up to the end of the line or the
// quote around it. Only names that are a header's count: prose has colons too.
func (p *pass) headerLine(s []byte, at, floor int) (edit, bool) {
	start := at
	for start > floor && at-start < longestLookBack && charsets[s[start-1]]&words64 != 0 {
		start--
	}
	name := s[start:at]
	if bytes.IndexByte(name, '-') < 0 && !bytes.EqualFold(name, []byte("authorization")) && !bytes.EqualFold(name, []byte("cookie")) {
		return edit{}, false
	}
	if !p.r.header(name) {
		return edit{}, false
	}
	from := skipBlank(s, at+1)
	to := from
	for to < len(s) && s[to] != '\n' && s[to] != '\r' && s[to] != '"' && s[to] != '\'' && s[to] != '\\' {
		to++
	}
	return edit{from, to, mark}, to > from
}

func skipBlank(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}
