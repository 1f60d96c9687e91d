package segment

import (
	"github.com/google/uuid"
)

// Verify tells by the checksum whether the four columns are as they were written, and belong together. Errors are
// ErrDamaged.
func (e *Encoded) Verify() error { return ErrDamaged }

// Drop packs a segment again without the entries that drop names. Only Format, Checksum and the four columns of enc
// are read. When all are dropped the result has no Entries and no columns; when none is, it is enc. Errors are
// ErrDamaged.
func Drop(enc Encoded, drop func(i int, id uuid.UUID) bool) (Encoded, error) {
	return Encoded{}, ErrDamaged
}

// Merge packs the entries of several segments of one tenant and UTC day into segments of up to size entries (at most
// MaxEntries), sorted by id. Only Format, Checksum and the four columns of each are read. All entries are in memory at
// once, unpacked. Errors are ErrDamaged, and say at which segment.
func Merge(in []Encoded, size int) ([]Encoded, error) { return nil, ErrDamaged }
