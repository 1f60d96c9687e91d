package diagnostics

import (
	"slices"
	"strconv"
	"strings"
)

// match tells whether all conditions hold, and by which parts of the observation. said are the phrases that the text has.
func (e *Entry) match(f *facts, said *said) (signals []string, ok bool) {
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
	if len(c.carried) > 0 {
		p, found := said.firstOf(c.carried, f.transport)
		if !found {
			return nil, false
		}
		signals = append(signals, "transport error: "+p)
	}
	for _, list := range c.texts {
		p, found := said.first(list)
		if !found {
			return nil, false
		}
		signals = append(signals, "text: "+p)
	}
	if _, found := said.first(c.without); found {
		return nil, false
	}
	if c.pattern != nil {
		found := c.pattern.FindString(f.Body[:min(len(f.Body), mostPattern)])
		if found == "" {
			found = c.pattern.FindString(f.TransportError[:min(len(f.TransportError), mostPattern)])
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

// find is the first field of the name with one of the values, "*" being any that says something.
func (c *content) find(want wantedField) *field {
	for i := range c.fields {
		f := &c.fields[i]
		if !f.is(want.name) {
			continue
		}
		value := strings.ToLower(f.value)
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
