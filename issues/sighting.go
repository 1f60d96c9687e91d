package issues

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
)

// Sighting is that a problem was seen in log entries of one connected app.
type Sighting struct {
	Key Key `json:"key"`
	// CustomerID and ConnectedAppID are uuid.Nil where nothing is known of them.
	CustomerID     uuid.UUID `json:"customer_id"`
	ConnectedAppID uuid.UUID `json:"connected_app_id"`
	At             time.Time `json:"at"`
	Evidence       Evidence  `json:"evidence"`
	// Confidence is the diagnosis's, from 0 to 1.
	Confidence float64 `json:"confidence"`
}

// Evidence is a log entry that shows a problem.
type Evidence struct {
	ID   uuid.UUID  `json:"id"`
	Kind entry.Kind `json:"kind"`
	// At is when it happened. Of a Sighting it is that one's; of a Condition's it may be zero where the id says it.
	At time.Time `json:"at,omitzero"`
}

// Condition is something that a detector sees now. It holds until the detector does not see it any more.
type Condition struct {
	Key Key
	// Diagnosis says what is wrong, why, and what to do, with names and numbers filled in.
	Diagnosis diagnostics.Diagnosis
	// Affected is whom it hits; empty for what is of no customer.
	Affected []Affected
	// Severity is what it is at least; reach and duration may raise it.
	Severity Severity
}

// Affected is one connected app, or customer, that a condition hits.
type Affected struct {
	// CustomerID and ConnectedAppID are uuid.Nil where nothing is known of them.
	CustomerID     uuid.UUID
	ConnectedAppID uuid.UUID
	// Since is when it began: the time that a silence is counted from, or a run's start.
	Since time.Time
	// Evidence are entries that show it, at most ten; there may be none, of what did not happen.
	Evidence []Evidence
}
