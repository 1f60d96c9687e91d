package model

import (
	"strconv"
	"strings"

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

// Place is where somebody stands who reads the log entries.
type Place struct {
	// Position is where the last entry that was read stands in the list.
	entry.Position
	// Commit is the last commit that is in the page that the entry was listed on, if Listed is set, and that with which the
	// entry was added, if Followed is. Of cursors that say neither it is 0.
	Commit           int64
	Listed, Followed bool
	// Within is how much of the commit was read: up to the entry of this id.
	Within uuid.UUID
}

// What stands before the commit in a cursor.
const (
	listedMark   = "l"
	followedMark = "f"
)

// ListedCursor is a cursor of LogCursor that also says which commits are in the list.
func ListedCursor(cursor string, commit int64) string {
	at, err := parsePosition(logList, cursor)
	if err != nil || at == nil {
		return cursor
	}
	return BehindCursor(*at, commit, uuid.Max)
}

// BehindCursor is the cursor of somebody who has read up to a position of a list, and of what was added to that part of it
// later, up to an entry of a commit.
func BehindCursor(p entry.Position, commit int64, within uuid.UUID) string {
	return placeCursor(p, listedMark, commit, within)
}

// FollowedCursor is the cursor of an entry that was told of when the commit had added it.
func FollowedCursor(p entry.Position, commit int64) string {
	return placeCursor(p, followedMark, commit, p.ID)
}

func placeCursor(p entry.Position, mark string, commit int64, within uuid.UUID) string {
	return page.EncodeCursor(logList, strconv.FormatInt(p.Micros, 10), p.ID.String(), mark+strconv.FormatInt(commit, 10), within.String())
}

// ParsePlace reads any cursor of log entries; "" is none, which is nil.
func ParsePlace(cursor string) (*Place, error) {
	keys, err := page.DecodeCursor(logList, cursor, 4)
	if err != nil {
		at, err := parsePosition(logList, cursor)
		if err != nil || at == nil {
			return nil, err
		}
		return &Place{Position: *at}, nil
	}
	at, err := positionOf(keys)
	if err != nil {
		return nil, err
	}
	p := &Place{Position: *at, Listed: strings.HasPrefix(keys[2], listedMark), Followed: strings.HasPrefix(keys[2], followedMark)}
	if p.Listed || p.Followed {
		p.Commit, err = strconv.ParseInt(keys[2][1:], 10, 64)
		within, wrong := uuid.Parse(keys[3])
		if p.Within = within; err == nil && wrong == nil && p.Commit >= 0 {
			return p, nil
		}
	}
	return nil, errNoCursor()
}

// ParseLogCursor reads the position in a cursor of log entries; "" is the start of the list, which is nil.
func ParseLogCursor(cursor string) (*entry.Position, error) {
	p, err := ParsePlace(cursor)
	if err != nil || p == nil {
		return nil, err
	}
	return &p.Position, nil
}

func errNoCursor() error { return errs.Invalid("after", "this is no cursor of this list") }

func parsePosition(list, cursor string) (*entry.Position, error) {
	if cursor == "" {
		return nil, nil // No cursor is the start of the list.
	}
	keys, err := page.DecodeCursor(list, cursor, 2)
	if err != nil {
		return nil, err
	}
	return positionOf(keys)
}

func positionOf(keys []string) (*entry.Position, error) {
	micros, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || micros < 0 {
		return nil, errNoCursor()
	}
	id, err := uuid.Parse(keys[1])
	if err != nil {
		return nil, errNoCursor()
	}
	return &entry.Position{Micros: micros, ID: id}, nil
}
