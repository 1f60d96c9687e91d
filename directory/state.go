package directory

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/errs"
)

// StateEvent is a message about the state of one thing. Exactly one of its four states is set; Target, which Resolver
// gave, says of which row.
type StateEvent struct {
	Target Target
	// At is when the state held: an older one never overwrites a newer one.
	At           time.Time
	Customer     *CustomerState
	ConnectedApp *ConnectedAppState
	Flow         *FlowState
	DataSource   *DataSourceState
}

// CustomerState says what a customer is; nil is what the message does not say.
type CustomerState struct {
	Name *string
	// Attributes is a JSON object.
	Attributes json.RawMessage
}

// ConnectedAppState says what a connected app is; nil is what the message does not say.
type ConnectedAppState struct {
	Status  ConnectedAppStatus
	Account *string
	// Scopes is nil when the message does not say; empty for none.
	Scopes              []string
	CredentialsExpireAt *time.Time
	// Reason is of the status. It goes when the status changes without one.
	Reason *string
}

// FlowState says what a flow is; nil is what the message does not say. The flow's integration is the target's.
type FlowState struct {
	Name    *string
	Enabled *bool
	Trigger *FlowTrigger
}

// FlowTrigger says what sets a flow off. One that names its kind is the whole trigger: what it does not say is none.
// One without sets what it says only.
type FlowTrigger struct {
	Kind       *TriggerKind
	EventTypes []string
	Schedule   *string
	Filter     *string
}

// DataSourceState says what a data source is; nil is what the message does not say.
type DataSourceState struct {
	Mode          *DataSourceMode
	EventTypes    []string
	PullIntervalS *int
	State         *SubscriptionState
	// Reason is of State, and says nothing without it. It goes when the state changes without one.
	Reason    *string
	ExpiresAt *time.Time
}

// Validate reports every bad field, as BadInput with its path in the event's data. What it lets through can be stored.
func (e *StateEvent) Validate() error {
	var f errs.Fields
	switch {
	case e.Customer != nil:
		checkOptional(&f, "data.name", e.Customer.Name, maxName)
		checkAttributes(&f, "data.attributes", e.Customer.Attributes)
	case e.ConnectedApp != nil:
		s := e.ConnectedApp
		f.Check(s.Status == Connected || s.Status == NeedsReauth || s.Status == Disconnected,
			"data.status", "must be one of connected, needs_reauth, disconnected")
		checkLength(&f, "data.account", s.Account)
		checkLength(&f, "data.reason", s.Reason)
		checkList(&f, "data.scopes", s.Scopes)
	case e.Flow != nil:
		checkOptional(&f, "data.name", e.Flow.Name, maxName)
		if t := e.Flow.Trigger; t != nil {
			f.Check(t.Kind == nil || triggerKinds[*t.Kind],
				"data.trigger.kind", "must be one of external_event, internal_event, schedule, api, manual")
			checkList(&f, "data.trigger.event_types", t.EventTypes)
			checkLength(&f, "data.trigger.schedule", t.Schedule)
			checkLength(&f, "data.trigger.filter", t.Filter)
		}
	case e.DataSource != nil:
		s := e.DataSource
		f.Check(s.Mode == nil || *s.Mode == ModeWebhook || *s.Mode == ModePull, "data.mode", "must be webhook or pull")
		f.Check(s.State == nil || subscriptionStates[*s.State], "data.state", "must be one of active, paused, expired, failed")
		f.Check(s.PullIntervalS == nil || (*s.PullIntervalS > 0 && *s.PullIntervalS <= maxPullInterval),
			"data.pull_interval_s", "must be from 1 to %d", maxPullInterval)
		checkList(&f, "data.event_types", s.EventTypes)
		checkLength(&f, "data.reason", s.Reason)
	}
	return f.Err()
}

const (
	// maxText bounds free text of state events, in bytes; maxList the elements of their lists.
	maxText = 8 << 10
	maxList = 500
	// maxPullInterval is a year, in seconds.
	maxPullInterval = 366 * 24 * 3600
)

var (
	triggerKinds = map[TriggerKind]bool{
		TriggerExternalEvent: true, TriggerInternalEvent: true, TriggerSchedule: true, TriggerAPI: true, TriggerManual: true,
	}
	subscriptionStates = map[SubscriptionState]bool{StateActive: true, StatePaused: true, StateExpired: true, StateFailed: true}
)

func checkOptional(f *errs.Fields, field string, text *string, limit int) {
	if text != nil {
		checkText(f, field, *text, limit)
	}
}

// checkLength is for text that may be empty, which takes away what was there.
func checkLength(f *errs.Fields, field string, text *string) {
	if text == nil {
		return
	}
	f.Check(len(*text) <= maxText, field, "has %d bytes: at most %d are allowed", len(*text), maxText)
	f.Check(storable(*text), field, "must be UTF-8 without NUL")
}

func checkList(f *errs.Fields, field string, list []string) {
	f.Check(len(list) <= maxList, field, "has %d elements: at most %d are allowed", len(list), maxList)
	for i, text := range list[:min(len(list), maxList)] {
		checkText(f, fmt.Sprintf("%s.%d", field, i), text, maxExternalID)
	}
}
