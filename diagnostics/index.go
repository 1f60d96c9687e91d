package diagnostics

import (
	"cmp"
	"slices"
	"strings"
)

// index finds the entries that may match, without trying the others: each is filed under one thing that it cannot do
// without, and what is cheap to look up.
type index struct {
	phrases phraseTable
	// texts are, by the number of a phrase, the entries that are filed under it.
	texts    [][]*Entry
	values   map[string][]*Entry // by the value of a field
	headers  map[string][]*Entry // by the name of a header
	statuses map[int][]*Entry
	rest     []*Entry
}

func newIndex(entries []*Entry) *index {
	x := &index{
		phrases: phraseTable{numbers: map[phrase]int{}, byWord: map[string][]anchored{}},
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

// each gives the entries that may match, some more than once.
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
			give(x.values[strings.ToLower(f.content.fields[i].value)])
		}
	}
	if len(x.headers) > 0 {
		for i := range f.Headers {
			give(x.headers[strings.ToLower(f.Headers[i].Name)])
		}
	}
	give(x.statuses[f.Status])
	give(x.rest)
}

// phraseTable has the phrases of an index, each once, and finds those that a text has by their words: what it costs grows
// with the text, and hardly with how many phrases there are.
type phraseTable struct {
	list    []phrase
	numbers map[phrase]int
	byWord  map[string][]anchored
	// wordless are those without a whole word to be looked up by.
	wordless []int
}

// anchored is a phrase, by its number, and where in it the word stands that it is filed under.
type anchored struct{ number, at int }

func (t *phraseTable) add(list []phrase) (numbers []int) {
	for _, p := range list {
		n, ok := t.numbers[p]
		if !ok {
			n = len(t.list)
			t.list, t.numbers[p] = append(t.list, p), n
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// anchor files each phrase under the rarest of its words, by which it is looked up: most texts of errors have an
// "invalid", and few of the phrases that begin with it.
func (t *phraseTable) anchor() {
	count := map[string]int{}
	for _, p := range t.list {
		for _, w := range p.words() {
			count[w]++
		}
	}
	for n, p := range t.list {
		words := p.words()
		if len(words) == 0 {
			t.wordless = append(t.wordless, n)
			continue
		}
		w := slices.MinFunc(words, func(a, b string) int {
			return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(len(b), len(a)))
		})
		t.byWord[w] = append(t.byWord[w], anchored{n, strings.Index(string(p), " "+w+" ") + 1})
	}
}

// said are the phrases that a text has.
type said struct {
	table   *phraseTable
	has     []bool
	numbers []int
}

func (t *phraseTable) in(f *facts) *said {
	s := &said{table: t, has: make([]bool, len(t.list))}
	if f.text == "" {
		return s
	}
	for start := 0; start < len(f.text); {
		end := start + strings.IndexByte(f.text[start:], ' ')
		if end < start {
			end = len(f.text)
		}
		if end > start {
			for _, a := range t.byWord[f.text[start:end]] {
				if from := start - a.at; !s.has[a.number] && from >= 0 && strings.HasPrefix(f.text[from:], string(t.list[a.number])) {
					s.add(a.number)
				}
			}
		}
		start = end + 1
	}
	for _, n := range t.wordless {
		if t.list[n].in(f.text) {
			s.add(n)
		}
	}
	return s
}

func (s *said) add(n int) {
	s.has[n] = true
	s.numbers = append(s.numbers, n)
}

// first is the first of the phrases that the text has.
func (s *said) first(list []int) (string, bool) {
	for _, n := range list {
		if s.has[n] {
			return strings.TrimSpace(string(s.table.list[n])), true
		}
	}
	return "", false
}

// firstOf is first, of those that a part of the text has.
func (s *said) firstOf(list []int, part string) (string, bool) {
	for _, n := range list {
		if p := s.table.list[n]; s.has[n] && p.in(part) {
			return strings.TrimSpace(string(p)), true
		}
	}
	return "", false
}
