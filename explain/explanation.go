package explain

import (
	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal"
)

// Verdict is the answer in one word.
type Verdict string

// The verdicts.
const (
	// Ran says that the flow ran, or is running as it should.
	Ran Verdict = "RAN"
	// Failed says that it ran, and ended in an error or was canceled.
	Failed Verdict = "FAILED"
	// RunningLate says that a run takes longer than it ever did, or should come any moment.
	RunningLate Verdict = "RUNNING_LATE"
	// EventNotReceived says that nothing arrived that could launch it.
	EventNotReceived Verdict = "EVENT_NOT_RECEIVED"
	// EventDidNotLaunch says that what arrived launched nothing.
	EventDidNotLaunch Verdict = "EVENT_DID_NOT_LAUNCH"
	// FilteredOut says that what arrived was passed over on purpose.
	FilteredOut Verdict = "FILTERED_OUT"
	// FlowDisabled says that the flow is switched off.
	FlowDisabled Verdict = "FLOW_DISABLED"
	// SubscriptionInactive says that no active data source brings what the flow waits for.
	SubscriptionInactive Verdict = "SUBSCRIPTION_INACTIVE"
	// PullStalled says that the data source is not pulled any more, or gets nowhere.
	PullStalled Verdict = "PULL_STALLED"
	// WebhookRejected says that webhooks were turned away.
	WebhookRejected Verdict = "WEBHOOK_REJECTED"
	// AppDisconnected says that the customer's app is not connected, or its credentials are no good.
	AppDisconnected Verdict = "APP_DISCONNECTED"
	// ScheduleMissed says that the schedule was due and no run came.
	ScheduleMissed Verdict = "SCHEDULE_MISSED"
	// Unknown says that what is kept does not tell.
	Unknown Verdict = "UNKNOWN"
)

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	Pass          Outcome = "PASS"
	Fail          Outcome = "FAIL"
	NotApplicable Outcome = "NOT_APPLICABLE"
)

// maxEvidence is how many entries prove a check at most.
const maxEvidence = 5

// Check is one question of the checklist.
type Check struct {
	Question string
	Outcome  Outcome
	// Detail is the answer in plain words.
	Detail string
	// Evidence are the entries and runs that prove it, at most 5.
	Evidence []journal.Item

	// verdict and steps are of a check that fails.
	verdict Verdict
	steps   []diagnostics.Step
}

// Explanation is the answer.
type Explanation struct {
	Verdict Verdict
	Summary string
	// Checks is the whole checklist, in the order in which it decides.
	Checks []Check
	// NextSteps are what to do, in order; empty when there is nothing to do.
	NextSteps []diagnostics.Step
}
