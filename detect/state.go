package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
)

// state is what the rows say that are not statistics.
type state struct {
	flows        map[uuid.UUID]*directory.Flow
	integrations map[uuid.UUID]*directory.Integration
	// away are the connected apps that are not connected, by themselves and by customer and integration.
	away     map[uuid.UUID]bool
	awayPair map[[2]uuid.UUID]bool
	expiring []*directory.ConnectedApp
	sources  []*pullSource
	// paused are connected apps with a data source that was paused.
	paused map[uuid.UUID]bool
	open   []*openRun
	failed []*failedRun
	// known are issues that log entries have shown, open or over for less than a day; lately is since when one that is over
	// explains what is seen now.
	known  []issues.Hit
	lately time.Time
}

// pullSource is a data source that may have come to a standstill.
type pullSource struct {
	ID               uuid.UUID
	ConnectedAppID   uuid.UUID
	CustomerID       uuid.UUID
	IntegrationID    uuid.UUID
	Key              string
	PullIntervalS    *int
	LastPullAt       *time.Time
	CursorStillSince *time.Time
	CursorStillPulls int
	// Siblings is how many pulled sources without an interval the app has.
	Siblings int
}

// openRun is a run that is not over.
type openRun struct {
	ID, FlowID                                uuid.UUID
	CustomerID, IntegrationID, ConnectedAppID uuid.NullUUID
	Status                                    string
	Since                                     time.Time
}

// failedRun is a run of a flow and customer of which several failed: one that ended, well or not.
type failedRun struct {
	ID, FlowID                                uuid.UUID
	CustomerID, IntegrationID, ConnectedAppID uuid.NullUUID
	Status                                    string
	At                                        time.Time
	ErrorCode, ErrorMessage                   *string
}

const (
	sqlFlows        = "SELECT id, key, name, integration_id, enabled, trigger_kind, event_types, schedule, created_at FROM flow WHERE tenant_id = $1"
	sqlIntegrations = "SELECT id, key, name, provider FROM integration WHERE tenant_id = $1"
	sqlApps         = `SELECT id, customer_id, integration_id, status, credentials_expire_at, stamps FROM connected_app
WHERE tenant_id = $1 AND (status <> 'CONNECTED' OR credentials_expire_at BETWEEN $2 AND $3)`
	// sqlSources leaves out what was pulled in time, and whose cursor moves.
	sqlSources = `SELECT d.id, d.connected_app_id, d.customer_id, a.integration_id, d.key, d.pull_interval_s, d.last_pull_at, d.cursor_still_since,
  d.cursor_still_pulls, (SELECT count(*) FROM data_source o WHERE o.tenant_id = $1 AND o.connected_app_id = d.connected_app_id
    AND o.mode = 'PULL' AND o.pull_interval_s IS NULL)::int AS siblings
FROM data_source d JOIN connected_app a ON a.tenant_id = $1 AND a.id = d.connected_app_id
WHERE d.tenant_id = $1 AND d.mode = 'PULL' AND d.state = 'ACTIVE' AND a.status = 'CONNECTED'
  AND (d.cursor_still_pulls >= $3 OR d.last_pull_at < $2::timestamptz - make_interval(secs => coalesce(d.pull_interval_s, 60)) - interval '5 minutes')`
	sqlPaused = "SELECT DISTINCT connected_app_id FROM data_source WHERE tenant_id = $1 AND state = 'PAUSED'"
	// sqlOpenRuns leaves out runs of long ago, which nobody will end any more.
	sqlOpenRuns = `SELECT id, flow_id, customer_id, integration_id, connected_app_id, status, coalesce(started_at, at) AS since FROM flow_run
WHERE tenant_id = $1 AND status IN ('QUEUED', 'RUNNING') AND flow_id IS NOT NULL AND at > $2 AND at < $3 ORDER BY at, id LIMIT 5000`
	// sqlFailedRuns gives the last runs of each flow and customer of which three failed within a day.
	sqlFailedRuns = `SELECT r.* FROM (
  SELECT flow_id, customer_id FROM flow_run WHERE tenant_id = $1 AND status = 'FAILED' AND at > $2 AND flow_id IS NOT NULL
  GROUP BY flow_id, customer_id HAVING count(*) >= $3 ORDER BY count(*) DESC LIMIT 1000) p
CROSS JOIN LATERAL (SELECT id, flow_id, customer_id, integration_id, connected_app_id, status, at, error_code, error_message FROM flow_run r
  WHERE r.tenant_id = $1 AND r.flow_id = p.flow_id AND r.customer_id IS NOT DISTINCT FROM p.customer_id AND r.at > $2
    AND r.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') ORDER BY r.at DESC, r.id DESC LIMIT 100) r`
)

// readState reads all rows, in one round trip.
func (d *Detector) readState(ctx context.Context, now time.Time) (*state, error) {
	s := &state{
		flows: map[uuid.UUID]*directory.Flow{}, integrations: map[uuid.UUID]*directory.Integration{},
		away: map[uuid.UUID]bool{}, awayPair: map[[2]uuid.UUID]bool{}, paused: map[uuid.UUID]bool{}, lately: now.Add(-overFor),
	}
	err := d.door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sqlFlows, tenantID)
		b.Queue(sqlIntegrations, tenantID)
		b.Queue(sqlApps, tenantID, now.Add(-expiredFor), now.Add(expiringWithin))
		b.Queue(sqlSources, tenantID, now, fewestStill)
		b.Queue(sqlPaused, tenantID)
		b.Queue(sqlOpenRuns, tenantID, now.Add(-stuckFor), now.Add(-leastStuck))
		b.Queue(sqlFailedRuns, tenantID, now.Add(-failingWithin), fewestFailed)
		issues.QueueHits(b, tenantID, now.Add(-failingWithin))
	}, func(r pgx.BatchResults) error { return s.read(r) })
	if err != nil {
		return nil, fmt.Errorf("read what detectors look at: %w", err)
	}
	return s, nil
}

func (s *state) read(r pgx.BatchResults) (err error) {
	if err := each(r, func(f *directory.Flow) { s.flows[f.ID] = f }); err != nil {
		return fmt.Errorf("flows: %w", err)
	}
	if err := each(r, func(i *directory.Integration) { s.integrations[i.ID] = i }); err != nil {
		return fmt.Errorf("integrations: %w", err)
	}
	if err := each(r, s.takeApp); err != nil {
		return fmt.Errorf("connected apps: %w", err)
	}
	if err := each(r, func(p *pullSource) { s.sources = append(s.sources, p) }); err != nil {
		return fmt.Errorf("data sources: %w", err)
	}
	if err := each(r, func(p *struct{ ConnectedAppID uuid.UUID }) { s.paused[p.ConnectedAppID] = true }); err != nil {
		return fmt.Errorf("paused data sources: %w", err)
	}
	if err := each(r, func(o *openRun) { s.open = append(s.open, o) }); err != nil {
		return fmt.Errorf("runs under way: %w", err)
	}
	if err := each(r, func(f *failedRun) { s.failed = append(s.failed, f) }); err != nil {
		return fmt.Errorf("failed runs: %w", err)
	}
	s.known, err = issues.ReadHits(r)
	return err
}

func (s *state) takeApp(a *directory.ConnectedApp) {
	if a.Status != directory.Connected {
		s.away[a.ID] = true
		s.awayPair[[2]uuid.UUID{a.CustomerID, a.IntegrationID}] = true
		return
	}
	s.expiring = append(s.expiring, a)
}

// isAway tells whether a customer's app cannot be expected to do anything: it is disconnected, or waits for its customer.
func (s *state) isAway(app, customer, integration uuid.UUID) bool {
	if app != uuid.Nil {
		return s.away[app]
	}
	return s.awayPair[[2]uuid.UUID{customer, integration}]
}

// overFor is for how long what is over explains what is still counted of it: the windows of error rates, and a little.
const overFor = (windows*windowMinutes + windowMinutes) * time.Minute

// explained tells whether an issue of an integration that is open, or has just ended, is of a category, and hits an app or a
// customer; uuid.Nil asks for none in particular.
func (s *state) explained(integration uuid.UUID, category diagnostics.Category, w whom) bool {
	for i := range s.known {
		k := &s.known[i]
		if k.IntegrationID != integration || category != "" && k.Category != category || k.ClearedAt != nil && k.ClearedAt.Before(s.lately) {
			continue
		}
		if w == (whom{}) || w.app != uuid.Nil && w.app == k.ConnectedAppID || w.app == uuid.Nil && w.customer != uuid.Nil && w.customer == k.CustomerID {
			return true
		}
	}
	return false
}

// wasKnown tells whether an issue hit an app or a customer at a time.
func (s *state) wasKnown(integration uuid.UUID, w whom, at time.Time) bool {
	for i := range s.known {
		k := &s.known[i]
		if k.IntegrationID == integration && (w.app != uuid.Nil && w.app == k.ConnectedAppID || w.app == uuid.Nil && w.customer == k.CustomerID) &&
			at.After(k.FirstSeenAt.Add(-time.Minute)) && (k.ClearedAt == nil || at.Before(*k.ClearedAt)) {
			return true
		}
	}
	return false
}

func each[T any](r pgx.BatchResults, do func(*T)) error {
	rows, err := r.Query()
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[T])
	for _, row := range list {
		do(row)
	}
	return err
}
