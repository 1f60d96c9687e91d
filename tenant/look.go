package tenant

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	beginLook = "BEGIN" + snapshot
	// endTimeout bounds the end of a look, which nobody waits for.
	endTimeout = 5 * time.Second
)

// Look is Read for what must be quick, by pgx alone: the transaction begins with its first statement, in that one's
// round trip, and since there is nothing to commit its end is not waited for. The Tx has neither Bun nor River. A Look
// within another, or within a Write or Read, by the context that the other's function was given, is the same transaction.
func (d *Door) Look(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) (err error) {
	p, err := FromContext(ctx)
	if err != nil {
		return err
	}
	if tx, ok := ctx.Value(lookKey{}).(*Tx); ok && tx.principal == p {
		return fn(ctx, tx)
	}
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("open a connection: %w", err)
	}
	l := &look{Conn: conn, enter: []string{beginLook, enter(p)}, tracer: d.tracer}
	defer l.end(context.WithoutCancel(ctx))
	tx := &Tx{principal: p, pgx: l}
	return fn(context.WithValue(ctx, lookKey{}, tx), tx)
}

type lookKey struct{}

// PlanOnce has a Look run its statements by plans that are made once a connection, whatever their arguments are, if it has
// not begun yet. That is for ranges over many partitions: planning for each of them takes longer than reading them. Such a
// plan locks all partitions of its tables while it runs, so it is nothing for what reads one or two, and often.
func (tx *Tx) PlanOnce() {
	if l, ok := tx.pgx.(*look); ok && !l.begun {
		l.enter = append(l.enter, "SET LOCAL plan_cache_mode = force_generic_plan")
	}
}

// look is a connection on which a transaction begins with the first statement.
type look struct {
	*pgxpool.Conn
	enter  []string // what comes before the first statement
	tracer pgx.QueryTracer
	begun  bool
}

var _ Querier = (*look)(nil)

// end gives the connection back, when the transaction on it is over.
func (l *look) end(ctx context.Context) {
	pg := l.Conn.Conn().PgConn()
	if pg.IsClosed() || pg.IsBusy() || pg.TxStatus() == 'I' {
		l.Release()
		return
	}
	go func() {
		defer l.Release()
		ctx, cancel := context.WithTimeout(ctx, endTimeout)
		defer cancel()
		// A connection that is still in a transaction is closed when it is released: all that can go wrong.
		_, _ = pg.Exec(ctx, "ROLLBACK").ReadAll()
	}()
}

// begin begins the transaction in a round trip of its own.
func (l *look) begin(ctx context.Context) error {
	if l.begun {
		return nil
	}
	l.begun = true
	if _, err := l.Conn.Exec(ctx, strings.Join(l.enter, "; "), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("enter the tenant: %w", err)
	}
	return nil
}

func (l *look) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := l.begin(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return l.Conn.Exec(ctx, sql, args...)
}

func (l *look) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	if err := l.begin(ctx); err != nil {
		return 0, err
	}
	return l.Conn.CopyFrom(ctx, table, columns, src)
}

func (l *look) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := l.begin(ctx); err != nil {
		return failed{err}
	}
	return l.Conn.QueryRow(ctx, sql, args...)
}

func (l *look) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := l.begin(ctx); err != nil {
		return failed{err}
	}
	return l.Conn.SendBatch(ctx, b)
}

func (l *look) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	plain := args
	if len(args) > 0 {
		if _, ok := args[0].(pgx.QueryExecMode); ok {
			plain = args[1:]
		}
	}
	statement, err := l.prepare(ctx, sql, plain)
	if err != nil {
		return nil, err
	}
	if !l.begun {
		return l.first(ctx, statement, sql, plain)
	}
	if statement != nil {
		args = plain // pgx finds it by its text
	}
	return l.Conn.Query(ctx, sql, args...)
}

// mostPrepared bounds the statements that a connection keeps prepared for looks.
const mostPrepared = 200

// preparedOf is where a connection keeps the texts of these.
const preparedOf = "weir.prepared"

// prepare prepares a statement that has arguments, which costs a round trip once a connection and spares PostgreSQL the
// parsing from then on. It is nil for one that is not prepared.
func (l *look) prepare(ctx context.Context, sql string, args []any) (*pgconn.StatementDescription, error) {
	if len(args) == 0 {
		return nil, nil //nolint:nilnil // Not being prepared is no error.
	}
	conn := l.Conn.Conn()
	data := conn.PgConn().CustomData()
	known, _ := data[preparedOf].(map[string]bool)
	if !known[sql] {
		if len(known) >= mostPrepared {
			return nil, nil //nolint:nilnil // As above.
		}
		if known == nil {
			known = map[string]bool{}
			data[preparedOf] = known
		}
		known[sql] = true
	}
	statement, err := conn.Prepare(ctx, sql, sql)
	if err != nil {
		return nil, fmt.Errorf("prepare a statement: %w", err)
	}
	return statement, nil
}

// first sends the beginning of the transaction, the tenant and the first statement together. pgx's own batches would
// answer in text, which doubles the bytes of a segment.
func (l *look) first(ctx context.Context, statement *pgconn.StatementDescription, sql string, args []any) (pgx.Rows, error) {
	conn := l.Conn.Conn()
	var built pgx.ExtendedQueryBuilder
	if err := built.Build(conn.TypeMap(), statement, args); err != nil {
		return nil, err
	}
	l.begun = true
	var batch pgconn.Batch
	for _, before := range l.enter {
		batch.ExecParams(before, nil, nil, nil, nil)
	}
	if binary := []int16{pgx.BinaryFormatCode}; statement != nil {
		batch.ExecPrepared(statement.Name, built.ParamValues, built.ParamFormats, binary)
	} else {
		batch.ExecParams(sql, built.ParamValues, nil, built.ParamFormats, binary)
	}
	rows := &firstRows{ctx: ctx, conn: conn, tracer: l.tracer}
	if l.tracer != nil {
		rows.ctx = l.tracer.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: sql, Args: args})
	}
	rows.results = conn.PgConn().ExecBatch(rows.ctx, &batch)
	for range l.enter {
		if !rows.results.NextResult() {
			return nil, rows.fail("enter the tenant")
		}
		// Its error is that of all results.
		_, _ = rows.results.ResultReader().Close()
	}
	if !rows.results.NextResult() {
		return nil, rows.fail("query")
	}
	rows.Rows = pgx.RowsFromResultReader(conn.TypeMap(), rows.results.ResultReader())
	return rows, nil
}

// firstRows are the rows of the last statement of a batch, which ends with them.
type firstRows struct {
	pgx.Rows
	results *pgconn.MultiResultReader
	ctx     context.Context //nolint:containedctx // The trace of a query ends with its context.
	conn    *pgx.Conn
	tracer  pgx.QueryTracer
	closed  bool
	err     error
}

func (r *firstRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *firstRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

func (r *firstRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.results.Close()
	r.trace(r.CommandTag(), r.Err())
}

func (r *firstRows) fail(doing string) error {
	err := fmt.Errorf("%s: %w", doing, r.results.Close())
	r.trace(pgconn.CommandTag{}, err)
	return err
}

func (r *firstRows) trace(tag pgconn.CommandTag, err error) {
	if r.tracer != nil {
		r.tracer.TraceQueryEnd(r.ctx, r.conn, pgx.TraceQueryEndData{CommandTag: tag, Err: err})
	}
}

// failed is the result of a statement that was never sent.
type failed struct{ err error }

func (f failed) Scan(...any) error                { return f.err }
func (f failed) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, f.err }
func (f failed) Query() (pgx.Rows, error)         { return nil, f.err }
func (f failed) QueryRow() pgx.Row                { return f }
func (f failed) Close() error                     { return f.err }
func (f failed) Tx() pgx.Tx                       { return nil }
