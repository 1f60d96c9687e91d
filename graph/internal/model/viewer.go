package model

import (
	"context"

	"github.com/weirhq/weir/tenant"
)

// Viewer is whoever the request's credential stands for.
type Viewer struct{ of *tenant.Principal }

// NewViewer gives a principal the shape of the API.
func NewViewer(p *tenant.Principal) *Viewer { return &Viewer{p} }

// Kind is what kind of credential it is.
func (v Viewer) Kind() tenant.PrincipalKind { return v.of.Kind }

// Role is nil for whoever may do nothing that roles are about.
func (v Viewer) Role() *tenant.Role {
	if v.of.Role == tenant.RoleNone {
		return nil
	}
	return &v.of.Role
}

// Scopes are those of an API key.
func (v Viewer) Scopes() []tenant.Scope { return v.of.Scopes }

// Customer is whom the credential is limited to.
func (v Viewer) Customer(ctx context.Context) (*Customer, error) {
	return loadCustomer(ctx, v.of.CustomerID)
}
