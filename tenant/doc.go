// Package tenant holds tenants, their members, roles, API keys and policies, the principal that a credential stands
// for, and the one door to tenant data.
//
// A request's journey: its credential is checked by Authenticator, which gives a Principal; the principal goes into
// the context; Door opens a transaction only for a context that has one, and tells the database the tenant, so that
// row-level security shows that tenant's rows and no other's.
package tenant
