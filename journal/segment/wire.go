package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unsafe"
)

// Each of the four columns is its version, its content, and the CRC-32C of both.
const (
	version      = byte(Format)
	envelopeSize = 1 + crc32.Size
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// known tells whether columns of the version can be read.
func known(v byte) bool { return 0 < v && v <= version }

// begin starts a column behind what is in the buffer.
func begin(b []byte) []byte { return append(b, version) }

// seal ends the column that began at from.
func seal(b []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// unseal gives a column's content once its version and its sum are known to be right.
func unseal(what string, b []byte) (cursor, error) {
	if len(b) < envelopeSize {
		return cursor{}, damaged(what, "is cut off")
	}
	content, sum := b[:len(b)-crc32.Size], binary.LittleEndian.Uint32(b[len(b)-crc32.Size:])
	if crc32.Checksum(content, castagnoli) != sum {
		return cursor{}, damaged(what, "has another checksum")
	}
	if !known(content[0]) {
		return cursor{}, damaged(what, fmt.Sprintf("has the unknown version %d", content[0]))
	}
	return cursor{rest: content[1:], version: content[0]}, nil
}

func damaged(what, how string) error { return fmt.Errorf("%w: its %s %s", ErrDamaged, what, how) }

// cursor reads a column's content from front to back. After the first read that goes wrong all others give zeros, and
// bad says so: so callers check once, before they use what they read.
type cursor struct {
	rest []byte
	bad  bool
	// version is that of the column, where the cursor is at its beginning.
	version byte
}

func (c *cursor) fail() {
	c.rest, c.bad = nil, true
}

func (c *cursor) byte() byte {
	if len(c.rest) == 0 {
		c.fail()
		return 0
	}
	v := c.rest[0]
	c.rest = c.rest[1:]
	return v
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// count reads a number that may be at most limit.
func (c *cursor) count(limit int) int {
	v := c.uvarint()
	if limit < 0 || v > uint64(limit) {
		c.fail()
		return 0
	}
	return int(v)
}

// take reads n bytes; a negative n is wrong.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.rest) {
		c.fail()
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// zigzag makes numbers near zero small, whatever their sign.
func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// text is bytes that never change, as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is the bytes of a string, to be read only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
