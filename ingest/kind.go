package ingest

import "github.com/weirhq/weir/journal/entry"

// eventType is the type of an event.
type eventType uint8

const (
	noType eventType = iota
	apiRequest
	externalWebhook
	externalEventPull
	externalEvent
	internalEvent
	flowRun
	nodeRun
	logLine
	transaction
	customerState
	connectedAppState
	flowState
	dataSourceState
	typeCount
)

var typeNames = [typeCount]string{
	"unknown", "api_request", "external_webhook", "external_event_pull", "external_event", "internal_event", "flow_run",
	"node_run", "log", "transaction", "customer", "connected_app", "flow", "data_source",
}

// String is the type's name in the envelope.
func (t eventType) String() string { return typeNames[t] }

func parseType(name string) eventType {
	for t := apiRequest; t < typeCount; t++ {
		if typeNames[t] == name {
			return t
		}
	}
	return noType
}

// logKind is the kind of log entry whose retention the type's events are kept by; 0 for what is not thrown away with
// age.
func (t eventType) logKind() entry.Kind {
	return [typeCount]entry.Kind{
		apiRequest: entry.KindAPIRequest, externalWebhook: entry.KindExternalWebhook,
		externalEventPull: entry.KindExternalEventPull, externalEvent: entry.KindExternalEvent,
		internalEvent: entry.KindInternalEvent, flowRun: entry.KindFlowRun, nodeRun: entry.KindFlowRun,
		logLine: entry.KindLogLine, transaction: entry.KindTransaction,
	}[t]
}

// The codes of rejected events.
const (
	CodeUnknownType  = "unknown_type"
	CodeMissingField = "missing_field"
	CodeInvalidField = "invalid_field"
	CodeTooLarge     = "too_large"
	CodeTooOld       = "too_old"
	CodeInFuture     = "in_future"
)

// Rejection says why one event of a request was not stored.
type Rejection struct {
	// Index counts the events of the request from 0.
	Index int `json:"index"`
	// ID is the sender's id of the event, where it could be read.
	ID   string `json:"id,omitempty"`
	Code string `json:"code"`
	// Field is the path of the field at fault, such as data.request.method.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// Result is what became of the events of a request.
type Result struct {
	Accepted   int         `json:"accepted"`
	Duplicates int         `json:"duplicates"`
	Rejected   []Rejection `json:"rejected"`
}
