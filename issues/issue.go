package issues

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
)

// Status is where an issue stands.
type Status string

// The statuses. Watched is a problem that was seen and is no issue yet: nobody is shown it.
const (
	Watched      Status = "WATCHED"
	Open         Status = "OPEN"
	Acknowledged Status = "ACKNOWLEDGED"
	Snoozed      Status = "SNOOZED"
	Resolved     Status = "RESOLVED"
	Ignored      Status = "IGNORED"
)

// Severity is how bad an issue is.
type Severity string

// The severities, the least first.
const (
	Info     Severity = "INFO"
	Warning  Severity = "WARNING"
	Error    Severity = "ERROR"
	Critical Severity = "CRITICAL"
)

// Issue is a problem of a tenant.
type Issue struct {
	ID       uuid.UUID
	Key      Key
	Status   Status
	Severity Severity
	// ParentID is the provider's incident that it is folded into; uuid.Nil for most.
	ParentID uuid.UUID
	// Diagnosis says what is wrong, why, and what to do.
	Diagnosis diagnostics.Diagnosis
	// Occurrences, CustomerCount and ConnectedAppCount are of the present episode, or of the last: since BeganAt. A principal
	// who is limited to one customer gets that customer's.
	Occurrences       int64
	CustomerCount     int
	ConnectedAppCount int
	// FirstSeenAt and LastSeenAt are of the problem. OpenedAt is when it was opened or reopened last, and BeganAt, which is
	// before that, when the first was seen of what opened it.
	FirstSeenAt, LastSeenAt, OpenedAt, BeganAt time.Time
	ResolvedAt, SnoozedUntil                   *time.Time
	AssigneeID                                 uuid.UUID
}

// Filter asks for issues: all that is set must hold, and a list means any of.
type Filter struct {
	Statuses   []Status
	Severities []Severity
	// Categories are as in diagnostics, in lower case.
	Categories      []diagnostics.Category
	IntegrationIDs  []uuid.UUID
	CustomerIDs     []uuid.UUID
	ConnectedAppIDs []uuid.UUID
	AssigneeID      uuid.UUID
}

// Activity is something that happened to an issue.
type Activity struct {
	At time.Time
	// Actor is a member's e-mail address or id, the name of an API key, or "weir".
	Actor string
	// Action is opened, reopened, acknowledged, resolved, ignored, snoozed, woken, assigned, escalated, folded.
	Action string
	Note   string
}

// Point is a part of an issue's timeline.
type Point struct {
	At          time.Time
	Occurrences int64
	Customers   int
}

// Health is how customers, connected apps and integrations are.
type Health string

// The healths. Idle is of whom nothing was recorded for a week, and who has no issue.
const (
	Healthy  Health = "HEALTHY"
	Degraded Health = "DEGRADED"
	Failing  Health = "FAILING"
	Idle     Health = "IDLE"
)
