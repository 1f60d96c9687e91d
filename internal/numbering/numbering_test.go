package numbering_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/numbering"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var stream = numbering.Of("issue", "status <> 'WATCHED'")

// changed makes issues that changed, and numbers them.
func changed(ctx context.Context, t *testing.T, tx *tenant.Tx, n int, status string) int64 {
	t.Helper()
	for range n {
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO issue (tenant_id, id, category, cause, scope, status, severity, base_severity, first_seen_at, last_seen_at, changed_at, change_no)
			VALUES ($1, $2, 'x', '', '', $3, 'INFO', 'INFO', now(), now(), now(), 0)`, tx.TenantID(), uuid.New(), status)
		require.NoError(t, err)
	}
	no, err := stream.Number(ctx, tx)
	require.NoError(t, err)
	return no
}

func numbers(ctx context.Context, t *testing.T, door *tenant.Door) (list []int64) {
	t.Helper()
	require.NoError(t, door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT change_no FROM issue WHERE tenant_id = $1 AND status <> 'WATCHED' ORDER BY 1", tx.TenantID())
		if err == nil {
			list, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		}
		return err
	}))
	return list
}

func TestNumbersFollowOneAnotherInEachTenant(t *testing.T) {
	t.Parallel()
	door := tenant.NewDoor(pgtest.New(t).Pool(t))
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	one, other := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New())), tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	undone := errors.New("undone")
	for _, step := range []struct {
		ctx    context.Context
		n      int
		status string
		want   int64
		err    error
	}{
		{one, 2, "OPEN", 2, nil}, {other, 1, "OPEN", 1, nil}, {one, 3, "WATCHED", 0, nil}, {one, 0, "", 0, nil},
		{one, 1, "OPEN", 3, undone}, {one, 2, "OPEN", 4, nil},
	} {
		err := door.Write(step.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			require.Equal(t, step.want, changed(ctx, t, tx, step.n, step.status))
			return step.err
		})
		require.ErrorIs(t, err, step.err)
	}
	require.Equal(t, []int64{1, 2, 3, 4}, numbers(one, t, door))
	require.NoError(t, door.Look(one, func(ctx context.Context, tx *tenant.Tx) error {
		last, err := stream.Reach(ctx, tx, 4)
		require.NoError(t, err)
		require.EqualValues(t, 4, last)
		_, err = stream.Reach(ctx, tx, 5)
		require.True(t, errs.Is(err, errs.Conflict))
		return nil
	}))
}

// Whoever numbers second waits until the first has committed: no number is seen before those below it.
func TestNoNumberOvertakesAnother(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	door := tenant.NewDoor(db.Pool(t))
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	numbered, commit := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 2)
	go func() {
		ended <- door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			changed(ctx, t, tx, 1, "OPEN")
			close(numbered)
			<-commit
			return nil
		})
	}()
	<-numbered
	second := make(chan int64, 1)
	go func() {
		ended <- door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			second <- changed(ctx, t, tx, 1, "OPEN")
			return nil
		})
	}()
	admin, err := pgx.Connect(t.Context(), db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close(context.WithoutCancel(t.Context()))) }()
	require.Eventually(t, func() bool {
		var waits bool
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%change_cursor%' AND datname = current_database())").Scan(&waits))
		return waits
	}, 10*time.Second, time.Millisecond)
	require.Empty(t, numbers(ctx, t, door), "neither is seen")
	close(commit)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.EqualValues(t, 2, <-second)
	require.Equal(t, []int64{1, 2}, numbers(ctx, t, door))
}
