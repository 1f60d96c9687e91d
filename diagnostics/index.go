package diagnostics

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// index finds the entries that may match, without trying the others: each is filed under one thing that it cannot do
// without, and what is cheap to look up.
type index struct {
	phrases phraseTable
	// texts are, by the number of a phrase, the entries that are filed under it.
	texts    [][]*Entry
	values   map[string][]*Entry // by the value of a field, in lower case
	longest  int                 // of these values
	headers  map[string][]*Entry // by the name of a header
	statuses map[int][]*Entry
	rest     []*Entry
}

func newIndex(entries []*Entry) *index {
	x := &index{
		phrases: phraseTable{numbers: map[phrase]int{}},
		values:  map[string][]*Entry{}, headers: map[string][]*Entry{}, statuses: map[int][]*Entry{},
	}
	for _, e := range entries {
		c := &e.compile
		c.texts = nil
		for _, list := range c.phrases {
			c.texts = append(c.texts, x.phrases.add(list))
		}
		c.without, c.carried = x.phrases.add(c.not), x.phrases.add(c.carriers)
	}
	x.phrases.anchor()
	x.texts = make([][]*Entry, len(x.phrases.list))
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
				x.longest = max(x.longest, len(v))
			}
			return
		}
	}
	lists := c.texts
	if len(c.carried) > 0 {
		lists = [][]int{c.carried}
	}
	switch {
	case len(lists) > 0:
		for _, n := range lists[0] {
			x.texts[n] = append(x.texts[n], e)
		}
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

// each gives the entries that may match, some more than once, and the phrases that the text has.
func (x *index) each(f *facts, do func(*Entry, *said)) {
	s := x.phrases.in(f)
	give := func(list []*Entry) {
		for _, e := range list {
			do(e, s)
		}
	}
	for _, n := range s.numbers {
		give(x.texts[n])
	}
	if len(x.values) > 0 {
		for i := range f.content.fields {
			if v := &f.content.fields[i]; len(v.value) <= mostShrinking*x.longest {
				give(x.values[v.low()])
			}
		}
	}
	if len(x.headers) > 0 {
		for i := range f.Headers {
			var space [64]byte
			give(x.headers[string(appendLower(space[:0], f.Headers[i].Name))])
		}
	}
	give(x.statuses[f.Status])
	give(x.rest)
}

// mostShrinking is how many times shorter a text is in lower case at most, as the sign of Kelvin is.
const mostShrinking = 3

// appendLower appends a text in lower case.
func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(b[:0], strings.ToLower(s)...)
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	return b
}
