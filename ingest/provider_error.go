package ingest

import (
	"strconv"
	"strings"
)

// saysFailure tells whether a body under a status of success says that the call failed: {"ok":false}, the errors of
// GraphQL, a SOAP fault.
func (d *decoder) saysFailure(a answer) bool {
	if n := d.node(a.body); n.Shape == isObject {
		if _, coded := d.coded(a.body); !coded {
			return failed(&d.doc, a.body, &d.arena)
		}
	}
	text := strings.TrimSpace(a.text)
	switch {
	case text == "":
		return false
	case text[0] == '{':
		if !strings.Contains(text, `"ok"`) && !strings.Contains(text, `"errors"`) {
			return false
		}
		return d.inner.parse(bytesOf(text), true) == complete && failed(&d.inner, 0, &d.arena)
	case text[0] == '<':
		return soapFault(text)
	}
	return false
}

func failed(doc *document, object ref, a *arena) bool {
	f := facts{doc: doc, arena: a}
	if ok := f.member(object, "ok"); ok != 0 && doc.text[doc.nodes[ok].Start] == 'f' && doc.nodes[ok].Shape == isBool {
		return true
	}
	first := f.first(f.member(object, "errors"))
	if first == 0 || doc.nodes[first].Shape != isObject {
		return false
	}
	// A list named errors is GraphQL's when its members have a message, or when data stands beside it.
	return f.member(first, "message") != 0 || f.member(object, "data") != 0
}

func soapFault(text string) bool {
	return strings.Contains(text, "Envelope") && (strings.Contains(text, ":Fault>") || strings.Contains(text, "<Fault>") ||
		strings.Contains(text, ":Fault ") || strings.Contains(text, "<Fault "))
}

// facts looks things up in a document.
type facts struct {
	doc   *document
	arena *arena
}

// member is the last member of an object with one of the names, the first name first; 0 when there is none that is not
// null.
func (f facts) member(object ref, names ...string) ref {
	if f.doc.nodes[object].Shape != isObject {
		return 0
	}
	for _, name := range names {
		var found ref
		for at, over := uint32(object)+1, f.doc.nodes[object].Next; at+1 < over; at = f.doc.nodes[at+1].Next {
			n := &f.doc.nodes[at]
			if stringOf(f.doc.text[n.Start+1:n.End-1]) == name && f.doc.nodes[at+1].Shape != isNull {
				found = ref(at + 1)
			}
		}
		if found != 0 {
			return found
		}
	}
	return 0
}

// first is the first element of an array; 0 when there is none.
func (f facts) first(array ref) ref {
	if array == 0 || f.doc.nodes[array].Shape != isArray || f.doc.nodes[array].Next == uint32(array)+1 {
		return 0
	}
	return array + 1
}

// scalar is a text or number as text; "" for anything else.
func (f facts) scalar(v ref) string {
	if v == 0 {
		return ""
	}
	switch n := &f.doc.nodes[v]; n.Shape {
	case isString:
		return f.doc.string(n, f.arena)
	case isNumber:
		return stringOf(f.doc.text[n.Start:n.End])
	}
	return ""
}

// Where providers put an error's code and message, the most telling first.
var (
	codeNames = []string{
		"errorCode", "error_code", "code", "ErrorCode", "Code", "errcode", "err_code", "status_code_name", "reason",
		"category", "type", "__type", "name",
	}
	messageNames = []string{
		"message", "Message", "error_description", "errorMessage", "error_message", "ErrorMessage", "detail",
		"description", "errorSummary", "msg", "errmsg", "title", "error_summary", "faultstring",
	}
	innerNames = []string{"error", "errors", "Error", "Errors", "odata.error", "fault", "Fault", "meta", "response"}
)

// providerError finds the provider's own code and message in the body of an answer that failed. Both may share the
// text.
func providerError(doc *document, a *arena, text string, status int) (code, message string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", ""
	}
	switch text[0] {
	case '{', '[':
		if doc.parse(bytesOf(text), true) != complete {
			return "", ""
		}
		f := facts{doc: doc, arena: a}
		code, message = f.blame(0, status, 0)
		return code, message
	case '<':
		return xmlError(text)
	}
	return "", ""
}

// deepest is how many objects within one another are looked into.
const deepest = 4

// blame looks for code and message in a value: first in what it calls the error, then in itself.
func (f facts) blame(v ref, status, depth int) (code, message string) {
	n := &f.doc.nodes[v]
	if n.Shape == isArray {
		first := f.first(v)
		if v == 0 && n.Next > 1 {
			first = 1
		}
		if first == 0 || depth == deepest {
			return "", ""
		}
		return f.blame(first, status, depth+1)
	}
	if n.Shape != isObject {
		return "", f.scalar(v)
	}
	inner := f.member(v, innerNames...)
	if inner != 0 && depth < deepest {
		switch f.doc.nodes[inner].Shape {
		case isObject, isArray:
			code, message = f.blame(inner, status, depth+1)
		case isString:
			// {"error":"invalid_grant","error_description":"…"}: a word is a code, prose is a message.
			if text := f.scalar(inner); isCode(text) {
				code = text
			} else {
				message = text
			}
		}
	}
	if extensions := f.member(v, "extensions"); extensions != 0 && code == "" {
		code = f.code(extensions, status)
	}
	if own := f.code(v, status); code == "" || inner != 0 && f.doc.nodes[inner].Shape == isString && own != "" && message != "" {
		code = own
	}
	if message == "" {
		message = f.scalar(f.member(v, messageNames...))
	}
	return code, message
}

// code is the most telling code of an object. A number that only repeats the HTTP status tells nothing, so that a word
// is preferred to it.
func (f facts) code(object ref, status int) string {
	weak := ""
	for _, name := range codeNames {
		text := f.scalar(f.member(object, name))
		switch {
		case text == "":
		case text == strconv.Itoa(status):
			weak = text
		case isCode(text):
			return text
		}
	}
	if text := f.scalar(f.member(object, "status", "statusCode")); text != strconv.Itoa(status) && isName(text) {
		return text
	}
	return weak
}

// longestCode is the length up to which a text without spaces may be a code.
const longestCode = 100

func isCode(text string) bool {
	return text != "" && len(text) <= longestCode && !strings.ContainsAny(text, " \t\r\n")
}

// isName tells whether a text is a name in capitals, such as PERMISSION_DENIED.
func isName(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return len(text) > 2
}

// xmlError reads the code and the message of a SOAP fault, or of an error in XML.
func xmlError(text string) (code, message string) {
	if soapFault(text) {
		if code = xmlText(text, "faultcode"); code == "" {
			code = xmlText(text, "Value")
		}
		if message = xmlText(text, "faultstring"); message == "" {
			message = xmlText(text, "Text")
		}
		return code, message
	}
	if strings.HasPrefix(strings.ToLower(text[:min(len(text), 15)]), "<!doctype html") || strings.HasPrefix(text, "<html") {
		return "", ""
	}
	for _, name := range []string{"Code", "code", "ErrorCode", "errorCode"} {
		if code = xmlText(text, name); isCode(code) {
			break
		}
		code = ""
	}
	for _, name := range []string{"Message", "message", "Detail", "error"} {
		if message = xmlText(text, name); message != "" {
			break
		}
	}
	return code, message
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

// xmlText is the text of the first element of the name, whatever its prefix; "" when it holds other elements.
func xmlText(text, name string) string {
	for at := 0; ; {
		k := strings.Index(text[at:], name)
		if k < 0 {
			return ""
		}
		at += k + len(name)
		before := text[:at-len(name)]
		open := strings.LastIndexByte(before, '<')
		if open < 0 || strings.ContainsAny(before[open:], "> \t\r\n/") || open+1 < len(before) && !strings.HasSuffix(before, ":") {
			continue
		}
		rest := text[at:]
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return ""
		}
		if end > 0 && rest[0] != ' ' && rest[0] != '\n' && rest[0] != '\t' && rest[0] != '\r' || strings.HasSuffix(rest[:end], "/") {
			continue
		}
		inside, _, found := strings.Cut(rest[end+1:], "<")
		if !found {
			return ""
		}
		if inside = strings.TrimSpace(inside); inside != "" {
			return entities.Replace(inside)
		}
	}
}
