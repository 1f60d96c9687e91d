package model

import (
	"cmp"
	"context"
	"time"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/journal/entry"
)

// ExternalEvent is something that happened in an external application.
type ExternalEvent struct{ Entry }

// InternalEvent is something that happened in the tenant's own product.
type InternalEvent struct{ Entry }

// Skip is why an event launched nothing on purpose.
type Skip struct {
	Code    string
	Message *string
}

// EventType is what happened.
func (e Entry) EventType() string { return e.of.EventType }

// Payload is nil for whoever may not see it.
func (e Entry) Payload(ctx context.Context) (*Body, error) { return e.requestBody(ctx) }

// RecordID is what it happened to.
func (e ExternalEvent) RecordID() *string { return optional(e.of.RecordID) }

// Source is the webhook or pull that brought the event.
func (e ExternalEvent) Source(ctx context.Context) (LogEntry, error) {
	return loadNamed(ctx, load.From(ctx).Sources, e.of.SourceID, e.of.OccurredAt())
}

// Via is how the event came.
func (e InternalEvent) Via() entry.Via { return cmp.Or(e.of.Via, entry.ViaAPI) }

// LaunchedRuns are those that name the event as their trigger.
func (e Entry) LaunchedRuns(ctx context.Context) ([]*FlowRun, error) {
	found, err := load.Many(ctx, load.From(ctx).RunsByTrigger, e.of.ExternalID)
	if err != nil {
		return nil, err
	}
	runs := make([]*FlowRun, len(found))
	for i, r := range found {
		runs[i] = NewFlowRun(r)
	}
	return runs, nil
}

// Skip is why the event launched nothing on purpose.
func (e Entry) Skip() *Skip {
	if e.of.SkipCode == "" {
		return nil
	}
	return &Skip{Code: e.of.SkipCode, Message: optional(e.of.SkipMessage)}
}

// loadNamed gives the entry that its sender names so and that lies around a time; nil when there is none.
func loadNamed(ctx context.Context, loader *load.Loader[load.Name, *entry.Entry], externalID string, near time.Time) (LogEntry, error) {
	found, err := load.Optional(ctx, loader, load.NameOf(externalID, near))
	if err != nil || found == nil {
		return nil, err
	}
	return NewLogEntry(found), nil
}
