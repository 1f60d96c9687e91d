package tenant_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

const keepDetail = "UPDATE customer SET name = left(convert_from($3::bytea, 'UTF8'), 20) || octet_length($3::bytea) WHERE tenant_id = $1 AND id = $2"

func (b *bundle) nameOf(ctx context.Context, t *testing.T, id uuid.UUID) (name string) {
	t.Helper()
	require.NoError(t, b.door.Batch(ctx, func(tenantID uuid.UUID, q *pgx.Batch) {
		q.Queue("SELECT name FROM customer WHERE tenant_id = $1 AND id = $2", tenantID, id)
	}, func(r pgx.BatchResults) error { return r.QueryRow().Scan(&name) }))
	return name
}

func TestSendCarriesWhatIsLargeAndWhatIsSmall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all sync.WaitGroup
	for worker := range 4 {
		ids := []uuid.UUID{b.addCustomer(b.ctx, t), b.addCustomer(b.ctx, t)}
		all.Go(func() {
			for i := range 20 {
				one, two := bytes.Repeat([]byte{byte('a' + worker)}, 1<<i+i), fmt.Appendf(nil, "small %d", i)
				if !b.sends(t, ids, one, two) {
					return
				}
			}
		})
	}
	all.Wait()
}

// sends tells whether two customers are called what was sent of them.
func (b *bundle) sends(t *testing.T, ids []uuid.UUID, one, two []byte) bool {
	t.Helper()
	var names [2]string
	err := b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(keepDetail, tx.TenantID(), ids[0], one)
		batch.Queue(keepDetail, tx.TenantID(), ids[1], two)
		if err := tx.Send(ctx, batch); err != nil {
			return err
		}
		for i, id := range ids {
			if err := tx.Pgx().QueryRow(ctx, "SELECT name FROM customer WHERE tenant_id = $1 AND id = $2", tx.TenantID(), id).Scan(&names[i]); err != nil {
				return err
			}
		}
		return nil
	})
	want := [2]string{fmt.Sprintf("%s%d", one[:min(20, len(one))], len(one)), fmt.Sprintf("%s%d", two, len(two))}
	return assert.NoError(t, err) && assert.Equal(t, want, names)
}

func TestSendFailsAsItsFirstStatement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.addCustomer(b.ctx, t)
	large := bytes.Repeat([]byte("x"), 100_000)
	for range 3 { // connections and buffers are used again
		err := b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			batch := &pgx.Batch{}
			batch.Queue(keepDetail, tx.TenantID(), id, large)
			batch.Queue(insertCustomer, tx.TenantID(), id, "there already")
			batch.Queue(keepDetail, tx.TenantID(), id, append(large, 0xff))
			return tx.Send(ctx, batch)
		})
		var pgErr *pgconn.PgError
		require.ErrorAs(t, err, &pgErr)
		require.Equal(t, "23505", pgErr.Code)
		require.Equal(t, "x", b.nameOf(b.ctx, t, id))
	}
}

func TestSendRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cases := map[string]func(batch *pgx.Batch){
		"is read":       func(batch *pgx.Batch) { batch.Queue("SELECT 1").Exec(func(pgconn.CommandTag) error { return nil }) },
		"no statement":  func(batch *pgx.Batch) { batch.Queue("SELEKT 1") },
		"wrong type":    func(batch *pgx.Batch) { batch.Queue("SELECT $1::uuid", struct{}{}) },
		"too few":       func(batch *pgx.Batch) { batch.Queue("SELECT $1::bytea") },
		"large as text": func(batch *pgx.Batch) { batch.Queue("SELECT $1::bool", bytes.Repeat([]byte("y"), 2000)) },
	}
	for name, queue := range cases {
		require.Error(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			batch := &pgx.Batch{}
			queue(batch)
			return tx.Send(ctx, batch)
		}), name)
	}
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error { return tx.Send(ctx, &pgx.Batch{}) }))
}

// batchTracer keeps what it is told of batches.
type batchTracer struct{ began, ended, told []string }

func (*batchTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (*batchTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (b *batchTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	b.began = append(b.began, data.Batch.QueuedQueries[0].SQL)
	return ctx
}

func (b *batchTracer) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	b.told = append(b.told, fmt.Sprint(data.CommandTag, data.Err))
}

func (b *batchTracer) TraceBatchEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	b.ended = append(b.ended, fmt.Sprint(data.Err))
}

func TestSendIsTraced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.addCustomer(b.ctx, t)
	tracer := &batchTracer{}
	config := b.pool.Config()
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	door := tenant.NewDoor(pool)
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	send := func(argument []byte) error {
		return door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			batch := &pgx.Batch{}
			batch.Queue(keepDetail, tx.TenantID(), id, argument)
			batch.Queue("SELECT 1")
			return tx.Send(ctx, batch)
		})
	}
	require.NoError(t, send(bytes.Repeat([]byte("x"), 2000)))
	failing := send([]byte{0xff})
	require.Error(t, failing)
	require.Equal(t, []string{keepDetail, keepDetail}, tracer.began)
	require.Equal(t, []string{"UPDATE 1 <nil>", "SELECT 1 <nil>", fmt.Sprint(pgconn.CommandTag{}, failing)}, tracer.told)
	require.Equal(t, []string{"<nil>", failing.Error()}, tracer.ended)
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.addCustomer(b.ctx, t)
	err := b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		warm := &pgx.Batch{}
		warm.Queue(keepDetail, tx.TenantID(), id, []byte("before"))
		if err := tx.Send(ctx, warm); err != nil {
			return err
		}
		cancel()
		batch := &pgx.Batch{}
		batch.Queue(keepDetail, tx.TenantID(), id, bytes.Repeat([]byte("x"), 100_000))
		return tx.Send(ctx, batch)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, b.sends(t, []uuid.UUID{id, b.addCustomer(b.ctx, t)}, bytes.Repeat([]byte("z"), 5000), []byte("s")))
}
