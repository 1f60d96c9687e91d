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
	var b strings.Builder
	b.Grow(min(len(s), most) + 16)
	f := folder{b: &b}
	s = oneWord.Replace(s)
	for i := 0; i < len(s) && b.Len() < most; {
		if n := address(s[i:]); n > 0 {
			f.gap()
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '\\' && i+1 < len(s) {
			if n := escapeLength(s[i+1:]); n > 0 {
				f.gap()
				i += 1 + n
				continue
			}
		}
		f.rune(r, s[i+size:])
		i += size
	}
	f.gap()
	if b.Len() == 0 {
		return ""
	}
	return b.String()
}

// oneWord are words that some write as two.
var oneWord = strings.NewReplacer("WebHook", "Webhook", "webHook", "webhook", "OData", "Odata", "GraphQL", "Graphql", "OAuth", "Oauth", "UserName", "Username",
	"userName", "username", "TimeOut", "Timeout", "TimeStamp", "Timestamp", "timeStamp", "timestamp", "PassWord", "Password", "GitHub", "Github", "PayPal", "Paypal",
	"QuickBooks", "Quickbooks", "HubSpot", "Hubspot", "LinkedIn", "Linkedin")

// folder writes words.
type folder struct {
	b    *strings.Builder
	last rune // the one before, as it was written; 0 after a gap
	word bool
}

func (f *folder) gap() {
	if f.word {
		f.b.WriteByte(' ')
	}
	f.word, f.last = false, 0
}

// rune writes a character, of which the rest comes behind it.
func (f *folder) rune(r rune, rest string) {
	switch {
	case r == '\'' || r == '’':
		// don't and can't are one word.
		if f.word && startsWithLetter(rest) {
			return
		}
		f.gap()
		return
	case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
		f.gap()
		return
	}
	if f.word && unicode.IsUpper(r) && (unicode.IsLower(f.last) || unicode.IsUpper(f.last) && startsWithLower(rest)) {
		f.gap()
	}
	if !f.word {
		if f.b.Len() == 0 {
			f.b.WriteByte(' ')
		}
		f.word = true
	}
	f.last = r
	f.b.WriteRune(unicode.ToLower(r))
}

func startsWithLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

func startsWithLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

// escapeLength is how long the rest of an escape is that stands for white space, as bodies have it that were pasted as
// the text of a string.
func escapeLength(s string) int {
	switch s[0] {
	case 'n', 'r', 't':
		return 1
	}
	return 0
}

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
