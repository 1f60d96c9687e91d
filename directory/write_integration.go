package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

const maxProvider = 200

// Validate reports every bad field, as BadInput.
func (in *CreateIntegrationInput) Validate() error {
	var f errs.Fields
	checkText(&f, "key", in.Key, maxExternalID)
	checkText(&f, "name", in.Name, maxName)
	checkProvider(&f, in.Provider)
	return f.Err()
}

// Validate reports every bad field, as BadInput.
func (in *UpdateIntegrationInput) Validate() error {
	var f errs.Fields
	if in.Name != nil {
		checkText(&f, "name", *in.Name, maxName)
	}
	checkProvider(&f, in.Provider)
	return f.Err()
}

func checkProvider(f *errs.Fields, provider *string) {
	if provider != nil && *provider != "" {
		checkText(f, "provider", *provider, maxProvider)
	}
}

// CreateIntegration makes an integration. It is BadInput, one error a field, or Conflict when the key is taken, also
// by an integration that events made. It needs the role DEVELOPER.
func (s *Store) CreateIntegration(ctx context.Context, in CreateIntegrationInput) (*Integration, error) {
	p, err := writer(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	i := &Integration{
		TenantID: p.TenantID, ID: IntegrationID(p.TenantID, in.Key), Key: in.Key, Name: in.Name,
		Provider: orNil(in.Provider), CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}
	tenant.Concerns(ctx, nodeid.Format(nodeid.Integration, i.ID))
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		return insertNew(tx.Bun().NewInsert().Model(i).On("CONFLICT DO NOTHING").Exec(ctx))
	})
	if errors.Is(err, errTaken) {
		return nil, conflict("key", "there is an integration %q already", in.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("create integration: %w", err)
	}
	return i, nil
}

// UpdateIntegration changes what is set, or says NotFound. It needs the role DEVELOPER.
func (s *Store) UpdateIntegration(ctx context.Context, in UpdateIntegrationInput) (*Integration, error) {
	if _, err := writer(ctx); err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	i := &Integration{}
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		err := tx.Bun().NewSelect().Model(i).Where("tenant_id = ? AND id = ?", tx.TenantID(), in.ID).For("UPDATE").Scan(ctx)
		if err != nil {
			return orNotFound(err, "integration")
		}
		if in.Name != nil {
			i.Name = *in.Name
		}
		if in.Provider != nil {
			i.Provider = orNil(in.Provider)
		}
		_, err = tx.Bun().NewUpdate().Model(i).Column("name", "provider").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update integration %s: %w", in.ID, err)
	}
	return i, nil
}

func orNil(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}
