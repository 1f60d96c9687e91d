package redact

import "strings"

// An anchor is a run of three bytes that every secret of one form holds. The
// scan keeps, as bit sets, which anchors began one and two bytes ago, so that
// each byte costs one lookup and finds all anchors that end with it.
type anchors struct {
	first, second, third uint64
}

// anchorSet is a compiled set of up to 64 anchors.
type anchorSet [256]anchors

// add gives anchor bit the bytes that may stand first, second and third.
func (t *anchorSet) add(bit int, first, second, third string) {
	for _, c := range []byte(first) {
		t[c].first |= 1 << bit
	}
	for _, c := range []byte(second) {
		t[c].second |= 1 << bit
	}
	for _, c := range []byte(third) {
		t[c].third |= 1 << bit
	}
}

// nameHints are parts of which every sensitive name holds one.
var nameHints = [...]string{
	"tok", "sec", "pas", "pwd", "sig", "ses", "key", "aut", "ass", "jwt", "otp", "cvv", "cvc", "csc",
	"coo", "bea", "hma", "sam", "cod", "srf", "cre", "car",
}

var nameAnchors = func() *anchorSet {
	t := new(anchorSet)
	for bit, h := range nameHints {
		t.add(bit, bothCases(h[0]), bothCases(h[1]), bothCases(h[2]))
	}
	return t
}()

func bothCases(c byte) string { return string([]byte{c, c - 0x20}) }

// wordsByHint lists the sensitive words that hold each hint.
var wordsByHint = func() (t [len(nameHints)][][]byte) {
	for _, word := range holdWords {
		for bit, h := range nameHints {
			if strings.Contains(word, h) {
				t[bit] = append(t[bit], []byte(word))
				break
			}
		}
	}
	return t
}()

// hintsIn is the cheap test before a name is taken apart: the set of hints that
// it holds. It knows no separators, for none of the hints is split by one.
func hintsIn(name []byte) uint64 {
	var one, two, hints uint64
	for _, c := range name {
		a := &nameAnchors[c]
		hints |= two & a.third
		two = one & a.second
		one = a.first
	}
	return hints
}
