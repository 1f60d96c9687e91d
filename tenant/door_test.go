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

const insertCustomer = "INSERT INTO customer (tenant_id, id, external_id, name, created_at) VALUES ($1, $2, $3, 'x', '2026-01-01')"

// count counts the customers that the context sees, whosever they are.
func (b *bundle) count(ctx context.Context, t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, b.door.Batch(ctx, func(_ uuid.UUID, q *pgx.Batch) {
		q.Queue("SELECT count(*) FROM customer")
	}, func(r pgx.BatchResults) error { return r.QueryRow().Scan(&n) }))
	return n
}

func (b *bundle) addCustomer(ctx context.Context, t *testing.T) uuid.UUID {
	t.Helper()
	id := uuid.New()
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), id, id.String())
		return err
	}))
	return id
}

func TestNoQueryWithoutAPrincipal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	never := func(context.Context, *tenant.Tx) error {
		t.Error("a transaction without a principal")
		return nil
	}
	for _, ctx := range []context.Context{
		t.Context(), tenant.WithPrincipal(t.Context(), nil), tenant.WithPrincipal(t.Context(), &tenant.Principal{Role: tenant.RoleOwner}),
	} {
		require.True(t, errs.Is(b.door.Read(ctx, never), errs.Unauthenticated))
		require.True(t, errs.Is(b.door.Write(ctx, never), errs.Unauthenticated))
		err := b.door.Batch(ctx, func(uuid.UUID, *pgx.Batch) { t.Error("a batch without a principal") }, nil)
		require.True(t, errs.Is(err, errs.Unauthenticated))
	}
}

func TestNobodySeesTenantRowsOutsideTheDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.addCustomer(b.ctx, t)
	require.Equal(t, 1, b.count(b.ctx, t))
	// Connections are used again: what one transaction entered must be gone in the next.
	for range 20 {
		var n int
		require.NoError(t, b.door.Directory().QueryRow(t.Context(), "SELECT count(*) FROM customer").Scan(&n))
		require.Zero(t, n)
		require.Equal(t, 1, b.count(b.ctx, t))
	}
	_, err := b.door.Directory().Exec(t.Context(), insertCustomer, b.tenant.ID, uuid.New(), "a")
	require.Error(t, err)
}

func TestAnotherTenantsRowsDoNotExist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.addCustomer(b.ctx, t)
	other := asSystem(t, b.create(t, "umbrella").ID)
	require.Zero(t, b.count(other, t))
	for _, statement := range []string{
		"UPDATE customer SET name = 'mine' WHERE tenant_id = $1 AND id = $2",
		"UPDATE customer SET name = 'mine' WHERE $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL",
		"DELETE FROM customer WHERE tenant_id = $1 AND id = $2",
	} {
		require.NoError(t, b.door.Write(other, func(ctx context.Context, tx *tenant.Tx) error {
			tag, err := tx.Pgx().Exec(ctx, statement, b.tenant.ID, id)
			require.Zero(t, tag.RowsAffected())
			return err
		}))
	}
	require.Error(t, b.door.Write(other, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, insertCustomer, b.tenant.ID, uuid.New(), "a")
		return err
	}), "a row for another tenant")
	own := b.addCustomer(other, t)
	require.Error(t, b.door.Write(other, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE customer SET tenant_id = $1 WHERE tenant_id = $2 AND id = $3", b.tenant.ID, tx.TenantID(), own)
		return err
	}), "a row given away")
	require.Equal(t, 1, b.count(b.ctx, t))
}

func TestCustomersCredentialSeesThatCustomerOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, theirs := b.addCustomer(b.ctx, t), b.addCustomer(b.ctx, t)
	ctx := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant.ID, Kind: tenant.KindCustomer, CustomerID: mine})
	require.Equal(t, 1, b.count(ctx, t))
	require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		for _, table := range []string{"member", "api_key"} {
			var n int
			require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n))
			require.Zero(t, n)
		}
		var id uuid.UUID
		err := tx.Pgx().QueryRow(ctx, "SELECT id FROM customer WHERE tenant_id = $1 AND id = $2", tx.TenantID(), theirs).Scan(&id)
		require.ErrorIs(t, err, pgx.ErrNoRows)
		return nil
	}))
}

func TestBunAndPgxShareTheTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := errors.New("changed my mind")
	err := b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		member := &tenant.Member{TenantID: tx.TenantID(), ID: uuid.New(), Email: "a@example.com", Role: tenant.RoleAdmin, CreatedAt: start}
		_, err := tx.Bun().NewInsert().Model(member).Exec(ctx)
		require.NoError(t, err)
		var email string
		require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT email FROM member WHERE id = $1", member.ID).Scan(&email))
		require.Equal(t, "a@example.com", email)
		_, err = tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), uuid.New(), "a")
		require.NoError(t, err)
		n, err := tx.Bun().NewSelect().Table("customer").Count(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.Zero(t, b.count(b.ctx, t))
}

func TestPanicRollsBackAndGivesTheConnectionBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		require.PanicsWithValue(t, "boom", func() {
			_ = b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
				_, err := tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), uuid.New(), "a")
				require.NoError(t, err)
				panic("boom")
			})
		})
		require.PanicsWithValue(t, "boom", func() {
			_ = b.door.Batch(b.ctx, func(tenantID uuid.UUID, q *pgx.Batch) {
				q.Queue(insertCustomer, tenantID, uuid.New(), "a")
				q.Queue("SELECT 1/0")
			}, func(pgx.BatchResults) error { panic("boom") })
		})
	}
	require.Zero(t, b.count(b.ctx, t))
	require.Zero(t, b.pool.Stat().AcquiredConns())
}

func TestReadsCannotWriteAndSeeOneMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.door.Read(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		count := func() (n int) {
			require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM customer").Scan(&n))
			return n
		}
		require.Zero(t, count())
		b.addCustomer(b.ctx, t)
		require.Zero(t, count(), "a snapshot")
		return nil
	}))
	require.Error(t, b.door.Read(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), uuid.New(), "a")
		return err
	}))
}

func TestBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.door.Batch(b.ctx, func(tenantID uuid.UUID, q *pgx.Batch) {
		q.Queue(insertCustomer, tenantID, uuid.New(), "a")
		q.Queue("SELECT 1/0")
	}, func(r pgx.BatchResults) error {
		_, err := r.Exec()
		require.NoError(t, err)
		_, err = r.Exec()
		return err
	})
	require.Error(t, err)
	require.Zero(t, b.count(b.ctx, t))
}

func TestCancelledTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(b.ctx)
	err := b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, insertCustomer, tx.TenantID(), uuid.New(), "a")
		require.NoError(t, err)
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, b.count(b.ctx, t))
}
