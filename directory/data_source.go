package directory

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// DataSourceMode is how a data source's events come in.
type DataSourceMode string

// The modes of data sources.
const (
	ModeWebhook DataSourceMode = "WEBHOOK"
	ModePull    DataSourceMode = "PULL"
)

// SubscriptionState is whether a data source brings events.
type SubscriptionState string

// The states of data sources.
const (
	StateActive  SubscriptionState = "ACTIVE"
	StatePaused  SubscriptionState = "PAUSED"
	StateExpired SubscriptionState = "EXPIRED"
	StateFailed  SubscriptionState = "FAILED"
)

// DataSource is where a connected app's external events come from.
type DataSource struct {
	bun.BaseModel `bun:"table:data_source,alias:d"`

	TenantID       uuid.UUID `bun:",pk,type:uuid"`
	ID             uuid.UUID `bun:",pk,type:uuid"`
	ConnectedAppID uuid.UUID `bun:"type:uuid"`
	CustomerID     uuid.UUID `bun:"type:uuid"`
	Key            string
	Mode           DataSourceMode
	EventTypes     []string `bun:",array"`
	State          SubscriptionState
	// Reason says why the state is what it is.
	Reason    *string
	ExpiresAt *time.Time
	// PullIntervalS is in seconds.
	PullIntervalS *int
	LastPullAt    *time.Time
	LastEventAt   *time.Time
	// CursorStillSince is when the first of CursorStillPulls was: the last pulls, all of which saw records and left the
	// cursor where it was. It is nil when there are none.
	CursorStillSince *time.Time
	CursorStillPulls int
	CreatedAt        time.Time
	Stamps           history `bun:"type:jsonb"`
}
