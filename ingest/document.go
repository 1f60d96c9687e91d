package ingest

import "math"

// shape is what kind of JSON value a node is.
type shape uint8

const (
	isNull shape = iota + 1
	isBool
	isNumber
	isString
	isArray
	isObject
)

// What parse notes of a string, so that most need no second look.
const (
	hasEscape = 1 << iota
	hasHighByte
)

// node is one value of a document. A member of an object is two nodes: its name and its value.
type node struct {
	shape shape
	notes uint8
	// start and end are the value's place in the text, quotes and brackets included.
	start, end uint32
	// next is the node after this one and all inside it.
	next uint32
}

// ref is the index of a node. The root is never asked for by reference, so 0 says that there is none.
type ref uint32

const (
	// noteDepth is how deep nodes are kept: what lies deeper is checked, and read as text if at all.
	noteDepth = 10
	// maxDepth is how deep a document may be.
	maxDepth = 10_000
	// keptNodes bounds what a document that is used again holds on to.
	keptNodes = 32 << 10

	// In the stack of open containers: the bit of an object, and the index of a container that has no node.
	objectBit = 1 << 31
	noNode    = math.MaxUint32 &^ objectBit
)

// document is one JSON value that was read: a flat list of nodes over its text. It is used again for the next value;
// what its nodes point to stays, for the text is not its own.
type document struct {
	text  []byte
	nodes []node
	open  []uint32
	i     int
	// problem says what is wrong at i.
	problem string
}

// progress is how far reading a value got.
type progress uint8

const (
	complete progress = iota
	// unfinished says that the text ends before the value does.
	unfinished
	malformed
)

// parse reads the first value of the text, and checks all of it. i is then after the value, or where it broke off. With
// final, nothing follows the text: a number may end with it.
func (d *document) parse(text []byte, final bool) progress {
	if cap(d.nodes) > keptNodes {
		d.nodes = nil
	}
	d.text, d.nodes, d.open, d.problem = text, d.nodes[:0], d.open[:0], ""
	d.i = skipSpace(text, 0)
	for {
		p := d.value(final)
		if p != complete {
			return p
		}
		if p, done := d.afterValue(); p != complete || done {
			return p
		}
	}
}

// value reads a scalar, or the opening of a container and the name of its first member, until the next value begins.
func (d *document) value(final bool) progress {
	for d.i < len(d.text) {
		switch c := d.text[d.i]; {
		case c == '"':
			return d.str()
		case c == '{':
			if p, inside := d.enter(isObject, '}'); !inside {
				return p
			}
			if p := d.name(); p != complete {
				return p
			}
		case c == '[':
			if p, inside := d.enter(isArray, ']'); !inside {
				return p
			}
		case c == 't':
			return d.word("true", isBool)
		case c == 'f':
			return d.word("false", isBool)
		case c == 'n':
			return d.word("null", isNull)
		case c == '-' || isDigit(c):
			return d.number(final)
		default:
			return d.bad("expected a value")
		}
	}
	return unfinished
}

// enter opens a container; inside is false when it is empty, and closed already, or when the text is at its end.
func (d *document) enter(s shape, end byte) (p progress, inside bool) {
	if len(d.open) == maxDepth {
		return d.bad("nested too deeply"), false
	}
	top := uint32(noNode)
	if len(d.open) < noteDepth {
		top = uint32(len(d.nodes)) //nolint:gosec // An event is at most a MiB.
		d.nodes = append(d.nodes, node{shape: s, start: uint32(d.i)})
	}
	if s == isObject {
		top |= objectBit
	}
	d.open = append(d.open, top)
	d.i = skipSpace(d.text, d.i+1)
	if d.i == len(d.text) {
		return unfinished, false
	}
	if d.text[d.i] == end {
		d.leave()
		return complete, false
	}
	return complete, true
}

func (d *document) leave() {
	d.i++
	top := d.open[len(d.open)-1] &^ objectBit
	d.open = d.open[:len(d.open)-1]
	if top != noNode {
		n := &d.nodes[top]
		n.end, n.next = uint32(d.i), uint32(len(d.nodes)) //nolint:gosec // As above.
	}
}

// afterValue closes containers until another value must follow; done is true when the document is over.
func (d *document) afterValue() (p progress, done bool) {
	for len(d.open) > 0 {
		d.i = skipSpace(d.text, d.i)
		if d.i == len(d.text) {
			return unfinished, false
		}
		object := d.open[len(d.open)-1]&objectBit != 0
		switch c := d.text[d.i]; {
		case c == ',':
			d.i = skipSpace(d.text, d.i+1)
			if object {
				return d.name(), false
			}
			return complete, false
		case c == '}' && object, c == ']' && !object:
			d.leave()
		case object:
			return d.bad("expected , or }"), false
		default:
			return d.bad("expected , or ]"), false
		}
	}
	return complete, true
}

// name reads the name of a member, its colon, and the space up to the value.
func (d *document) name() progress {
	if d.i == len(d.text) {
		return unfinished
	}
	if d.text[d.i] != '"' {
		return d.bad(`expected the name of a member, in "quotes"`)
	}
	if p := d.str(); p != complete {
		return p
	}
	d.i = skipSpace(d.text, d.i)
	if d.i == len(d.text) {
		return unfinished
	}
	if d.text[d.i] != ':' {
		return d.bad("expected : after the name of a member")
	}
	d.i = skipSpace(d.text, d.i+1)
	return complete
}

func (d *document) bad(problem string) progress {
	d.problem = problem
	return malformed
}

// note keeps a scalar that ends at i.
func (d *document) note(s shape, notes uint8, start int) {
	if len(d.open) <= noteDepth {
		d.nodes = append(d.nodes, node{
			shape: s, notes: notes, start: uint32(start), end: uint32(d.i), //nolint:gosec // An event is at most a MiB.
			next: uint32(len(d.nodes)) + 1, //nolint:gosec // As above.
		})
	}
}

func (d *document) word(word string, s shape) progress {
	start := d.i
	for k := range len(word) {
		if d.i == len(d.text) {
			return unfinished
		}
		if d.text[d.i] != word[k] {
			return d.bad("expected a value")
		}
		d.i++
	}
	d.note(s, 0, start)
	return complete
}

// number reads a number by JSON's grammar.
func (d *document) number(final bool) progress {
	start, t := d.i, d.text
	i := start
	if t[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(t) && isDigit(t[i]) {
			i++
		}
		return i > from
	}
	ok := true
	if i < len(t) && t[i] == '0' {
		i++
	} else {
		ok = digits()
	}
	if ok && i < len(t) && t[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(t) && t[i]|0x20 == 'e' {
		i++
		if i < len(t) && (t[i] == '+' || t[i] == '-') {
			i++
		}
		ok = digits()
	}
	d.i = i
	switch {
	case i == len(t) && (!final || !ok):
		return unfinished
	case !ok:
		return d.bad("expected a digit")
	}
	d.note(isNumber, 0, start)
	return complete
}
