package segment

import (
	"fmt"

	"github.com/weirhq/weir/journal/entry"
)

// Rewrite packs a segment again of the entries that keep leaves, as it leaves them: it may change all of an entry but its
// ID. Only Checksum and the four columns of enc are read. When none is left the result has no Entries and no columns.
// Errors are ErrDamaged.
func Rewrite(enc Encoded, keep func(e *entry.Entry) bool) (Encoded, error) {
	entries, err := enc.Unpack()
	if err != nil {
		return Encoded{}, fmt.Errorf("rewrite a segment: %w", err)
	}
	kept := entries[:0]
	for _, e := range entries {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		return Encoded{}, nil
	}
	return encode(kept)
}
