package diagnostics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/lru"
	"github.com/weirhq/weir/tenant"
)

const (
	// ownFor is for how long a tenant's entries are gone by before it is asked whether they changed. With the time that
	// reading takes, a change holds everywhere within five seconds.
	ownFor = 4 * time.Second
	// ownTimeout bounds the reading, for which diagnosis waits. It goes on with the entries that it had.
	ownTimeout = time.Second
	// ownTenants and ownBytes bound what is remembered: how many tenants, and the text of their entries. Ready to match, a
	// text takes about six times its length.
	ownTenants = 10_000
	ownBytes   = 16 << 20
)

// Own keeps tenants' own entries; *tenant.Store does.
type Own interface {
	CatalogueSince(ctx context.Context, known int64) (*tenant.Catalogue, error)
	UpdateCatalogue(ctx context.Context, text string, check func(text string) error) (*tenant.Catalogue, error)
}

// Catalogues gives each tenant its catalogue: the entries of its own over those of all. It is safe for concurrent use.
type Catalogues struct {
	base *Catalogue
	own  Own
	now  func() time.Time
	log  *slog.Logger

	mu      sync.Mutex
	tenants *lru.Cache[uuid.UUID, *remembered]
	bytes   int
}

// remembered is a tenant's catalogue. Its lock is held while it is read, so that it is read once.
type remembered struct {
	mu        sync.Mutex
	catalogue *Catalogue
	version   int64
	until     time.Time
	// bytes are those of the text, and counted under the lock of Catalogues.
	bytes int
}

// NewCatalogues makes Catalogues over what is common to all tenants. log hears of entries that cannot be read.
func NewCatalogues(base *Catalogue, own Own, now func() time.Time, log *slog.Logger) *Catalogues {
	return &Catalogues{base: base, own: own, now: now, log: log, tenants: lru.New[uuid.UUID, *remembered](ownTenants)}
}

// Of is the catalogue of a tenant, of which the context's principal must be: for anybody else's it is what is common to
// all. A change of the tenant's entries shows within five seconds. It may read from the database, at most for a second, so
// it is to be asked for outside of transactions, once for many diagnoses.
func (c *Catalogues) Of(ctx context.Context, tenantID uuid.UUID) *Catalogue {
	p, err := tenant.FromContext(ctx)
	if err != nil || p.TenantID != tenantID {
		return c.base
	}
	r := c.remembered(tenantID)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := c.now()
	if now.Before(r.until) {
		return r.catalogue
	}
	r.until = now.Add(ownFor)
	// Others wait for the answer, whatever becomes of who asked.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ownTimeout)
	defer cancel()
	found, err := c.own.CatalogueSince(ctx, r.version)
	switch {
	case err != nil:
		c.log.WarnContext(ctx, "a tenant's own entries of the catalogue could not be read: diagnosis goes on without their changes", "tenant", tenantID, "error", err)
	case found.Version != r.version:
		r.version, r.catalogue = found.Version, c.ready(ctx, found)
		c.charge(tenantID, r, len(found.YAML))
	}
	return r.catalogue
}

func (c *Catalogues) remembered(tenantID uuid.UUID) *remembered {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.tenants.Get(tenantID)
	if !ok {
		if oldest, ok := c.tenants.Oldest(); ok && c.tenants.Len() >= ownTenants {
			c.forget(oldest)
		}
		r = &remembered{catalogue: c.base}
		c.tenants.Put(tenantID, r)
	}
	return r
}

// ready makes a tenant's entries ready. What was saved has been checked, but perhaps by an older Weir: it must not keep
// failed calls from being diagnosed at all.
func (c *Catalogues) ready(ctx context.Context, found *tenant.Catalogue) *Catalogue {
	with := c.base
	err := errs.Catch(func() (err error) {
		with, err = c.base.WithOwn(found.YAML)
		return err
	})
	if err != nil {
		c.log.WarnContext(ctx, "a tenant's own entries of the catalogue are broken: diagnosis goes on without them",
			"tenant", found.TenantID, "version", found.Version, "error", err)
		return c.base
	}
	return with
}

// charge counts what a tenant's entries take, and forgets tenants that were not asked for lately when it is too much.
func (c *Catalogues) charge(tenantID uuid.UUID, r *remembered, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.tenants.Get(tenantID); !ok || now != r {
		return // It was forgotten meanwhile.
	}
	c.bytes += bytes - r.bytes
	r.bytes = bytes
	for c.bytes > ownBytes {
		oldest, ok := c.tenants.Oldest()
		if !ok || oldest == tenantID {
			return
		}
		c.forget(oldest)
	}
}

// forget is called under the lock.
func (c *Catalogues) forget(tenantID uuid.UUID) {
	if r, ok := c.tenants.Get(tenantID); ok {
		c.bytes -= r.bytes
		c.tenants.Delete(tenantID)
	}
}

// Update replaces the entries of the context's tenant by those of a text; "" removes them. It is BadInput of the field
// "yaml" for each thing that is wrong with it. It needs the role ADMIN.
func (c *Catalogues) Update(ctx context.Context, text string) error {
	saved, err := c.own.UpdateCatalogue(ctx, text, CheckOwn)
	if err != nil {
		return err // It may be several of the input, which whoever shows them takes apart.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(saved.TenantID)
	return nil
}
