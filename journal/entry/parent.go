package entry

import (
	"slices"

	"github.com/google/uuid"
)

// ParentKind is what a page of entries or flow runs may stand below.
type ParentKind uint8

// The kinds of parents. Entries know no flow: only runs stand below one.
const (
	ParentCustomer ParentKind = iota + 1
	ParentIntegration
	ParentConnectedApp
	ParentFlow
)

// Parent is one of the things below each of which there is a page.
type Parent struct {
	ID uuid.UUID
	// CustomerID and IntegrationID are a connected app's, or Nil. All that stands below the app has the same ones, so that
	// they change nothing but how quickly it is found.
	CustomerID    uuid.UUID
	IntegrationID uuid.UUID
}

// Allows tells whether a list of ids, of which any may match when it is empty, allows an id.
func Allows(ids []uuid.UUID, id uuid.UUID) bool { return len(ids) == 0 || slices.Contains(ids, id) }
