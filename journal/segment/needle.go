package segment

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/journal/entry"
)

// needle is a term of a search that can be looked for in texts as they are stored, many at a time: what it is not in,
// the search does not find. It has ASCII alone, without the characters that JSON's short escapes stand for.
type needle struct {
	text string // in lower case
	rare int    // where the byte is that is likely to be the rarest
	// has are its bytes; odd are the characters beyond ASCII that are folded into one of them.
	has [utf8.RuneSelf]bool
	odd []string
}

const (
	// shortestNeedle is what is not found everywhere.
	shortestNeedle = 3
	// common are the bytes of texts, the most frequent first.
	common = ` "etaoinsr0dlc1hu2mp:-3,5486f79g._ybwvk=@xjqz`
)

// foldedToASCII are all the characters beyond ASCII that fold makes ASCII.
var foldedToASCII = map[rune]rune{'\u0130': 'i', '\u0131': 'i', '\u017f': 's', '\u212a': 'k'}

// newNeedle makes one of the longest term that can be one; nil when none can.
func newNeedle(terms []term) *needle {
	var best string
	for i := range terms {
		if s := string(terms[i].text); len(s) > len(best) && plain(s) {
			best = s
		}
	}
	if len(best) < shortestNeedle {
		return nil
	}
	n := &needle{text: best}
	rarest := -1
	for i := range len(best) {
		n.has[best[i]] = true
		rank := strings.IndexByte(common, best[i])
		if rank < 0 {
			rank = len(common)
		}
		if rank > rarest {
			n.rare, rarest = i, rank
		}
	}
	for odd, folded := range foldedToASCII {
		if n.has[folded] {
			n.odd = append(n.odd, string(odd))
		}
	}
	return n
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' || c == '"' || c == '\\' || c == '/' {
			return false
		}
	}
	return true
}

// in tells whether the term may occur in the text: false is certain, whether or not it has JSON's escapes.
func (n *needle) in(s string) bool {
	if len(s) == 0 {
		return false
	}
	c := n.text[n.rare]
	if n.with(c, s) || 'a' <= c && c <= 'z' && n.with(c-('a'-'A'), s) {
		return true
	}
	return slices.ContainsFunc(n.odd, func(odd string) bool { return strings.Contains(s, odd) }) || n.escaped(s)
}

// with tells whether the term occurs with c for its rarest byte.
func (n *needle) with(c byte, s string) bool {
	last := len(s) - len(n.text)
	for at := 0; at <= last; at++ {
		next := strings.IndexByte(s[at+n.rare:last+n.rare+1], c)
		if next < 0 {
			return false
		}
		if at += next; n.at(s[at:]) {
			return true
		}
	}
	return false
}

// at tells whether s starts with the term.
func (n *needle) at(s string) bool {
	for i := range len(n.text) {
		if lower[s[i]] != n.text[i] {
			return false
		}
	}
	return true
}

// escaped tells whether an escape by number stands for a character of the term.
func (n *needle) escaped(s string) bool {
	for {
		at := strings.Index(s, `\u`)
		if at < 0 {
			return false
		}
		s = s[at:]
		if r, ok := hexRune(s); ok {
			if r = fold(r); r < utf8.RuneSelf && n.has[r] {
				return true
			}
		}
		s = s[2:]
	}
}

// Narrow keeps those of the positions, in one frame of the body, at which the entry may match: what it drops Matches does
// not find. It keeps all when it would have to look as closely as Matches does. Errors are ErrDamaged.
func (s *Search) Narrow(h *Head, l *List, b *Body, positions []int) ([]int, error) {
	if s.needle == nil || len(positions) == 0 {
		return positions, nil
	}
	inHead := slices.ContainsFunc(h.errorCode.values, s.needle.in) || slices.ContainsFunc(h.eventType.values, s.needle.in)
	inBody, err := b.mayHold(positions[0], s.needle)
	if err != nil {
		return nil, err
	}
	kept := positions[:0]
	var e entry.Entry
	var d entry.Detail
	for _, i := range positions {
		e = entry.Entry{}
		inList, err := l.mayHold(i, s.needle)
		if err != nil {
			return nil, err
		}
		if inHead {
			e.ErrorCode, e.EventType = h.errorCode.at(i), h.eventType.at(i)
		}
		if inList {
			if err := l.Row(i, &e.List); err != nil {
				return nil, err
			}
		}
		if inBody {
			if err := b.Read(i, &d); err != nil {
				return nil, err
			}
			e.Detail = &d
		}
		eachText(&e, func(text string, _ bool) bool {
			if !s.needle.in(text) {
				return true
			}
			kept = append(kept, i)
			return false
		})
	}
	return kept, nil
}
