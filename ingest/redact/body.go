package redact

import (
	"bytes"
	"strings"
)

// body picks the reader of a body, by its type and by how it begins.
func (p *pass) body(contentType string, s []byte, base int) {
	kind := mediaType(contentType)
	if strings.HasPrefix(kind, "multipart/") {
		if p.multipart(boundary(contentType), s, base) {
			return
		}
		p.text(s, base)
		return
	}
	open := skipSpace(s, 0)
	if open == len(s) {
		return
	}
	switch c := s[open]; {
	case c == '{', c == '[', strings.HasSuffix(kind, "json"):
		p.jsonOrText(s, base)
	case c == '<':
		p.xml(s, base)
	case kind == "application/x-www-form-urlencoded", kind == "" && formLike(s):
		p.form(s, base)
	case c == '"':
		p.jsonOrText(s, base)
	default:
		p.text(s, base)
	}
}

// mediaType is the type without parameters, in lower case.
func mediaType(contentType string) string {
	if k := strings.IndexByte(contentType, ';'); k >= 0 {
		contentType = contentType[:k]
	}
	return strings.ToLower(strings.TrimSpace(contentType))
}

// isMultipart reports whether a body of the type is read in parts, whatever it
// looks like.
func isMultipart(contentType string) bool {
	t := strings.TrimSpace(contentType)
	return t != "" && t[0]|0x20 == 'm' && strings.HasPrefix(mediaType(t), "multipart/")
}

// formLike reports whether a body without a type is a form: one line, with =.
func formLike(s []byte) bool {
	return bytes.IndexByte(s, '=') > 0 && !bytes.ContainsAny(s, " \n\"<>{}")
}

// boundary is that parameter of a content type, or "".
func boundary(contentType string) string {
	const param = "boundary="
	k := 0
	for ; k+len(param) <= len(contentType); k++ {
		if strings.EqualFold(contentType[k:k+len(param)], param) {
			break
		}
	}
	if k+len(param) > len(contentType) {
		return ""
	}
	value := contentType[k+len(param):]
	if strings.HasPrefix(value, `"`) {
		value, _, _ = strings.Cut(value[1:], `"`)
		return value
	}
	value, _, _ = strings.Cut(value, ";")
	return strings.TrimSpace(value)
}

// multipart reads each part by the name and the type that its head gives. It
// reports false when the body has no part.
func (p *pass) multipart(boundary string, s []byte, base int) bool {
	if boundary == "" {
		line, _, _ := bytes.Cut(s, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) < 3 || !bytes.HasPrefix(line, []byte("--")) {
			return false
		}
		boundary = string(line[2:])
	}
	if p.level == maxLevel {
		return false
	}
	p.level++
	defer func() { p.level-- }()
	delimiter := []byte("--" + boundary)
	at := bytes.Index(s, delimiter)
	if at < 0 {
		return false
	}
	p.text(s[:at], base)
	for at < len(s) {
		from := at + len(delimiter)
		end := len(s)
		if k := bytes.Index(s[from:], delimiter); k >= 0 {
			end = from + k
		}
		p.part(s[from:end], base+from)
		at = end
	}
	return true
}

// part reads one part: head, empty line, content.
func (p *pass) part(s []byte, base int) {
	head, gap := bytes.Index(s, []byte("\r\n\r\n")), 4
	if k := bytes.Index(s, []byte("\n\n")); head < 0 || k >= 0 && k < head {
		head, gap = k, 2
	}
	if head < 0 {
		p.text(s, base)
		return
	}
	p.text(s[:head], base)
	from, to := head+gap, len(s)
	for to > from && (s[to-1] == '\n' || s[to-1] == '\r') && len(s)-to < 2 {
		to--
	}
	if from == to {
		return
	}
	if p.field(partName(s[:head])) != plain {
		p.edits = append(p.edits, edit{base + from, base + to, mark})
		return
	}
	p.body(partType(s[:head]), s[from:to], base+from)
}

// partName is the name in a part's Content-Disposition.
func partName(head []byte) []byte {
	for at := 0; ; {
		k := bytes.Index(head[at:], []byte("name="))
		if k < 0 {
			return nil
		}
		at += k + len("name=")
		before := at - len("name=") - 1
		if before >= 0 && isAlnum(head[before]) { // filename=
			continue
		}
		value := head[at:]
		if len(value) > 0 && value[0] == '"' {
			value, _, _ = bytes.Cut(value[1:], []byte(`"`))
			return value
		}
		return value[:run(value, 0, words64)]
	}
}

func partType(head []byte) string {
	const field = "content-type:"
	for line := range bytes.Lines(head) {
		if len(line) > len(field) && strings.EqualFold(string(line[:len(field)]), field) {
			return strings.TrimSpace(string(line[len(field):]))
		}
	}
	return ""
}
