package redact

import (
	"slices"
	"strings"
)

const (
	// mark stands where a secret stood, inside a text.
	mark = "[redacted]"
	// quotedMark stands for a whole JSON value.
	quotedMark = `"[redacted]"`
)

// edit is a range of the source, [from, to), that text replaces.
type edit struct {
	from, to int
	text     string
}

// apply appends src to dst with all edits made. The edits are in order and do
// not overlap.
func apply(dst, src []byte, edits []edit) []byte {
	dst = slices.Grow(dst, len(src)+len(edits)*len(quotedMark))
	at := 0
	for _, e := range edits {
		dst = append(dst, src[at:e.from]...)
		dst = append(dst, e.text...)
		at = e.to
	}
	return append(dst, src[at:]...)
}

// merge sorts edits and joins those that overlap, in place.
func merge(edits []edit) []edit {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	kept := edits[:0]
	for _, e := range edits {
		if n := len(kept); n > 0 && e.from < kept[n-1].to {
			kept[n-1].to = max(kept[n-1].to, e.to)
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// codec is a way in which a text is written inside another one.
type codec uint8

const (
	jsonString codec = iota
	percent
	entities
)

// leads reports whether c may begin an encoded unit.
func (c codec) leads(b byte) bool {
	switch c {
	case jsonString:
		return b == '\\'
	case percent:
		return b == '%' || b == '+'
	default:
		return b == '&'
	}
}

// unit decodes the unit that begins at s[i]: its bytes go to out, and it is raw
// bytes long in s. What is no valid escape stands for itself.
func (c codec) unit(s []byte, i int, out *[4]byte) (raw, n int) {
	if c.leads(s[i]) {
		switch c {
		case jsonString:
			raw, n = jsonUnit(s[i:], out)
		case percent:
			raw, n = percentUnit(s[i:], out)
		default:
			raw, n = entityUnit(s[i:], out)
		}
		if raw > 0 {
			return raw, n
		}
	}
	out[0] = s[i]
	return 1, 1
}

// decode appends the text that s stands for.
func (c codec) decode(dst, s []byte) []byte {
	var out [4]byte
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && !c.leads(s[j]) {
			j++
		}
		dst = append(dst, s[i:j]...)
		if j == len(s) {
			break
		}
		raw, n := c.unit(s, j, &out)
		dst = append(dst, out[:n]...)
		i = j + raw
	}
	return dst
}

// quote writes a replacement so that it stands inside a text of this codec.
func (c codec) quote(text string) string {
	if text == mark {
		return mark
	}
	switch c {
	case jsonString:
		return quoteJSON.Replace(text)
	case percent:
		return quotePercent.Replace(text)
	default:
		return quoteEntities.Replace(text)
	}
}

var (
	quoteJSON     = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quotePercent  = strings.NewReplacer(`%`, `%25`, `"`, `%22`, `\`, `%5C`, `&`, `%26`, `;`, `%3B`)
	quoteEntities = strings.NewReplacer(`&`, `&amp;`, `"`, `&quot;`)
)

// lift carries edits of the decoded text of s over to s itself, which begins at
// base. An edit that touches a part of a unit takes the whole unit.
func (c codec) lift(edits []edit, s []byte, base int) {
	var out [4]byte
	pos, i := 0, 0 // of the decoded text, of s
	for k := range edits {
		e := &edits[k]
		for i < len(s) {
			raw, n := c.unit(s, i, &out)
			if pos+n > e.from {
				break
			}
			pos, i = pos+n, i+raw
		}
		from := i
		for i < len(s) && pos < e.to {
			raw, n := c.unit(s, i, &out)
			pos, i = pos+n, i+raw
		}
		*e = edit{from: base + from, to: base + i, text: c.quote(e.text)}
	}
}
