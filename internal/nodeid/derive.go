package nodeid

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// Derive makes the id of what the sender of events names: a UUIDv5 (RFC 9562, section 5.5) with the tenant as its
// namespace. Every process derives the same id without a look-up, and no two tenants share one.
func Derive(tenantID uuid.UUID, kind Kind, external string) uuid.UUID {
	return uuid.NewSHA1(tenantID, []byte(string(kind)+"\x00"+external))
}

// ImpliedApp is the id of the connected app of a customer and an integration for events that name none: a UUIDv8
// (RFC 9562, section 5.8), made of the bits of the two, which are those of hashes. It costs nothing to make, so that it
// need not be stored beside them.
func ImpliedApp(customerID, integrationID uuid.UUID) (id uuid.UUID) {
	// Each byte of the customer's with the integration's that is seven further on, eight bytes at once.
	first, second := binary.LittleEndian.Uint64(integrationID[:8]), binary.LittleEndian.Uint64(integrationID[8:])
	binary.LittleEndian.PutUint64(id[:8], binary.LittleEndian.Uint64(customerID[:8])^(first>>56|second<<8))
	binary.LittleEndian.PutUint64(id[8:], binary.LittleEndian.Uint64(customerID[8:])^(second>>56|first<<8))
	id[6] = 8<<4 | id[6]&0x0f
	id[8] = 2<<6 | id[8]&0x3f
	return id
}
