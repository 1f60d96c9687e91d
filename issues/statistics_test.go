package issues_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// The same with the figures that ingestion writes, and not those of the tests.
func TestTheTrafficOfStatistics(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	b.store = issues.NewStore(issues.Deps{
		Door: b.door, Now: b.clock, Traffic: statistics.NewStore(b.door, nil), Apps: b.dir, Committed: func(uuid.UUID, int64) { b.hear() },
	})
	collector := statistics.NewCollector()
	flush := func() {
		b.commitNo++
		for i := range b.traffic.cells {
			collector.Add(&b.traffic.cells[i])
		}
		b.traffic.cells = nil
		rows := collector.Pack()
		b.write(func(ctx context.Context, tx *tenant.Tx) {
			_, err := tx.Pgx().Exec(ctx, statistics.SQLAppend, statistics.Columns(b.tenantID, b.commitNo, rows)...)
			require.NoError(t, err)
		})
	}
	few, many := b.key(diagnostics.ValidationInvalidValue, "POST /few"), b.key(diagnostics.ValidationInvalidValue, "POST /many")
	for range 6 {
		b.see(few, b.apps[0], 1)
		b.see(many, b.apps[0], 2)
		b.call(b.apps[0], 1, 12, "POST /few")
		b.call(b.apps[1], 1, 4, "POST /many")
		flush()
		b.take()
		b.pass(time.Minute)
	}
	require.Nil(t, b.issue(few), "1 of 13")
	require.Equal(t, issues.Open, b.status(many), "2 of 6")
	require.Equal(t, "validation invalid value", b.issue(many).Diagnosis.Title, "without a catalogue there is the category")
	b.pass(15 * time.Minute)
	b.call(b.apps[0], 1, 1, "POST /few")
	flush()
	b.settle()
	require.Equal(t, issues.Open, b.status(many))
	b.call(b.apps[0], 1, 1, "POST /many")
	flush()
	b.settle()
	require.Equal(t, issues.Resolved, b.status(many))
}
