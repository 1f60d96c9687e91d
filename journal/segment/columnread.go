package segment

import "github.com/google/uuid"

// numbers is a column of numbers, read in place. The zero value is all zeros.
type numbers struct {
	packed
	base   uint64
	values []uint64 // of numbersNumbered
}

func readNumbers(c *cursor, n int) numbers {
	switch c.byte() {
	case numbersConstant:
		return numbers{base: c.uvarint()}
	case numbersOffset:
		base := c.uvarint()
		return numbers{base: base, packed: readPacked(c, n, uint(c.byte()))}
	case numbersNumbered:
		count := c.count(min(n, len(c.rest)))
		values := make([]uint64, count)
		for i := range values {
			values[i] = c.uvarint()
		}
		if count == 0 {
			break
		}
		return numbers{values: values, packed: readPacked(c, n, widthOf(uint64(count-1)))}
	}
	c.fail()
	return numbers{}
}

func (n *numbers) at(i int) uint64 {
	v := n.packed.at(i)
	if n.values == nil {
		return n.base + v
	}
	if v >= uint64(len(n.values)) {
		return 0
	}
	return n.values[v]
}

// codes say which of a column's different values each one is.
type codes struct {
	packed
	inOrder bool
}

func (c *codes) at(i int) int {
	if c.inOrder {
		return i
	}
	return int(c.packed.at(i))
}

// readCount reads how many different values there are of n; in order when all are.
func readCount(c *cursor, n int) (count int, inOrder bool) {
	switch c.byte() {
	case valuesInOrder:
		return n, true
	case valuesNumbered:
		if count = c.count(n); count > 0 {
			return count, false
		}
	}
	c.fail()
	return 0, false
}

func readCodes(c *cursor, n, count int, inOrder bool) codes {
	if inOrder || c.bad {
		return codes{inOrder: inOrder}
	}
	return codes{packed: readPacked(c, n, widthOf(uint64(count-1)))}
}

// ids is a column of UUIDs, read in place. The zero value is all uuid.Nil.
type ids struct {
	codes
	raw []byte
}

func readIDs(c *cursor, n int) ids {
	count, inOrder := readCount(c, n)
	raw := c.take(count * len(uuid.Nil))
	return ids{raw: raw, codes: readCodes(c, n, count, inOrder)}
}

// different is how many different UUIDs there are, value is one of them.
func (d *ids) different() int             { return len(d.raw) / len(uuid.Nil) }
func (d *ids) value(n int) (id uuid.UUID) { copy(id[:], d.raw[n*len(id):]); return id }

func (d *ids) at(i int) uuid.UUID {
	if n := d.codes.at(i); n < d.different() {
		return d.value(n)
	}
	return uuid.Nil
}

// texts is a column of texts of which many are the same. The zero value is all "".
type texts struct {
	codes
	values []string
}

func readTexts(c *cursor, n int) texts {
	count, inOrder := readCount(c, n)
	values := readStrings(c, count)
	return texts{values: values, codes: readCodes(c, n, count, inOrder)}
}

func (d *texts) at(i int) string {
	if n := d.codes.at(i); n < len(d.values) {
		return d.values[n]
	}
	return ""
}

// stringList is a column of texts that are mostly different, read in place. The zero value is all "".
type stringList struct {
	ends []uint32
	raw  []byte
}

// readStringList reads n lengths and then the strings themselves, which share the cursor's bytes.
func readStringList(c *cursor, n int) (l stringList) {
	if n > len(c.rest) { // each has at least its length's byte
		c.fail()
		return l
	}
	lengths := cursor{rest: c.rest}
	ends, total := make([]uint32, n), 0
	for i := range ends {
		if b := lengths.rest; len(b) > 0 && b[0] < 0x80 { // as most are
			total += int(b[0])
			lengths.rest = b[1:]
		} else {
			total += lengths.count(len(c.rest))
		}
		if total > maxFrame {
			lengths.fail()
		}
		ends[i] = uint32(total) //nolint:gosec // At most maxFrame, or bad.
	}
	if lengths.bad || total > len(lengths.rest) {
		c.fail()
		return l
	}
	c.take(len(c.rest) - len(lengths.rest))
	return stringList{ends: ends, raw: c.take(total)}
}

func (l *stringList) len() int { return len(l.ends) }

func (l *stringList) at(i int) string {
	if l.ends == nil {
		return ""
	}
	from := uint32(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return text(l.raw[from:l.ends[i]])
}

// readStrings is readStringList for what is read whole.
func readStrings(c *cursor, n int) []string {
	list := readStringList(c, n)
	if c.bad {
		return nil
	}
	values := make([]string, n)
	for i := range values {
		values[i] = list.at(i)
	}
	return values
}
