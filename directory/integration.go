package directory

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Integration is an external application that the tenant integrates with.
type Integration struct {
	bun.BaseModel `bun:"table:integration,alias:i"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	// Key is how events name it, such as salesforce.
	Key  string
	Name string
	// Provider says whose API it is, where that does not follow from the key.
	Provider  *string
	CreatedAt time.Time
}

// CreateIntegrationInput is what a new integration is made of.
type CreateIntegrationInput struct {
	// Key has 1 to 200 characters.
	Key string
	// Name has 1 to 500 characters.
	Name string
	// Provider has at most 200 characters, or is nil.
	Provider *string
}

// UpdateIntegrationInput is what changes of an integration; nil stays as it is, and an empty provider is taken away.
type UpdateIntegrationInput struct {
	ID       uuid.UUID
	Name     *string
	Provider *string
}
