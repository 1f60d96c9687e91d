package statistics

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Cell is what is counted together: the entries that agree in its dimensions.
type Cell struct {
	Dimensions
	// Count is negative in a cell that takes back what another counted: a flow run that was counted as running.
	Count     int64
	Durations []BinCount
}

// Dimensions are what tells cells apart.
type Dimensions struct {
	// Minute counts from 1970.
	Minute         int64
	Kind           entry.Kind
	Status         entry.Status
	Direction      entry.Direction
	CustomerID     uuid.UUID
	IntegrationID  uuid.UUID
	ConnectedAppID uuid.UUID
	// FlowID is of flow runs.
	FlowID     uuid.UUID
	Call       Call
	StatusCode int
	Error      Error
	// Transfer is of transactions. Of events Operation is the type, and To why they were skipped on purpose.
	Transfer Transfer
}

// Call is what was called.
type Call struct{ Method, Endpoint string }

// Error is what a failure is told apart by.
type Error struct {
	Kind entry.ErrorKind
	Code string
	// Category is what the diagnosis said, in lower case; "" when there was none.
	Category string
}

// Transfer is who sent what to whom.
type Transfer struct{ From, To, Operation string }

// BinCount is how many durations are in a bin of a Sketch.
type BinCount struct {
	Bin   int
	Count int64
}

const minuteMicros = 60_000_000

// CellOf is the cell of one entry.
func CellOf(e *entry.Entry) Cell { return cellOf(e, nil) }

// cellOf is CellOf with a place for the duration.
func cellOf(e *entry.Entry, durations []BinCount) Cell {
	c := Cell{Count: 1, Durations: durations, Dimensions: Dimensions{
		Minute: floorDiv(e.Micros(), minuteMicros), Kind: e.Kind, Status: e.Status, Direction: e.Direction,
		CustomerID: e.CustomerID, IntegrationID: e.IntegrationID, ConnectedAppID: e.ConnectedAppID, StatusCode: e.StatusCode,
	}}
	if e.Kind == entry.KindAPIRequest {
		c.Call = Call{e.Method, e.Endpoint}
	}
	if e.Status == entry.StatusFailure {
		c.Error = Error{e.ErrorKind, e.ErrorCode, e.Category}
	}
	switch {
	case e.Transaction != nil:
		c.Transfer = Transfer{e.Transaction.From, e.Transaction.To, e.EventType}
	case e.EventType != "":
		c.Transfer = Transfer{To: e.SkipCode, Operation: e.EventType}
	}
	if e.DurationMS >= 0 {
		c.Durations = append(c.Durations, BinCount{binOf(e.DurationMS), 1})
	}
	return c
}

// MinuteOf is the minute, from 1970 on, that a time is in.
func MinuteOf(t time.Time) int64 { return floorDiv(t.Unix(), 60) }

// Same tells whether two cells count the same.
func (c *Cell) Same(other *Cell) bool {
	return c.Dimensions == other.Dimensions && c.Count == other.Count && slices.Equal(c.Durations, other.Durations)
}

// TakeBack makes the cell one that takes back what it counted.
func (c *Cell) TakeBack() {
	c.Count = -c.Count
	c.Durations = slices.Clone(c.Durations)
	for i := range c.Durations {
		c.Durations[i].Count = -c.Durations[i].Count
	}
}

// Counts tells whether entries of the kind are counted: lines of a node's log are not.
func Counts(k entry.Kind) bool { return k != entry.KindLogLine }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
