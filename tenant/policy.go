package tenant

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/lru"
)

const (
	// policyFor is how long ingestion goes by a policy that was changed meanwhile.
	policyFor = 5 * time.Second
	// policyTenants bounds the cache.
	policyTenants = 10_000
)

// policyCache remembers tenants' policies for a short time.
type policyCache[T any] struct {
	now     func() time.Time
	mu      sync.Mutex
	entries *lru.Cache[uuid.UUID, remembered[T]]
}

type remembered[T any] struct {
	value *T
	until time.Time
}

func newPolicyCache[T any](now func() time.Time) *policyCache[T] {
	return &policyCache[T]{now: now, entries: lru.New[uuid.UUID, remembered[T]](policyTenants)}
}

// get gives the policy of the context's tenant, which must not be changed.
func (c *policyCache[T]) get(ctx context.Context, load func(context.Context) (*T, error)) (*T, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	now := c.now()
	c.mu.Lock()
	had, ok := c.entries.Get(p.TenantID)
	c.mu.Unlock()
	if ok && now.Before(had.until) {
		return had.value, nil
	}
	value, err := load(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Put(p.TenantID, remembered[T]{value: value, until: now.Add(policyFor)})
	return value, nil
}

func (c *policyCache[T]) forget(tenantID uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Delete(tenantID)
}
