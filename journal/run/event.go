package run

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// FlowRunEvent is one message about a flow run: what it says is set, all else is nil or the zero value.
type FlowRunEvent struct {
	// ID is derived from ExternalID, or new when the sender gave none.
	ID         uuid.UUID
	ExternalID string
	// At is when the state held; it orders the messages.
	At         time.Time
	RecordedAt time.Time

	FlowID         uuid.UUID
	CustomerID     uuid.UUID
	IntegrationID  uuid.UUID
	ConnectedAppID uuid.UUID

	Status       Status
	Trigger      Trigger
	TriggerEvent string
	StartedAt    *time.Time
	FinishedAt   *time.Time
	Input        json.RawMessage
	Output       json.RawMessage
	Error        *Error
	TraceID      string
	Identifiers  []entry.Identifier
	Metadata     json.RawMessage
}

// NodeRunEvent is one message about a node run: what it says is set, all else is nil or the zero value.
type NodeRunEvent struct {
	ID         uuid.UUID
	ExternalID string
	FlowRunID  uuid.UUID
	// FlowRunExternalID is the sender's id of the run, for the run that is not there yet.
	FlowRunExternalID string
	At                time.Time
	RecordedAt        time.Time

	NodeKey    string
	Name       string
	Type       string
	Status     Status
	Parents    []string // nil when the message says nothing of them
	Attempt    *int
	Iteration  *int
	StartedAt  *time.Time
	FinishedAt *time.Time
	Input      json.RawMessage
	Output     json.RawMessage
	Error      *Error
	Lines      []Line // nil when the message says nothing of them
}
