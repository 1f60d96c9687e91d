package segment

import "github.com/weirhq/weir/journal/entry"

// List is what lists show of a segment besides the head. It is not for concurrent use.
type List struct{}

// OpenList reads a list. Errors are ErrDamaged.
func OpenList(b []byte) (*List, error) { return nil, ErrDamaged }

// Len is how many entries the segment has.
func (l *List) Len() int { return 0 }

// Row fills in the list fields of the entry at a position. Its strings share the unpacked list: clone what is to
// outlive the request. Errors are ErrDamaged.
func (l *List) Row(i int, to *entry.List) error { return ErrDamaged }
