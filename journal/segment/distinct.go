package segment

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/google/uuid"
)

// distinct numbers the different values that it is given, from 0 in the order of their first appearance.
type distinct[T comparable] struct {
	values []T
	hashes []uint32
	slots  []uint32 // number+1 of a value, at its hash or behind it; 0 is free
}

// reset forgets all values; about n are to come.
func (d *distinct[T]) reset(n int) {
	clear(d.values)
	d.values, d.hashes = d.values[:0], d.hashes[:0]
	size := 16
	for size < 2*n {
		size *= 2
	}
	d.resize(size)
}

func (d *distinct[T]) resize(size int) {
	if cap(d.slots) < size {
		d.slots = make([]uint32, size)
	}
	d.slots = d.slots[:size]
	clear(d.slots)
}

// number is the value's number, and whether the value is new.
func (d *distinct[T]) number(v T, hash uint32) (n int, fresh bool) {
	mask := uint32(len(d.slots) - 1)
	at := hash & mask
	for {
		slot := d.slots[at]
		if slot == 0 {
			break
		}
		if d.hashes[slot-1] == hash && d.values[slot-1] == v {
			return int(slot - 1), false
		}
		at = (at + 1) & mask
	}
	d.values, d.hashes = append(d.values, v), append(d.hashes, hash)
	d.slots[at] = uint32(len(d.values))
	if 2*len(d.values) > len(d.slots) {
		d.grow()
	}
	return len(d.values) - 1, true
}

func (d *distinct[T]) grow() {
	d.resize(2 * len(d.slots))
	mask := uint32(len(d.slots) - 1)
	for i, hash := range d.hashes {
		at := hash & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = uint32(i + 1)
	}
}

// The hashes live in memory only: they need not be the same in another process.
var seed = maphash.MakeSeed()

func hashText(s string) uint32 { return uint32(maphash.String(seed, s)) }

func hashNumber(v uint64) uint32 { return uint32(v * 0x9e3779b97f4a7c15 >> 32) }

func hashUUID(id uuid.UUID) uint32 {
	return hashNumber(binary.LittleEndian.Uint64(id[:8])*0xd6e8feb86659fd93 ^ binary.LittleEndian.Uint64(id[8:]))
}
