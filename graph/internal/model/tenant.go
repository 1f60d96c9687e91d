package model

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

type tmpTenant struct {
	ID         uuid.UUID
	Slug, Name string
	CreatedAt  time.Time
}
type tmpMember struct {
	ID        uuid.UUID
	Email     string
	Name      *string
	Role      tenant.Role
	CreatedAt time.Time
}
type tmpKey struct {
	ID                               uuid.UUID
	Name                             string
	Prefix                           string
	Scopes                           []tenant.Scope
	CreatedAt                        time.Time
	LastUsedAt, ExpiresAt, RevokedAt *time.Time
}

func (m *tmpMember) Cursor() string { return "" }
func (m *tmpKey) Cursor() string    { return "" }

// Tenant is the company that runs Weir for its product.
type Tenant struct{ *tmpTenant }

func (Tenant) node() {}

// ID is the tenant's id.
func (t Tenant) ID() string { return nodeid.Format(nodeid.Tenant, t.tmpTenant.ID) }

// Member is somebody who works for the tenant.
type Member struct{ *tmpMember }

func (Member) node() {}

// ID is the member's id.
func (m Member) ID() string { return nodeid.Format(nodeid.Member, m.tmpMember.ID) }

// APIKey is an API key as it can be shown.
type APIKey struct{ *tmpKey }

func (APIKey) node() {}

// ID is the key's id.
func (k APIKey) ID() string { return nodeid.Format(nodeid.APIKey, k.tmpKey.ID) }
