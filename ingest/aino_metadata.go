package ingest

import (
	"encoding/json"
	"unicode/utf8"
)

// pairs are names and JSON values, in the order in which they came. A name may come again.
type pairs struct {
	names  []string
	values map[string][]json.RawMessage
}

func (p *pairs) add(name string, value []byte) {
	if p.values == nil {
		p.values = map[string][]json.RawMessage{}
	}
	if _, had := p.values[name]; !had {
		p.names = append(p.names, name)
	}
	p.values[name] = append(p.values[name], cleanJSON(value))
}

// joined makes an object of names and values, redacted; nil when there are none. A name that came more than once has an
// array.
func (d *decoder) joined(p *pairs) json.RawMessage {
	if len(p.names) == 0 {
		return nil
	}
	out := []byte{'{'}
	for i, name := range p.names {
		if i > 0 {
			out = append(out, ',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			continue // A string can always be written.
		}
		out = append(append(out, quoted...), ':')
		values := p.values[name]
		if len(values) == 1 {
			out = append(out, values[0]...)
			continue
		}
		for k, value := range values {
			out = append(append(out, "[,"[min(k, 1)]), value...)
		}
		out = append(out, ']')
	}
	out = append(out, '}')
	size := len(out)
	if redacted, changed := d.redact.JSON(out, nil); changed {
		out = redacted
	}
	return shortJSON(out, size)
}

// sentMetadata reads metadata: a list of names and values, or an object.
func (d *decoder) sentMetadata(v ref, rest *pairs) {
	if v == 0 || d.isBlank(v) {
		return
	}
	switch d.node(v).Shape {
	case isArray:
		for each := d.elements(v); each.next(); {
			d.sentPair(each.value, rest)
		}
	case isObject:
		if !d.namedPair(v, rest) {
			d.sentMembers(v, rest)
		}
	default:
		rest.add("metadata", d.raw(v))
	}
}

func (d *decoder) sentPair(v ref, rest *pairs) {
	switch {
	case d.node(v).Shape == isNull || d.isBlank(v):
	case d.node(v).Shape != isObject:
		rest.add("metadata", d.raw(v))
	case !d.namedPair(v, rest):
		d.sentMembers(v, rest)
	}
}

// namedPair reads {"name":…,"value":…}; false for another object.
func (d *decoder) namedPair(v ref, rest *pairs) bool {
	var name, value ref
	for m := d.members(v); m.next(); {
		switch string(m.name) {
		case "name":
			name = m.value
		case "value":
			value = m.value
		default:
			return false
		}
	}
	if name == 0 {
		return false
	}
	if value == 0 {
		rest.add(d.sentName(name), []byte("null"))
		return true
	}
	rest.add(d.sentName(name), d.raw(value))
	return true
}

func (d *decoder) sentMembers(v ref, rest *pairs) {
	for m := d.members(v); m.next(); {
		value := []byte("null")
		if m.value != 0 {
			value = d.raw(m.value)
		}
		rest.add(stringOf(m.name), value)
	}
}

// toUTF8 reads a transaction again that is no UTF-8, as Windows-1252: agents for Java send the encoding of their machine.
// One that is UTF-8 in part was damaged on its way, and stays as it is.
func (d *decoder) toUTF8() {
	raw := d.raw(0)
	if utf8.Valid(raw) || partlyUTF8(raw) {
		return
	}
	text := make([]byte, 0, len(raw)+len(raw)/4)
	for _, b := range raw {
		r := rune(b)
		if b >= 0x80 && b < 0xA0 {
			r = windows1252[b-0x80]
		}
		text = utf8.AppendRune(text, r)
	}
	// The bytes that JSON's grammar is made of are the same in both.
	d.doc.parse(text, true)
}

// partlyUTF8 tells whether a character of more than one byte stands in the text.
func partlyUTF8(text []byte) bool {
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRune(text[i:])
		if size > 1 {
			return true
		}
		i++
	}
	return false
}

// windows1252 is what stands from 0x80 to 0x9F, where Latin-1 has control characters.
var windows1252 = [32]rune{
	'€', utf8.RuneError, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', utf8.RuneError, 'Ž', utf8.RuneError,
	utf8.RuneError, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', utf8.RuneError, 'ž', 'Ÿ',
}
