package segment

import "github.com/weirhq/weir/journal/entry"

// Encoder packs entries into segments. It keeps its buffers from one segment to the next, about 2 MiB; it is not for
// concurrent use.
type Encoder struct{}

// NewEncoder makes an Encoder. Keep it: making one costs more than encoding a small segment.
func NewEncoder() *Encoder { return &Encoder{} }

// Encode packs 1 to MaxEntries entries, of one tenant and one UTC day and sorted by ID, into a segment. The result owns
// its bytes. A nil Detail is stored like an empty one. It fails only when entries are none, too many, or not sorted.
func (e *Encoder) Encode(entries []*entry.Entry) (Encoded, error) {
	return Encoded{}, ErrDamaged
}
