package redact

import "bytes"

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
	c := p.field(s[start:at])
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
	return p.field(name)
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
	c := p.field(name)
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
	switch s[from] {
	case '{', '[':
		if c == secretScalar {
			return edit{}, false
		}
		return edit{from, skipBrackets(s, from), quotedMark}, true
	case '"', '\'', '\\':
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
	if !p.header(name) {
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
