package entry

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
)

// Entry is one recorded fact. Which fields are set follows from Kind; the zero value of a field means that it is not
// known. Entries of KindFlowRun are not made here: a flow run is a row of its own, which package run keeps.
//
// The fields come in three groups, by how they are stored and what it costs to read them: Head is what filters look
// at, List is what a list shows besides, Detail is what only a single entry's page shows, and nil until it is read.
type Entry struct {
	Head
	List
	Detail *Detail
}

// Head is what filters look at.
type Head struct {
	// ID is a UUIDv7 of the time when it happened, to the microsecond: the order of entries.
	ID uuid.UUID
	// RecordedAt is when it arrived, in microseconds since 1970.
	RecordedAt int64

	Kind           Kind
	Status         Status
	CustomerID     uuid.UUID
	IntegrationID  uuid.UUID
	ConnectedAppID uuid.UUID
	// FlowRunID and NodeRunID are what it happened in, whether that run has been heard of or not.
	FlowRunID uuid.UUID
	NodeRunID uuid.UUID
	// TraceID is a W3C trace id: 32 hexadecimal digits, or "".
	TraceID string

	Direction  Direction
	StatusCode int
	// Method is an HTTP method in capitals.
	Method string
	// Endpoint is the template of the URL's path, such as /v3/contacts/{id}.
	Endpoint string
	// DurationMS is negative when it is not known.
	DurationMS float64

	ErrorKind ErrorKind
	ErrorCode string
	// Category is what the diagnosis at ingestion said is wrong, in lower case, and IssueID the problem that it makes the
	// entry a sighting of. They are "" and uuid.Nil when nothing is.
	Category string
	IssueID  uuid.UUID

	// EventType is of events; Operation of transactions is kept here too.
	EventType string
	// Level is of log lines.
	Level Level
}

// List is what a list of entries shows besides the head.
type List struct {
	// ExternalID is the sender's id of the event.
	ExternalID string
	// URL is of API requests and webhooks.
	URL string
	// Message is the error's message when ErrorKind is set; else that of a transaction or log line.
	Message     string
	Identifiers []Identifier
	// Attempt counts from 1.
	Attempt int
	// DataSourceID is where a webhook, pull or event came through.
	DataSourceID uuid.UUID
	// RecordID is the external app's id of the record that an event is about.
	RecordID string
	// SourceID is the sender's id of the webhook or pull that brought an event.
	SourceID string
	// SkipCode and SkipMessage say why an event launched nothing on purpose.
	SkipCode    string
	SkipMessage string
	// Via is of internal events.
	Via Via

	Webhook     *Webhook
	Pull        *Pull
	Transaction *Transaction
}

// Webhook is what only webhooks have.
type Webhook struct {
	// SignatureValid is nil when it was not checked.
	SignatureValid *bool
	Rejection      string
}

// Pull is what only pulls have. Numbers are negative when they are not known.
type Pull struct {
	Strategy       string
	Full           bool
	Pages          int
	RecordsScanned int
	EventCount     int
	CursorBefore   string
	CursorAfter    string
	// State is the sender's word: queued, running, success, error or skipped.
	State string
}

// Transaction is what only transactions have.
type Transaction struct {
	From        string
	To          string
	PayloadType string
	// BusinessFlowID ties the transactions of one business flow together.
	BusinessFlowID string
}

// Identifier is a business id that an entry can be found by.
type Identifier struct {
	Key   string
	Value string
}

// Detail is what only a single entry's page shows. Of kinds other than API requests only the request side is used:
// a webhook's headers and body, an event's payload, a log line's data.
type Detail struct {
	RequestHeaders  []Header
	ResponseHeaders []Header
	RequestBody     *Body
	ResponseBody    *Body
	// Metadata is a JSON object, or nil.
	Metadata []byte
}

// Header is one header field.
type Header struct {
	Name  string
	Value string
}

// Body is a body as it is kept: redacted, and cut at 64 KiB.
type Body struct {
	// Text is the body; where it was sent as base64 and is not UTF-8, it is base64 still and Base64 says so.
	Text        string
	ContentType string
	// SizeBytes is how long it was when it was sent.
	SizeBytes int
	Redacted  bool
	Truncated bool
	Base64    bool
}

// OccurredAt is when it happened, in UTC.
func (h *Head) OccurredAt() time.Time { return nodeid.Time(h.ID) }

// Micros is when it happened, in microseconds since 1970.
func (h *Head) Micros() int64 { return nodeid.Micros(h.ID) }
