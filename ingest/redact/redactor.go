package redact

import (
	"bytes"
	"regexp"
	"unsafe"
)

// Redactor is a compiled policy. It is immutable: goroutines share one.
//
// Its methods return their input and false when there is nothing to redact, and
// else append the redacted text to dst and report true.
type Redactor struct {
	headers  *names
	fields   *names
	patterns []*regexp.Regexp
}

var builtin = &Redactor{}

// Builtin is the Redactor of a tenant without a policy of its own.
func Builtin() *Redactor { return builtin }

// Compile makes the Redactor of a policy: the built-in rules and the policy's. It
// fails as Validate does.
func Compile(p Policy) (*Redactor, error) {
	patterns, err := p.compile()
	if err != nil {
		return nil, err
	}
	return &Redactor{headers: newNames(p.Headers), fields: newNames(p.Fields), patterns: patterns}, nil
}

// Text redacts plain text.
func (r *Redactor) Text(src, dst []byte) ([]byte, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.Text(src, dst)
}

// Body redacts a body of the given content type, which may be empty, have
// parameters, or be wrong: what looks like JSON is read as JSON.
func (r *Redactor) Body(contentType string, src, dst []byte) ([]byte, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.Body(contentType, src, dst)
}

// JSON redacts a JSON text, or several in a row. What is no JSON is redacted as
// plain text.
func (r *Redactor) JSON(src, dst []byte) ([]byte, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.JSON(src, dst)
}

// Form redacts an application/x-www-form-urlencoded body.
func (r *Redactor) Form(src, dst []byte) ([]byte, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.run(src, dst, (*pass).form)
}

// URL redacts a URL: the password in it, query parameters, the fragment, and
// secrets in its path. It need not be a valid one.
func (r *Redactor) URL(raw string) (string, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.URL(raw)
}

// Header redacts the value of a header.
func (r *Redactor) Header(name, value string) (string, bool) {
	s := r.borrow()
	defer s.giveBack()
	return s.Header(name, value)
}

// HasName reports whether the name of a field alone makes its value a secret.
func (r *Redactor) HasName(field string) bool {
	return r.field(bytesOf(field)) == secret
}

func (r *Redactor) field(name []byte) class {
	if r.fields.has(name) {
		return secret
	}
	return fieldClass(name)
}

func (r *Redactor) header(name []byte) bool {
	return headerClass(name) != plain || r.headers.has(name)
}

// bytesOf gives the bytes of a string to code that only reads them.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// pass is the work on one text.
type pass struct {
	r     *Redactor
	known *knownNames
	edits []edit
	// level is how many encodings deep the pass is, and decoded holds the text
	// of each level.
	level   int
	decoded [maxLevel][]byte
}

const (
	// maxLevel bounds texts within texts. Each level at least doubles the
	// backslashes of the one below, so no real body comes near.
	maxLevel = 8
	// mostKept bounds what a session holds on to.
	mostKept = 64 << 10
)

// value notes the edits of a decoded text: that of JSON, of a URL or a form with
// something encoded in it, else plain text.
func (p *pass) value(s []byte, base int) {
	switch {
	case len(s) > 0 && (s[0] == '{' || s[0] == '[' || s[0] <= ' ') && looksJSON(s):
		p.jsonOrText(s, base)
	case bytes.IndexByte(s, '=') < 0 || !hasPercent(s):
		p.text(s, base)
	case urlLike(s):
		p.url(s, base)
	case formLike(s):
		p.form(s, base)
	default:
		p.text(s, base)
	}
}

// hasPercent reports whether s may hold something percent-encoded.
func hasPercent(s []byte) bool {
	return bytes.IndexByte(s, '%') >= 0 || bytes.IndexByte(s, '+') >= 0
}

// urlLike reports whether s is nothing but a URL.
func urlLike(s []byte) bool {
	return (bytes.HasPrefix(s, []byte("https://")) || bytes.HasPrefix(s, []byte("http://"))) && !bytes.ContainsAny(s, " \n\"<>{}")
}

// encoded notes the edits of a text that stands encoded in s.
func (p *pass) encoded(s []byte, base int, c codec) {
	if p.level == maxLevel {
		p.text(s, base)
		return
	}
	buf := c.decode(p.decoded[p.level][:0], s)
	p.decoded[p.level] = buf
	p.level++
	first := len(p.edits)
	p.value(buf, 0)
	p.level--
	if cap(buf) > mostKept {
		p.decoded[p.level] = nil
	}
	if len(p.edits) > first {
		c.lift(p.edits[first:], s, base)
	}
}

// looksJSON reports whether s may be an object or an array, by its ends.
func looksJSON(s []byte) bool {
	if len(s) < 2 {
		return false
	}
	open := skipSpace(s, 0)
	if open == len(s) || s[open] != '{' && s[open] != '[' {
		return false
	}
	end := len(s)
	for isSpace(s[end-1]) {
		end--
	}
	return s[end-1] == s[open]+2
}
