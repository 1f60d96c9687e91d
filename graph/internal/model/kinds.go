package model

import (
	"cmp"
	"context"
	"time"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/journal/entry"
)

// APIRequest is one HTTP call.
type APIRequest struct{ Entry }

// Direction says who called whom.
func (r APIRequest) Direction() entry.Direction { return cmp.Or(r.of.Direction, entry.Outbound) }

// Method is the HTTP method.
func (r APIRequest) Method() string { return r.of.Method }

// URL is the whole URL.
func (r APIRequest) URL() string { return r.of.URL }

// Endpoint is the template of the path.
func (r APIRequest) Endpoint() string { return r.of.Endpoint }

// StatusCode is the answer's status.
func (r APIRequest) StatusCode() *int { return statusCode(r.of) }

// RespondedAt is when the answer had come.
func (r APIRequest) RespondedAt() *time.Time {
	if r.of.StatusCode == 0 || r.of.DurationMS < 0 {
		return nil
	}
	at := r.of.OccurredAt().Add(time.Duration(r.of.DurationMS * float64(time.Millisecond)))
	return &at
}

// Attempt counts from 1.
func (r APIRequest) Attempt() int { return max(r.of.Attempt, 1) }

// RequestHeaders are empty for whoever may not see them.
func (r APIRequest) RequestHeaders(ctx context.Context) ([]entry.Header, error) {
	return r.requestHeaders(ctx)
}

// RequestBody is nil for whoever may not see it.
func (r APIRequest) RequestBody(ctx context.Context) (*Body, error) { return r.requestBody(ctx) }

// ResponseHeaders are empty for whoever may not see them.
func (r APIRequest) ResponseHeaders(ctx context.Context) ([]entry.Header, error) {
	detail, err := r.payload(ctx)
	if err != nil {
		return nil, err
	}
	return detail.ResponseHeaders, nil
}

// ResponseBody is nil for whoever may not see it.
func (r APIRequest) ResponseBody(ctx context.Context) (*Body, error) {
	detail, err := r.payload(ctx)
	if err != nil {
		return nil, err
	}
	return newBody(detail.ResponseBody), nil
}

// FlowRun is the run that it was made in.
func (r APIRequest) FlowRun(ctx context.Context) (*FlowRun, error) {
	return loadFlowRun(ctx, r.of.FlowRunID)
}

// NodeRun is the node run that it was made in.
func (r APIRequest) NodeRun(ctx context.Context) (*NodeRun, error) {
	return loadNodeRun(ctx, r.of.NodeRunID)
}

// ExternalWebhook is one call of an external application to the tenant's webhook.
type ExternalWebhook struct{ Entry }

// Method is the HTTP method; webhooks whose sender did not say were POSTed.
func (w ExternalWebhook) Method() string { return cmp.Or(w.of.Method, "POST") }

// URL is what was called.
func (w ExternalWebhook) URL() string { return w.of.URL }

// Headers are empty for whoever may not see them.
func (w ExternalWebhook) Headers(ctx context.Context) ([]entry.Header, error) {
	return w.requestHeaders(ctx)
}

// Body is nil for whoever may not see it.
func (w ExternalWebhook) Body(ctx context.Context) (*Body, error) { return w.requestBody(ctx) }

// SignatureValid is nil when nobody checked.
func (w ExternalWebhook) SignatureValid() *bool {
	if w.of.Webhook == nil {
		return nil
	}
	return w.of.Webhook.SignatureValid
}

// ResponseStatusCode is what the tenant answered.
func (w ExternalWebhook) ResponseStatusCode() *int { return statusCode(w.of) }

// Rejection is why it was turned away.
func (w ExternalWebhook) Rejection() *string {
	if w.of.Webhook == nil {
		return nil
	}
	return optional(w.of.Webhook.Rejection)
}

// Events are those that it brought.
func (w ExternalWebhook) Events(ctx context.Context) ([]*ExternalEvent, error) {
	return loadEventsOf(ctx, w.of)
}

// ExternalEventPull is one poll of an external application.
type ExternalEventPull struct{ Entry }

func (p ExternalEventPull) pull() *entry.Pull {
	if p.of.Pull == nil {
		return &entry.Pull{Pages: -1, RecordsScanned: -1, EventCount: -1}
	}
	return p.of.Pull
}

// Strategy is how it looked.
func (p ExternalEventPull) Strategy() *string { return optional(p.pull().Strategy) }

// Pages is how many it read.
func (p ExternalEventPull) Pages() *int { return known(p.pull().Pages) }

// RecordsScanned is how many it looked at.
func (p ExternalEventPull) RecordsScanned() *int { return known(p.pull().RecordsScanned) }

// CursorBefore is where it began.
func (p ExternalEventPull) CursorBefore() *string { return optional(p.pull().CursorBefore) }

// CursorAfter is where it ended.
func (p ExternalEventPull) CursorAfter() *string { return optional(p.pull().CursorAfter) }

// EventCount is how many it found.
func (p ExternalEventPull) EventCount() int { return max(p.pull().EventCount, 0) }

// Events are those that it brought.
func (p ExternalEventPull) Events(ctx context.Context) ([]*ExternalEvent, error) {
	return loadEventsOf(ctx, p.of)
}

// Transaction is one exchange of data between two applications.
type Transaction struct{ Entry }

func (t Transaction) transaction() *entry.Transaction {
	if t.of.Transaction == nil {
		return &entry.Transaction{}
	}
	return t.of.Transaction
}

// From is the application that the data came from.
func (t Transaction) From() string { return t.transaction().From }

// To is the application that it went to.
func (t Transaction) To() string { return t.transaction().To }

// Operation is what was done.
func (t Transaction) Operation() *string { return optional(t.of.EventType) }

// PayloadType is what kind of data it was.
func (t Transaction) PayloadType() *string { return optional(t.transaction().PayloadType) }

// Message is what the reporting system says; of a failed one it is the error's.
func (t Transaction) Message() *string { return optional(t.of.Message) }

// BusinessFlowID ties transactions together.
func (t Transaction) BusinessFlowID() *string { return optional(t.transaction().BusinessFlowID) }

func statusCode(e *entry.Entry) *int {
	if e.StatusCode == 0 {
		return nil
	}
	return &e.StatusCode
}

// loadEventsOf gives the external events that name a webhook or a pull as their source.
func loadEventsOf(ctx context.Context, e *entry.Entry) ([]*ExternalEvent, error) {
	found, err := load.Many(ctx, load.From(ctx).EventsBySource, e.ExternalID)
	if err != nil {
		return nil, err
	}
	events := make([]*ExternalEvent, 0, len(found))
	for _, event := range found {
		if event.Kind == entry.KindExternalEvent {
			events = append(events, &ExternalEvent{Entry{event}})
		}
	}
	return events, nil
}
