package directory

import (
	"cmp"
	"slices"
	"time"
)

// Cursor is what a pull showed of its data source's cursor.
type Cursor uint8

// What pulls show. One that failed, or does not tell its cursor, shows nothing.
const (
	CursorUnknown Cursor = iota
	// CursorFine is of a pull whose cursor moved, or that saw no records.
	CursorFine
	// CursorStill is of a pull that saw records, and left the cursor where it was.
	CursorStill
)

// pulled is what a pull showed, and when, in microseconds since 1970.
type pulled struct {
	at     int64
	cursor Cursor
}

// standstill is what some pulls say of a cursor together.
type standstill struct {
	// ended says that what was counted before is over.
	ended bool
	pulls int
	since *time.Time
}

// standstillOf adds up pulls, in the order in which they were made; it is nil when they show nothing.
func standstillOf(pulls []pulled) (s *standstill) {
	slices.SortStableFunc(pulls, func(a, b pulled) int { return cmp.Compare(a.at, b.at) })
	for _, p := range pulls {
		if s == nil {
			s = &standstill{}
		}
		if p.cursor == CursorFine {
			*s = standstill{ended: true}
			continue
		}
		if s.pulls++; s.since == nil {
			s.since = fromMicros(p.at)
		}
	}
	return s
}
