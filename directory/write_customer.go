package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/stamp"
	"github.com/weirhq/weir/tenant"
)

const (
	maxExternalID = 200
	maxName       = 500
	maxAttributes = 64 << 10
)

// Validate reports every bad field, as BadInput.
func (in *CreateCustomerInput) Validate() error {
	var f errs.Fields
	checkText(&f, "externalId", in.ExternalID, maxExternalID)
	checkText(&f, "name", in.Name, maxName)
	checkAttributes(&f, "attributes", in.Attributes)
	return f.Err()
}

// Validate reports every bad field, as BadInput.
func (in *UpdateCustomerInput) Validate() error {
	var f errs.Fields
	if in.Name != nil {
		checkText(&f, "name", *in.Name, maxName)
	}
	checkAttributes(&f, "attributes", in.Attributes)
	return f.Err()
}

// CreateCustomer makes a customer. It is BadInput, one error a field, or Conflict when the external id is taken, also
// by a customer that events made. It needs the role DEVELOPER.
func (s *Store) CreateCustomer(ctx context.Context, in CreateCustomerInput) (*Customer, error) {
	p, err := writer(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	c := &Customer{
		TenantID: p.TenantID, ID: CustomerID(p.TenantID, in.ExternalID), ExternalID: in.ExternalID, Name: in.Name,
		Attributes: json.RawMessage("{}"), CreatedAt: now, Stamps: stamp.Set{"name": now.UnixMicro()},
	}
	if in.Attributes != nil {
		c.Attributes = in.Attributes
		c.Stamps["attributes"] = now.UnixMicro()
	}
	tenant.Concerns(ctx, nodeid.Format(nodeid.Customer, c.ID))
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return insertNew(tx.Bun().NewInsert().Model(c).On("CONFLICT DO NOTHING").Exec(ctx))
	})
	if errors.Is(err, errTaken) {
		return nil, conflict("externalId", "there is a customer %q already", in.ExternalID)
	}
	if err != nil {
		return nil, fmt.Errorf("create customer: %w", err)
	}
	return c, nil
}

// UpdateCustomer changes what is set, or says NotFound. Messages about the customer's state that are older than the
// change do not undo it. It needs the role DEVELOPER.
func (s *Store) UpdateCustomer(ctx context.Context, in UpdateCustomerInput) (*Customer, error) {
	if _, err := writer(ctx); err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	c := &Customer{}
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		err := tx.Bun().NewSelect().Model(c).Where("tenant_id = ? AND id = ?", tx.TenantID(), in.ID).For("UPDATE").Scan(ctx)
		if err != nil {
			return orNotFound(err, "customer")
		}
		mergeCustomer(c, &CustomerState{Name: in.Name, Attributes: in.Attributes}, max(s.now().UnixMicro(), newest(c.Stamps)))
		_, err = tx.Bun().NewUpdate().Model(c).Column("name", "attributes", "stamps").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update customer %s: %w", in.ID, err)
	}
	return c, nil
}

// DeleteCustomer deletes the customer with its connected apps, data sources and flow runs, and enqueues the erasure of
// its log entries in the same transaction. It says NotFound when there is none. It needs the role DEVELOPER.
func (s *Store) DeleteCustomer(ctx context.Context, id uuid.UUID) error {
	p, err := writer(ctx)
	if err != nil {
		return err
	}
	if s.eraser == nil {
		return errors.New("delete customer: nobody was named to erase its log entries")
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		// Commits of events come first or wait: they lock what the deletion cascades to in another order.
		if _, err := tx.Pgx().Exec(ctx, "SELECT FROM journal_cursor WHERE tenant_id = $1 FOR UPDATE", tx.TenantID()); err != nil {
			return err
		}
		result, err := tx.Bun().NewDelete().Model((*Customer)(nil)).Where("tenant_id = ? AND id = ?", tx.TenantID(), id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errs.New(errs.NotFound, "no such customer"))
		}
		return s.eraser.EraseCustomer(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("delete customer %s: %w", id, err)
	}
	s.resolver.Forget(p.TenantID)
	return nil
}

// newest is the latest of the stamps: a change by hand comes after all that is there, whatever the senders' clocks say.
func newest(stamps stamp.Set) (at int64) {
	for _, t := range stamps {
		at = max(at, t)
	}
	return at
}

func checkText(f *errs.Fields, field, text string, limit int) {
	switch n := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		f.Add(field, "must not be empty")
	case n > limit:
		f.Add(field, "has %d characters: at most %d are allowed", n, limit)
	case !storable(text):
		f.Add(field, "must be UTF-8 without NUL")
	}
}

func checkAttributes(f *errs.Fields, field string, raw json.RawMessage) {
	if raw == nil {
		return
	}
	trimmed := bytes.TrimSpace(raw)
	switch {
	case len(raw) > maxAttributes:
		f.Add(field, "has %d bytes: at most %d are allowed", len(raw), maxAttributes)
	case len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(raw):
		f.Add(field, "must be a JSON object")
	case bytes.Contains(raw, []byte(`\u0000`)):
		f.Add(field, "must not hold NUL")
	}
}

// storable tells whether PostgreSQL takes the text.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }
