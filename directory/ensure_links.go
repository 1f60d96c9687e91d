package directory

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

const (
	// An implicit connected app gets the name of the first one that names itself.
	makeAppsSQL = `INSERT INTO connected_app (tenant_id, id, external_id, implicit, customer_id, integration_id, created_at, last_activity_at)
		SELECT $1, v.id, v.external_id, v.implicit, v.customer_id, v.integration_id, $7, v.at
		FROM unnest($2::uuid[], $3::text[], $4::bool[], $5::uuid[], $6::uuid[], $8::timestamptz[])
			AS v (id, external_id, implicit, customer_id, integration_id, at) ORDER BY v.id
		ON CONFLICT (tenant_id, id) DO UPDATE SET external_id = excluded.external_id, implicit = false
			WHERE connected_app.implicit AND NOT excluded.implicit`
	makeFlowsSQL = `INSERT INTO flow (tenant_id, id, key, name, integration_id, created_at)
		SELECT $1, v.id, v.key, v.key, v.integration_id, $5
		FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS v (id, key, integration_id) ORDER BY v.id
		ON CONFLICT DO NOTHING RETURNING id`
	// The integration of a flow is that of the first event which says one, until the flow's own state does.
	placeFlowsSQL = `UPDATE flow SET integration_id = v.integration_id
		FROM unnest($2::uuid[], $3::uuid[]) AS v (id, integration_id)
		WHERE flow.tenant_id = $1 AND flow.id = v.id AND flow.integration_id IS NULL`
	makeSourcesSQL = `INSERT INTO data_source (tenant_id, id, connected_app_id, customer_id, key, mode, created_at)
		SELECT $1, v.id, v.connected_app_id, v.customer_id, v.key, v.mode, $7
		FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
			AS v (id, connected_app_id, customer_id, key, mode) ORDER BY v.id
		ON CONFLICT DO NOTHING RETURNING id`
	// A pull proves that a data source is pulled, unless its own state says otherwise. One that comes late says nothing of
	// the cursor as it is now.
	moveSourcesSQL = `UPDATE data_source SET
			last_pull_at = greatest(last_pull_at, v.pulled_at), last_event_at = greatest(last_event_at, v.event_at),
			mode = CASE WHEN v.pull AND stamps #> '{fields,mode}' IS NULL THEN 'PULL' ELSE mode END,
			cursor_still_pulls = CASE WHEN v.pulls IS NULL OR v.pulled_at <= last_pull_at THEN cursor_still_pulls
				WHEN v.ended THEN v.pulls ELSE cursor_still_pulls + v.pulls END,
			cursor_still_since = CASE WHEN v.pulls IS NULL OR v.pulled_at <= last_pull_at THEN cursor_still_since
				WHEN v.ended THEN v.since ELSE coalesce(cursor_still_since, v.since) END
		FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::bool[], $6::bool[], $7::int[], $8::timestamptz[])
			AS v (id, pulled_at, event_at, pull, ended, pulls, since)
		WHERE data_source.tenant_id = $1 AND data_source.id = v.id`
	moveCustomersSQL = `UPDATE customer SET last_activity_at = v.at
		FROM unnest($2::uuid[], $3::timestamptz[]) AS v (id, at)
		WHERE customer.tenant_id = $1 AND customer.id = v.id
			AND (last_activity_at IS NULL OR last_activity_at + interval '1 minute' <= v.at)`
	moveAppsSQL = `UPDATE connected_app SET last_activity_at = v.at
		FROM unnest($2::uuid[], $3::timestamptz[]) AS v (id, at)
		WHERE connected_app.tenant_id = $1 AND connected_app.id = v.id
			AND (last_activity_at IS NULL OR last_activity_at + interval '1 minute' <= v.at)`
)

// ensureLinks makes connected apps, flows and data sources, and moves the times of activity. found is the connected
// apps as they are now.
func (s *Store) ensureLinks(ctx context.Context, tx *tenant.Tx, need *Need, found *apps, at time.Time, made Made) error {
	var b pgx.Batch
	if err := queueMissingApps(&b, tx.TenantID(), need, found, at, made); err != nil {
		return err
	}
	unread := b.Len()
	queueFlows(&b, tx.TenantID(), need, at)
	queueSources(&b, tx.TenantID(), need, at)
	reading := b.Len()
	queueMoves(&b, tx.TenantID(), need, made)
	if b.Len() == 0 {
		return nil
	}
	results := tx.Pgx().SendBatch(ctx, &b)
	err := func() error {
		for i := range b.Len() {
			if i >= unread && i < reading {
				if err := readMade(results, made); err != nil {
					return err
				}
			} else if _, err := results.Exec(); err != nil {
				return err
			}
		}
		return nil
	}()
	return errors.Join(err, results.Close())
}

// queueMissingApps makes connected apps, if what was decided for them still fits what is there.
func queueMissingApps(b *pgx.Batch, tenantID uuid.UUID, need *Need, found *apps, at time.Time, made Made) error {
	var ids, customers, integrations []uuid.UUID
	var externalIDs []string
	var implicit []bool
	var activity []*time.Time
	for _, id := range sorted(need.apps) {
		n := need.apps[id]
		if !n.missing {
			continue
		}
		there, err := fits(id, n, found)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if found.byID[id] == nil {
			made[id] = struct{}{}
		}
		ids, externalIDs, implicit = append(ids, id), append(externalIDs, n.externalID), append(implicit, n.implicit)
		customers, integrations = append(customers, n.customerID), append(integrations, n.integrationID)
		activity = append(activity, fromMicros(n.activity))
	}
	if len(ids) > 0 {
		b.Queue(makeAppsSQL, tenantID, tenant.UUIDs(ids), externalIDs, implicit, tenant.UUIDs(customers), tenant.UUIDs(integrations), at, activity)
	}
	return nil
}

// fits tells whether the connected app is there as the need has it; it is ErrStale when another commit decided
// otherwise in between.
func fits(id uuid.UUID, n *appNeed, found *apps) (there bool, err error) {
	row, namesake := found.byID[id], found.named[n.externalID]
	siblings := found.linked[pair{n.customerID, n.integrationID}]
	switch {
	case n.implicit && row == nil && len(siblings) > 0:
		return false, ErrStale
	case !n.implicit && namesake != nil &&
		(namesake.id != id || namesake.customerID != n.customerID || namesake.integrationID != n.integrationID):
		return false, ErrStale
	case n.implicit || namesake != nil:
		return row != nil, nil
	case row != nil && !row.implicit:
		return false, ErrStale
	case row == nil:
		for _, other := range siblings {
			if other.implicit {
				return false, ErrStale
			}
		}
	}
	return false, nil
}

func queueFlows(b *pgx.Batch, tenantID uuid.UUID, need *Need, at time.Time) {
	ids := sorted(need.flows)
	if len(ids) == 0 {
		return
	}
	keys, integrations := make([]string, len(ids)), make([]uuid.UUID, len(ids))
	for i, id := range ids {
		keys[i], integrations[i] = need.flows[id].key, need.flows[id].integrationID
	}
	b.Queue(makeFlowsSQL, tenantID, tenant.UUIDs(ids), keys, optional(integrations), at)
}

func queueSources(b *pgx.Batch, tenantID uuid.UUID, need *Need, at time.Time) {
	var ids, apps, customers []uuid.UUID
	var keys, modes []string
	for _, id := range sorted(need.sources) {
		n := need.sources[id]
		if !n.missing {
			continue
		}
		mode := ModeWebhook
		if n.pull {
			mode = ModePull
		}
		ids, apps, customers = append(ids, id), append(apps, n.appID), append(customers, n.customerID)
		keys, modes = append(keys, n.key), append(modes, string(mode))
	}
	if len(ids) > 0 {
		b.Queue(makeSourcesSQL, tenantID, tenant.UUIDs(ids), tenant.UUIDs(apps), tenant.UUIDs(customers), keys, modes, at)
	}
}

// queueMoves moves what only ever moves forward. Customers and connected apps that were made have their activity already.
func queueMoves(b *pgx.Batch, tenantID uuid.UUID, need *Need, made Made) {
	var placed, integrations []uuid.UUID
	for _, id := range sorted(need.flows) {
		if f := need.flows[id]; f.integrationID != uuid.Nil {
			placed, integrations = append(placed, id), append(integrations, f.integrationID)
		}
	}
	if len(placed) > 0 {
		b.Queue(placeFlowsSQL, tenantID, tenant.UUIDs(placed), tenant.UUIDs(integrations))
	}
	queueSourceMoves(b, tenantID, need)
	var ids []uuid.UUID
	var times []time.Time
	for _, id := range sorted(need.customers) {
		if at := fromMicros(need.customers[id].activity); at != nil && !made.has(id) {
			ids, times = append(ids, id), append(times, *at)
		}
	}
	if len(ids) > 0 {
		b.Queue(moveCustomersSQL, tenantID, tenant.UUIDs(ids), times)
	}
	ids, times = nil, nil
	for _, id := range sorted(need.apps) {
		if at := fromMicros(need.apps[id].activity); at != nil && !made.has(id) {
			ids, times = append(ids, id), append(times, *at)
		}
	}
	if len(ids) > 0 {
		b.Queue(moveAppsSQL, tenantID, tenant.UUIDs(ids), times)
	}
}

func queueSourceMoves(b *pgx.Batch, tenantID uuid.UUID, need *Need) {
	var ids []uuid.UUID
	var pulled, events []*time.Time
	var pulls, ended []bool
	var stills []*int
	var since []*time.Time
	for _, id := range sorted(need.sources) {
		if n := need.sources[id]; n.pull || n.pulledAt != 0 || n.eventAt != 0 {
			ids, pulls = append(ids, id), append(pulls, n.pull)
			pulled, events = append(pulled, fromMicros(n.pulledAt)), append(events, fromMicros(n.eventAt))
			still := standstillOf(n.pulls)
			if still == nil {
				ended, stills, since = append(ended, false), append(stills, nil), append(since, nil)
				continue
			}
			ended, stills, since = append(ended, still.ended), append(stills, &still.pulls), append(since, still.since)
		}
	}
	if len(ids) > 0 {
		b.Queue(moveSourcesSQL, tenantID, tenant.UUIDs(ids), pulled, events, pulls, ended, stills, since)
	}
}
