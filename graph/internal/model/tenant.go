package model

import (
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// Tenant is the company that runs Weir for its product.
type Tenant struct{ *tenant.Tenant }

// NewTenant gives a tenant the shape of the API.
func NewTenant(t *tenant.Tenant) *Tenant { return &Tenant{t} }

func (Tenant) node() {}

// ID is the tenant's id.
func (t Tenant) ID() string { return nodeid.Format(nodeid.Tenant, t.Tenant.ID) }

// RetentionPolicy is how long log entries of one kind are kept.
type RetentionPolicy struct{ *tenant.RetentionPolicy }

// Kind is the kind of log entry.
func (p RetentionPolicy) Kind() entry.Kind {
	for _, k := range entry.Kinds {
		if k.String() == p.RetentionPolicy.Kind {
			return k
		}
	}
	return 0
}

// RetentionPolicies gives policies the shape of the API.
func RetentionPolicies(list []tenant.RetentionPolicy) []*RetentionPolicy {
	out := make([]*RetentionPolicy, len(list))
	for i := range list {
		out[i] = &RetentionPolicy{&list[i]}
	}
	return out
}

// Member is somebody who works for the tenant.
type Member struct{ *tenant.Member }

// NewMember gives a member the shape of the API.
func NewMember(m *tenant.Member) *Member { return &Member{m} }

func (Member) node() {}

// ID is the member's id.
func (m Member) ID() string { return nodeid.Format(nodeid.Member, m.Member.ID) }

// Members gives a page of members the shape of the API.
func Members(p page.Page[*tenant.Member]) *MemberConnection {
	return NewConnection(mapped(p, NewMember), "")
}

// APIKey is an API key as it can be shown.
type APIKey struct{ *tenant.APIKey }

// NewAPIKey gives a key the shape of the API.
func NewAPIKey(k *tenant.APIKey) *APIKey { return &APIKey{k} }

func (APIKey) node() {}

// ID is the key's id.
func (k APIKey) ID() string { return nodeid.Format(nodeid.APIKey, k.APIKey.ID) }

// APIKeys gives a page of keys the shape of the API.
func APIKeys(p page.Page[*tenant.APIKey]) *APIKeyConnection {
	return NewConnection(mapped(p, NewAPIKey), "")
}
