package diagnostics

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// How a body is written.
type syntax uint8

const (
	syntaxNone syntax = iota
	syntaxJSON
	syntaxXML
	syntaxHTML
	syntaxForm
	syntaxText
)

// The bounds of what is looked at.
const (
	mostBody   = 64 << 10
	mostFields = 400
	mostText   = 12 << 10
	// mostPage is how much of a page is looked at, and mostPattern how much regular expressions are tried on: what is wrong
	// stands near the beginning.
	mostPage    = 16 << 10
	mostPattern = 8 << 10
	mostDepth   = 12
	// cutBody is how long a body is at least that breaks off because it was cut.
	cutBody = 4 << 10
)

// field is one named value of a body. Path has the names that lead to it, the numbers of lists left out, in lower case
// and with points between them.
type field struct {
	path, value string
	// lower is the value in lower case, once it was asked for.
	lower   string
	lowered bool
	// listed says that it is in a list: of one thing among several.
	listed bool
}

func (f *field) name() string { return nameOf(f.path) }

// nameOf is the last name of a path.
func nameOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// low is the value in lower case.
func (f *field) low() string {
	if !f.lowered {
		f.lower, f.lowered = strings.ToLower(f.value), true
	}
	return f.lower
}

// content is a body taken apart.
type content struct {
	syntax syntax
	fields []field
	// whole says that all of it was understood, and not only looked through for what looks like fields.
	whole bool
	// cut says that the body was longer than is looked at.
	cut bool
	// table says that it looks like lines of separated values.
	table bool
	// words are those of its texts, and said how long these are.
	words folder
	said  int
	// paths has those of fields, one after the other.
	paths strings.Builder
}

func (c *content) add(path, value string, listed bool) {
	if len(c.fields) < mostFields {
		c.fields = append(c.fields, field{path: path, value: value, listed: listed})
	}
}

func (c *content) say(s string) {
	if c.said < mostText {
		c.words.say(s)
		c.said += len(s) + len(" \n ")
	}
}

// clear forgets what was read, and keeps the space for it.
func (c *content) clear() {
	clear(c.fields)
	*c = content{fields: c.fields[:0], words: folder{b: c.words.b[:0], most: mostText}}
}

// takeApart reads a body.
func takeApart(body string) *content {
	c := &content{}
	c.read(body)
	return c
}

// read takes a body apart, by how it looks: content types lie.
func (c *content) read(body string) {
	c.clear()
	body = strings.TrimSpace(strings.ToValidUTF8(body, " "))
	if c.cut = len(body) > mostBody; c.cut {
		body = body[:mostBody]
	}
	body = strings.TrimPrefix(body, ")]}'")
	if body == "" {
		return
	}
	switch {
	case (body[0] == '{' || body[0] == '[' || body[0] == '"') && c.json(body):
		c.syntax, c.whole = syntaxJSON, true
	case isMarkup(body):
		c.markup(body)
	case isForm(body):
		c.syntax = syntaxForm
		c.form(body)
	default:
		c.syntax = syntaxText
		c.table = body[0] == '"' && strings.Contains(body, `","`)
		if body[0] == '{' || body[0] == '[' {
			c.syntax = syntaxJSON
		}
		c.loose(body)
		c.say(body)
	}
}

// links are names of fields whose texts lead to documentation, or repeat what was asked for.
var links = map[string]bool{
	"documentation_url": true, "doc_url": true, "help_url": true, "more_info": true, "moreinfo": true, "more_information": true, "href": true,
	"link": true, "links": true, "url": true, "request_url": true, "docs": true, "statuspage": true, "help": true, "helplink": true, "@context": true,
	"stacktrace": true, "stack": true, "trace": true, "request_id": true, "requestid": true, "request-id": true, "trace_id": true, "traceid": true,
	"correlationid": true, "correlation_id": true, "client-request-id": true, "twitter": true, "instance": true,
}

const (
	// roomForPaths is what the paths of most answers take, in bytes.
	roomForPaths = 256
	// mostPath is how long a path is at most that is kept beside others, so that long ones go when they are not needed.
	mostPath = 256
)

// join is the path of a member of what has a path.
func (c *content) join(path, name string) string {
	name = strings.ToLower(name)
	switch {
	case path == "" || len(c.fields) == mostFields: // Nothing is added any more, and only the name is asked for.
		return name
	case len(path)+len(name) > mostPath:
		return path + "." + name
	}
	if c.paths.Cap() == 0 {
		c.paths.Grow(roomForPaths)
	}
	start := c.paths.Len()
	c.paths.WriteString(path)
	c.paths.WriteByte('.')
	c.paths.WriteString(name)
	return c.paths.String()[start:]
}

// isForm tells whether a text is a form of at least two values.
func isForm(body string) bool {
	if len(body) >= 8<<10 || !strings.Contains(body, "&") {
		return false
	}
	for pair := range strings.SplitSeq(body, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || strings.ContainsFunc(name, isNoFormName) || strings.ContainsAny(value, "= \t\n\f\r") {
			return false
		}
	}
	return true
}

func isNoFormName(r rune) bool {
	return r >= utf8.RuneSelf || !isWordByte(byte(r)) && !strings.ContainsRune(".[]%-", r)
}

func (c *content) form(body string) {
	values, err := url.ParseQuery(body)
	if err != nil {
		c.say(body)
		return
	}
	c.whole = true
	for _, name := range slices.Sorted(maps.Keys(values)) { // The same text each time, so that a diagnosis is.
		for _, v := range values[name] {
			c.add(strings.ToLower(name), v, false)
			c.say(v)
		}
	}
}
