package issues

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Enqueue adds the statement that keeps the sightings of a commit until Take: ingestion puts it into its commit's batch.
// Without sightings there is none.
func Enqueue(b *pgx.Batch, tenantID uuid.UUID, commitNo int64, sightings []Sighting) error {
	if len(sightings) == 0 {
		return nil
	}
	document, err := json.Marshal(sightings)
	if err != nil {
		return fmt.Errorf("write sightings: %w", err)
	}
	b.Queue("INSERT INTO finding (tenant_id, commit_no, sightings) VALUES ($1, $2, $3)", tenantID, commitNo, []byte(storable(string(document))))
	return nil
}

// storable leaves NUL out of JSON: PostgreSQL keeps no text with it.
func storable(document string) string {
	if !strings.Contains(document, `\u0000`) {
		return document
	}
	// A backslash that is itself escaped is passed over together with its own.
	return strings.NewReplacer(`\\`, `\\`, `\u0000`, "").Replace(document)
}
