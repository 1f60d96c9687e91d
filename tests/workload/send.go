package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/tests/harness"
)

// Send posts so many entries as NDJSON. Benchmarks send nothing twice and nothing wrong, so anything but all accepted is
// an error.
func Send(ctx context.Context, client *harness.Client, ndjson []byte, entries int) error {
	answer, err := client.Events(ctx, ndjson)
	if err != nil {
		return err
	}
	var ack simulate.Ack
	if err := json.Unmarshal(answer.Body, &ack); err != nil || answer.Status != http.StatusAccepted || ack.Accepted != entries {
		return fmt.Errorf("the service answered %d for %d entries: %.500s", answer.Status, entries, answer.Body)
	}
	return nil
}
