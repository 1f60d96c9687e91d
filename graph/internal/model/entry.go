package model

import (
	"context"
	"encoding/json"
	"time"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// LogEntry is one recorded fact of any kind: one of *APIRequest, *ExternalWebhook, *ExternalEventPull, *ExternalEvent,
// *InternalEvent, *Transaction, *FlowRun.
type LogEntry interface {
	Node
	Listed
	logEntry()
}

// LogError is what went wrong.
type LogError struct {
	Code    *string
	Message string
	Kind    entry.ErrorKind
}

// NewLogEntry gives an entry the shape of its kind. There is none for lines that nodes logged: they are no entries.
func NewLogEntry(e *entry.Entry) LogEntry {
	base := Entry{e}
	switch e.Kind {
	case entry.KindAPIRequest:
		return &APIRequest{base}
	case entry.KindExternalWebhook:
		return &ExternalWebhook{base}
	case entry.KindExternalEventPull:
		return &ExternalEventPull{base}
	case entry.KindExternalEvent:
		return &ExternalEvent{base}
	case entry.KindInternalEvent:
		return &InternalEvent{base}
	case entry.KindTransaction:
		return &Transaction{base}
	}
	return nil
}

// LogEntries gives a page of entries and runs the shape of the API.
func LogEntries(p journal.ItemPage) *LogEntryConnection {
	return NewConnection(mapped(p.Page, NewItem), resume(p.Resume))
}

// NewItem gives an entry or a run the shape of the API.
func NewItem(i journal.Item) LogEntry {
	if i.Run != nil {
		return NewFlowRun(i.Run)
	}
	return NewLogEntry(i.Entry)
}

// Entries gives a page of entries the shape of the API.
func Entries(p journal.Page) *LogEntryConnection {
	return NewConnection(mapped(p.Page, NewLogEntry), resume(p.Resume))
}

// FlowRuns gives a page of runs the shape of the API.
func FlowRuns(p page.Page[*run.FlowRun]) *FlowRunConnection {
	return NewConnection(mapped(p, NewFlowRun), "")
}

// resume is the cursor of the place where a list goes on.
func resume(at *entry.Position) string {
	if at == nil {
		return ""
	}
	return LogCursor(*at)
}

// Entry is what the entries of all kinds but flow runs share.
type Entry struct{ of *entry.Entry }

func (Entry) node()     {}
func (Entry) logEntry() {}

// Cursor is the entry's place among the tenant's log entries.
func (e Entry) Cursor() string { return LogCursor(entry.Position{Micros: e.of.Micros(), ID: e.of.ID}) }

// ID is the entry's id; its prefix says the kind.
func (e Entry) ID() string { return nodeid.Format(e.of.Kind.NodeKind(), e.of.ID) }

// Kind is what the entry records.
func (e Entry) Kind() entry.Kind { return e.of.Kind }

// ExternalID is the sender's id of it.
func (e Entry) ExternalID() *string { return optional(e.of.ExternalID) }

// OccurredAt is when it happened.
func (e Entry) OccurredAt() time.Time { return e.of.OccurredAt() }

// RecordedAt is when it arrived.
func (e Entry) RecordedAt() time.Time { return time.UnixMicro(e.of.RecordedAt) }

// Status is how it ended.
func (e Entry) Status() entry.Status { return e.of.Status }

// Summary is one line to show in lists.
func (e Entry) Summary() string { return summary(e.of) }

// Identifiers are business ids that it can be found by.
func (e Entry) Identifiers() []entry.Identifier { return e.of.Identifiers }

// TraceID is a W3C trace id.
func (e Entry) TraceID() *string { return optional(e.of.TraceID) }

// Error is what went wrong.
func (e Entry) Error() *LogError {
	if e.of.ErrorKind == entry.ErrorNone {
		return nil
	}
	return &LogError{Code: optional(e.of.ErrorCode), Message: e.of.Message, Kind: e.of.ErrorKind}
}

// Customer is whose entry it is.
func (e Entry) Customer(ctx context.Context) (*Customer, error) {
	return loadCustomer(ctx, e.of.CustomerID)
}

// Integration is what it is of.
func (e Entry) Integration(ctx context.Context) (*Integration, error) {
	return loadIntegration(ctx, e.of.IntegrationID)
}

// ConnectedApp is the customer's link to the integration.
func (e Entry) ConnectedApp(ctx context.Context) (*ConnectedApp, error) {
	return loadConnectedApp(ctx, e.of.ConnectedAppID)
}

// Issue is what it is a part of.
func (e Entry) Issue(ctx context.Context) (*Issue, error) { return loadIssueOf(ctx, e.of.IssueID) }

// Metadata is what the sender added; nil for customers.
func (e Entry) Metadata(ctx context.Context) (json.RawMessage, error) {
	if load.ForCustomer(ctx) {
		return nil, nil
	}
	detail, err := e.detail(ctx)
	if err != nil || detail == nil {
		return nil, err
	}
	return detail.Metadata, nil
}

// PayloadsHidden tells whether headers and bodies are kept from the context's principal.
func (Entry) PayloadsHidden(ctx context.Context) bool { return load.PayloadsHidden(ctx) }

// detail is nil when its time to be kept is over.
func (e Entry) detail(ctx context.Context) (*entry.Detail, error) {
	if e.of.Detail != nil {
		return e.of.Detail, nil
	}
	return load.Optional(ctx, load.From(ctx).Details, e.of.ID)
}

// payload is the detail for whoever may see it; an empty one for others.
func (e Entry) payload(ctx context.Context) (*entry.Detail, error) {
	if load.PayloadsHidden(ctx) {
		return &entry.Detail{}, nil
	}
	detail, err := e.detail(ctx)
	if detail == nil {
		detail = &entry.Detail{}
	}
	return detail, err
}

func (e Entry) requestBody(ctx context.Context) (*Body, error) {
	detail, err := e.payload(ctx)
	if err != nil {
		return nil, err
	}
	return newBody(detail.RequestBody), nil
}

func (e Entry) requestHeaders(ctx context.Context) ([]entry.Header, error) {
	detail, err := e.payload(ctx)
	if err != nil {
		return nil, err
	}
	return detail.RequestHeaders, nil
}

// DurationMs is how long it took.
func (e Entry) DurationMs() *float64 {
	if e.of.DurationMS < 0 {
		return nil
	}
	return &e.of.DurationMS
}

// DataSource is where it came through.
func (e Entry) DataSource(ctx context.Context) (*DataSource, error) {
	return loadDataSource(ctx, e.of.DataSourceID)
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// known gives a number that is negative when nobody said it.
func known(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}
