package tenant

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
)

// Role is what a member may do; each includes the ones below it.
type Role uint8

// The roles, from the least to the most; RoleNone is no role at all.
const (
	RoleNone Role = iota
	RoleViewer
	RoleSupport
	RoleDeveloper
	RoleAdmin
	RoleOwner
)

var roleNames = [...]string{"", "VIEWER", "SUPPORT", "DEVELOPER", "ADMIN", "OWNER"}

// String is the role's name in the API, such as DEVELOPER.
func (r Role) String() string { return roleNames[r] }

// ParseRole reads a role's name, in any case.
func ParseRole(name string) (Role, error) {
	for i, n := range roleNames {
		if i > 0 && strings.EqualFold(n, name) {
			return Role(i), nil
		}
	}
	return RoleNone, errs.Invalid("role", "%q is no role: use one of owner, admin, developer, support, viewer", name)
}

// Scope is what an API key may do.
type Scope string

// The scopes of API keys.
const (
	ScopeIngest Scope = "INGEST"
	ScopeRead   Scope = "READ"
	ScopeAdmin  Scope = "ADMIN"
)

// PrincipalKind says what kind of credential stands behind a principal.
type PrincipalKind uint8

// The kinds of principals.
const (
	// KindMember is a person with a token of the tenant's identity provider or of the service's own.
	KindMember PrincipalKind = iota + 1
	// KindAPIKey is a service with an API key.
	KindAPIKey
	// KindCustomer is somebody who may see one customer's data only.
	KindCustomer
	// KindSystem is Weir itself, working for one tenant: a job, an ingestion commit.
	KindSystem
)

// Principal is whoever a request's credential stands for, always within one tenant.
type Principal struct {
	TenantID uuid.UUID
	Kind     PrincipalKind
	// Subject is the token's sub, or the API key's id.
	Subject string
	Email   string
	// Role is what the principal may do; of an API key it follows from the scopes.
	Role   Role
	Scopes []Scope
	// CustomerID limits the principal to one customer, unless it is uuid.Nil.
	CustomerID uuid.UUID
	// ExpiresAt is when the credential ends by itself; zero when it does not.
	ExpiresAt time.Time
}

// Same tells whether a credential that was checked again stands for the same one, who may do the same.
func (p *Principal) Same(as *Principal) bool {
	return p.TenantID == as.TenantID && p.Kind == as.Kind && p.Subject == as.Subject && p.Role == as.Role &&
		p.CustomerID == as.CustomerID && slices.Equal(p.Scopes, as.Scopes)
}

// System is the principal of Weir's own work for a tenant.
func System(tenantID uuid.UUID) *Principal {
	return &Principal{TenantID: tenantID, Kind: KindSystem, Subject: "weir", Role: RoleOwner}
}

// Has tells whether an API key has the scope. ADMIN does not include INGEST: a key names all that it may do.
func (p *Principal) Has(scope Scope) bool { return slices.Contains(p.Scopes, scope) }

// Can tells whether the principal's role is at least the one given.
func (p *Principal) Can(role Role) bool { return p.Role >= role }

// SeesPayloads tells whether the principal may read headers, bodies, inputs and outputs.
func (p *Principal) SeesPayloads() bool { return p.Can(RoleSupport) }

// Require is Forbidden unless the principal's role is at least the one given and it is not limited to a customer.
func (p *Principal) Require(role Role) error {
	if p.Kind == KindCustomer || p.CustomerID != uuid.Nil {
		return errs.New(errs.Forbidden, "a credential that is limited to one customer cannot do this")
	}
	if !p.Can(role) {
		return errs.New(errs.Forbidden, "this needs the role %s", role)
	}
	return nil
}

// RequireRead is Forbidden unless the principal may read the tenant's data, or one customer's part of it: what it then
// sees of that is the database's policies' business.
func (p *Principal) RequireRead() error {
	if p.CustomerID != uuid.Nil || p.Can(RoleViewer) {
		return nil
	}
	return errs.New(errs.Forbidden, "this credential cannot read")
}

// roleOfScopes is what an API key may do on GraphQL: READ reads what a developer does, ADMIN what an admin does.
func roleOfScopes(scopes []Scope) Role {
	switch {
	case slices.Contains(scopes, ScopeAdmin):
		return RoleAdmin
	case slices.Contains(scopes, ScopeRead):
		return RoleDeveloper
	}
	return RoleNone
}

type principalKey struct{}

// WithPrincipal puts the principal into the context.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext gives the context's principal; without one it is Unauthenticated.
func FromContext(ctx context.Context) (*Principal, error) {
	p, ok := ctx.Value(principalKey{}).(*Principal)
	if !ok || p == nil || p.TenantID == uuid.Nil {
		return nil, errs.New(errs.Unauthenticated, "no credential was given")
	}
	return p, nil
}
