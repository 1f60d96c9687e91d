package redact

// charset is a set of bytes, as bits of charsets.
type charset uint8

const (
	digits   charset = 1 << iota
	hexes            // 0-9a-fA-F
	alnums           // letters and digits
	words64          // letters, digits, _ and -
	dotted           // words64 and . = / + ~
	capitals         // A-Z and 0-9
	spaces           // blank, tab, line ends
	stops            // what ends an unquoted value in text
)

var charsets = func() (t [256]charset) {
	set := func(cs charset, from, to byte) {
		for c := int(from); c <= int(to); c++ {
			t[c] |= cs
		}
	}
	set(digits|hexes|alnums|words64|dotted|capitals, '0', '9')
	set(alnums|words64|dotted, 'a', 'z')
	set(alnums|words64|dotted|capitals, 'A', 'Z')
	set(hexes, 'a', 'f')
	set(hexes, 'A', 'F')
	for _, c := range []byte("_-") {
		t[c] |= words64 | dotted
	}
	for _, c := range []byte(".=/+~") {
		t[c] |= dotted
	}
	for _, c := range []byte(" \t\r\n") {
		t[c] |= spaces | stops
	}
	for _, c := range []byte("\x00\"'`<>&;,#)]}|\\") {
		t[c] |= stops
	}
	return t
}()

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return charsets[c]&alnums != 0 }
func isSpace(c byte) bool { return charsets[c]&spaces != 0 }

// run returns where the run of bytes of cs that begins at i ends.
func run(s []byte, i int, cs charset) int {
	for i < len(s) && charsets[s[i]]&cs != 0 {
		i++
	}
	return i
}

// skipSpace returns the first position from i on that is no white space.
func skipSpace(s []byte, i int) int {
	return run(s, i, spaces)
}

// opens reports whether a word may begin at s[i]: no letter or digit before it.
// A literal \n, as in text that was escaped twice, does not glue words together.
func opens(s []byte, i int) bool {
	if i == 0 || !isAlnum(s[i-1]) {
		return true
	}
	return i > 1 && s[i-2] == '\\' && (s[i-1] == 'n' || s[i-1] == 't' || s[i-1] == 'r')
}

// closes reports whether a word may end before s[i].
func closes(s []byte, i int) bool {
	return i >= len(s) || !isAlnum(s[i])
}
