package diagnostics

import (
	"slices"
	"strconv"
	"strings"
)

// match tells whether all conditions hold, and by which parts of the observation.
func (e *Entry) match(f *facts) (signals []string, ok bool) {
	w, c := &e.When, &e.compile
	if !e.fits(f) {
		return nil, false
	}
	if len(c.statuses) > 0 {
		if !slices.ContainsFunc(c.statuses, func(s [2]int) bool { return f.Status >= s[0] && f.Status <= s[1] }) {
			return nil, false
		}
		signals = append(signals, "status "+strconv.Itoa(f.Status))
	}
	if len(w.URL) > 0 {
		part, found := firstIn(w.URL, strings.ToLower(f.URL))
		if !found {
			return nil, false
		}
		signals = append(signals, "url has "+part)
	}
	for _, h := range c.headers {
		value, found := f.header(h.name)
		if !found || !slices.Contains(h.values, "*") && !slices.ContainsFunc(h.values, func(v string) bool { return strings.Contains(value, v) }) {
			return nil, false
		}
		signals = append(signals, "header "+h.name+": "+cut(value))
	}
	for _, want := range c.fields {
		found := f.content.find(want)
		if found == nil {
			return nil, false
		}
		signals = append(signals, found.path+": "+cut(found.value))
	}
	if len(c.carriers) > 0 {
		p, found := firstPhrase(c.carriers, f.transport)
		if !found {
			return nil, false
		}
		signals = append(signals, "transport error: "+p)
	}
	for _, list := range c.phrases {
		p, found := firstPhrase(list, f.text)
		if !found {
			return nil, false
		}
		signals = append(signals, "text: "+p)
	}
	if _, found := firstPhrase(c.not, f.text); found {
		return nil, false
	}
	if c.pattern != nil {
		found := c.pattern.FindString(f.Body)
		if found == "" {
			found = c.pattern.FindString(f.TransportError)
		}
		if found == "" {
			return nil, false
		}
		signals = append(signals, "text: "+cut(found))
	}
	return signals, true
}

// fits checks what makes no signal.
func (e *Entry) fits(f *facts) bool {
	w := &e.When
	if w.Success == f.failed() {
		return false
	}
	if w.Token != nil && *w.Token != f.token || w.Empty && strings.TrimSpace(f.Body) != "" {
		return false
	}
	if len(w.Method) > 0 && !slices.ContainsFunc(w.Method, func(m string) bool { return strings.EqualFold(m, f.Method) }) {
		return false
	}
	switch w.Direction {
	case "any":
		return true
	case "":
		return f.direction() != inboundWebhook
	default:
		return f.direction() == w.Direction
	}
}

func firstIn(parts []string, s string) (string, bool) {
	for _, p := range parts {
		if strings.Contains(s, strings.ToLower(p)) {
			return p, true
		}
	}
	return "", false
}

func firstPhrase(list []phrase, text string) (string, bool) {
	for _, p := range list {
		if p.in(text) {
			return strings.TrimSpace(string(p)), true
		}
	}
	return "", false
}

// find is the first field of the name with one of the values, "*" being any that says something.
func (c *content) find(want wantedField) *field {
	for i := range c.fields {
		f := &c.fields[i]
		if f.path != want.name && (strings.Contains(want.name, ".") && !strings.HasSuffix(f.path, "."+want.name) || f.name() != want.name) {
			continue
		}
		value := strings.ToLower(f.value)
		if slices.Contains(want.values, value) || slices.Contains(want.values, "*") && says(value) {
			return f
		}
	}
	return nil
}

// cut bounds what is shown of a text.
func cut(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// index finds the entries that may match, without trying the others: each is filed under one thing that it cannot do
// without, and what is cheap to look up.
type index struct {
	words    map[string][]*Entry // a word of a phrase
	values   map[string][]*Entry // the value of a field
	headers  map[string][]*Entry // the name of a header
	statuses map[int][]*Entry
	rest     []*Entry
}

func newIndex(entries []*Entry) *index {
	x := &index{words: map[string][]*Entry{}, values: map[string][]*Entry{}, headers: map[string][]*Entry{}, statuses: map[int][]*Entry{}}
	for _, e := range entries {
		x.file(e)
	}
	return x
}

func (x *index) file(e *Entry) {
	c := &e.compile
	for _, w := range c.fields {
		if !slices.Contains(w.values, "*") {
			for _, v := range w.values {
				x.values[v] = append(x.values[v], e)
			}
			return
		}
	}
	lists := c.phrases
	if len(c.carriers) > 0 {
		lists = append([][]phrase{c.carriers}, lists...)
	}
	for _, list := range lists {
		if words, ok := anchors(list); ok {
			for _, w := range words {
				x.words[w] = append(x.words[w], e)
			}
			return
		}
	}
	switch {
	case len(c.headers) > 0:
		x.headers[c.headers[0].name] = append(x.headers[c.headers[0].name], e)
	case len(c.statuses) > 0:
		for _, span := range c.statuses {
			for s := span[0]; s <= span[1]; s++ {
				x.statuses[s] = append(x.statuses[s], e)
			}
		}
	default:
		x.rest = append(x.rest, e)
	}
}

// anchors are a word of each phrase of a list; ok is false when one has none.
func anchors(list []phrase) (words []string, ok bool) {
	for _, p := range list {
		w := p.anchor()
		if w == "" {
			return nil, false
		}
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words, true
}

// each gives the entries that may match, some more than once.
func (x *index) each(f *facts, do func(*Entry)) {
	give := func(list []*Entry) {
		for _, e := range list {
			do(e)
		}
	}
	for _, w := range f.words {
		give(x.words[w])
	}
	for i := range f.content.fields {
		give(x.values[strings.ToLower(f.content.fields[i].value)])
	}
	if len(x.headers) > 0 {
		for i := range f.Headers {
			give(x.headers[strings.ToLower(f.Headers[i].Name)])
		}
	}
	give(x.statuses[f.Status])
	give(x.rest)
}
