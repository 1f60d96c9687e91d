package redact

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/weirhq/weir/ingest/jsonnode"
)

// highs is the high bit of each of eight bytes.
const highs = 0x8080808080808080

const (
	// shortestForm is the length below which no text can hold a secret: pwd=x.
	shortestForm = 5
	// shortestToken is the same for a text that is the name of something.
	shortestToken = 11
)

// scanString returns the content of the string whose opening quote is at s[i],
// as [i+1, end), and whether it holds escapes. end is -1 when it is no string.
func scanString(s []byte, i int) (end int, escaped bool) {
	for i++; i < len(s); i++ {
		for i+8 <= len(s) {
			eight := binary.LittleEndian.Uint64(s[i:])
			if stop := jsonnode.Stops(eight) &^ eight & highs; stop != 0 {
				i += bits.TrailingZeros64(stop) / 8
				break
			}
			i += 8
		}
		if i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '"':
			return i, escaped
		case c != '\\' && c >= ' ':
			continue
		case c != '\\':
			return -1, false
		}
		escaped = true
		i++
		if i >= len(s) {
			return -1, false
		}
		switch s[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if _, ok := hexRune(s[i-1:]); !ok {
				return -1, false
			}
			i += 4
		default:
			return -1, false
		}
	}
	return -1, false
}

// stringValue reads a string value.
func (j *jsonReader) stringValue() bool {
	from := j.i + 1
	end, escaped := scanString(j.s, j.i)
	if end < 0 {
		return false
	}
	j.i = end + 1
	if !j.hiding {
		j.content(from, end, escaped)
	}
	return true
}

// content notes the edits of a string value, which lies in [from, end).
func (j *jsonReader) content(from, end int, escaped bool) {
	content := j.s[from:end]
	if j.pair.role == roleName {
		j.named(content, escaped)
	}
	first := len(j.edits)
	switch {
	case len(content) < shortestForm && len(j.r.patterns) == 0:
	case escaped:
		j.encoded(content, j.base+from, jsonString)
	default:
		j.value(content, j.base+from)
	}
	if j.pair.role == roleValue {
		j.pair.from, j.pair.to, j.pair.edits = from-1, end+1, first
	}
	j.pair.role = roleNone
}

// member reads the name of a member and its colon.
func (j *jsonReader) member() bool {
	from := j.i + 1
	end, escaped := scanString(j.s, j.i)
	if end < 0 {
		return false
	}
	j.i = skipSpace(j.s, end+1)
	if j.i >= len(j.s) || j.s[j.i] != ':' {
		return false
	}
	j.i++
	if !j.hiding {
		j.memberName(from, end, escaped)
	}
	return true
}

// memberName notes the edits of a member's name, which lies in [from, end), and
// what it says of the value.
func (j *jsonReader) memberName(from, end int, escaped bool) {
	name := j.s[from:end]
	if len(name) >= shortestToken {
		if escaped {
			j.encoded(name, j.base+from, jsonString)
		} else {
			j.nameForms(name, j.base+from)
		}
	}
	if escaped {
		var buf [longestName]byte
		name = jsonString.decode(buf[:0], name)
	}
	j.name = j.field(name)
	j.pairMember(name)
}

// role is what the member that comes next is in a pair of name and value.
type role uint8

const (
	roleNone role = iota
	roleName
	roleValue
)

// pair is what is known of {"name":"password","value":"…"} in the innermost
// object, in either order.
type pair struct {
	depth  int
	role   role
	secret bool
	// from and to are the value, if it came first, and edits is how many edits
	// there were before it.
	from, to, edits int
}

// pairMember notes the role of a member.
func (j *jsonReader) pairMember(name []byte) {
	if j.pair.depth != j.depth {
		j.pair = pair{depth: j.depth}
	}
	j.pair.role = roleNone
	switch string(name) {
	case "name", "Name", "key", "Key":
		j.pair.role = roleName
	case "value", "Value":
		j.pair.role = roleValue
		if j.pair.secret && j.name == plain {
			j.name = secret
		}
	}
}

// named looks at the name in a pair. A title in prose, like "Secret Santa", is
// none.
func (j *jsonReader) named(name []byte, escaped bool) {
	if escaped || len(name) > longestName || slices.Contains(name, ' ') {
		return
	}
	if j.field(name) != secret && !j.header(name) {
		return
	}
	j.pair.secret = true
	if j.pair.to == 0 {
		return
	}
	// The value came first: it takes the place of the edits within it.
	e := edit{j.base + j.pair.from, j.base + j.pair.to, quotedMark}
	k := j.pair.edits
	last := k
	for last < len(j.edits) && j.edits[last].from < e.to {
		last++
	}
	j.edits = slices.Replace(j.edits, k, last, e)
}
