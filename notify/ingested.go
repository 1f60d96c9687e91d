package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// Ingested is what a commit of events changed that may be worth telling.
type Ingested struct {
	// Apps are connected apps of whose state something was said, and Said when each was.
	Apps []uuid.UUID
	Said []time.Time
	// Runs are flow runs that were said to have failed.
	Runs []uuid.UUID
}

const (
	// sqlChangedApps are connected apps whose status began when it was said to.
	sqlChangedApps = `SELECT a.id, a.status, a.status_changed_at, coalesce(a.reason, ''), c.id, c.external_id, c.name, i.id, i.key, i.name
FROM unnest($2::uuid[], $3::timestamptz[]) s (id, at) JOIN connected_app a ON a.tenant_id = $1 AND a.id = s.id AND a.status_changed_at = s.at
JOIN customer c ON c.tenant_id = $1 AND c.id = a.customer_id JOIN integration i ON i.tenant_id = $1 AND i.id = a.integration_id ORDER BY s.at`

	sqlFailedRuns = `SELECT r.id, coalesce(r.external_id, ''), coalesce(r.finished_at, r.at), coalesce(r.error_code, ''), coalesce(r.error_message, ''),
  f.id, coalesce(f.key, ''), coalesce(f.name, ''), c.id, coalesce(c.external_id, ''), coalesce(c.name, ''), i.id, coalesce(i.key, ''), coalesce(i.name, '')
FROM flow_run r LEFT JOIN flow f ON f.tenant_id = $1 AND f.id = r.flow_id LEFT JOIN customer c ON c.tenant_id = $1 AND c.id = r.customer_id
LEFT JOIN integration i ON i.tenant_id = $1 AND i.id = r.integration_id
WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[]) AND r.status = 'FAILED'`
)

// TellIngested tells what a commit of events changed, in its transaction, if anybody asks for it.
func (s *Store) TellIngested(ctx context.Context, tx *tenant.Tx, in Ingested) error {
	if len(in.Apps) == 0 && len(in.Runs) == 0 {
		return nil
	}
	asked, err := s.Asked(ctx, tx)
	if err != nil {
		return err
	}
	var events []Event
	if len(in.Apps) > 0 && asked[ConnectedAppStatusChanged] {
		if events, err = changedApps(ctx, tx, in.Apps, in.Said); err != nil {
			return fmt.Errorf("read connected apps to tell of: %w", err)
		}
	}
	if len(in.Runs) > 0 && asked[FlowRunFailed] {
		failed, err := failedRuns(ctx, tx, in.Runs)
		if err != nil {
			return fmt.Errorf("read flow runs to tell of: %w", err)
		}
		events = append(events, failed...)
	}
	return s.Tell(ctx, tx, events...)
}

func changedApps(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, said []time.Time) ([]Event, error) {
	rows, err := tx.Pgx().Query(ctx, sqlChangedApps, tx.TenantID(), tenant.UUIDs(ids), said)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var a ConnectedApp
		var id, customer, integration pgtype.UUID
		err := row.Scan(&id, &a.Status, &a.ChangedAt, &a.Reason, &customer, &a.Customer.ExternalID, &a.Customer.Name, &integration, &a.Integration.ExternalID, &a.Integration.Name)
		a.ID, a.Customer.ID, a.Integration.ID, a.ChangedAt = id.Bytes, customer.Bytes, integration.Bytes, a.ChangedAt.UTC()
		return OfConnectedApp(&a), err
	})
}

func failedRuns(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) ([]Event, error) {
	rows, err := tx.Pgx().Query(ctx, sqlFailedRuns, tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var r FlowRun
		var id, flow, customer, integration pgtype.UUID
		err := row.Scan(&id, &r.ExternalID, &r.FailedAt, &r.ErrorCode, &r.ErrorMessage, &flow, &r.Flow.ExternalID, &r.Flow.Name,
			&customer, &r.Customer.ExternalID, &r.Customer.Name, &integration, &r.Integration.ExternalID, &r.Integration.Name)
		r.ID, r.Flow.ID, r.Customer.ID, r.Integration.ID, r.FailedAt = id.Bytes, flow.Bytes, customer.Bytes, integration.Bytes, r.FailedAt.UTC()
		return OfFlowRun(&r), err
	})
}
