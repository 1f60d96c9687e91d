package journal

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// Key is what makes an event the same as another: its tenant, type and id, within the day when it happened.
type Key struct {
	Hash uint64
	Day  Day
	// OrDayBefore is of events that do not say when they happened: sent again after midnight they would be of another
	// day, so they are looked for in the day before too.
	OrDayBefore bool
}

// KeyHash is the first 8 bytes of the SHA-256 of the tenant, the event's type, a zero byte, and the sender's id.
//
// Two different ids of one tenant and day have the same hash with a probability of 2^-64: with a million ids there
// already, an event is taken for a duplicate wrongly with one of 5e-14. The hash is stored, so it never changes.
func KeyHash(tenantID uuid.UUID, eventType, id string) uint64 {
	var room [256]byte
	text := append(room[:0], tenantID[:]...)
	text = append(append(append(text, eventType...), 0), id...)
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:8])
}
