package diagnostics

import (
	"encoding/xml"
	"io"
	"strings"
)

// isMarkup tells whether a text begins with an element, and has what else pages and documents have.
func isMarkup(body string) bool {
	return startsWithElement(body) && (strings.Contains(body, "</") || strings.Contains(body, "/>") || isPage(body))
}

// startsWithElement tells whether a text begins with <name>, <name …>, <?name …> or <!name …>.
func startsWithElement(s string) bool {
	if s[0] != '<' {
		return false
	}
	if s = s[1:]; s != "" && (s[0] == '?' || s[0] == '!') {
		s = s[1:]
	}
	if s == "" || !isASCIILetter(s[0]) {
		return false
	}
	i := 1
	for i < len(s) && (isWordByte(s[i]) || s[i] == '.' || s[i] == ':' || s[i] == '-') {
		i++
	}
	s = s[i:]
	switch {
	case s == "":
		return false
	case isSpaceByte(s[0]):
		tag, _, _ := strings.Cut(s, "<")
		return strings.Contains(tag, ">")
	}
	return s[0] == '>' || strings.HasPrefix(s, "/>")
}

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isWordByte(c byte) bool { return isASCIILetter(c) || c >= '0' && c <= '9' || c == '_' }

// isSpaceByte is what \s is.
func isSpaceByte(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

// pageElements are those by which a page is told.
var pageElements = []string{"!doctype html", "html", "head", "body", "p", "div", "title", "h1", "center"}

// isPage tells whether a text has an element that pages have and documents have not.
func isPage(s string) bool {
	for {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			return false
		}
		s = s[at+1:]
		for _, name := range pageElements {
			if n := len(name); len(s) > n && strings.EqualFold(s[:n], name) && (s[n] == '>' || isSpaceByte(s[n])) {
				return true
			}
		}
	}
}

// markup reads XML and HTML: names of elements and attributes are the path, and the texts are the text.
func (c *content) markup(body string) {
	c.syntax = syntaxXML
	if isPage(body[:min(len(body), 600)]) {
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
			c.element(strings.Join(path, "."), t.Attr)
		case xml.EndElement:
			path = path[:max(0, len(path)-1)]
		case xml.CharData:
			if s := strings.TrimSpace(string(t)); s != "" {
				c.add(strings.Join(path, "."), s, false)
				c.say(s)
			}
		}
	}
	if len(c.fields) == 0 || !c.whole && c.said == 0 {
		c.say(stripTags(body))
	}
}

func (c *content) element(path string, attributes []xml.Attr) {
	c.add(path, "", false)
	for _, a := range attributes {
		c.add(path+"."+strings.ToLower(a.Name.Local), a.Value, false)
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && !strings.Contains(a.Value, "://") {
			c.say(a.Value)
		}
	}
}

// stripTags leaves the text of a page, and the marks by which the pages of edges name what they are.
func stripTags(body string) string {
	text := withoutUnseen(body)
	var b strings.Builder
	b.Grow(len(text) + 64)
	for {
		start := strings.IndexByte(text, '<')
		end := -1
		if start >= 0 {
			end = strings.IndexByte(text[start:], '>')
		}
		if end < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:start])
		b.WriteString(" \n ")
		text = text[start+end+1:]
	}
	if said := marksOf(body); said != "" {
		return htmlEntities.Replace(b.String()) + " \n " + said
	}
	return htmlEntities.Replace(b.String())
}

var htmlEntities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&apos;", "'", "&nbsp;", " ")

// unseen are elements whose text nobody sees.
var unseen = []string{"script", "style", "svg"}

// withoutUnseen leaves a page without what nobody sees of it: from where such an element begins to where one ends.
func withoutUnseen(body string) string {
	var b strings.Builder
	for {
		from, to := findUnseen(body)
		if from < 0 {
			break
		}
		b.WriteString(body[:from])
		b.WriteByte(' ')
		body = body[to:]
	}
	if b.Len() == 0 {
		return body
	}
	b.WriteString(body)
	return b.String()
}

// findUnseen is where the first element begins whose text nobody sees, and where the next one ends; from is -1 when there
// is none.
func findUnseen(body string) (from, to int) {
	for from = nextTag(body, 0, "<"); from >= 0; from = nextTag(body, from+1, "<") {
		rest := body[from+1:]
		if n := unseenName(rest); n == len(rest) || isWordByte(rest[n]) {
			continue
		}
		for to = nextTag(body, from+1, "</"); to >= 0; to = nextTag(body, to+1, "</") {
			if rest = body[to+2:]; strings.HasPrefix(rest[unseenName(rest):], ">") {
				return from, to + 2 + unseenName(rest) + 1
			}
		}
		return -1, 0 // None ends, so neither does one that begins later.
	}
	return -1, 0
}

// nextTag is where the next of the unseen elements begins or ends, from a place on; -1 is nowhere.
func nextTag(body string, from int, open string) int {
	for from < len(body) {
		at := strings.Index(body[from:], open)
		if at < 0 {
			return -1
		}
		if from += at; unseenName(body[from+len(open):]) > 0 {
			return from
		}
		from++
	}
	return -1
}

// unseenName is how long the name is that a text begins with, of an element whose text nobody sees; 0 is for no such.
func unseenName(s string) int {
	for _, name := range unseen {
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			return len(name)
		}
	}
	return 0
}

// mostMarks is how many marks of a page are read.
const mostMarks = 20

// marksOf are the marks of a page: data-translate="name" and class="cf-name".
func marksOf(body string) string {
	var said []string
	for len(said) < mostMarks {
		before, after, ok := strings.Cut(body, `="`)
		if !ok {
			break
		}
		body = after
		n := 0
		switch {
		case endsWith(before, "data-translate"):
			for n < len(after) && (isASCIILetter(after[n]) || after[n] == '_') {
				n++
			}
		case endsWith(before, "class") && len(after) > 3 && strings.EqualFold(after[:3], "cf-"):
			for n = 3; n < len(after) && (isASCIILetter(after[n]) || after[n] == '-'); {
				n++
			}
			if n == 3 {
				n = 0
			}
		}
		if n > 0 && n < len(after) && after[n] == '"' {
			said = append(said, after[:n])
		}
	}
	return strings.Join(said, " ")
}

// startsWith tells whether a text starts with a word of ASCII, in whatever case.
func startsWith(s, word string) bool {
	return len(s) >= len(word) && s[0]|0x20 == word[0] && strings.EqualFold(s[:len(word)], word)
}

// endsWith tells whether a text ends with a word of ASCII, in whatever case.
func endsWith(s, word string) bool {
	return len(s) >= len(word) && strings.EqualFold(s[len(s)-len(word):], word)
}
