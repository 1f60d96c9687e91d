package diagnostics

import (
	"slices"
	"strconv"
	"strings"
)

// holds tells whether all conditions hold, the cheap ones first. said are the phrases that the text has. Unless it is nil,
// tell is told by which parts of the observation, as far as they hold.
func (e *Entry) holds(f *facts, said *said, tell *signals) bool {
	w, c := &e.When, &e.compile
	if !e.fits(f) {
		return false
	}
	if len(c.statuses) > 0 {
		tell.add("status ", func() string { return strconv.Itoa(f.Status) })
	}
	if len(w.URL) > 0 {
		at := slices.IndexFunc(c.url, func(part string) bool { return strings.Contains(f.lowerURL(), part) })
		if at < 0 {
			return false
		}
		tell.say("url has ", w.URL[at])
	}
	for i := range c.headers {
		h := &c.headers[i]
		value, found := f.header(h.name)
		if !found || !slices.Contains(h.values, "*") && !slices.ContainsFunc(h.values, func(v string) bool { return strings.Contains(value, v) }) {
			return false
		}
		tell.add("header ", func() string { return h.name + ": " + cut(value) })
	}
	for i := range c.fields {
		found := f.content.find(&c.fields[i])
		if found == nil {
			return false
		}
		tell.add(found.path, func() string { return ": " + cut(found.value) })
	}
	if len(c.carried) > 0 {
		p, found := said.firstOf(c.carried, f.transport)
		if !found {
			return false
		}
		tell.say("transport error: ", p)
	}
	for _, list := range c.texts {
		p, found := said.first(list)
		if !found {
			return false
		}
		tell.say("text: ", p)
	}
	if _, found := said.first(c.without); found {
		return false
	}
	if c.pattern != nil {
		found := f.find(c)
		if found == "" {
			return false
		}
		tell.add("text: ", func() string { return cut(found) })
	}
	return true
}

// signals are the parts of an observation that an entry rests on.
type signals []string

func (s *signals) say(what, value string) {
	if s != nil {
		*s = append(*s, what+value)
	}
}

// add is say, of a value that is made only where it is told.
func (s *signals) add(what string, value func() string) {
	if s != nil {
		*s = append(*s, what+value())
	}
}

// fits checks what makes no signal of its own, and the status: it needs no text, and excludes most entries.
func (e *Entry) fits(f *facts) bool {
	w := &e.When
	if w.Success == f.failed() {
		return false
	}
	if spans := e.compile.statuses; len(spans) > 0 && !slices.ContainsFunc(spans, func(s [2]int) bool { return f.Status >= s[0] && f.Status <= s[1] }) {
		return false
	}
	switch w.Direction {
	case "any":
	case "":
		if f.direction == inboundWebhook {
			return false
		}
	default:
		if f.direction != w.Direction {
			return false
		}
	}
	if len(w.Method) > 0 && !slices.ContainsFunc(w.Method, func(m string) bool { return strings.EqualFold(m, f.Method) }) {
		return false
	}
	return (!w.Empty || strings.TrimSpace(f.Body) == "") && (w.Token == nil || *w.Token == f.asks())
}

// find is the first field of the name with one of the values, "*" being any that says something.
func (c *content) find(want *wantedField) *field {
	for i := range c.fields {
		f := &c.fields[i]
		if !f.is(want.name) {
			continue
		}
		value := f.low()
		if slices.Contains(want.values, value) || slices.Contains(want.values, "*") && says(value) {
			return f
		}
	}
	return nil
}

// is tells whether the field has the name; one with points is the end of a path.
func (f *field) is(name string) bool {
	if !strings.Contains(name, ".") {
		return f.name() == name
	}
	return f.path == name || strings.HasSuffix(f.path, "."+name)
}

// cut bounds what is shown of a text.
func cut(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
