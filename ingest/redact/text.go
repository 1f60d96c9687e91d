package redact

import "math/bits"

// Anchors of the forms that need more than a prefix and a run. The rest of the
// bits are shared out among the providers.
const (
	anchorAssign = iota // '=' or ':', one byte
	anchorDigits
	anchorUserinfo
	anchorJWT
	anchorPEM
	anchorBearer
	anchorBasic
	anchorTelegram
	anchorMailchimp
	anchorSalesforce
	anchorAirtable
	anchorEntra
	anchorProviders
)

// assignBit is always set in the state of the scan: its anchor is one byte long.
const assignBit = uint64(1) << anchorAssign

// finders are the checks of the anchors that report no place to go on from.
var finders = [anchorProviders]func(s []byte, at, floor int) (from, to int, ok bool){
	anchorUserinfo:   findUserinfo,
	anchorJWT:        findJWT,
	anchorPEM:        findPEM,
	anchorBearer:     findBearer,
	anchorBasic:      findBasic,
	anchorTelegram:   findTelegram,
	anchorMailchimp:  findMailchimp,
	anchorSalesforce: findSalesforce,
	anchorAirtable:   findAirtable,
	anchorEntra:      findEntra,
}

var (
	textAnchors anchorSet
	// byAnchor lists, for each anchor's bit, the providers that it may begin.
	byAnchor [64][]provider
)

func init() {
	t := &textAnchors
	const numerals = "0123456789"
	t.add(anchorAssign, "", "", "=:")
	t.add(anchorDigits, numerals, numerals, numerals)
	t.add(anchorUserinfo, ":", "/", "/")
	t.add(anchorJWT, "e", "y", "J")
	t.add(anchorPEM, "-", "B", "E")
	t.add(anchorBearer, "bB", "eE", "aA")
	t.add(anchorBasic, "sS", "iI", "cC")
	t.add(anchorTelegram, ":", "A", "A")
	t.add(anchorMailchimp, "-", "u", "s")
	t.add(anchorSalesforce, "0", "0", "D")
	t.add(anchorAirtable, "p", "a", "t")
	t.add(anchorEntra, numerals, "Q", "~")
	// Providers with the same anchor share its bit; when bits run out, anchors
	// share them too, which costs a comparison and no correctness.
	taken := map[string]int{}
	next := 0
	for _, p := range providers {
		a := (p.prefix + "00")[p.anchor : p.anchor+3]
		third := a[2:]
		if len(p.prefix) == 2 {
			a, third = p.prefix, "0123456789abcdefABCDEF"
		}
		bit, ok := taken[a]
		if !ok {
			bit = anchorProviders + next%(64-anchorProviders)
			taken[a] = bit
			next++
			t.add(bit, a[:1], a[1:2], third)
		}
		byAnchor[bit] = append(byAnchor[bit], p)
	}
}

// text notes the edits of a plain text that begins at base.
func (p *pass) text(s []byte, base int) {
	first := len(p.edits)
	p.forms(s, base)
	if len(p.r.patterns) == 0 {
		return
	}
	for _, re := range p.r.patterns {
		for _, m := range re.FindAllIndex(s, -1) {
			if m[0] < m[1] && string(s[m[0]:m[1]]) != mark {
				p.edits = append(p.edits, edit{from: base + m[0], to: base + m[1], text: mark})
			}
		}
	}
	p.edits = p.edits[:first+len(merge(p.edits[first:]))]
}

// forms notes the secrets that the built-in forms find in s.
func (p *pass) forms(s []byte, base int) {
	var one, two uint64
	floor := 0
	for i := 0; i < len(s); i++ {
		a := &textAnchors[s[i]]
		hit := (two | assignBit) & a.third
		two = one & a.second
		one = a.first
		if hit == 0 || hit == assignBit && s[i] == ':' && !endsName(s, i) {
			continue
		}
		if hit == 1<<anchorDigits {
			// Nearly all numbers are too short for a card.
			if end := run(s, i+1, digits); end-i+2 < shortestCard && end-i+2 != 4 {
				i, one, two = end-1, textAnchors[s[end-1]].first, 0
				continue
			}
		}
		e, next := p.find(s, i, floor, hit)
		if e.to > e.from {
			p.edits = append(p.edits, edit{from: base + e.from, to: base + e.to, text: e.text})
			floor = e.to
		}
		if next > i {
			i, one, two = next-1, 0, 0
			if e.to == e.from {
				one = textAnchors[s[i]].first
			}
		}
	}
}

// endsName reports whether the colon at s[i] may end a name: "name": or Name: or
// name:"value".
// Those of times and URLs do not.
func endsName(s []byte, i int) bool {
	if i == 0 || i+1 >= len(s) {
		return false
	}
	prev, next := s[i-1], s[i+1]
	return prev == '"' || prev == '\'' || next == ' ' || next == '"' || next == '\'' || next == '\\'
}

// find runs the checks of all anchors that end at s[at]. It returns the edit, if
// there is one, and where to go on.
func (p *pass) find(s []byte, at, floor int, hit uint64) (edit, int) {
	for ; hit != 0; hit &= hit - 1 {
		bit := bits.TrailingZeros64(hit)
		switch {
		case bit == anchorAssign:
			if e, ok := p.assignment(s, at, floor); ok {
				return e, e.to
			}
		case bit == anchorDigits:
			from, to, next, ok := findCard(s, at, floor)
			if ok {
				return edit{from, to, mark}, to
			}
			return edit{}, next
		case bit < anchorProviders:
			if from, to, ok := finders[bit](s, at, floor); ok && to > at {
				return edit{from, to, mark}, to
			}
		default:
			for i := range byAnchor[bit] {
				if from, to, ok := byAnchor[bit][i].match(s, at-2); ok && from >= floor {
					return edit{from, to, mark}, to
				}
			}
		}
	}
	return edit{}, at
}
