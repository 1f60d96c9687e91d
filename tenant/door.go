package tenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Door is the one way to tenant data: a transaction that carries the tenant of the context's principal and has told
// the database so. Row-level security does the rest. Without a principal there is no transaction.
//
// Door also serves callers that have no tenant yet (authentication, the list of tenants) through Directory, whose
// functions in the database return only what the caller's secret proves.
type Door struct {
	pool   *pgxpool.Pool
	bun    *bun.DB
	tracer pgx.QueryTracer
}

// NewDoor makes the door over the pool of the service's role.
func NewDoor(pool *pgxpool.Pool) *Door {
	return &Door{
		pool: pool, tracer: pool.Config().ConnConfig.Tracer,
		bun: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New(), bun.WithDiscardUnknownColumns()),
	}
}

// Close lets go of what the door itself holds; the pool belongs to whoever made it.
func (d *Door) Close() error { return d.bun.Close() }

// Tx is a transaction of one tenant. It must not be used by two goroutines at once, nor after its function returned.
type Tx struct {
	principal *Principal
	pgx       Querier
	// river and bun are nil in a Look.
	river pgx.Tx
	bun   BunQuerier
	// tracer is nil when nobody traces.
	tracer pgx.BatchTracer
}

// TenantID is the tenant that the transaction is of: the value for every tenant_id in its statements.
func (tx *Tx) TenantID() uuid.UUID { return tx.principal.TenantID }

// Principal is whom the transaction works for.
func (tx *Tx) Principal() *Principal { return tx.principal }

// Querier runs statements; both pgx.Tx and the driver's connection fit. It cannot begin or end a transaction.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error)
}

// Pgx runs statements in the transaction by pgx.
func (tx *Tx) Pgx() Querier { return tx.pgx }

// River is the transaction itself, for enqueueing jobs that must commit with it. Do not end it.
func (tx *Tx) River() pgx.Tx { return tx.river }

// BunQuerier is what bun offers inside the transaction: queries, but no way to begin or end one.
type BunQuerier interface {
	NewSelect() *bun.SelectQuery
	NewInsert() *bun.InsertQuery
	NewUpdate() *bun.UpdateQuery
	NewDelete() *bun.DeleteQuery
	NewValues(model any) *bun.ValuesQuery
	NewRaw(query string, args ...any) *bun.RawQuery
}

// Bun runs queries in the same transaction, on the same connection, by bun.
func (tx *Tx) Bun() BunQuerier { return tx.bun }

// Write runs fn in a transaction of the context's tenant and commits it when fn returns nil. A Look within it, by the
// context that fn is given, is in the same transaction: a second connection could be waited for by all who have one. If the context has an Act
// that no transaction told of yet, this one tells the audit log of it.
func (d *Door) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	act := actOf(ctx)
	if act == nil || !act.take() {
		return d.run(ctx, "", fn)
	}
	told := false
	err := d.run(ctx, "", func(ctx context.Context, tx *Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		var err error
		told, err = act.tell(ctx, tx)
		return err
	})
	act.settle(told && err == nil)
	return err
}

// snapshot begins a transaction that reads at one moment.
const snapshot = " ISOLATION LEVEL REPEATABLE READ READ ONLY"

// Read runs fn in a read-only transaction of the context's tenant: one snapshot for all of its statements.
func (d *Door) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.run(ctx, snapshot, fn)
}

func (d *Door) run(ctx context.Context, mode string, fn func(ctx context.Context, tx *Tx) error) (err error) {
	p, err := FromContext(ctx)
	if err != nil {
		return err
	}
	conn, err := d.bun.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open a connection: %w", err)
	}
	defer func() {
		if closing := conn.Close(); closing != nil && !errors.Is(closing, sql.ErrConnDone) {
			err = errors.Join(err, closing)
		}
	}()
	// The driver's connection is taken out of Raw, which holds a lock that bun's queries need too.
	var raw *pgx.Conn
	if err := conn.Raw(func(driver any) error {
		raw = driver.(*stdlib.Conn).Conn()
		return nil
	}); err != nil {
		return fmt.Errorf("reach the driver's connection: %w", err)
	}
	// Entering the tenant rides on BEGIN: one round trip for both.
	options := pgx.TxOptions{BeginQuery: "BEGIN" + mode + "; " + enter(p)}
	return pgx.BeginTxFunc(ctx, raw, options, func(inner pgx.Tx) error {
		tx := &Tx{principal: p, pgx: inner, river: inner, bun: conn}
		tx.tracer, _ = d.tracer.(pgx.BatchTracer)
		return fn(context.WithValue(ctx, lookKey{}, tx), tx)
	})
}

// Batch sends statements in one round trip and one implicit transaction of the context's tenant: the quickest way
// for hot reads. queue adds the statements; read takes their results, in order.
func (d *Door) Batch(ctx context.Context, queue func(tenantID uuid.UUID, b *pgx.Batch), read func(r pgx.BatchResults) error) (err error) {
	p, err := FromContext(ctx)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(enter(p))
	queue(p.TenantID, batch)
	results := d.pool.SendBatch(ctx, batch)
	// Closing gives the connection back, also when read panics. It repeats the error of the statement that failed.
	defer func() {
		if closing := results.Close(); err == nil {
			err = closing
		}
	}()
	if _, err := results.Exec(); err != nil {
		return fmt.Errorf("enter the tenant: %w", err)
	}
	return read(results)
}

// enter is the statement that tells the database whose transaction this is. Both values are UUIDs in text form, so
// there is nothing in them to escape.
func enter(p *Principal) string {
	if p.CustomerID == uuid.Nil {
		return "SELECT enter_tenant('" + p.TenantID.String() + "')"
	}
	return "SELECT enter_tenant('" + p.TenantID.String() + "', '" + p.CustomerID.String() + "')"
}

// Directory runs statements outside any tenant. It reaches the functions of the directory and nothing else: the
// service's role has no rights on their tables, and without a tenant every tenant table is empty.
func (d *Door) Directory() Querier { return d.pool }
