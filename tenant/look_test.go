package tenant_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

const countCustomers = "SELECT count(*) FROM customer WHERE id = ANY($1) OR $2::text = 'all'"

// look counts customers by the first statement of a look, and by a later one.
func (b *bundle) look(ctx context.Context, t *testing.T) (first, later int) {
	t.Helper()
	require.NoError(t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		for _, into := range []*int{&first, &later} {
			rows, err := tx.Pgx().Query(ctx, countCustomers, pgx.QueryExecModeCacheDescribe, tenant.UUIDs([]uuid.UUID{uuid.New()}), "all")
			require.NoError(t, err)
			_, err = pgx.ForEachRow(rows, []any{into}, func() error { return nil })
			require.NoError(t, err)
		}
		return nil
	}))
	return first, later
}

func TestLookSeesItsTenantFromTheFirstStatementOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := asSystem(t, b.create(t, "umbrella").ID)
	mine := b.addCustomer(b.ctx, t)
	b.addCustomer(b.ctx, t)
	b.addCustomer(other, t)
	customer := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant.ID, Kind: tenant.KindCustomer, CustomerID: mine})
	for range 10 { // connections are used again
		for ctx, want := range map[context.Context]int{b.ctx: 2, other: 1, customer: 1} {
			first, later := b.look(ctx, t)
			require.Equal(t, want, first)
			require.Equal(t, want, later)
		}
		var n int
		require.NoError(t, b.door.Directory().QueryRow(t.Context(), "SELECT count(*) FROM customer").Scan(&n))
		require.Zero(t, n)
	}
	err := b.door.Look(t.Context(), func(context.Context, *tenant.Tx) error {
		t.Error("a look without a principal")
		return nil
	})
	require.True(t, errs.Is(err, errs.Unauthenticated))
}

func TestLookEntersTheTenantWhateverComesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.addCustomer(b.ctx, t)
	for name, count := range map[string]func(ctx context.Context, q tenant.Querier) (n int, err error){
		"row": func(ctx context.Context, q tenant.Querier) (n int, err error) {
			err = q.QueryRow(ctx, "SELECT count(*) FROM customer").Scan(&n)
			return n, err
		},
		"batch": func(ctx context.Context, q tenant.Querier) (n int, err error) {
			batch := &pgx.Batch{}
			batch.Queue("SELECT count(*) FROM customer")
			results := q.SendBatch(ctx, batch)
			err = results.QueryRow().Scan(&n)
			return n, errors.Join(err, results.Close())
		},
		"exec": func(ctx context.Context, q tenant.Querier) (int, error) {
			tag, err := q.Exec(ctx, "SELECT FROM customer")
			return int(tag.RowsAffected()), err
		},
	} {
		require.NoError(t, b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			n, err := count(ctx, tx.Pgx())
			require.Equal(t, 1, n, name)
			return err
		}), name)
	}
}

func TestLookIsOneMomentAndWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		count := func() (n int) {
			rows, err := tx.Pgx().Query(ctx, "SELECT count(*) FROM customer")
			require.NoError(t, err)
			n, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
			require.NoError(t, err)
			return n
		}
		require.Zero(t, count())
		b.addCustomer(b.ctx, t)
		require.Zero(t, count(), "a snapshot")
		_, err := tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), uuid.New(), "a")
		require.Error(t, err)
		return nil
	}))
	err := b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "INSERT INTO customer DEFAULT VALUES RETURNING 1")
		if err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
	require.Error(t, err, "the first statement")
}

func TestLookThatFailsGivesAConnectionBackThatWorks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.addCustomer(b.ctx, t)
	for range 3 {
		err := b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			rows, err := tx.Pgx().Query(ctx, "SELECT 1/(random() * 0)::int")
			if err != nil {
				return err
			}
			rows.Next()
			rows.Close()
			return rows.Err()
		})
		require.Equal(t, "22012", errs.SQLState(err))
		require.PanicsWithValue(t, "boom", func() {
			_ = b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
				_, err := tx.Pgx().Query(ctx, "SELECT generate_series(1, 1000)") //nolint:sqlclosecheck // What a panic leaves behind.
				require.NoError(t, err)
				panic("boom")
			})
		})
		cancelled, cancel := context.WithCancel(b.ctx)
		cancel()
		require.ErrorIs(t, b.door.Look(cancelled, func(ctx context.Context, tx *tenant.Tx) error {
			rows, err := tx.Pgx().Query(ctx, "SELECT 1")
			if err == nil {
				rows.Close()
			}
			return err
		}), context.Canceled)
		first, _ := b.look(b.ctx, t)
		require.Equal(t, 1, first)
	}
}

func TestLookWithinALookIsOneMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	count := func(ctx context.Context) (n int) {
		require.NoError(t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM customer WHERE tenant_id = $1", tx.TenantID()).Scan(&n)
		}))
		return n
	}
	require.NoError(t, b.door.Look(b.ctx, func(ctx context.Context, _ *tenant.Tx) error {
		require.Zero(t, count(ctx))
		b.addCustomer(b.ctx, t)
		require.Zero(t, count(ctx), "the same snapshot")
		require.Equal(t, 1, count(b.ctx), "another")
		p, err := tenant.FromContext(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, count(tenant.WithPrincipal(ctx, tenant.System(p.TenantID))), "another principal has a look of its own")
		return nil
	}))
}

// All who have a connection and want a second one would wait for each other.
func TestLookWithinAWriteIsItsTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var outer, inner int
		require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&outer))
		require.NoError(t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&inner)
		}))
		require.Equal(t, outer, inner)
		return nil
	}))
}
