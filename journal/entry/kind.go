package entry

import "github.com/weirhq/weir/internal/nodeid"

// Kind is what a log entry records. Its number is stored: it never changes.
type Kind uint8

// The kinds. KindLogLine is a line that a node of a flow run logged: it is kept with the entries, but is none.
const (
	KindAPIRequest Kind = iota + 1
	KindExternalWebhook
	KindExternalEventPull
	KindExternalEvent
	KindInternalEvent
	KindFlowRun
	KindTransaction
	KindLogLine
)

// Kinds are those that the API lists.
var Kinds = []Kind{KindAPIRequest, KindExternalWebhook, KindExternalEventPull, KindExternalEvent, KindInternalEvent, KindFlowRun, KindTransaction}

var kindNames = [...]string{"", "API_REQUEST", "EXTERNAL_WEBHOOK", "EXTERNAL_EVENT_PULL", "EXTERNAL_EVENT", "INTERNAL_EVENT", "FLOW_RUN", "TRANSACTION", "LOG_LINE"}

// String is the kind's name in the API, such as API_REQUEST.
func (k Kind) String() string { return kindNames[k] }

// NodeKind is the prefix of the ids of entries of the kind.
func (k Kind) NodeKind() nodeid.Kind {
	return [...]nodeid.Kind{"", nodeid.APIRequest, nodeid.ExternalWebhook, nodeid.ExternalEventPull, nodeid.ExternalEvent,
		nodeid.InternalEvent, nodeid.FlowRun, nodeid.Transaction, "lin"}[k]
}

// Status is how what an entry records ended. Its number is stored: it never changes.
type Status uint8

// The statuses.
const (
	StatusSuccess Status = iota + 1
	StatusFailure
	StatusPending
	StatusUnknown
)

var statusNames = [...]string{"", "SUCCESS", "FAILURE", "PENDING", "UNKNOWN"}

// String is the status's name in the API.
func (s Status) String() string { return statusNames[s] }

// Direction says who called whom.
type Direction uint8

// The directions of an API request.
const (
	DirectionNone Direction = iota
	Outbound
	Inbound
)

var directionNames = [...]string{"", "OUTBOUND", "INBOUND"}

// String is the direction's name in the API.
func (d Direction) String() string { return directionNames[d] }

// ErrorKind says where a failure came from.
type ErrorKind uint8

// The kinds of errors. ErrorHTTP is an answer that says that it failed.
const (
	ErrorNone ErrorKind = iota
	ErrorHTTP
	ErrorTimeout
	ErrorDNS
	ErrorTLS
	ErrorConnection
	ErrorApplication
)

var errorKindNames = [...]string{"", "HTTP", "TIMEOUT", "DNS", "TLS", "CONNECTION", "APPLICATION"}

// String is the error kind's name in the API.
func (k ErrorKind) String() string { return errorKindNames[k] }

// Via says how an internal event came.
type Via uint8

// The ways of internal events.
const (
	ViaNone Via = iota
	ViaCustomerSubscription
	ViaGlobalWebhook
	ViaAPI
)

var viaNames = [...]string{"", "CUSTOMER_SUBSCRIPTION", "GLOBAL_WEBHOOK", "API"}

// String is the way's name in the API.
func (v Via) String() string { return viaNames[v] }

// Level is how much a log line matters.
type Level uint8

// The levels.
const (
	LevelDebug Level = iota + 1
	LevelInfo
	LevelWarn
	LevelError
)

var levelNames = [...]string{"", "DEBUG", "INFO", "WARN", "ERROR"}

// String is the level's name in the API.
func (l Level) String() string { return levelNames[l] }
