package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tenant"
)

// record is an issue as it lies in its row, and the name of its integration.
type record struct {
	id, parent, integration uuid.UUID
	category                diagnostics.Category
	cause, scope            string
	status                  Status
	severity, base          Severity
	byCondition             bool
	confidence              float64
	diagnosis               []byte
	firstSeen, lastSeen     time.Time
	opened, began, resolved *time.Time
	resolvedByPerson        bool
	snoozedUntil            *time.Time
	assignee                uuid.UUID
	provider                string
}

const recordColumns = `i.id, i.category, i.integration_id, i.cause, i.scope, i.status, i.severity, i.base_severity, i.parent_id, i.by_condition,
	i.confidence, i.diagnosis, i.first_seen_at, i.last_seen_at, i.opened_at, i.began_at, i.resolved_at, i.resolved_by_person,
	i.snoozed_until, i.assignee_id,
	coalesce((SELECT g.name FROM integration g WHERE g.tenant_id = i.tenant_id AND g.id = i.integration_id), '')`

func (r *record) fields() []any {
	return []any{
		&r.id, &r.category, &r.integration, &r.cause, &r.scope, &r.status, &r.severity, &r.base, &r.parent, &r.byCondition,
		&r.confidence, &r.diagnosis, &r.firstSeen, &r.lastSeen, &r.opened, &r.began, &r.resolved, &r.resolvedByPerson,
		&r.snoozedUntil, &r.assignee, &r.provider,
	}
}

func (r *record) key() *Key {
	return &Key{Category: r.category, IntegrationID: r.integration, Cause: r.cause, Scope: r.scope}
}

// live tells whether it is open in some way: neither watched, nor resolved, nor ignored.
func (r *record) live() bool {
	return r.status == Open || r.status == Acknowledged || r.status == Snoozed
}

// records reads issues: where is the rest of a statement whose $1 is the tenant.
func records(ctx context.Context, tx *tenant.Tx, where string, args ...any) ([]*record, error) {
	rows, err := tx.Pgx().Query(ctx, "SELECT "+recordColumns+" FROM issue i WHERE i.tenant_id = $1 AND "+where, append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*record, error) {
		r := &record{}
		return r, row.Scan(r.fields()...)
	})
}

// issue makes an Issue of a record.
func (r *record) issue() (*Issue, error) {
	i := &Issue{
		ID: r.id, Key: *r.key(), Status: r.status, Severity: r.severity, ParentID: r.parent, AssigneeID: r.assignee,
		FirstSeenAt: r.firstSeen.UTC(), LastSeenAt: r.lastSeen.UTC(), ResolvedAt: utc(r.resolved), SnoozedUntil: utc(r.snoozedUntil),
	}
	if r.opened != nil && r.began != nil {
		i.OpenedAt, i.BeganAt = r.opened.UTC(), r.began.UTC()
	}
	if r.diagnosis != nil {
		if err := json.Unmarshal(r.diagnosis, &i.Diagnosis); err != nil {
			return nil, fmt.Errorf("read the diagnosis of issue %s: %w", r.id, err)
		}
	}
	return i, nil
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	out := at.UTC()
	return &out
}
