// Package page has the shapes of keyset pagination: what is asked for, what is answered, and the opaque cursor.
package page

import (
	"encoding/base64"
	"strings"

	"github.com/weirhq/weir/internal/errs"
)

// Page is a part of a list: its items, and whether there is more behind it.
type Page[T any] struct {
	Items   []T
	HasNext bool
	// HasPrevious says that the page began after a cursor.
	HasPrevious bool
	// Total counts the whole list where that is cheap; it is -1 where it was not asked for.
	Total int
}

// Request asks for the next Size items after a cursor; After is "" for the first page.
type Request struct {
	Size  int
	After string
}

// version stands in front of every cursor, so that a cursor of another release is refused rather than misread.
const version = "1"

// EncodeCursor makes an opaque cursor of a list's name and the keys of an item.
func EncodeCursor(list string, keys ...string) string {
	parts := append([]string{version, list}, keys...)
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// DecodeCursor gives back the n keys of a cursor of the list. Anything else is BadInput.
func DecodeCursor(list, cursor string, n int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != n+2 || parts[0] != version || parts[1] != list {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	return parts[2:], nil
}
