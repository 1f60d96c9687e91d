package redact

import "bytes"

// xml reads XML and HTML: the content of elements with a sensitive name goes as
// a whole, attributes are name="value" as in any text, and what stands between
// tags is decoded. It checks no grammar, so a document that was cut is read as
// far as it goes.
func (p *pass) xml(s []byte, base int) {
	at := 0
	for at < len(s) {
		open := bytes.IndexByte(s[at:], '<')
		if open < 0 {
			p.charData(s[at:], base+at)
			return
		}
		open += at
		p.charData(s[at:open], base+at)
		if bytes.HasPrefix(s[open:], cdataOpen) {
			at = p.cdata(s, open, base)
			continue
		}
		end := tagEnd(s, open)
		p.forms(s[open:end], base+open)
		at = end
		name := elementName(s[open:end])
		if len(name) == 0 || s[end-1] != '>' || s[end-2] == '/' {
			continue
		}
		if c := p.field(localName(name)); c != plain {
			at = p.element(s, name, end, base, c)
		}
	}
}

// element hides what stands between a start tag that ends at from and its end
// tag. It returns where the end tag begins, or from when it hides nothing.
func (p *pass) element(s, name []byte, from, base int, c class) int {
	if k := bytes.IndexByte(s[from:], '<'); c == secretScalar && k >= 0 && !bytes.HasPrefix(s[from+k:], []byte("</")) {
		return from
	}
	to := elementEnd(s, name, from)
	content := bytes.TrimSpace(s[from:to])
	if len(content) == 0 || c == secretUnlessNumber && numeric(content) {
		return to
	}
	p.edits = append(p.edits, edit{base + from, base + to, mark})
	return to
}

// elementEnd finds the end tag of an element that may hold others of its name.
func elementEnd(s, name []byte, from int) int {
	for at, depth := from, 1; ; {
		k := bytes.IndexByte(s[at:], '<')
		if k < 0 {
			return len(s)
		}
		at += k
		rest := s[at+1:]
		closing := len(rest) > 0 && rest[0] == '/'
		if closing {
			rest = rest[1:]
		}
		if bytes.HasPrefix(rest, name) && (len(rest) == len(name) || !nameByteXML(rest[len(name)])) {
			end := tagEnd(s, at)
			switch {
			case closing:
				if depth--; depth == 0 {
					return at
				}
			case s[end-1] == '>' && s[end-2] != '/':
				depth++
			}
			at = end
			continue
		}
		at++
	}
}

// charData reads the text between tags.
func (p *pass) charData(s []byte, base int) {
	if from := skipSpace(s, 0); len(s)-from < shortestForm && len(p.r.patterns) == 0 {
		return
	}
	if bytes.IndexByte(s, '&') >= 0 {
		p.encoded(s, base, entities)
		return
	}
	p.value(s, base)
}

var (
	cdataOpen  = []byte("<![CDATA[")
	cdataClose = []byte("]]>")
)

// cdata reads the section at s[open] and returns where it ends.
func (p *pass) cdata(s []byte, open, base int) int {
	from := open + len(cdataOpen)
	to := len(s)
	if k := bytes.Index(s[from:], cdataClose); k >= 0 {
		to = from + k
	}
	p.value(s[from:to], base+from)
	return min(len(s), to+len(cdataClose))
}

// tagEnd returns where the tag at s[open] ends: after its >, or at the end.
func tagEnd(s []byte, open int) int {
	var quote byte
	for i := open + 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"', c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(s)
}

// elementName is the name of a start tag, nothing for other tags.
func elementName(tag []byte) []byte {
	end := 1
	for end < len(tag) && nameByteXML(tag[end]) {
		end++
	}
	return tag[min(1, len(tag)):end]
}

func nameByteXML(c byte) bool {
	return charsets[c]&words64 != 0 || c == ':' || c == '.' || c >= 0x80
}

// localName is the name without its namespace's prefix.
func localName(name []byte) []byte {
	return name[bytes.LastIndexByte(name, ':')+1:]
}
