package redact

import (
	"sync"

	"github.com/weirhq/weir/ingest/jsonnode"
)

// Session redacts one text after another, and uses its memory again: what an
// event has of texts is a dozen, most of them short. Reset makes it ready; its
// methods are those of Redactor. It is not for concurrent use.
type Session struct{ pass pass }

// Reset makes the session one of a redactor's policy. Of what it was before, it
// keeps room, and what the built-in rules say of the names that it met.
func (s *Session) Reset(r *Redactor) {
	known := s.pass.known
	if known == nil {
		known = new(knownNames)
	}
	// What a panic left of another text is no edit of the next.
	s.pass = pass{r: r, known: known, edits: s.pass.edits[:0], decoded: s.pass.decoded}
}

// Text redacts plain text.
func (s *Session) Text(src, dst []byte) ([]byte, bool) {
	return s.run(src, dst, (*pass).text)
}

// Body redacts a body of the given content type.
func (s *Session) Body(contentType string, src, dst []byte) ([]byte, bool) {
	if len(src) == 0 {
		return src, false
	}
	s.pass.body(contentType, src, 0)
	return s.result(src, dst)
}

// Nodes is Body of an object or an array that was read already, the value at
// root: less the reading. The nodes are those of text, and none is missing within
// the value.
func (s *Session) Nodes(contentType string, text []byte, nodes []jsonnode.Node, root uint32, dst []byte) ([]byte, bool) {
	n := &nodes[root]
	src := text[n.Start:n.End]
	if isMultipart(contentType) {
		return s.Body(contentType, src, dst)
	}
	j := jsonReader{pass: &s.pass, s: text, base: -int(n.Start)}
	j.walk(nodes, root)
	return s.result(src, dst)
}

// JSON redacts a JSON text, or several in a row.
func (s *Session) JSON(src, dst []byte) ([]byte, bool) {
	return s.run(src, dst, (*pass).jsonOrText)
}

// URL redacts a URL.
func (s *Session) URL(raw string) (string, bool) {
	return s.runString(raw, (*pass).url)
}

// Header redacts the value of a header.
func (s *Session) Header(name, value string) (string, bool) {
	if value == "" {
		return value, false
	}
	if s.pass.header(bytesOf(name)) {
		return mark, true
	}
	s.pass.value(bytesOf(value), 0)
	if len(s.pass.edits) == 0 {
		return value, false
	}
	out, _ := s.result(bytesOf(value), nil)
	return string(out), true
}

// HasName reports whether the name of a field alone makes its value a secret.
func (s *Session) HasName(field string) bool { return s.pass.field(bytesOf(field)) == secret }

func (s *Session) run(src, dst []byte, read func(p *pass, s []byte, base int)) ([]byte, bool) {
	if len(src) == 0 {
		return src, false
	}
	read(&s.pass, src, 0)
	return s.result(src, dst)
}

func (s *Session) runString(text string, read func(p *pass, s []byte, base int)) (string, bool) {
	out, changed := s.run(bytesOf(text), nil, read)
	if !changed {
		return text, false
	}
	return string(out), true
}

// result makes the edits, and leaves none of them.
func (s *Session) result(src, dst []byte) ([]byte, bool) {
	p := &s.pass
	if len(p.edits) == 0 {
		return src, false
	}
	out := apply(dst, src, p.edits)
	clear(p.edits)
	p.edits = p.edits[:0]
	return out, true
}

// sessions are those of texts that come one at a time.
var sessions = sync.Pool{New: func() any { return new(Session) }}

func (r *Redactor) borrow() *Session {
	s := sessions.Get().(*Session)
	s.Reset(r)
	return s
}

func (s *Session) giveBack() {
	s.pass.r = nil
	sessions.Put(s)
}
