package redact

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// knownNames remembers what the built-in rules say of names, whoever's they are:
// the events of a sender have the same few over and over. A name takes the place
// of another with the same hash.
type knownNames [256]knownName

// longestKnown bounds the names that are remembered.
const longestKnown = 28

type knownName struct {
	name [longestKnown]byte
	size uint8
	// knows says which of the rest is known.
	knows  knowledge
	field  class
	header bool
}

type knowledge uint8

const (
	knowsField knowledge = 1 << iota
	knowsHeader
	// formless: no secret has the form of this name.
	formless
)

// of finds the place of a name; nil if it is none that is remembered.
func (k *knownNames) of(name []byte) *knownName {
	n := len(name)
	if n == 0 || n > longestKnown {
		return nil
	}
	e := &k[hashName(name)]
	if string(e.name[:e.size]) != string(name) {
		e.size, e.knows = uint8(copy(e.name[:], name)), 0 //nolint:gosec // At most longestKnown.
	}
	return e
}

// hashName mixes the first and the last eight bytes of a name.
func hashName(name []byte) uint8 {
	var a, b uint64
	switch n := len(name); {
	case n >= 8:
		a, b = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	default:
		a, b = uint64(name[0]), uint64(name[n/2])<<8|uint64(name[n-1])
	}
	return uint8((a ^ bits.RotateLeft64(b, 29)) * 0x9E3779B97F4A7C15 >> 56) //nolint:gosec // Eight bits are left.
}

// field is what the name of a field says of its value.
func (p *pass) field(name []byte) class {
	if p.r.fields.has(name) {
		return secret
	}
	e := p.known.of(name)
	if e == nil {
		return fieldClass(name)
	}
	if e.knows&knowsField == 0 {
		e.field = fieldClass(name)
		e.knows |= knowsField
	}
	return e.field
}

// header reports whether the name of a header makes its value a secret.
func (p *pass) header(name []byte) bool {
	e := p.known.of(name)
	if e == nil {
		return p.r.header(name)
	}
	if e.knows&knowsHeader == 0 {
		e.header = headerClass(name) != plain
		e.knows |= knowsHeader
	}
	return e.header || p.r.headers.has(name)
}

// nameForms notes the secrets that stand where a name should.
func (p *pass) nameForms(name []byte, base int) {
	e := p.known.of(name)
	if e != nil && e.knows&formless != 0 {
		return
	}
	before := len(p.edits)
	p.forms(name, base)
	// What an assignment is depends on the tenant's policy, and asks for other names.
	if e != nil && len(p.edits) == before && bytes.IndexByte(name, '=') < 0 && bytes.IndexByte(name, ':') < 0 {
		e.knows |= formless
	}
}
