package segment

import "encoding/binary"

// A table is some columns by number: how many entries, how many columns, the length of each, the columns, and padding.
// A column whose values are all zero is empty.

// tableWriter puts columns together.
type tableWriter struct {
	b    []byte
	ends []int
}

func (t *tableWriter) reset() { t.b, t.ends = t.b[:0], t.ends[:0] }

// end ends the column that was appended to t.b since the last end.
func (t *tableWriter) end() { t.ends = append(t.ends, len(t.b)) }

func (t *tableWriter) appendTo(b []byte, entries int) []byte {
	b = binary.AppendUvarint(b, uint64(entries))
	b = binary.AppendUvarint(b, uint64(len(t.ends)))
	start := 0
	for _, end := range t.ends {
		b = binary.AppendUvarint(b, uint64(end-start))
		start = end
	}
	b = append(b, t.b...)
	return append(b, make([]byte, padding)...)
}

// table reads columns: from the first to the last, each once.
type table struct {
	entries int
	lengths cursor
	columns []byte
	bad     bool
}

func readTable(c cursor, limit, columns int) table {
	t := table{entries: c.count(limit)}
	if n := c.count(columns); n != columns {
		c.fail()
	}
	t.lengths = cursor{rest: c.rest}
	total := 0
	for range columns {
		total += c.count(len(c.rest))
	}
	if len(c.rest) != total+padding {
		c.fail()
	}
	t.columns, t.bad = c.rest, c.bad || t.entries == 0
	return t
}

// next is the next column, up to the end of the table since packed numbers may be loaded beyond their own end; ok is
// false for a column of zeros.
func (t *table) next() (c cursor, ok bool) {
	if t.bad {
		return cursor{}, false
	}
	n := int(t.lengths.uvarint())
	c = cursor{rest: t.columns}
	t.columns = t.columns[n:]
	return c, n > 0
}

func (t *table) numbers() (d numbers) {
	if c, ok := t.next(); ok {
		d = readNumbers(&c, t.entries)
		t.bad = t.bad || c.bad
	}
	return d
}

func (t *table) ids() (d ids) {
	if c, ok := t.next(); ok {
		d = readIDs(&c, t.entries)
		t.bad = t.bad || c.bad
	}
	return d
}

func (t *table) texts() (d texts) {
	if c, ok := t.next(); ok {
		d = readTexts(&c, t.entries)
		t.bad = t.bad || c.bad
	}
	return d
}

// strings reads a column that is not numbered.
func (t *table) strings(n int) (d stringList) {
	if c, ok := t.next(); ok {
		d = readStringList(&c, n)
		t.bad = t.bad || c.bad
	}
	return d
}
