package alarm

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Teller tells what an alarm does, in the transaction of it.
type Teller interface {
	Tell(ctx context.Context, tx *tenant.Tx, events ...notify.Event) error
}

// Figures are what is watched.
type Figures interface {
	Cells(ctx context.Context, f statistics.Filter, from, to time.Time, take func(c *statistics.Cell)) error
}

// Options are what a Store works with.
type Options struct {
	Figures Figures
	Teller  Teller
	// Changed hears of an alarm that fired or was resolved, in the transaction of it. Nil is nobody.
	Changed func(ctx context.Context, tx *tenant.Tx, a *Alarm) error
	// Committed hears how far the changes of a tenant's alarms have come, once they are committed: see Updates. It returns
	// at once, and may be nil.
	Committed func(tenantID uuid.UUID, no int64)
	Log       *slog.Logger
	Now       func() time.Time
}

// Store keeps rules and their alarms.
type Store struct {
	door *tenant.Door
	opt  Options
}

// NewStore makes a Store over the door.
func NewStore(door *tenant.Door, opt Options) *Store {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Changed == nil {
		opt.Changed = func(context.Context, *tenant.Tx, *Alarm) error { return nil }
	}
	return &Store{door, opt}
}

func (s *Store) moment() time.Time { return s.opt.Now().UTC().Truncate(time.Microsecond) }

const sqlRules = `SELECT r.id, r.name, r.metric, r.comparison, r.threshold, r.window_seconds, r.for_seconds, r.integration_id, r.customer_id, r.flow_id,
  r.kinds, r.endpoint_ids, r.enabled, r.state::text, r.evaluated_at, r.created_at, r.deleted_at,
  coalesce(i.key, ''), coalesce(i.name, ''), coalesce(c.external_id, ''), coalesce(c.name, ''), coalesce(f.key, ''), coalesce(f.name, '')
FROM alarm_rule r LEFT JOIN integration i ON i.tenant_id = r.tenant_id AND i.id = r.integration_id
LEFT JOIN customer c ON c.tenant_id = r.tenant_id AND c.id = r.customer_id LEFT JOIN flow f ON f.tenant_id = r.tenant_id AND f.id = r.flow_id
WHERE r.tenant_id = $1 `

func rules(ctx context.Context, tx *tenant.Tx, where string, args ...any) ([]*Rule, error) {
	rows, err := tx.Pgx().Query(ctx, sqlRules+where, append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRule)
}

func scanRule(row pgx.CollectableRow) (*Rule, error) {
	r := &Rule{}
	var id, integration, customer, flow pgtype.UUID
	var endpoints []pgtype.UUID
	var kinds []int16
	var state string
	var evaluated time.Time
	err := row.Scan(&id, &r.Name, &r.Metric, &r.Comparison, &r.Threshold, &r.WindowSeconds, &r.ForSeconds, &integration, &customer, &flow,
		&kinds, &endpoints, &r.Enabled, &state, &evaluated, &r.CreatedAt, &r.DeletedAt,
		&r.integration.ExternalID, &r.integration.Name, &r.customer.ExternalID, &r.customer.Name, &r.flow.ExternalID, &r.flow.Name)
	if err != nil {
		return nil, err
	}
	r.ID, r.IntegrationID, r.CustomerID, r.FlowID = id.Bytes, integration.Bytes, customer.Bytes, flow.Bytes
	r.integration.ID, r.customer.ID, r.flow.ID = r.IntegrationID, r.CustomerID, r.FlowID
	for _, k := range kinds {
		r.Kinds = append(r.Kinds, entry.Kind(k)) //nolint:gosec // They were written from kinds.
	}
	for _, e := range endpoints {
		r.EndpointIDs = append(r.EndpointIDs, e.Bytes)
	}
	r.evaluatedAt = statistics.MinuteOf(evaluated)
	if err := json.Unmarshal([]byte(state), &r.state); err != nil {
		return nil, fmt.Errorf("read the state of rule %s: %w", r.ID, err)
	}
	return r, nil
}

func nullable(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

func (r *Rule) kinds() []int16 {
	out := make([]int16, len(r.Kinds))
	for i, k := range r.Kinds {
		out[i] = int16(k)
	}
	return out
}

// event is what is told of an alarm of the rule; with a cause when the rule did not do it by itself.
func (r *Rule) event(a *Alarm, value float64, cause string) notify.Event {
	told := &notify.Alarm{
		ID: a.ID, RuleID: r.ID, Name: r.Name, Integration: r.integration, Customer: r.customer, Flow: r.flow, FiredAt: a.FiredAt, EndpointIDs: r.EndpointIDs, Cause: cause,
		Measure: notify.Measure{Metric: string(r.Metric), Comparison: string(r.Comparison), Threshold: r.Threshold, Value: value, WindowSeconds: r.WindowSeconds},
	}
	if a.ResolvedAt != nil {
		told.ResolvedAt = *a.ResolvedAt
	}
	return notify.OfAlarm(told)
}
