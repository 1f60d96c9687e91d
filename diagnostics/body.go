package diagnostics

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	// listed says that it is in a list: of one thing among several.
	listed bool
}

func (f *field) name() string { return f.path[strings.LastIndexByte(f.path, '.')+1:] }

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
	// lists is how many lists the value lies in that is read.
	lists int
	text  strings.Builder
}

func (c *content) add(path, value string) {
	if len(c.fields) < mostFields {
		c.fields = append(c.fields, field{path: path, value: value, listed: c.lists > 0})
	}
}

func (c *content) say(s string) {
	if c.text.Len() < mostText {
		c.text.WriteString(s)
		c.text.WriteString(" \n ")
	}
}

// takeApart reads a body, by how it looks: content types lie.
func takeApart(body string) *content {
	c := &content{}
	body = strings.TrimSpace(strings.ToValidUTF8(body, " "))
	if c.cut = len(body) > mostBody; c.cut {
		body = body[:mostBody]
	}
	body = strings.TrimPrefix(body, ")]}'")
	if body == "" {
		return c
	}
	switch {
	case strings.ContainsRune(`{["`, rune(body[0])) && c.json(body):
		c.syntax, c.whole = syntaxJSON, true
	case isMarkup(body):
		c.markup(body)
	case isForm(body):
		c.syntax = syntaxForm
		c.form(body)
	default:
		c.syntax = syntaxText
		c.table = body[0] == '"' && strings.Contains(body, `","`)
		if strings.ContainsRune(`{[`, rune(body[0])) {
			c.syntax = syntaxJSON
		}
		c.loose(body)
		c.say(body)
	}
	return c
}

func (c *content) json(body string) bool {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if body[0] == '"' {
		var inner string
		if d.Decode(&inner) != nil || d.More() {
			return false
		}
		of := takeApart(inner)
		c.fields = of.fields
		c.say(of.text.String())
		return true
	}
	err := c.value(d, "", 0)
	// What is long and begins well was cut, here or where it was stored.
	c.cut = c.cut || len(body) >= cutBody && len(c.fields) > 0
	if err != nil && !c.cut {
		c.fields = nil
		c.text.Reset()
		return false
	}
	return true
}

// links are names of fields whose texts lead to documentation, or repeat what was asked for.
var links = map[string]bool{
	"documentation_url": true, "doc_url": true, "help_url": true, "more_info": true, "moreinfo": true, "more_information": true, "href": true,
	"link": true, "links": true, "url": true, "request_url": true, "docs": true, "statuspage": true, "help": true, "helplink": true, "@context": true,
	"stacktrace": true, "stack": true, "trace": true, "request_id": true, "requestid": true, "request-id": true, "trace_id": true, "traceid": true,
	"correlationid": true, "correlation_id": true, "client-request-id": true, "twitter": true, "instance": true,
}

// value reads the next value, in the order of the text.
func (c *content) value(d *json.Decoder, path string, depth int) error {
	if depth > mostDepth {
		var passed json.RawMessage
		return d.Decode(&passed)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return c.container(d, t, path, depth)
	case string:
		c.add(path, t)
		if f := (field{path: path}); t != "" && !links[f.name()] {
			c.say(t)
		}
	case json.Number:
		c.add(path, t.String())
	case bool:
		c.add(path, strconv.FormatBool(t))
	case nil:
		c.add(path, "null")
	}
	return nil
}

func (c *content) container(d *json.Decoder, open json.Delim, path string, depth int) error {
	if !d.More() {
		c.add(path, map[json.Delim]string{'{': "{}", '[': "[]"}[open])
	}
	if open == '[' {
		c.lists++
		defer func() { c.lists-- }()
	}
	for d.More() {
		inner := path
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			inner = join(path, name.(string))
		}
		if err := c.value(d, inner, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func join(path, name string) string {
	name = strings.ToLower(name)
	if path == "" {
		return name
	}
	return path + "." + name
}

var (
	elements = regexp.MustCompile(`^<[?!]?[A-Za-z][\w.:-]*(\s[^<]*)?/?>`)
	page     = regexp.MustCompile(`(?i)<(!doctype html|html|head|body|p|div|title|h1|center)[\s>]`)
)

func isMarkup(body string) bool {
	return elements.MatchString(body) && (strings.Contains(body, "</") || strings.Contains(body, "/>") || page.MatchString(body))
}

// markup reads XML and HTML: names of elements and attributes are the path, and the texts are the text.
func (c *content) markup(body string) {
	c.syntax = syntaxXML
	if page.MatchString(body[:min(len(body), 600)]) {
		c.syntax = syntaxHTML
		c.say(stripTags(body[:min(len(body), mostPage)]))
		return
	}
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict = false
	var path []string
	for {
		t, err := d.Token()
		if err != nil {
			c.whole = err == io.EOF //nolint:errorlint // The decoder gives it bare.
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, strings.ToLower(t.Name.Local))
			c.add(strings.Join(path, "."), "")
			for _, a := range t.Attr {
				c.add(strings.Join(path, ".")+"."+strings.ToLower(a.Name.Local), a.Value)
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && !strings.Contains(a.Value, "://") {
					c.say(a.Value)
				}
			}
		case xml.EndElement:
			path = path[:max(0, len(path)-1)]
		case xml.CharData:
			if s := strings.TrimSpace(string(t)); s != "" {
				c.add(strings.Join(path, "."), s)
				c.say(s)
			}
		}
	}
	if len(c.fields) == 0 || !c.whole && c.text.Len() == 0 {
		c.say(stripTags(body))
	}
}

var (
	scripts = regexp.MustCompile(`(?is)<(script|style|svg)\b.*?</(script|style|svg)>`)
	tags    = regexp.MustCompile(`(?s)<[^>]*>`)
	marks   = regexp.MustCompile(`(?i)data-translate="([a-z_]+)"|class="(cf-[a-z-]+)"`)
)

// stripTags leaves the text of a page, and the marks by which the pages of edges name what they are.
func stripTags(body string) string {
	var said []string
	for _, m := range marks.FindAllStringSubmatch(body, 20) {
		said = append(said, m[1]+m[2])
	}
	text := tags.ReplaceAllString(scripts.ReplaceAllString(body, " "), " \n ")
	return htmlEntities.Replace(text) + " \n " + strings.Join(said, " ")
}

var htmlEntities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&apos;", "'", "&nbsp;", " ")

var form = regexp.MustCompile(`^[A-Za-z0-9_.\[\]%-]+=[^\s=&]*(&[A-Za-z0-9_.\[\]%-]+=[^\s=&]*)+$`)

func isForm(body string) bool { return len(body) < 8<<10 && form.MatchString(body) }

func (c *content) form(body string) {
	values, err := url.ParseQuery(body)
	if err != nil {
		c.say(body)
		return
	}
	c.whole = true
	for _, name := range slices.Sorted(maps.Keys(values)) { // The same text each time, so that a diagnosis is.
		for _, v := range values[name] {
			c.add(strings.ToLower(name), v)
			c.say(v)
		}
	}
}

// pairs are what looks like a named value, in whatever was pasted: JSON with a beginning or an end missing, Python's
// dictionaries, logs.
var pairs = regexp.MustCompile(`["'“”]?([A-Za-z_@][A-Za-z0-9_.@-]{0,60})["'“”]?\s*(?:[:=]|=>)\s*["'“”]?([^"'“”,}\]\n]{1,200})`)

func (c *content) loose(body string) {
	for _, m := range pairs.FindAllStringSubmatch(body, mostFields) {
		c.add(strings.ToLower(m[1]), strings.TrimSpace(m[2]))
	}
}
