package directory

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/stamp"
)

// TriggerKind is what sets a flow off.
type TriggerKind string

// The kinds of triggers.
const (
	TriggerExternalEvent TriggerKind = "EXTERNAL_EVENT"
	TriggerInternalEvent TriggerKind = "INTERNAL_EVENT"
	TriggerSchedule      TriggerKind = "SCHEDULE"
	TriggerAPI           TriggerKind = "API"
	TriggerManual        TriggerKind = "MANUAL"
)

// Flow is a named automation of an integration.
type Flow struct {
	bun.BaseModel `bun:"table:flow,alias:f"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	Key      string
	Name     string
	// IntegrationID is nil of a flow that belongs to none.
	IntegrationID *uuid.UUID `bun:"type:uuid"`
	Enabled       bool
	// TriggerKind is nil while nobody has said what sets the flow off.
	TriggerKind *TriggerKind
	EventTypes  []string `bun:",array"`
	// Schedule is in cron's syntax.
	Schedule  *string
	Filter    *string
	CreatedAt time.Time
	Stamps    stamp.Set `bun:"type:jsonb"`
}

// FlowFilter asks for flows; what is not set does not count.
type FlowFilter struct {
	IntegrationID uuid.UUID
}
