package shape

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// The bounds of what is looked at of a body.
const (
	mostPaths = 500
	mostDepth = 12
	// mostKeys is how many names an object of fields has; one with more is a map, of which the names are data.
	mostKeys = 50
)

// kind is a JSON type. The numbers are stored.
type kind uint8

const (
	kindNone kind = iota
	kindString
	kindNumber
	kindBool
	kindObject
	kindArray
)

func (k kind) String() string {
	return [...]string{"nothing", "a string", "a number", "true or false", "an object", "an array"}[k]
}

// kinds is a set of them.
type kinds uint8

func (s kinds) has(k kind) bool { return s&(1<<k) != 0 }

// only is the one kind of a set of one, else kindNone.
func (s kinds) only() kind {
	for k := kindString; k <= kindArray; k++ {
		if s == 1<<k {
			return k
		}
	}
	return kindNone
}

// place is a path of a body: all values that stand there, since the elements of an array stand at one path.
type place struct {
	path  uint64
	up    *place
	name  string
	step  step
	depth int

	values []any
	// of is how many objects there are that could have had the field.
	of int
}

// step is how a place is reached from the one above it.
type step uint8

const (
	toRoot step = iota
	// toField is by a name; toElement to the elements of an array, and toMember to the values of a map.
	toField
	toElement
	toMember
)

// String is the path as people write it: results[].properties.email.
func (p *place) String() string {
	switch {
	case p.step == toRoot:
		return "the answer itself"
	case p.step == toElement:
		return p.above() + "[]"
	case p.above() == "":
		return p.tail()
	}
	return p.above() + "." + p.tail()
}

func (p *place) tail() string {
	if p.step == toMember {
		return "{*}"
	}
	return p.name
}

func (p *place) above() string {
	if p.up.step == toRoot {
		return ""
	}
	return p.up.String()
}

// found is what a body has at a place.
type found struct {
	path uint64
	// parent is the path of the object that is to have the field, 0 for what need not be there: elements and members.
	parent uint64
	kinds  kinds
	// whole says that each object that could have it has it, and not as null.
	whole bool
}

// rootOf is the path of a tenant's bodies themselves. Paths of two tenants are never the same, so that nobody who sees
// their hashes can tell that they call the same API.
func rootOf(tenantID uuid.UUID) uint64 { return xxhash.Sum64(tenantID[:]) }

// below is the path of a step from a path.
func below(path uint64, s step, name string) uint64 {
	var d xxhash.Digest
	d.Reset()
	var head [9]byte
	for i := range 8 {
		head[i] = byte(path >> (8 * i))
	}
	head[8] = byte(s)
	_, _ = d.Write(head[:])
	_, _ = d.WriteString(name)
	return d.Sum64()
}

var errNoJSON = errors.New("the body is no object or array of JSON")

// walk gives all places of a body with what it has there, and tells of each object that all of its fields have been
// given. What is beyond the bounds is not: then its parent is not told of, so that nobody takes it for missing.
func walk(root uint64, body string, give func(p *place, f found), told func(path uint64)) error {
	value, err := decode(body)
	if err != nil {
		return err
	}
	queue := []*place{{path: root, values: []any{value}, of: 1}}
	places := 1
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		give(p, p.found())
		if p.depth == mostDepth {
			continue
		}
		next, whole := p.next()
		if places+len(next) > mostPaths {
			continue
		}
		places += len(next)
		queue = append(queue, next...)
		if whole {
			told(p.path)
		}
	}
	return nil
}

func decode(body string) (any, error) {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoJSON
	}
	switch value.(type) {
	case map[string]any, []any:
		return value, nil
	}
	return nil, errNoJSON
}

// redacted is what stands where redaction took a value away, whatever its type was.
const redacted = "[redacted]"

func kindOf(value any) kind {
	switch v := value.(type) {
	case string:
		if v != redacted {
			return kindString
		}
	case json.Number:
		return kindNumber
	case bool:
		return kindBool
	case map[string]any:
		return kindObject
	case []any:
		return kindArray
	}
	return kindNone
}

func (p *place) found() found {
	f := found{path: p.path}
	if p.step == toField {
		f.parent = p.up.path
	}
	n := 0
	for _, v := range p.values {
		if k := kindOf(v); k != kindNone {
			f.kinds |= 1 << k
			n++
		}
	}
	f.whole = n == p.of
	return f
}

// next are the places below, in an order that depends on nothing but the body, and whether all fields of the objects here
// are among them. An object without any name says nothing: there are those who write an empty map for "none".
func (p *place) next() (next []*place, whole bool) {
	var elements []any
	var objects []map[string]any
	for _, v := range p.values {
		switch v := v.(type) {
		case []any:
			elements = append(elements, v...)
		case map[string]any:
			if len(v) > 0 {
				objects = append(objects, v)
			}
		}
	}
	if len(elements) > 0 {
		next = append(next, p.child(toElement, "", elements, len(elements)))
	}
	fields := map[string][]any{}
	var members []any
	for _, o := range objects {
		for name, v := range o {
			if looksData(name) {
				members = append(members, v)
			} else {
				fields[name] = append(fields[name], v)
			}
		}
	}
	whole = len(objects) > 0
	if len(fields) > mostKeys {
		for _, values := range fields {
			members = append(members, values...)
		}
		fields, whole = nil, false
	}
	if len(members) > 0 {
		next = append(next, p.child(toMember, "", members, len(members)))
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		next = append(next, p.child(toField, name, fields[name], len(objects)))
	}
	return next, whole
}

func (p *place) child(s step, name string, values []any, of int) *place {
	return &place{path: below(p.path, s, name), up: p, name: name, step: s, depth: p.depth + 1, values: values, of: of}
}

// namesOf are the readable paths of a body's places, of those that are asked for.
func namesOf(root uint64, body string, paths []uint64) map[uint64]string {
	names := map[uint64]string{}
	// A body that cannot be read has no names.
	_ = walk(root, body, func(p *place, _ found) {
		if slices.Contains(paths, p.path) {
			names[p.path] = shown(p.String())
		}
	}, func(uint64) {})
	return names
}

// shown is a path as it can stand in a text.
func shown(path string) string {
	const most = 120
	path = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, path)
	if len(path) > most {
		return strings.ToValidUTF8(path[:most], "") + "…"
	}
	return path
}

// looksData tells whether a name of an object is data rather than a name: an id, a number, a date, an address.
func looksData(name string) bool {
	digits, upper, lower, hex, switches := 0, 0, 0, 0, 0
	punctuation := 0
	wasLower := false
	for _, c := range []byte(name) {
		isLower := false
		switch {
		case c >= '0' && c <= '9':
			digits++
			hex++
		case c >= 'a' && c <= 'z':
			lower++
			isLower = true
			if c <= 'f' {
				hex++
			}
		case c >= 'A' && c <= 'Z':
			if upper++; wasLower {
				switches++
			}
			if c <= 'F' {
				hex++
			}
		case c == '-' || c == ':' || c == '.' || c == '/' || c == '+' || c == ' ' || c == ',':
			punctuation++
		}
		wasLower = isLower
	}
	n := len(name)
	switch {
	case n > 64 || n == 0:
		return true
	case digits > 0 && digits+punctuation == n:
		return true // 17, 2026-03-02, 10:30, 1.5
	case strings.IndexByte(name, '@') > 0 && strings.Contains(name[strings.IndexByte(name, '@'):], ".") && !strings.Contains(strings.ToLower(name), "odata"):
		return true
	case n >= 16 && hex+punctuation == n && digits >= 4:
		return true
	case digits >= 4 && digits*3 >= n:
		return true
	}
	return n >= 12 && digits >= 2 && upper > 0 && lower > 0 && switches > 1
}
