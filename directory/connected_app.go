package directory

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// ConnectedAppStatus is the state of a connected app's credentials.
type ConnectedAppStatus string

// The statuses of connected apps.
const (
	Connected    ConnectedAppStatus = "CONNECTED"
	NeedsReauth  ConnectedAppStatus = "NEEDS_REAUTH"
	Disconnected ConnectedAppStatus = "DISCONNECTED"
)

// ConnectedApp is one customer's own link to one integration.
type ConnectedApp struct {
	bun.BaseModel `bun:"table:connected_app,alias:a"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	// ExternalID is the sender's, or one that Weir made while the app is implicit.
	ExternalID string
	// Implicit apps were made for events that named a customer and an integration and no connected app.
	Implicit      bool
	CustomerID    uuid.UUID `bun:"type:uuid"`
	IntegrationID uuid.UUID `bun:"type:uuid"`
	Status        ConnectedAppStatus
	// StatusChangedAt is since when the status holds; nil when nobody has said.
	StatusChangedAt *time.Time
	// Reason says why the status is what it is.
	Reason              *string
	Account             *string
	Scopes              []string `bun:",array"`
	CredentialsExpireAt *time.Time
	CreatedAt           time.Time
	LastActivityAt      *time.Time
	Stamps              history `bun:"type:jsonb"`
}

// ConnectedAppFilter asks for connected apps; what is not set does not count.
type ConnectedAppFilter struct {
	CustomerID    uuid.UUID
	IntegrationID uuid.UUID
	Statuses      []ConnectedAppStatus
	// Among asks for some of them.
	Among *Among
}

// Expiry is when credentials end, and when that was first said.
type Expiry struct{ SaidAt, Until time.Time }

// Expiries are what was said of the end of the app's credentials, the oldest first, each once. Of many only the last are
// known.
func (a *ConnectedApp) Expiries() (list []Expiry) {
	for i, r := range a.Stamps.Expiries {
		if i > 0 && a.Stamps.Expiries[i-1].Status == r.Status {
			continue
		}
		if until, err := time.Parse(time.RFC3339Nano, r.Status); err == nil {
			list = append(list, Expiry{time.UnixMicro(r.At).UTC(), until})
		}
	}
	return list
}
