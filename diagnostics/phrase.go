package diagnostics

import (
	"cmp"
	"slices"
	"strings"
)

// phrase is a folded text, with a space before it and, unless it is the beginning of a word, behind it.
type phrase string

func newPhrase(s string) phrase {
	begins := strings.HasSuffix(s, "*")
	folded := fold(s, len(s)*2+16)
	if begins {
		folded = strings.TrimSuffix(folded, " ")
	}
	return phrase(folded)
}

func (p phrase) in(text string) bool { return strings.Contains(text, string(p)) }

// words are the whole words of the phrase.
func (p phrase) words() []string {
	words := strings.Fields(string(p))
	if !strings.HasSuffix(string(p), " ") && len(words) > 0 {
		words = words[:len(words)-1]
	}
	return words
}

func phrases(list []string) (out []phrase) {
	for _, s := range list {
		out = append(out, newPhrase(s))
	}
	return out
}

// word is one of a folded text: where it stands, and the hash by which all indexes look it up.
type word struct {
	start int
	hash  uint32
}

// wordsOf appends the words of a folded text.
func wordsOf(list []word, text string) []word {
	for i := 0; i < len(text); {
		if text[i] == ' ' {
			i++
			continue
		}
		w := word{start: i, hash: hashSeed}
		for ; i < len(text) && text[i] != ' '; i++ {
			w.hash = (w.hash ^ uint32(text[i])) * hashPrime
		}
		list = append(list, w)
	}
	return list
}

// Words are hashed by FNV-1a.
const (
	hashSeed  = 2166136261
	hashPrime = 16777619
)

func hashOf(word string) uint32 {
	h := uint32(hashSeed)
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * hashPrime
	}
	return h
}

// phraseTable has the phrases of an index, each once, and finds those that a text has by their words: what it costs grows
// with the text, and hardly with how many phrases there are.
type phraseTable struct {
	list    []phrase
	numbers map[phrase]int
	// slots are by the hash of a word, or the next that is free behind it; there are twice as many as words, a power of two.
	slots    []slot
	anchored []anchored
	// wordless are those without a whole word to be looked up by.
	wordless []int
	// begins are the bytes that the wordless begin with.
	begins [256 / 64]uint64
}

// slot has the phrases that are filed under the words of one hash: anchored[from:to].
type slot struct {
	hash     uint32
	from, to uint32
}

// anchored is a phrase, by its number, and where in it the word stands that it is filed under.
type anchored struct {
	hash       uint32
	number, at int
}

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
	t.numbers = nil
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
			if len(p) > 1 {
				t.begins[p[1]/64] |= 1 << (p[1] % 64)
			}
			continue
		}
		w := slices.MinFunc(words, func(a, b string) int {
			return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(len(b), len(a)))
		})
		t.anchored = append(t.anchored, anchored{hashOf(w), n, strings.Index(string(p), " "+w+" ") + 1})
	}
	slices.SortStableFunc(t.anchored, func(a, b anchored) int { return cmp.Compare(a.hash, b.hash) })
	t.file()
}

// file makes the slots.
func (t *phraseTable) file() {
	size := 1
	for size < 2*len(t.anchored) {
		size *= 2
	}
	t.slots = make([]slot, size)
	for from := 0; from < len(t.anchored); {
		hash, to := t.anchored[from].hash, from+1
		for to < len(t.anchored) && t.anchored[to].hash == hash {
			to++
		}
		at := int(hash) & (size - 1)
		for t.slots[at].to > 0 {
			at = (at + 1) & (size - 1)
		}
		t.slots[at] = slot{hash, uint32(from), uint32(to)} //nolint:gosec // There are thousands of phrases, not billions.
		from = to
	}
}

// find are the phrases that are filed under the words of a hash.
func (t *phraseTable) find(hash uint32) []anchored {
	for at := int(hash) & (len(t.slots) - 1); t.slots[at].to > 0; at = (at + 1) & (len(t.slots) - 1) {
		if s := &t.slots[at]; s.hash == hash {
			return t.anchored[s.from:s.to]
		}
	}
	return nil
}

// in are the phrases that the text has.
func (t *phraseTable) in(f *facts) *said {
	s := f.ask(t)
	for _, w := range f.words {
		for _, a := range t.find(w.hash) {
			// What is filed under another word of the same hash is told apart here.
			if from := w.start - a.at; !s.has[a.number] && from >= 0 && strings.HasPrefix(f.text[from:], string(t.list[a.number])) {
				s.add(a.number)
			}
		}
		if c := f.text[w.start]; t.begins[c/64]&(1<<(c%64)) != 0 {
			t.beginning(f.text[w.start-1:], s)
		}
	}
	return s
}

// beginning adds the wordless phrases that a text begins with.
func (t *phraseTable) beginning(text string, s *said) {
	for _, n := range t.wordless {
		if !s.has[n] && strings.HasPrefix(text, string(t.list[n])) {
			s.add(n)
		}
	}
}

// said are the phrases that a text has.
type said struct {
	table   *phraseTable
	has     []bool
	numbers []int
}

// ask begins to collect the phrases of a table.
func (f *facts) ask(t *phraseTable) *said {
	if f.asked == len(f.said) {
		f.said = append(f.said, &said{})
	}
	s := f.said[f.asked]
	f.asked++
	s.table = t
	s.has = slices.Grow(s.has[:0], len(t.list))[:len(t.list)]
	return s
}

// forget makes it ready for the next.
func (s *said) forget() {
	for _, n := range s.numbers {
		s.has[n] = false
	}
	s.table, s.numbers = nil, s.numbers[:0]
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
