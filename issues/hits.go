package issues

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
)

// Hit is that a problem which log entries have shown hits a connected app, or did a while ago, whether people want to hear of
// it or not.
type Hit struct {
	IssueID        uuid.UUID
	Category       diagnostics.Category
	IntegrationID  uuid.UUID
	CustomerID     uuid.UUID
	ConnectedAppID uuid.UUID
	FirstSeenAt    time.Time
	// ClearedAt is nil while it does.
	ClearedAt *time.Time
}

const sqlHits = `SELECT i.id, i.category, coalesce(i.integration_id, $2), a.customer_id, a.connected_app_id, a.first_seen_at,
	CASE WHEN i.status = 'RESOLVED' THEN coalesce(a.cleared_at, i.resolved_at) ELSE a.cleared_at END
FROM issue i JOIN issue_affected a ON a.tenant_id = i.tenant_id AND a.issue_id = i.id
WHERE i.tenant_id = $1 AND (i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'IGNORED') OR i.status = 'RESOLVED' AND i.resolved_at > $4)
	AND (a.cleared_at IS NULL OR a.cleared_at > $4) AND i.category <> ALL ($3)`

// ofTime are the categories that detectors find.
var ofTime = []string{
	string(diagnostics.RunStuck), string(diagnostics.RunOverdue), string(diagnostics.EventNotLaunching), string(diagnostics.PullStalled),
	string(diagnostics.SourceSilent), string(diagnostics.CredentialsExpiring), string(diagnostics.ErrorRateSpike),
	string(diagnostics.LatencyRegression), string(diagnostics.ProviderIncident), string(diagnostics.SchemaDrift), string(diagnostics.FlowFailing),
}

// QueueHits is the statement that reads what is hit now, or was after a time, for a batch; ReadHits takes its result.
func QueueHits(b *pgx.Batch, tenantID uuid.UUID, after time.Time) {
	b.Queue(sqlHits, tenantID, uuid.Nil, ofTime, after)
}

// ReadHits takes the result of QueueHits.
func ReadHits(r pgx.BatchResults) ([]Hit, error) {
	rows, err := r.Query()
	if err != nil {
		return nil, fmt.Errorf("read what issues hit: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Hit])
	if err != nil {
		return nil, fmt.Errorf("read what issues hit: %w", err)
	}
	return list, nil
}
