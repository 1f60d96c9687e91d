package entry

import (
	"time"

	"github.com/google/uuid"
)

// Filter asks for entries: all that is set must hold, and a list means any of. Nil and empty lists are not set.
type Filter struct {
	Kinds           []Kind
	CustomerIDs     []uuid.UUID
	IntegrationIDs  []uuid.UUID
	ConnectedAppIDs []uuid.UUID
	Statuses        []Status
	StatusCode      IntRange
	Methods         []string
	// EndpointPrefix is a prefix of the endpoint or of the URL's path.
	EndpointPrefix string
	Direction      Direction
	ErrorCodes     []string
	ErrorKinds     []ErrorKind
	DurationMS     FloatRange
	Range          Range
	// Search is words that must all occur in the URL, error, message, headers or bodies; "quoted words" together.
	Search     string
	Identifier *IdentifierFilter
	FlowRunID  uuid.UUID
	NodeRunID  uuid.UUID
	TraceID    string
	EventTypes []string
	// Categories are of diagnoses, in lower case.
	Categories []string
	// IssueIDs asks for the sightings of problems.
	IssueIDs []uuid.UUID
	// MinLevel is of log lines.
	MinLevel Level
}

// Range is a span of time: From is inside, To is not. The zero time means no bound.
type Range struct {
	From time.Time
	To   time.Time
}

// IntRange is what an integer must be; nil bounds do not count.
type IntRange struct {
	Equal *int
	Min   *int
	Max   *int
	In    []int
}

// FloatRange is what a number must be; nil bounds do not count.
type FloatRange struct {
	Min *float64
	Max *float64
}

// IdentifierFilter asks for an identifier's value, of any key when Key is empty.
type IdentifierFilter struct {
	Key   string
	Value string
}

// Order is the order of entries by time.
type Order uint8

// The orders.
const (
	NewestFirst Order = iota
	OldestFirst
)

// Position is a place among the entries of a tenant: after the entry (or flow run) of this time and id.
type Position struct {
	Micros int64
	ID     uuid.UUID
}
