package nodeid

import "github.com/google/uuid"

// Derive makes the id of what the sender of events names: a UUIDv5 (RFC 9562, section 5.5) with the tenant as its
// namespace. Every process derives the same id without a look-up, and no two tenants share one.
func Derive(tenantID uuid.UUID, kind Kind, external string) uuid.UUID {
	return uuid.NewSHA1(tenantID, []byte(string(kind)+"\x00"+external))
}
