package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// ApplyStates brings in what state events say, column by column: an older value never overwrites a newer one, in
// whatever order the events come. It runs after Ensure in the same transaction; made is what Ensure made. For each
// event it tells whether the event changed anything: one that did not is a duplicate, but if it is newer than what was
// known, that it held then is kept all the same.
func (s *Store) ApplyStates(ctx context.Context, tx *tenant.Tx, states []StateEvent, made Made) ([]bool, error) {
	changed := make([]bool, len(states))
	if len(states) == 0 {
		return changed, nil
	}
	b := &applying{ctx: ctx, tx: tx, states: states, changed: changed, made: made}
	for _, apply := range []func() error{b.customers, b.flows, b.connectedApps, b.dataSources} {
		if err := apply(); err != nil {
			return nil, fmt.Errorf("apply states: %w", err)
		}
	}
	return changed, nil
}

type applying struct {
	ctx     context.Context
	tx      *tenant.Tx
	states  []StateEvent
	changed []bool
	made    Made
}

func (b *applying) customers() error {
	return applyTo(b, "customer", customerColumns,
		func(e *StateEvent) (uuid.UUID, bool) { return e.Target.CustomerID, e.Customer != nil },
		func(c *Customer) uuid.UUID { return c.ID },
		func(c *Customer, e *StateEvent) bool { return mergeCustomer(c, e.Customer, e.At.UnixMicro()) },
		func(c *Customer) any {
			return map[string]any{"id": c.ID, "name": c.Name, "attributes": c.Attributes, "stamps": c.Stamps}
		})
}

func (b *applying) flows() error {
	return applyTo(b, "flow", flowColumns,
		func(e *StateEvent) (uuid.UUID, bool) { return e.Target.FlowID, e.Flow != nil },
		func(f *Flow) uuid.UUID { return f.ID },
		func(f *Flow, e *StateEvent) bool {
			return mergeFlow(f, e.Flow, e.Target.IntegrationID, e.At.UnixMicro())
		},
		func(f *Flow) any {
			return map[string]any{
				"id": f.ID, "name": f.Name, "integration_id": f.IntegrationID, "enabled": f.Enabled,
				"trigger_kind": f.TriggerKind, "event_types": list(f.EventTypes), "schedule": f.Schedule,
				"filter": f.Filter, "stamps": f.Stamps,
			}
		})
}

func (b *applying) connectedApps() error {
	return applyTo(b, "connected_app", connectedAppColumns,
		func(e *StateEvent) (uuid.UUID, bool) { return e.Target.ConnectedAppID, e.ConnectedApp != nil },
		func(a *ConnectedApp) uuid.UUID { return a.ID },
		func(a *ConnectedApp, e *StateEvent) bool {
			return mergeConnectedApp(a, e.ConnectedApp, e.At.UnixMicro())
		},
		connectedAppRecord)
}

func connectedAppRecord(a *ConnectedApp) any {
	return map[string]any{
		"id": a.ID, "status": a.Status, "status_changed_at": instant(a.StatusChangedAt), "reason": a.Reason,
		"account": a.Account, "scopes": list(a.Scopes), "credentials_expire_at": instant(a.CredentialsExpireAt),
		"stamps": a.Stamps,
	}
}

func (b *applying) dataSources() error {
	return applyTo(b, "data_source", dataSourceColumns,
		func(e *StateEvent) (uuid.UUID, bool) { return e.Target.DataSourceID, e.DataSource != nil },
		func(d *DataSource) uuid.UUID { return d.ID },
		func(d *DataSource, e *StateEvent) bool { return mergeDataSource(d, e.DataSource, e.At.UnixMicro()) },
		func(d *DataSource) any {
			return map[string]any{
				"id": d.ID, "mode": d.Mode, "event_types": list(d.EventTypes), "state": d.State, "reason": d.Reason,
				"expires_at": instant(d.ExpiresAt), "pull_interval_s": d.PullIntervalS, "stamps": d.Stamps,
			}
		})
}

// columns are what state events set in a table: their names and types.
type columns struct{ set, typed string }

var (
	customerColumns = columns{
		set:   "name = v.name, attributes = v.attributes, stamps = v.stamps",
		typed: "name text, attributes jsonb, stamps jsonb",
	}
	flowColumns = columns{
		set: "name = v.name, integration_id = v.integration_id, enabled = v.enabled, trigger_kind = v.trigger_kind, " +
			"event_types = v.event_types, schedule = v.schedule, filter = v.filter, stamps = v.stamps",
		typed: "name text, integration_id uuid, enabled boolean, trigger_kind text, event_types text[], schedule text, " +
			"filter text, stamps jsonb",
	}
	connectedAppColumns = columns{
		set: "status = v.status, status_changed_at = v.status_changed_at, reason = v.reason, account = v.account, " +
			"scopes = v.scopes, credentials_expire_at = v.credentials_expire_at, stamps = v.stamps",
		typed: "status text, status_changed_at timestamptz, reason text, account text, scopes text[], " +
			"credentials_expire_at timestamptz, stamps jsonb",
	}
	dataSourceColumns = columns{
		set: "mode = v.mode, event_types = v.event_types, state = v.state, reason = v.reason, expires_at = v.expires_at, " +
			"pull_interval_s = v.pull_interval_s, stamps = v.stamps",
		typed: "mode text, event_types text[], state text, reason text, expires_at timestamptz, pull_interval_s int, " +
			"stamps jsonb",
	}
)

// applyTo merges the events that are about one table: it locks the rows, in the order of their ids, merges in Go, and
// writes them back by one statement.
func applyTo[T any](b *applying, table string, c columns, about func(*StateEvent) (uuid.UUID, bool), id func(*T) uuid.UUID,
	merge func(*T, *StateEvent) bool, record func(*T) any,
) error {
	wanted := map[uuid.UUID][]int{}
	for i := range b.states {
		if id, ok := about(&b.states[i]); ok {
			wanted[id] = append(wanted[id], i)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	rows, err := b.tx.Pgx().Query(b.ctx,
		"SELECT * FROM "+table+" WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE",
		b.tx.TenantID(), tenant.UUIDs(sorted(wanted)))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[T])
	if err != nil {
		return err
	}
	if len(found) != len(wanted) {
		return ErrStale
	}
	records := make([]any, len(found))
	for n, row := range found {
		_, fresh := b.made[id(row)]
		for _, i := range wanted[id(row)] {
			b.changed[i] = merge(row, &b.states[i]) || fresh
			fresh = false
		}
		records[n] = record(row)
	}
	return writeRecords(b.ctx, b.tx, table, c, records)
}

// writeRecords writes rows back that were merged.
func writeRecords(ctx context.Context, tx *tenant.Tx, table string, c columns, records []any) error {
	document, err := json.Marshal(records)
	if err != nil {
		return err
	}
	_, err = tx.Pgx().Exec(ctx, "UPDATE "+table+" t SET "+c.set+
		" FROM jsonb_to_recordset($2::jsonb) AS v (id uuid, "+c.typed+") WHERE t.tenant_id = $1 AND t.id = v.id",
		tx.TenantID(), string(document))
	return err
}

// list is never null: the columns are not either.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// instant keeps the microseconds that the driver's own form of a time would keep too, in a form that jsonb takes.
func instant(at *time.Time) *string {
	if at == nil {
		return nil
	}
	text := at.UTC().Format(time.RFC3339Nano)
	return &text
}
