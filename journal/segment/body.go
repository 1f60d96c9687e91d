package segment

import "github.com/weirhq/weir/journal/entry"

// Body is the details of a segment. It keeps the frame that was read last, so reading by ascending position unpacks
// each frame once. It is not for concurrent use.
type Body struct{}

// OpenBody reads a body's table of frames, and unpacks none. The Body keeps b, which must not change. Errors are
// ErrDamaged.
func OpenBody(b []byte) (*Body, error) { return nil, ErrDamaged }

// Len is how many entries the segment has.
func (b *Body) Len() int { return 0 }

// Detail is the detail of the entry at a position, never nil. It unpacks only the frame that holds it. Its strings
// share the unpacked frame: clone what is to outlive the request. Errors are ErrDamaged.
func (b *Body) Detail(i int) (*entry.Detail, error) { return nil, ErrDamaged }

// Read is Detail into a Detail whose slices are used again: for scans, which look at one entry at a time.
func (b *Body) Read(i int, to *entry.Detail) error { return ErrDamaged }
