package redact

import "bytes"

// form notes the edits of name=value pairs joined by &.
func (p *pass) form(s []byte, base int) {
	for from := 0; from < len(s); {
		end := len(s)
		if k := bytes.IndexByte(s[from:], '&'); k >= 0 {
			end = from + k
		}
		p.formPair(s[from:end], base+from)
		from = end + 1
	}
}

func (p *pass) formPair(s []byte, base int) {
	eq := bytes.IndexByte(s, '=')
	if eq < 0 {
		p.formValue(s, base)
		return
	}
	name, value := s[:eq], s[eq+1:]
	if len(value) == 0 {
		return
	}
	c := p.formClass(name, value)
	switch {
	case c == secret, c == secretScalar, c == secretUnlessNumber && !numeric(value):
		p.edits = append(p.edits, edit{base + eq + 1, base + len(s), mark})
	default:
		p.formValue(name, base)
		p.formValue(value, base+eq+1)
	}
}

func (p *pass) formClass(name, value []byte) class {
	if hasPercent(name) {
		var buf [longestName]byte
		name = percent.decode(buf[:0], name)
	}
	c := p.field(name)
	if c == plain && string(name) == "key" && keyLike(value) {
		return secret
	}
	return c
}

// leastKey is the length from which a parameter "key" is no word or issue number.
const leastKey = 16

// keyLike reports whether the value of a parameter "key" is a random one: long,
// of letters and digits.
func keyLike(value []byte) bool {
	letters, numerals := false, false
	for _, c := range value {
		switch {
		case isDigit(c):
			numerals = true
		case isAlnum(c):
			letters = true
		default:
			return false
		}
	}
	return letters && numerals && len(value) >= leastKey
}

func (p *pass) formValue(s []byte, base int) {
	switch {
	case len(s) < shortestForm && len(p.r.patterns) == 0:
	case hasPercent(s):
		p.encoded(s, base, percent)
	default:
		p.value(s, base)
	}
}

// url notes the edits of a URL.
func (p *pass) url(s []byte, base int) {
	path, query, fragment := len(s), len(s), len(s)
	if k := bytes.IndexByte(s, '#'); k >= 0 {
		path, query, fragment = k, k, k
	}
	if k := bytes.IndexByte(s[:path], '?'); k >= 0 {
		path = k
	}
	p.urlPath(s[:path], base)
	if path < query {
		p.form(s[path+1:query], base+path+1)
	}
	if fragment == len(s) {
		return
	}
	rest := s[fragment+1:]
	if bytes.IndexByte(rest, '=') >= 0 {
		p.form(rest, base+fragment+1)
	} else {
		p.formValue(rest, base+fragment+1)
	}
}

// urlPath reads what stands before the query. The password is looked for in the
// encoded text, where no @ or : of it can be mistaken.
func (p *pass) urlPath(s []byte, base int) {
	rest := 0
	if k := bytes.Index(s, []byte("//")); k >= 0 && k < longestScheme {
		rest = k + 2
		if bytes.IndexByte(s[rest:], '@') >= 0 {
			if from, to, ok := findUserinfo(s, k+1, 0); ok {
				p.edits = append(p.edits, edit{base + from, base + to, mark})
				rest = to
			}
		}
	}
	if bytes.IndexByte(s[rest:], '%') >= 0 {
		p.encoded(s[rest:], base+rest, percent)
		return
	}
	p.text(s[rest:], base+rest)
}

// longestScheme bounds how far into a URL its // is searched for.
const longestScheme = 32
