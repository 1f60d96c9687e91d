package directory

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/stamp"
)

// Customer is one of the tenant's customers.
type Customer struct {
	bun.BaseModel `bun:"table:customer,alias:c"`

	TenantID   uuid.UUID `bun:",pk,type:uuid"`
	ID         uuid.UUID `bun:",pk,type:uuid"`
	ExternalID string
	Name       string
	// Attributes is a JSON object.
	Attributes json.RawMessage `bun:"type:jsonb"`
	CreatedAt  time.Time
	// LastActivityAt is when something was last recorded of the customer, to the minute.
	LastActivityAt *time.Time
	Stamps         stamp.Set `bun:"type:jsonb"`
}

// CustomerFilter asks for customers; what is not set does not count.
type CustomerFilter struct {
	// Search is a part of the name or of the external id, in any case.
	Search string
	// IntegrationID asks for those with a connected app of the integration.
	IntegrationID uuid.UUID
	// Among asks for some of them.
	Among *Among
}

// CreateCustomerInput is what a new customer is made of.
type CreateCustomerInput struct {
	// ExternalID has 1 to 200 characters and is the tenant's own.
	ExternalID string
	// Name has 1 to 500 characters.
	Name string
	// Attributes is a JSON object of at most 64 KiB, or nil.
	Attributes json.RawMessage
}

// UpdateCustomerInput is what changes of a customer; nil stays as it is.
type UpdateCustomerInput struct {
	ID         uuid.UUID
	Name       *string
	Attributes json.RawMessage
}
