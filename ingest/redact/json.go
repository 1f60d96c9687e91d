package redact

import "bytes"

// jsonOrText notes the edits of JSON values in a row. What is no JSON is text,
// and is read as a whole: half a document says too little about the rest.
func (p *pass) jsonOrText(s []byte, base int) {
	first := len(p.edits)
	j := jsonReader{pass: p, s: s, base: base}
	if j.documents() {
		return
	}
	p.edits = p.edits[:first]
	p.text(s, base)
}

// expectation is what the grammar allows next.
type expectation uint8

const (
	wantValue expectation = iota
	wantValueOrEnd
	wantName
	wantNameOrEnd
	wantNext
)

// jsonReader goes over a JSON text once, without building anything of it. It
// keeps one bit for each open container, so depth costs nearly nothing.
type jsonReader struct {
	*pass
	s    []byte
	base int
	i    int

	// objects has a bit for each open container: set for an object. The first
	// 64 levels need no allocation.
	objects uint64
	deeper  []uint64
	depth   int

	// name is the class of the member whose value comes next.
	name class
	// hiding is set while the value of a sensitive name is passed over: it began
	// at hideFrom, in a container hideDepth deep.
	hiding    bool
	hideFrom  int
	hideDepth int

	pair pair
}

func (j *jsonReader) documents() bool {
	n := 0
	for {
		j.i = skipSpace(j.s, j.i)
		if j.i == len(j.s) {
			return n > 0
		}
		if !j.document() {
			return false
		}
		n++
	}
}

// document reads one top-level value.
func (j *jsonReader) document() bool {
	want := wantValue
	for {
		if j.i < len(j.s) && isSpace(j.s[j.i]) {
			j.i = skipSpace(j.s, j.i)
		}
		if j.i >= len(j.s) {
			return false
		}
		c := j.s[j.i]
		switch want {
		case wantName, wantNameOrEnd:
			if c == '}' && want == wantNameOrEnd {
				want = j.pop()
				break
			}
			if c != '"' || !j.member() {
				return false
			}
			want = wantValue
		case wantNext:
			var ok bool
			if want, ok = j.separator(c); !ok {
				return false
			}
		default:
			if c == ']' && want == wantValueOrEnd {
				want = j.pop()
				break
			}
			var ok bool
			if want, ok = j.begin(c); !ok {
				return false
			}
		}
		if want == wantNext && j.ended() {
			return true
		}
	}
}

// ended closes a hidden value that is complete, and reports whether the document
// is.
func (j *jsonReader) ended() bool {
	if j.hiding && j.depth == j.hideDepth {
		j.hiding = false
		j.edits = append(j.edits, edit{j.base + j.hideFrom, j.base + j.i, quotedMark})
	}
	return j.depth == 0
}

// separator reads what follows a value inside a container.
func (j *jsonReader) separator(c byte) (expectation, bool) {
	switch {
	case c == ',':
		j.i++
		if j.inObject() {
			return wantName, true
		}
		return wantValue, true
	case c == '}' && j.inObject(), c == ']' && !j.inObject():
		return j.pop(), true
	default:
		return 0, false
	}
}

// begin reads a scalar, or the opening of a container.
func (j *jsonReader) begin(c byte) (expectation, bool) {
	name := j.name
	j.name = plain
	if name != plain && !j.hiding && j.hides(name, c) {
		j.hiding, j.hideFrom, j.hideDepth = true, j.i, j.depth
	}
	switch c {
	case '{':
		j.push(true)
		return wantNameOrEnd, true
	case '[':
		j.push(false)
		return wantValueOrEnd, true
	case '"':
		return wantNext, j.stringValue()
	case 't':
		return wantNext, j.literal("true")
	case 'f':
		return wantNext, j.literal("false")
	case 'n':
		return wantNext, j.literal("null")
	default:
		return wantNext, j.number()
	}
}

// hides reports whether a value that begins with c is hidden under a name of
// that class. null and "" say that there is no secret, and a boolean is none.
func (j *jsonReader) hides(name class, c byte) bool {
	switch {
	case c == 'n', c == 't', c == 'f', c == '"' && j.i+1 < len(j.s) && j.s[j.i+1] == '"':
		return false
	case name == secretUnlessNumber:
		return c != '-' && !isDigit(c) && !countsOnly(j.s[j.i:])
	case name == secretScalar:
		return c == '"' || c == '-' || isDigit(c)
	default:
		return true
	}
}

// longestCounts bounds an object of counts.
const longestCounts = 512

// countsOnly reports whether s begins with a flat object of numbers, such as
// {"input_tokens":14,"output_tokens":2}.
func countsOnly(s []byte) bool {
	s = s[:min(len(s), longestCounts)]
	if len(s) == 0 || s[0] != '{' {
		return false
	}
	i := 1
	for {
		i = skipSpace(s, i)
		if i >= len(s) || s[i] != '"' {
			return false
		}
		end, _ := scanString(s, i)
		if end < 0 {
			return false
		}
		i = skipSpace(s, end+1)
		if i >= len(s) || s[i] != ':' {
			return false
		}
		value := skipSpace(s, i+1)
		if i = run(s, value, digits); i == value {
			return false
		}
		i = skipSpace(s, i)
		if i >= len(s) || s[i] != ',' {
			return i < len(s) && s[i] == '}'
		}
		i++
	}
}

func (j *jsonReader) literal(word string) bool {
	if !bytes.HasPrefix(j.s[j.i:], []byte(word)) {
		return false
	}
	j.i += len(word)
	return true
}

// number reads a number, which may be that of a card.
func (j *jsonReader) number() bool {
	from := j.i
	i := from
	if i < len(j.s) && j.s[i] == '-' {
		i++
	}
	whole := i
	i = run(j.s, i, digits)
	if i == whole || j.s[whole] == '0' && i > whole+1 {
		return false
	}
	plainInteger := whole == from
	if i < len(j.s) && j.s[i] == '.' {
		plainInteger = false
		fraction := i + 1
		if i = run(j.s, fraction, digits); i == fraction {
			return false
		}
	}
	if i < len(j.s) && j.s[i]|0x20 == 'e' {
		plainInteger = false
		i++
		if i < len(j.s) && (j.s[i] == '+' || j.s[i] == '-') {
			i++
		}
		exponent := i
		if i = run(j.s, i, digits); i == exponent {
			return false
		}
	}
	j.i = i
	if !j.hiding && j.secretNumber(j.s[from:i], plainInteger) {
		j.edits = append(j.edits, edit{j.base + from, j.base + i, quotedMark})
	}
	return true
}

// secretNumber reports whether a number is that of a card, or matches the
// tenant's patterns. A number of 13 digits is a time or an object's id.
func (j *jsonReader) secretNumber(n []byte, integer bool) bool {
	if integer && len(n) > shortestCard && cardNumber(n) {
		return true
	}
	for _, re := range j.r.patterns {
		if re.Match(n) {
			return true
		}
	}
	return false
}

func (j *jsonReader) push(object bool) {
	j.i++
	level := j.depth
	j.depth++
	j.pair = pair{depth: j.depth}
	word := &j.objects
	if level >= 64 {
		k := level/64 - 1
		for len(j.deeper) <= k {
			j.deeper = append(j.deeper, 0)
		}
		word = &j.deeper[k]
	}
	bit := uint64(1) << (level % 64)
	*word &^= bit
	if object {
		*word |= bit
	}
}

func (j *jsonReader) pop() expectation {
	j.i++
	j.depth--
	j.pair = pair{}
	return wantNext
}

func (j *jsonReader) inObject() bool {
	level := j.depth - 1
	word := j.objects
	if level >= 64 {
		word = j.deeper[level/64-1]
	}
	return word>>(level%64)&1 != 0
}
