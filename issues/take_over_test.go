package issues_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// What an older version watched in rows of its own goes on to count.
func TestWhatOlderVersionsWatchedGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := b.key(diagnostics.QuotaExhausted)
	seen, shown := b.now.Add(-3*time.Hour), nodeid.New(b.now)
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		b.exec(ctx, tx, `INSERT INTO issue (tenant_id, id, category, integration_id, cause, scope, status, severity, base_severity, confidence, first_seen_at, last_seen_at, changed_at)
			VALUES ($1, $2, 'quota_exhausted', $3, 'cause', '', 'WATCHED', 'WARNING', 'WARNING', 0.9, $4, $5, $5)`, b.id(k), b.integration, b.now.Add(-20*24*time.Hour), seen)
		b.exec(ctx, tx, "INSERT INTO issue_minute VALUES ($1, $2, $3, $4, $5, 1, $6)", b.id(k), seen.Truncate(time.Minute), b.apps[0].customer, b.apps[0].id, seen)
		b.exec(ctx, tx, "INSERT INTO issue_hour VALUES ($1, $2, $3, 7), ($1, $2, $4, 1)", b.id(k), seen.Truncate(time.Hour).Add(-5*24*time.Hour), seen.Truncate(time.Hour))
		b.exec(ctx, tx, "INSERT INTO issue_evidence VALUES ($1, $2, $3, 1, $4, $5)", b.id(k), shown, b.apps[0].customer, seen)
	})
	b.see(k, b.apps[1], 1)
	b.take()
	require.Equal(t, issues.Open, b.status(k), "the second of the day")
	i := b.issue(k)
	require.EqualValues(t, 2, i.Occurrences)
	require.Equal(t, 2, i.CustomerCount)
	require.Equal(t, b.now.Add(-20*24*time.Hour), i.FirstSeenAt)
	evidence, err := b.store.Evidence(b.ctx, i.ID, page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, 2, evidence.Total)
	require.Equal(t, shown, evidence.Items[1].ID)
	var hours, total int
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT count(*), sum(occurrences) FROM issue_hour WHERE tenant_id = $1", tx.TenantID()).Scan(&hours, &total))
	})
	require.Equal(t, [2]int{3, 9}, [2]int{hours, total}, "nothing is counted twice")
}

// Several processes count at once, and each judges by what all have seen; what is merged counts as before.
func TestProcessesWatchTogether(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	one, other := b.store, b.process()
	k := b.key(diagnostics.ResourceNotFound, "GET /a")
	for n := range 40 {
		b.store = one
		if n%3 == 0 {
			b.store = other
		}
		b.see(b.key(diagnostics.ResourceNotFound, "GET /b"), b.apps[0], 1)
		b.call(b.apps[0], 1, 30, "GET /b")
		b.take()
		b.pass(10 * time.Second)
	}
	var rows int
	b.write(func(ctx context.Context, tx *tenant.Tx) {
		require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM issue_watched WHERE tenant_id = $1", tx.TenantID()).Scan(&rows))
	})
	require.Less(t, rows, 20, "they are merged")
	for n := range 5 {
		b.store = one
		if n%2 == 0 {
			b.store = other
		}
		b.see(k, b.apps[0], 1)
		b.take()
		b.pass(time.Minute)
	}
	require.Equal(t, issues.Open, b.status(k), "five, of which neither saw all")
	require.EqualValues(t, 5, b.issue(k).Occurrences)
	require.Nil(t, b.issue(b.key(diagnostics.ResourceNotFound, "GET /b")))
	b.store = one
	b.see(k, b.apps[0], 1)
	b.take()
	b.settle()
	b.store = other
	b.settle()
	require.EqualValues(t, 6, b.issue(k).Occurrences)
	require.Equal(t, []string{"opened"}, b.actions(k))
	// A process that starts reads what is there.
	b.store = b.process()
	fresh := b.key(diagnostics.QuotaExhausted)
	b.see(fresh, b.apps[0], 1)
	b.take()
	b.store = b.process()
	b.see(fresh, b.apps[0], 1)
	b.take()
	require.Equal(t, issues.Open, b.status(fresh))
}

// What is held of what is only watched is bounded: who was not asked for longest goes first, and who alone has too much is
// read anew each time.
func TestWhatIsWatchedIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	issues.Hold(b.store, 1<<20)
	b.see(b.key(diagnostics.ValidationInvalidValue, "POST /a"), b.apps[0], 1)
	b.take()
	tenants, bytes := issues.Held(b.store)
	require.Equal(t, 1, tenants)
	require.Positive(t, bytes)
	issues.Hold(b.store, 0)
	for range 3 {
		b.see(b.key(diagnostics.ValidationInvalidValue, "POST /a"), b.apps[0], 1)
		b.take()
		tenants, bytes = issues.Held(b.store)
		require.Zero(t, tenants)
		require.Zero(t, bytes)
		b.pass(time.Second)
	}
	require.Nil(t, b.issue(b.key(diagnostics.ValidationInvalidValue, "POST /a")))
	b.see(b.key(diagnostics.ValidationInvalidValue, "POST /a"), b.apps[0], 2)
	b.take()
	require.Equal(t, issues.Open, b.status(b.key(diagnostics.ValidationInvalidValue, "POST /a")), "all six are known")
}
