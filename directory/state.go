package directory

import (
	"encoding/json"
	"time"
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
	// Reason is of the state. It goes when the state changes without one.
	Reason    *string
	ExpiresAt *time.Time
}
