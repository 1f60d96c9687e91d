package run

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// FlowRun is one execution of a flow.
type FlowRun struct {
	ID uuid.UUID
	// ExternalID is the sender's id of the run, or "".
	ExternalID string
	// At is where the run stands among the log entries: when it started, or where it was first heard of.
	At         time.Time
	RecordedAt time.Time
	// CommitNo is the commit that changed the run last. A change of a node run of it may be later: see LastChanges.
	CommitNo int64
	// AddedNo and EndedNo are the commits with which it was first shown, and with which it ended; 0 when it has not, or
	// when that was before commits were noted.
	AddedNo int64
	EndedNo int64

	FlowID         uuid.UUID
	CustomerID     uuid.UUID
	IntegrationID  uuid.UUID
	ConnectedAppID uuid.UUID

	Status  Status
	Trigger Trigger
	// TriggerEvent is the sender's id of the event that launched the run, or "".
	TriggerEvent string
	StartedAt    *time.Time
	FinishedAt   *time.Time
	// Error is nil unless the run said that it has one.
	Error       *Error
	TraceID     string
	Identifiers []entry.Identifier

	// tokens is the filter of its words, where a search asked for it.
	tokens []byte
}

// LogStatus is the status of the run as a log entry.
func (r *FlowRun) LogStatus() entry.Status { return r.Status.LogStatus() }

// Position is where the run stands among the log entries.
func (r *FlowRun) Position() entry.Position {
	return entry.Position{Micros: r.At.UnixMicro(), ID: r.ID}
}

// Error is why a run or a node failed.
type Error struct {
	Code    string
	Message string
}

// NodeRun is one execution of one node of a run: one attempt of one iteration.
type NodeRun struct {
	ID         uuid.UUID
	FlowRunID  uuid.UUID
	ExternalID string
	NodeKey    string
	// Name is the node's name, or its key when it said none.
	Name   string
	Type   string
	Status Status
	// Attempt counts from 1, Iteration from 0.
	Attempt   int
	Iteration int
	// Parents are the keys of the nodes that led here. They may name nodes that were never heard of.
	Parents    []string
	StartedAt  *time.Time
	FinishedAt *time.Time
	FirstAt    time.Time
	Error      *Error
}

// Payload is what a run or a node took in, gave out and logged.
type Payload struct {
	// Input and Output are JSON values, or nil.
	Input  json.RawMessage `json:"input,omitempty"`
	Output json.RawMessage `json:"output,omitempty"`
	// Metadata is a JSON object, or nil; only runs have it.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// Lines are what a node logged with its own message; only node runs have them.
	Lines []Line `json:"lines,omitempty"`
}

// Line is one line that a node logged.
type Line struct {
	At      time.Time       `json:"at"`
	Level   entry.Level     `json:"level"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// FlowRunID is the id of the run that the sender names so: the same for every process, without a look-up.
func FlowRunID(tenantID uuid.UUID, external string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.FlowRun, external)
}

// NodeRunID is the id of the node run that the sender names so.
func NodeRunID(tenantID uuid.UUID, external string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.NodeRun, external)
}
