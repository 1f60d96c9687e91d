package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
)

// MaxCatalogue is how long a tenant's own entries of the catalogue of errors may be, in bytes.
const MaxCatalogue = 256 << 10

// Catalogue is what a tenant adds to the catalogue of errors. Package diagnostics knows what the text says.
type Catalogue struct {
	bun.BaseModel `bun:"table:catalogue,alias:c"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	// YAML is the text as it was saved; "" when there is none.
	YAML string `bun:"yaml"`
	// Version counts the changes. It is 0 for a tenant that never saved any.
	Version   int64
	ChangedAt time.Time
}

// Catalogue is what the tenant saved; empty when it never did. It needs the role DEVELOPER.
func (s *Store) Catalogue(ctx context.Context) (*Catalogue, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Require(RoleDeveloper); err != nil {
		return nil, err
	}
	return s.CatalogueSince(ctx, -1)
}

// CatalogueSince is Catalogue for diagnosis: any principal may ask. The text is left out when the version is the one that
// the caller knows; a negative one is never known.
func (s *Store) CatalogueSince(ctx context.Context, known int64) (*Catalogue, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	c := &Catalogue{TenantID: p.TenantID}
	// Who is limited to a customer has its calls diagnosed by the same entries, and may not read them.
	err = s.door.Look(WithPrincipal(ctx, System(p.TenantID)), func(ctx context.Context, tx *Tx) error {
		return tx.Pgx().QueryRow(ctx, `SELECT CASE WHEN version = $2 THEN '' ELSE yaml END, version, changed_at FROM catalogue
			WHERE tenant_id = $1`, tx.TenantID(), known).Scan(&c.YAML, &c.Version, &c.ChangedAt)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read the tenant's catalogue: %w", err)
	}
	return c, nil
}

// UpdateCatalogue replaces the tenant's entries by those of the text; "" removes them. check tells what is wrong with
// the text, as BadInput; it is asked about what may be stored at all. It needs the role ADMIN.
func (s *Store) UpdateCatalogue(ctx context.Context, text string, check func(text string) error) (*Catalogue, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	f.Check(len(text) <= MaxCatalogue, "yaml", "has %d bytes: at most %d are allowed", len(text), MaxCatalogue)
	f.Check(utf8.ValidString(text) && strings.IndexByte(text, 0) < 0, "yaml", "must be UTF-8 without NUL")
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := check(text); err != nil {
		return nil, err
	}
	row := &Catalogue{TenantID: p.TenantID, YAML: text, Version: 1, ChangedAt: s.moment()}
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.Bun().NewInsert().Model(row).On("CONFLICT (tenant_id) DO UPDATE").
			Set("yaml = excluded.yaml, version = c.version + 1, changed_at = excluded.changed_at").Returning("version").Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("update the tenant's catalogue: %w", err)
	}
	return row, nil
}
