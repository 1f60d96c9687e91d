package model

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
)

// logList is in the cursors of log entries and flow runs, which stand in one list.
const logList = "logs"

// LogCursor is the cursor of a place among log entries.
func LogCursor(p entry.Position) string {
	return page.EncodeCursor(logList, strconv.FormatInt(p.Micros, 10), p.ID.String())
}

// ParseLogCursor reads a cursor of log entries; "" is the start of the list, which is nil.
func ParseLogCursor(cursor string) (*entry.Position, error) {
	return parsePosition(logList, cursor)
}

func parsePosition(list, cursor string) (*entry.Position, error) {
	if cursor == "" {
		return nil, nil // No cursor is the start of the list.
	}
	keys, err := page.DecodeCursor(list, cursor, 2)
	if err != nil {
		return nil, err
	}
	micros, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || micros < 0 {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	id, err := uuid.Parse(keys[1])
	if err != nil {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	return &entry.Position{Micros: micros, ID: id}, nil
}
