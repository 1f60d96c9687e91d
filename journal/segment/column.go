package segment

import (
	"encoding/binary"
	"slices"

	"github.com/google/uuid"
)

// How a column of numbers is stored; the first byte of it.
const (
	numbersConstant = iota // one number, that all are
	numbersOffset          // the smallest, and by how much each is larger
	numbersNumbered        // the different ones, and which each is
	valuesNumbered         // for texts and UUIDs: the different ones, and which each is
	valuesInOrder          // likewise, but all are different: the first is the first, and so on
)

// columns writes columns, with scratch space that it keeps.
type columns struct {
	codes   []uint64
	numbers distinct[uint64]
	ids     distinct[uuid.UUID]
	texts   distinct[string]
}

// appendNumbers writes a column of numbers in the way that takes the fewest bytes.
func (c *columns) appendNumbers(b []byte, values []uint64) []byte {
	low, high := slices.Min(values), slices.Max(values)
	if low == high {
		return binary.AppendUvarint(append(b, numbersConstant), low)
	}
	width := widthOf(high - low)
	if b, ok := c.appendNumbered(b, values, packedSize(len(values), width)); ok {
		return b
	}
	b = append(binary.AppendUvarint(append(b, numbersOffset), low), byte(width))
	c.codes = c.codes[:0]
	for _, v := range values {
		c.codes = append(c.codes, v-low)
	}
	return appendPacked(b, c.codes, width)
}

// appendNumbered writes the column by its different numbers, if there are so few that it takes less than limit bytes.
func (c *columns) appendNumbered(b []byte, values []uint64, limit int) ([]byte, bool) {
	c.codes = c.codes[:0]
	c.numbers.reset(16)
	size := 0
	for _, v := range values {
		n, fresh := c.numbers.number(v, hashNumber(v))
		c.codes = append(c.codes, uint64(n))
		if !fresh {
			continue
		}
		if size += int(widthOf(v)+6) / 7; size >= limit {
			return b, false
		}
	}
	count := len(c.numbers.values)
	width := widthOf(uint64(count - 1))
	if size+packedSize(len(values), width) >= limit {
		return b, false
	}
	b = binary.AppendUvarint(append(b, numbersNumbered), uint64(count))
	for _, v := range c.numbers.values {
		b = binary.AppendUvarint(b, v)
	}
	return appendPacked(b, c.codes, width), true
}

// appendIDs writes a column of UUIDs.
func (c *columns) appendIDs(b []byte, values []uuid.UUID) []byte {
	c.codes = c.codes[:0]
	c.ids.reset(len(values))
	for _, v := range values {
		n, _ := c.ids.number(v, hashUUID(v))
		c.codes = append(c.codes, uint64(n))
	}
	b = c.appendCount(b, len(c.ids.values), len(values))
	for i := range c.ids.values {
		b = append(b, c.ids.values[i][:]...)
	}
	return c.appendCodes(b, len(c.ids.values), len(values))
}

// appendTexts writes a column of texts of which many are the same.
func (c *columns) appendTexts(b []byte, values []string) []byte {
	c.codes = c.codes[:0]
	c.texts.reset(16)
	for _, v := range values {
		n, _ := c.texts.number(v, hashText(v))
		c.codes = append(c.codes, uint64(n))
	}
	b = c.appendCount(b, len(c.texts.values), len(values))
	for _, v := range c.texts.values {
		b = binary.AppendUvarint(b, uint64(len(v)))
	}
	for _, v := range c.texts.values {
		b = append(b, v...)
	}
	return c.appendCodes(b, len(c.texts.values), len(values))
}

func (c *columns) appendCount(b []byte, different, all int) []byte {
	if different == all {
		return append(b, valuesInOrder)
	}
	return binary.AppendUvarint(append(b, valuesNumbered), uint64(different))
}

func (c *columns) appendCodes(b []byte, different, all int) []byte {
	if different == all {
		return b
	}
	return appendPacked(b, c.codes, widthOf(uint64(different-1)))
}
