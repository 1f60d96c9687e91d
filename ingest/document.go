package ingest

import (
	"math"
	"slices"

	"github.com/weirhq/weir/ingest/jsonnode"
)

type (
	node  = jsonnode.Node
	shape = jsonnode.Shape
)

const (
	isNull   = jsonnode.Null
	isBool   = jsonnode.Bool
	isNumber = jsonnode.Number
	isString = jsonnode.String
	isArray  = jsonnode.Array
	isObject = jsonnode.Object

	hasEscape   = jsonnode.HasEscape
	hasHighByte = jsonnode.HasHighByte
)

// ref is the index of a node. The root is never asked for by reference, so 0 says that there is none.
type ref uint32

const (
	// noteDepth is how deep nodes are kept: what lies deeper is checked, and read as text if at all.
	noteDepth = jsonnode.Depth
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
	// notes are those of all strings, wherever they lie, and deep says that some values lie too deep for nodes.
	notes uint8
	deep  bool
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
//
// Every byte that is sent passes here, so what nearly all of them are is read in this one loop, whose state stays in
// registers: names, colons, commas, brackets, and strings of ASCII without escapes. All else has a function of its own.
func (d *document) parse(text []byte, final bool) progress {
	d.reset(text)
	i := skipSpace(text, 0)
	inObject, name := false, false
	for {
		if i < len(text) && text[i] == '"' {
			// A string, or the name of a member.
			end := plainString(text, i)
			if end == 0 {
				d.i = i
				if p := d.str(); p != complete {
					return p
				}
				end = d.i
			} else if len(d.open) <= noteDepth {
				d.add(isString, 0, i, end)
			}
			i = end
			if name {
				if i < len(text) && text[i] == ':' {
					i++
				} else if i = skipSpace(text, i); i == len(text) {
					return d.stop(i, unfinished)
				} else if text[i] != ':' {
					d.i = i
					return d.bad("expected : after the name of a member")
				} else {
					i++
				}
				i = skipSpace(text, i)
				name = false
				continue
			}
		} else {
			d.i = i
			p, inside := d.other(name, final)
			if p != complete {
				return p
			}
			i = d.i
			if inside {
				inObject = d.open[len(d.open)-1]&objectBit != 0
				name = inObject
				continue
			}
		}
		// A value has ended: up to a comma, containers may end too.
		for {
			if len(d.open) == 0 {
				return d.stop(i, complete)
			}
			if i = skipSpace(text, i); i == len(text) {
				return d.stop(i, unfinished)
			}
			c := text[i]
			if c == ',' {
				i = skipSpace(text, i+1)
				name = inObject
				break
			}
			d.i = i
			if c != '}' && c != ']' || (c == '}') != inObject {
				return d.unexpected(inObject)
			}
			d.leave()
			i = d.i
			inObject = len(d.open) > 0 && d.open[len(d.open)-1]&objectBit != 0
		}
	}
}

func (d *document) reset(text []byte) {
	if cap(d.nodes) > keptNodes {
		d.nodes = nil
	}
	*d = document{text: text, nodes: d.nodes[:0], open: d.open[:0]}
}

func (d *document) stop(i int, p progress) progress {
	d.i = i
	return p
}

func (d *document) bad(problem string) progress {
	d.problem = problem
	return malformed
}

func (d *document) unexpected(inObject bool) progress {
	if inObject {
		return d.bad("expected , or }")
	}
	return d.bad("expected , or ]")
}

// other reads a scalar that is no string, or the opening of a container, where a value or a name must begin; inside is
// true when the container is not empty, and its first value or name comes next.
func (d *document) other(name, final bool) (p progress, inside bool) {
	if d.i >= len(d.text) {
		return unfinished, false
	}
	if name {
		return d.bad(`expected the name of a member, in "quotes"`), false
	}
	switch c := d.text[d.i]; {
	case c == '{':
		return d.enter(isObject, '}')
	case c == '[':
		return d.enter(isArray, ']')
	case c == 't':
		return d.word("true", isBool), false
	case c == 'f':
		return d.word("false", isBool), false
	case c == 'n':
		return d.word("null", isNull), false
	case c == '-' || isDigit(c):
		return d.number(final), false
	}
	return d.bad("expected a value"), false
}

// enter opens a container; inside is false when it is empty, and closed already, or when the text is at its end.
func (d *document) enter(s shape, end byte) (p progress, inside bool) {
	if len(d.open) == maxDepth {
		return d.bad("nested too deeply"), false
	}
	top := uint32(noNode)
	if len(d.open) < noteDepth {
		top = uint32(len(d.nodes)) //nolint:gosec // An event is at most a MiB.
		d.add(s, 0, d.i, 0)
	} else {
		d.deep = true
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
		n.End, n.Next = uint32(d.i), uint32(len(d.nodes)) //nolint:gosec // As above.
	}
}

// note keeps a scalar that ends at i.
func (d *document) note(s shape, notes uint8, start int) {
	d.notes |= notes
	if len(d.open) <= noteDepth {
		d.add(s, notes, start, d.i)
	}
}

// add appends a node. Its fields are set one by one: a struct of five is made on the stack and copied, which waits for
// its own writes and made up a third of reading.
func (d *document) add(s shape, notes uint8, start, end int) {
	k := len(d.nodes)
	if k == cap(d.nodes) {
		d.grow()
	}
	d.nodes = d.nodes[:k+1]
	n := &d.nodes[k]
	n.Shape, n.Notes = s, notes
	n.Start, n.End, n.Next = uint32(start), uint32(end), uint32(k)+1 //nolint:gosec // An event is at most a MiB.
}

func (d *document) grow() { d.nodes = slices.Grow(d.nodes, 1) }

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
	ok := true
	if i < len(t) && t[i] == '0' {
		i++
	} else {
		i, ok = skipDigits(t, i)
	}
	if ok && i < len(t) && t[i] == '.' {
		i, ok = skipDigits(t, i+1)
	}
	if ok && i < len(t) && t[i]|0x20 == 'e' {
		i++
		if i < len(t) && (t[i] == '+' || t[i] == '-') {
			i++
		}
		i, ok = skipDigits(t, i)
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

// skipDigits is where the digits that begin at i end; false when there is none.
func skipDigits(t []byte, i int) (int, bool) {
	from := i
	for i < len(t) && isDigit(t[i]) {
		i++
	}
	return i, i > from
}
