package segment

import (
	"bytes"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

// The bounds of a search.
const (
	maxSearchBytes = 1000
	maxSearchTerms = 32
)

// Search is a search in the text of entries, taken apart: see the package's comment for what it finds. It is safe for
// concurrent use.
type Search struct {
	terms  []term
	hashes []uint32 // of the words that the terms hold, of those that are in Bloom filters
	needle *needle  // nil when no term can be one
}

// term is what must occur in one text, normal, and whether it must begin and end where a word does.
type term struct {
	text        []byte
	begin, ends bool
}

// ParseSearch takes a search apart. A search without terms finds everything. One that is longer than 1,000 bytes or has
// more than 32 terms is BAD_USER_INPUT of filter.search. A quote that is not closed reaches to the end.
func ParseSearch(s string) (*Search, error) {
	if len(s) > maxSearchBytes {
		return nil, errs.Invalid("filter.search", "a search has at most %d bytes", maxSearchBytes)
	}
	search := &Search{}
	var words wordSet
	words.reset()
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimSpace(rest) {
		var one string
		if one, rest = cutTerm(rest); one == "" {
			continue
		}
		if len(search.terms) == maxSearchTerms {
			return nil, errs.Invalid("filter.search", "a search has at most %d terms", maxSearchTerms)
		}
		search.terms = append(search.terms, newTerm(one))
		words.eachWord(one, false)
	}
	search.hashes, search.needle = words.all(), newNeedle(search.terms)
	return search, nil
}

// cutTerm cuts the first term off a search.
func cutTerm(s string) (one, rest string) {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		one, rest, _ = strings.Cut(quoted, `"`)
		return one, rest
	}
	if end := strings.IndexFunc(s, unicode.IsSpace); end >= 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

func newTerm(s string) term {
	t := term{text: normalize(nil, s, false)}
	first, _ := utf8.DecodeRune(t.text)
	last, _ := utf8.DecodeLastRune(t.text)
	t.begin, t.ends = runeClass(first) == runeWord, runeClass(last) == runeWord
	return t
}

// in tells whether the term occurs in a normal text.
func (t *term) in(normal []byte) bool {
	for from := 0; ; {
		at := bytes.Index(normal[from:], t.text)
		if at < 0 {
			return false
		}
		at += from
		cutBefore := t.begin && endsInWord(normal[:at])
		cutBehind := t.ends && beginsInWord(normal[at+len(t.text):])
		if !cutBefore && !cutBehind {
			return true
		}
		from = at + 1
	}
}

func endsInWord(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if last := b[len(b)-1]; last < utf8.RuneSelf {
		return classes[last] == byteWord
	}
	r, _ := utf8.DecodeLastRune(b)
	return runeClass(r) == runeWord
}

func beginsInWord(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if b[0] < utf8.RuneSelf {
		return classes[b[0]] == byteWord
	}
	r, _ := utf8.DecodeRune(b)
	return runeClass(r) == runeWord
}

// Empty tells whether it finds everything.
func (s *Search) Empty() bool { return len(s.terms) == 0 }

// MayMatch tells from a segment's Tokens whether an entry in it can match: false is certain, true is not. It is true
// for tokens that cannot be read.
func (s *Search) MayMatch(tokens []byte) bool {
	filter, ok := filterOf(tokens)
	if !ok {
		return true
	}
	for _, hash := range s.hashes {
		if !hasBits(filter, hash) {
			return false
		}
	}
	return true
}

// Matches tells whether the entry, with its Detail, matches.
func (s *Search) Matches(e *entry.Entry) bool {
	if len(s.terms) == 0 {
		return true
	}
	look := lookers.Get().(*looker)
	defer lookers.Put(look)
	look.missing = append(look.missing[:0], s.terms...)
	eachText(e, look.in)
	return len(look.missing) == 0
}

var lookers = sync.Pool{New: func() any { return &looker{} }}

// looker strikes terms off as they are found. It keeps its buffers.
type looker struct {
	missing []term
	normal  []byte
}

// in looks into one text, and says whether to go on.
func (l *looker) in(s string, json bool) bool {
	if s == "" {
		return true
	}
	l.normal = normalize(l.normal[:0], s, json)
	kept := l.missing[:0]
	for i := range l.missing {
		if !l.missing[i].in(l.normal) {
			kept = append(kept, l.missing[i])
		}
	}
	l.missing = kept
	return len(kept) > 0
}
