package tenant

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
)

const (
	// DefaultDays is how long entries are kept where nothing else is said, in days.
	DefaultDays = 90
	// DefaultPayloadDays is how long their headers and bodies are.
	DefaultPayloadDays = 30
	// MaxDays is how long entries can be kept.
	MaxDays = 400
)

// RetainedKinds are the kinds of log entries that have a retention of their own, by their names in the API.
var RetainedKinds = []string{
	"API_REQUEST", "EXTERNAL_WEBHOOK", "EXTERNAL_EVENT_PULL", "EXTERNAL_EVENT", "INTERNAL_EVENT", "FLOW_RUN", "TRANSACTION",
}

// RetentionPolicy is how long log entries of one kind are kept.
type RetentionPolicy struct {
	bun.BaseModel `bun:"table:retention_policy,alias:r"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	Kind     string    `bun:",pk"`
	Days     int
	// PayloadDays is how long headers and bodies are kept: at most Days.
	PayloadDays int
}

// Retention is a tenant's policies, one for each of RetainedKinds, in that order.
type Retention struct{ Policies []RetentionPolicy }

// Of is the policy of the kind; that of what has none of its own, such as log lines, is the longest of all.
func (r *Retention) Of(kind string) RetentionPolicy {
	longest := RetentionPolicy{Kind: kind}
	for _, p := range r.Policies {
		if p.Kind == kind {
			return p
		}
		longest.Days, longest.PayloadDays = max(longest.Days, p.Days), max(longest.PayloadDays, p.PayloadDays)
	}
	return longest
}

// RetentionInput is a policy to be. Without PayloadDays headers and bodies are kept for 30 days, or Days if that is
// less.
type RetentionInput struct {
	Kind        string
	Days        int
	PayloadDays *int
}

// RetentionPolicies are the tenant's policies, defaults included. It needs the role ADMIN.
func (s *Store) RetentionPolicies(ctx context.Context) ([]RetentionPolicy, error) {
	if _, err := admin(ctx); err != nil {
		return nil, err
	}
	r, err := s.loadRetention(ctx)
	if err != nil {
		return nil, err
	}
	return r.Policies, nil
}

// Retention is RetentionPolicies for ingestion and background work: any principal may ask, and the answer may be five
// seconds old. It must not be changed.
func (s *Store) Retention(ctx context.Context) (*Retention, error) {
	return s.retention.get(ctx, s.loadRetention)
}

func (s *Store) loadRetention(ctx context.Context) (*Retention, error) {
	var rows []RetentionPolicy
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	err = s.door.Read(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.Bun().NewSelect().Model(&rows).Where("tenant_id = ?", tx.TenantID()).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("read the retention: %w", err)
	}
	r := &Retention{}
	for _, kind := range RetainedKinds {
		policy := RetentionPolicy{TenantID: p.TenantID, Kind: kind, Days: DefaultDays, PayloadDays: DefaultPayloadDays}
		if i := slices.IndexFunc(rows, func(row RetentionPolicy) bool { return row.Kind == kind }); i >= 0 {
			policy = rows[i]
		}
		r.Policies = append(r.Policies, policy)
	}
	return r, nil
}

// UpdateRetention sets the policies of the kinds that are named, and gives all. It is BadInput, one error a field. It
// needs the role ADMIN.
func (s *Store) UpdateRetention(ctx context.Context, policies []RetentionInput) ([]RetentionPolicy, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := retentionRows(p.TenantID, policies)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Bun().NewInsert().Model(&rows).On("CONFLICT (tenant_id, kind) DO UPDATE").
				Set("days = excluded.days, payload_days = excluded.payload_days").Exec(ctx)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("update the retention: %w", err)
	}
	s.retention.forget(p.TenantID)
	return s.RetentionPolicies(ctx)
}

func retentionRows(tenantID uuid.UUID, policies []RetentionInput) ([]RetentionPolicy, error) {
	var f errs.Fields
	rows := make([]RetentionPolicy, 0, len(policies))
	seen := map[string]bool{}
	for i, in := range policies {
		field := fmt.Sprintf("policies.%d.", i)
		row := RetentionPolicy{TenantID: tenantID, Kind: in.Kind, Days: in.Days, PayloadDays: min(in.Days, DefaultPayloadDays)}
		if in.PayloadDays != nil {
			row.PayloadDays = *in.PayloadDays
		}
		f.Check(slices.Contains(RetainedKinds, in.Kind), field+"kind", "is no kind of log entry")
		f.Check(!seen[in.Kind], field+"kind", "is named twice")
		f.Check(in.Days >= 1 && in.Days <= MaxDays, field+"days", "must be from 1 to %d", MaxDays)
		f.Check(row.PayloadDays >= 0 && row.PayloadDays <= max(in.Days, 0), field+"payloadDays", "must be from 0 to days")
		seen[in.Kind] = true
		rows = append(rows, row)
	}
	return rows, f.Err()
}
