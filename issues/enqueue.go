package issues

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const sqlEnqueue = "INSERT INTO finding (tenant_id, commit_no, sightings) VALUES ($1, $2, $3)"

// Enqueue is the statement that keeps the sightings of a commit until Take: ingestion puts it into its commit's batch.
func Enqueue(b *pgx.Batch, tenantID uuid.UUID, commitNo int64, s []Sighting) error {
	packed, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode sightings: %w", err)
	}
	b.Queue(sqlEnqueue, tenantID, commitNo, packed)
	return nil
}
