package segment

import (
	"encoding/binary"
	"errors"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// MaxEntries is how many entries one segment holds at most.
const MaxEntries = 1024

// Format is the version that Encode writes. Every version that was ever written stays readable: 2 added the columns of
// diagnosis to the head, and 3 the form that a packed frame begins with.
const Format int16 = 3

// ErrDamaged says that bytes are no segment, or are not as they were written. Segments of a format that this release
// does not know are damaged to it too.
var ErrDamaged = errors.New("segment is damaged")

// Encoded is a segment as it is stored: what SQL skips segments by, and four columns of bytes. Each column says its
// version and carries its own CRC-32C, so that one can be read and trusted without the others.
type Encoded struct {
	// FirstMicros and LastMicros are the times of the first and the last entry, in microseconds since 1970.
	FirstMicros, LastMicros int64
	FirstID, LastID         uuid.UUID
	// Entries counts all entries, Failures those of StatusFailure.
	Entries, Failures int
	// Kinds and Statuses are the KindBits and StatusBits of what is inside, Customers and Integrations the HashBits,
	// that of uuid.Nil for entries without one included.
	Kinds, Statuses         uint32
	Customers, Integrations uint64
	// Format is the version, and Checksum ties the four columns together: see Verify.
	Format   int16
	Checksum int64
	// Head is filterable columns, List what lists show besides, Tokens the Bloom filter of words, Body the details.
	Head, List, Tokens, Body []byte
}

// Size is how many bytes the four columns have.
func (e *Encoded) Size() int { return len(e.Head) + len(e.List) + len(e.Tokens) + len(e.Body) }

// KindBit is the kind's bit in Encoded.Kinds.
func KindBit(k entry.Kind) uint32 { return 1 << (k & 31) }

// StatusBit is the status's bit in Encoded.Statuses.
func StatusBit(s entry.Status) uint32 { return 1 << (s & 31) }

// HashBit is an id's bit in Encoded.Customers and Encoded.Integrations: one of 64, so a set bit means maybe. It is
// stored, so it never changes.
func HashBit(id uuid.UUID) uint64 {
	h := binary.BigEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 ^ binary.BigEndian.Uint64(id[8:])
	return 1 << (h * 0xd6e8feb86659fd93 >> 58)
}
