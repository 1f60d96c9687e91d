package statistics

import (
	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Traffic is the cells of a row as far as they say how often something was called, by whom, and how it went: without
// durations, status codes, errors, flows and transfers, which are left packed. Whoever wants no more reads in a third of
// the time. What cells name has numbers: those of customers, integrations and calls count from 1, and 0 is none.
type Traffic struct{ cells *Cells }

// OpenTraffic unpacks of a row what Traffic says. Errors: ErrDamaged.
func OpenTraffic(packed []byte) (*Traffic, error) {
	c, err := open(packed, true)
	if err != nil {
		return nil, err
	}
	return &Traffic{c}, nil
}

// Len is how many cells there are.
func (t *Traffic) Len() int { return len(t.cells.minutes) }

// Minute counts from 1970.
func (t *Traffic) Minute(i int) int64 { return t.cells.minutes[i] }

// Kind is the kind of the entries of a cell.
func (t *Traffic) Kind(i int) entry.Kind { return t.cells.kind(i) }

// Status is their status.
func (t *Traffic) Status(i int) entry.Status { return t.cells.status(i) }

// Count is how many they are; below 0 where a cell takes back what another counted.
func (t *Traffic) Count(i int) int64 { return t.cells.counts[i] }

// Customer is the number of the customer of a cell.
func (t *Traffic) Customer(i int) uint32 { return t.cells.customer[i] }

// Integration is the number of the integration of a cell.
func (t *Traffic) Integration(i int) uint32 { return t.cells.integration[i] }

// Call is the number of what was called.
func (t *Traffic) Call(i int) uint32 { return t.cells.call[i] }

// The numbers of connected apps: none, the one that follows from customer and integration, or, from ListedApp on, one of
// Apps.
const (
	NoApp      = 0
	ImpliedApp = impliedApp
	ListedApp  = impliedApp + 1
)

// App is the number of the connected app of a cell.
func (t *Traffic) App(i int) uint32 { return t.cells.app[i] }

// Customers are the customers by number: the first has number 1.
func (t *Traffic) Customers() []uuid.UUID { return t.cells.customers }

// Integrations are the integrations by number: the first has number 1.
func (t *Traffic) Integrations() []uuid.UUID { return t.cells.integrations }

// Apps are the connected apps by number: the first has number ListedApp.
func (t *Traffic) Apps() []uuid.UUID { return t.cells.apps }

// Calls are what was called by number: the first has number 1.
func (t *Traffic) Calls() []Call { return t.cells.calls }
