// Package jsonnode is how a JSON text that was read and checked is handed on: as a flat list of nodes over it, so that
// who comes next need not read it again. Package ingest makes them; redaction goes over them.
package jsonnode

// Shape is what kind of JSON value a node is.
type Shape uint8

// The shapes.
const (
	Null Shape = iota + 1
	Bool
	Number
	String
	Array
	Object
)

// What is noted of a string, so that most need no second look.
const (
	// HasEscape says that there is a backslash in it.
	HasEscape = 1 << iota
	// HasHighByte says that not all of it is ASCII. It need not be UTF-8.
	HasHighByte
)

// Depth is how deep nodes are kept, the root counted: what lies deeper has none.
const Depth = 10

// Node is one value of a text. A member of an object is two nodes: its name and its value. The nodes inside a container
// follow it, in the order of the text.
type Node struct {
	Shape Shape
	// Notes are of strings.
	Notes uint8
	// Start and End are the value's place in the text, in bytes, quotes and brackets included.
	Start, End uint32
	// Next is the index of the node after this one and all inside it.
	Next uint32
}
