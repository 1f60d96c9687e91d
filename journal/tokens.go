package journal

import (
	"container/list"
	"sync"

	"github.com/google/uuid"
)

// tokenCache keeps the Bloom filters that searches read last. A segment never changes under its id, and nobody asks
// for the tokens of a segment whose row was not shown to him, so the id is all that there is to the key.
type tokenCache struct {
	mu     sync.Mutex
	limit  int64
	bytes  int64
	byID   map[uuid.UUID]*list.Element
	recent list.List // of tokens
}

type tokens struct {
	id   uuid.UUID
	bits []byte
}

// tokenOverhead is about what the cache itself takes for each.
const tokenOverhead = 160

func newTokenCache(limit int64) *tokenCache {
	return &tokenCache{limit: limit, byID: map[uuid.UUID]*list.Element{}}
}

func (c *tokenCache) get(id uuid.UUID) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	place, ok := c.byID[id]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(place)
	return place.Value.(tokens).bits, true
}

func (c *tokenCache) put(id uuid.UUID, bits []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byID[id]; ok {
		return
	}
	c.byID[id] = c.recent.PushFront(tokens{id: id, bits: bits})
	for c.bytes += int64(len(bits)) + tokenOverhead; c.bytes > c.limit; {
		oldest := c.recent.Back()
		gone := c.recent.Remove(oldest).(tokens)
		delete(c.byID, gone.id)
		c.bytes -= int64(len(gone.bits)) + tokenOverhead
	}
}
