package simulate

import (
	"strconv"
	"time"
)

// timeLayout is RFC 3339 with microseconds: the nodes of a run follow each other within a millisecond.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// document appends JSON. Commas come by themselves: whatever does not follow an opening bracket is
// preceded by one. Keys and raw values are trusted, strings are escaped.
type document struct{ b []byte }

func (d *document) comma() {
	if n := len(d.b); n > 0 && d.b[n-1] != '{' && d.b[n-1] != '[' {
		d.b = append(d.b, ',')
	}
}

func (d *document) key(k string) {
	d.comma()
	d.b = append(d.b, '"')
	d.b = append(d.b, k...)
	d.b = append(d.b, '"', ':')
}

func (d *document) open(k string) {
	if k == "" {
		d.comma()
	} else {
		d.key(k)
	}
	d.b = append(d.b, '{')
}

func (d *document) close() { d.b = append(d.b, '}') }

func (d *document) text(k, v string) {
	d.key(k)
	d.b = appendQuoted(d.b, v)
}

// optional leaves the key out when the value is empty.
func (d *document) optional(k, v string) {
	if v != "" {
		d.text(k, v)
	}
}

func (d *document) texts(k string, vs []string) {
	d.key(k)
	d.b = append(d.b, '[')
	for _, v := range vs {
		d.comma()
		d.b = appendQuoted(d.b, v)
	}
	d.b = append(d.b, ']')
}

func (d *document) number(k string, v int) {
	d.key(k)
	d.b = strconv.AppendInt(d.b, int64(v), 10)
}

// lasted writes duration_ms, in milliseconds with one decimal.
func (d *document) lasted(v time.Duration) {
	d.key("duration_ms")
	d.b = strconv.AppendFloat(d.b, float64(v.Microseconds()/100)/10, 'f', -1, 64)
}

func (d *document) flag(k string, v bool) {
	d.key(k)
	d.b = strconv.AppendBool(d.b, v)
}

func (d *document) at(k string, t time.Time) {
	d.key(k)
	d.b = append(d.b, '"')
	d.b = t.UTC().AppendFormat(d.b, timeLayout)
	d.b = append(d.b, '"')
}

// body writes a rendered template: JSON as it is, anything else as a string.
func (d *document) body(k string, t *template, sc *scene) {
	switch {
	case t == nil:
	case t.json:
		d.key(k)
		d.b = t.append(d.b, sc)
	default:
		d.text(k, t.render(sc))
	}
}

const hexDigits = "0123456789abcdef"

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
