package notify

import "slices"

// Kind is what is told.
type Kind string

// The kinds. Test, Digest and EndpointDisabled are of the notifications themselves.
const (
	IssueOpened               Kind = "ISSUE_OPENED"
	IssueReopened             Kind = "ISSUE_REOPENED"
	IssueResolved             Kind = "ISSUE_RESOLVED"
	AlarmFiring               Kind = "ALARM_FIRING"
	AlarmResolved             Kind = "ALARM_RESOLVED"
	ConnectedAppStatusChanged Kind = "CONNECTED_APP_STATUS_CHANGED"
	FlowRunFailed             Kind = "FLOW_RUN_FAILED"
	// EndpointDisabled is that another endpoint was disabled because nothing could be delivered to it.
	EndpointDisabled Kind = "ENDPOINT_DISABLED"
	// Test is what testing an endpoint sends, and Digest several notifications in one: no endpoint asks for them.
	Test   Kind = "TEST"
	Digest Kind = "DIGEST"
)

// types are the kinds as the payload says them.
var types = map[Kind]string{
	IssueOpened: "issue.opened", IssueReopened: "issue.reopened", IssueResolved: "issue.resolved", AlarmFiring: "alarm.firing",
	AlarmResolved: "alarm.resolved", ConnectedAppStatusChanged: "connected_app.status_changed", FlowRunFailed: "flow_run.failed",
	EndpointDisabled: "endpoint.disabled", Test: "test", Digest: "digest",
}

// Type is the kind as the payload says it, such as issue.opened.
func (k Kind) Type() string { return types[k] }

// asked tells whether endpoints may ask for the kind.
func (k Kind) asked() bool { return k != Test && k != Digest && types[k] != "" }

// failureOf are the kinds that tell the failure that a recovery of the kind ends.
func (k Kind) failureOf() []string {
	switch k {
	case IssueResolved:
		return []string{string(IssueOpened), string(IssueReopened)}
	case AlarmResolved:
		return []string{string(AlarmFiring)}
	}
	return []string{string(k)}
}

// ofAlarms are the kinds that a rule's endpoints are told.
var ofAlarms = []Kind{AlarmFiring, AlarmResolved}

func (k Kind) isOfAlarm() bool { return slices.Contains(ofAlarms, k) }

// Channel is how an endpoint is told.
type Channel string

// The channels.
const (
	Webhook Channel = "WEBHOOK"
	Slack   Channel = "SLACK"
	Email   Channel = "EMAIL"
)
