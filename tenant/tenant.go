package tenant

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
)

// Tenant is a company that runs Weir for its product.
type Tenant struct {
	ID        uuid.UUID
	Slug      string
	Name      string
	CreatedAt time.Time
}

// CreateTenantInput is what a new tenant is made of.
type CreateTenantInput struct {
	// Slug has at most 63 characters: lower-case letters, digits, and single hyphens between them.
	Slug string
	// Name has 1 to 200 characters.
	Name string
	// OwnerEmail is the first member's, who is an OWNER; "" for none.
	OwnerEmail string
}

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Validate reports every bad field, as BadInput.
func (in *CreateTenantInput) Validate() error {
	var f errs.Fields
	switch _, asID := uuid.Parse(in.Slug); {
	case len(in.Slug) > 63 || !slugPattern.MatchString(in.Slug):
		f.Add("slug", "must be 1 to 63 lower-case letters and digits, with single hyphens between them")
	case asID == nil:
		// It could pass for the id of another tenant.
		f.Add("slug", "must not have the form of an id")
	}
	checkName(&f, "name", in.Name)
	if in.OwnerEmail != "" {
		_, err := normalEmail(in.OwnerEmail)
		f.Check(err == nil, "ownerEmail", "must be an e-mail address")
	}
	return f.Err()
}

// Store keeps tenants and what belongs to their administration: API keys, members, retention and redaction.
type Store struct {
	door      *Door
	now       func() time.Time
	retention *policyCache[Retention]
	redaction *policyCache[Redaction]
	// signer is nil where no tokens are signed.
	signer TokenSigner
}

// NewStore makes a Store.
func NewStore(door *Door, now func() time.Time) *Store {
	return &Store{door: door, now: now, retention: newPolicyCache[Retention](now), redaction: newPolicyCache[Redaction](now)}
}

// CreateTenant makes a tenant, and its first owner if one is named. It is BadInput, one error a field, or Conflict when
// the slug is taken. It is for operators: it asks no principal.
func (s *Store) CreateTenant(ctx context.Context, in CreateTenantInput) (*Tenant, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	now := s.moment()
	t := &Tenant{ID: nodeid.New(now), Slug: in.Slug, Name: in.Name, CreatedAt: now}
	Concerns(ctx, nodeid.Format(nodeid.Tenant, t.ID))
	err := s.door.Write(WithPrincipal(ctx, System(t.ID)), func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "SELECT create_tenant($1, $2, $3, $4)", t.ID, t.Slug, t.Name, t.CreatedAt); err != nil {
			return err
		}
		if in.OwnerEmail == "" {
			return nil
		}
		email, err := normalEmail(in.OwnerEmail)
		if err != nil {
			return err
		}
		owner := &Member{TenantID: t.ID, ID: nodeid.New(now), Email: email, Role: RoleOwner, CreatedAt: now}
		_, err = tx.Bun().NewInsert().Model(owner).Exec(ctx)
		return err
	})
	if errs.SQLState(err) == uniqueViolation {
		return nil, conflict("slug", "there is a tenant %q already", in.Slug)
	}
	if err != nil {
		return nil, fmt.Errorf("create tenant %s: %w", in.Slug, err)
	}
	return t, nil
}

// FindTenant finds a tenant by its slug or its id, in either form of an id, or says NotFound. It asks no principal.
func (s *Store) FindTenant(ctx context.Context, reference string) (*Tenant, error) {
	return findTenant(ctx, s.door, reference)
}

func findTenant(ctx context.Context, door *Door, reference string) (*Tenant, error) {
	if id, err := nodeid.ParseAs(nodeid.Tenant, reference); err == nil {
		reference = id.String()
	}
	if !utf8.ValidString(reference) || strings.IndexByte(reference, 0) >= 0 {
		return nil, errs.New(errs.NotFound, "no such tenant")
	}
	rows, err := door.Directory().Query(ctx, "SELECT id, slug, name, created_at FROM find_tenant($1)", reference)
	if err != nil {
		return nil, fmt.Errorf("find a tenant: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Tenant])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.New(errs.NotFound, "no such tenant")
	}
	if err != nil {
		return nil, fmt.Errorf("find a tenant: %w", err)
	}
	return t, nil
}

// ListTenants lists all tenants, the oldest first. It is for operators and schedules: it asks no principal.
func (s *Store) ListTenants(ctx context.Context) ([]*Tenant, error) {
	rows, err := s.door.Directory().Query(ctx, "SELECT id, slug, name, created_at FROM list_tenants()")
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	tenants, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Tenant])
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return tenants, nil
}

// Current is the tenant of the context's principal, whoever that is.
func (s *Store) Current(ctx context.Context) (*Tenant, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return s.FindTenant(ctx, p.TenantID.String())
}

// moment is now as the database keeps it.
func (s *Store) moment() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// admin gives the principal if it may administer the tenant.
func admin(ctx context.Context) (*Principal, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.Require(RoleAdmin)
}

const maxName = 200

func checkName(f *errs.Fields, field, name string) {
	n := utf8.RuneCountInString(name)
	f.Check(strings.TrimSpace(name) != "", field, "must not be empty")
	f.Check(n <= maxName, field, "has %d characters: at most %d are allowed", n, maxName)
	f.Check(utf8.ValidString(name) && strings.IndexByte(name, 0) < 0, field, "must be UTF-8 without NUL")
}

const uniqueViolation = "23505"

func conflict(field, format string, args ...any) error {
	e := errs.New(errs.Conflict, format, args...)
	e.Field = strings.Split(field, ".")
	return e
}
