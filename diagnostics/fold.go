package diagnostics

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold makes a text comparable: words in lower case with one space between them and at both ends. What is written
// together in a name is taken apart, so that invalid_grant, InvalidGrant and "Invalid grant" are the same two words.
// Addresses are left out: they lead to documentation, whose names mislead. It stops after most bytes.
func fold(s string, most int) string {
	f := folder{b: make([]byte, 0, min(len(s), most)+16), most: most}
	f.say(s)
	return string(f.b)
}

// folder writes words, of one text after the other.
type folder struct {
	b []byte
	// from is where in b the words begin, and most how many bytes of them there are before it stops.
	from, most int
	last       letter // the one before, as it was written; noLetter after a gap
	word       bool
	// one is where in the text the last word is that some write as two.
	one struct{ start, end int }
}

// letter is what kind of letter there is: where a capital follows, names are taken apart.
type letter uint8

const (
	noLetter letter = iota
	small
	capital
	// plain is what has no case, such as a digit.
	plain
	// mark is h, which addresses begin with.
	mark
)

// letters are the kinds of ASCII's.
var letters = func() (kinds [utf8.RuneSelf]letter) {
	for c := range kinds {
		switch {
		case c == 'h':
			kinds[c] = mark
		case c >= 'a' && c <= 'z':
			kinds[c] = small
		case c >= 'A' && c <= 'Z':
			kinds[c] = capital
		case c >= '0' && c <= '9':
			kinds[c] = plain
		}
	}
	return kinds
}()

// say writes the words of a text, which end with it.
func (f *folder) say(s string) {
	f.one.start, f.one.end = 0, 0
	for i := 0; i < len(s) && len(f.b)-f.from < f.most; {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			f.rune(r, s[i+size:])
			i += size
			continue
		}
		switch kind := letters[c]; kind {
		case small, plain:
			f.write(c, kind)
			i++
		case mark:
			if n := address(s[i:]); n > 0 {
				f.gap()
				i += n
				continue
			}
			f.write(c, small)
			i++
		case capital:
			f.capital(s, i)
			i++
		default:
			i += f.between(s, i)
		}
	}
	f.gap()
}

func (f *folder) gap() {
	if f.word {
		f.b = append(f.b, ' ')
	}
	f.word, f.last = false, noLetter
}

func (f *folder) write(c byte, kind letter) {
	f.begin()
	f.b = append(f.b, c)
	f.last = kind
}

// begin begins a word, if none has.
func (f *folder) begin() {
	if !f.word {
		if len(f.b) == f.from {
			f.b = append(f.b, ' ')
		}
		f.word = true
	}
}

// capital writes the capital at i, which may begin a word of its own.
func (f *folder) capital(s string, i int) {
	c := s[i]
	if f.word && (f.last == small || f.last == capital) {
		if f.isOneWord(s, i) {
			f.write(c|0x20, small)
			return
		}
		if f.last == small || startsWithLower(s[i+1:]) || strings.HasPrefix(s[i:], "OAuth") || strings.HasPrefix(s[i:], "OData") {
			f.gap()
		}
	}
	f.write(c|0x20, capital)
}

// between passes by what is no letter and no digit, and tells how many bytes that is.
func (f *folder) between(s string, i int) int {
	switch {
	case s[i] == '\'' && f.word && startsWithLetter(s[i+1:]):
		return 1 // Don't and can't are one word.
	case s[i] == '\\' && i+1 < len(s) && isSpaceEscape(s[i+1]):
		f.gap()
		return 2
	}
	f.gap()
	return 1
}

// rune writes a character that is none of ASCII, of which the rest comes behind it.
func (f *folder) rune(r rune, rest string) {
	kind := plain
	switch {
	case unicode.IsLower(r):
		kind = small
	case unicode.IsUpper(r):
		kind = capital
	case r == '’' && f.word && startsWithLetter(rest):
		return
	case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
		f.gap()
		return
	}
	if f.word && kind == capital && (f.last == small || f.last == capital && startsWithLower(rest)) {
		f.gap()
	}
	f.begin()
	f.b = utf8.AppendRune(f.b, unicode.ToLower(r))
	f.last = kind
}

// oneWord are words that some write as two, by a capital within them and where it stands.
var oneWord = func() (by ['Z' - 'A' + 1][]inner) {
	for _, word := range []string{
		"WebHook", "webHook", "OData", "GraphQL", "OAuth", "UserName", "userName", "TimeOut", "TimeStamp", "timeStamp", "PassWord", "GitHub", "PayPal",
		"QuickBooks", "HubSpot", "LinkedIn",
	} {
		for at := 1; at < len(word); at++ {
			if c := word[at]; c >= 'A' && c <= 'Z' {
				by[c-'A'] = append(by[c-'A'], inner{word, at})
			}
		}
	}
	return by
}()

type inner struct {
	word string
	at   int
}

// isOneWord tells whether the capital at i is within a word that some write as two. Of two that overlap it is the first.
func (f *folder) isOneWord(s string, i int) bool {
	for _, w := range oneWord[s[i]-'A'] {
		start := i - w.at
		if start >= 0 && (start >= f.one.end || start == f.one.start) && strings.HasPrefix(s[start:], w.word) {
			f.one.start, f.one.end = start, start+len(w.word)
			return true
		}
	}
	return false
}

func startsWithLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

func startsWithLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

// isSpaceEscape tells whether a letter is that of an escape that stands for white space, as bodies have it that were
// pasted as the text of a string.
func isSpaceEscape(c byte) bool { return c == 'n' || c == 'r' || c == 't' }

// address is how long the address is that s starts with, or 0.
func address(s string) int {
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return 0
	}
	if end := strings.IndexAny(s, " \t\r\n\"'<>)]}\\"); end >= 0 {
		return end
	}
	return len(s)
}
