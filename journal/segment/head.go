package segment

import (
	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Head is the filterable columns of a segment. Columns are unpacked when they are first asked for; so it is not for
// concurrent use.
type Head struct{}

// OpenHead reads a head. The Head keeps b, which must not change. Errors are ErrDamaged.
func OpenHead(b []byte) (*Head, error) { return nil, ErrDamaged }

// Len is how many entries the segment has.
func (h *Head) Len() int { return 0 }

// ID is the id of the entry at a position, from 0 to Len()-1. Ids ascend.
func (h *Head) ID(i int) uuid.UUID { return uuid.Nil }

// Micros is when the entry at a position happened, in microseconds since 1970.
func (h *Head) Micros(i int) int64 { return 0 }

// Status is the status of the entry at a position.
func (h *Head) Status(i int) entry.Status { return 0 }

// Find is the position of the entry with the id.
func (h *Head) Find(id uuid.UUID) (i int, ok bool) { return 0, false }

// Row fills in the head of the entry at a position. Its strings share the bytes that OpenHead was given: clone what is
// to outlive the request.
func (h *Head) Row(i int, to *entry.Head) {}

// Match appends to out the positions, ascending, of the entries whose heads match. When m.NeedsList these are
// candidates, which m.MatchList decides.
func (h *Head) Match(m *Matcher, out []int) []int { return out }
