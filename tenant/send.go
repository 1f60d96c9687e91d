package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// largeArgument is from how many bytes on an argument is not copied on its way to the message that it is sent in. Nor is
	// a buffer of less worth keeping, or safe: see send.
	largeArgument = 1 << 10
	// keptMessages is how large a buffer is kept; one that was made larger is for once.
	keptMessages = 4 << 20
)

// errResultRead is of a statement that Send cannot run.
var errResultRead = errors.New("a statement that is sent reads its result")

// Send runs statements in one round trip, in the transaction, and does not read what they return: all of them, or none of
// what stands behind the first that fails, whose error it gives. Each is prepared, once a connection. It is SendBatch for
// megabytes: pgx copies an argument twice, each time into a buffer that grows as it goes and is thrown away, so that a
// byte makes five of garbage, while this copies it once, into a buffer that is kept. Only a Write has it.
func (tx *Tx) Send(ctx context.Context, b *pgx.Batch) (err error) {
	if len(b.QueuedQueries) == 0 {
		return nil
	}
	s := sending{conn: tx.river.Conn(), batch: b, tracer: tx.tracer}
	if err := s.encode(ctx); err != nil {
		return err
	}
	if s.tracer != nil {
		ctx = s.tracer.TraceBatchStart(ctx, s.conn, pgx.TraceBatchStartData{Batch: b})
		defer func() { s.tracer.TraceBatchEnd(ctx, s.conn, pgx.TraceBatchEndData{Err: err}) }()
	}
	pipeline := s.conn.PgConn().StartPipeline(ctx)
	if err = s.send(pipeline); err == nil {
		err = s.receive(ctx, pipeline)
	}
	if closing := pipeline.Close(); err == nil {
		err = closing
	}
	return err
}

// sending is a Send that is under way.
type sending struct {
	conn   *pgx.Conn
	batch  *pgx.Batch
	tracer pgx.BatchTracer
	// names are those of the prepared statements, encoded their parameters, and size is how many bytes these take.
	names   []string
	encoded []pgx.ExtendedQueryBuilder
	size    int
}

// encode prepares the statements and encodes their arguments. Large ones are not copied.
func (s *sending) encode(ctx context.Context) error {
	s.names, s.encoded = make([]string, len(s.batch.QueuedQueries)), make([]pgx.ExtendedQueryBuilder, len(s.batch.QueuedQueries))
	for i, q := range s.batch.QueuedQueries {
		if q.Fn != nil {
			return errResultRead
		}
		statement, err := s.conn.Prepare(ctx, q.SQL, q.SQL)
		if err != nil {
			return fmt.Errorf("prepare a statement: %w", err)
		}
		s.names[i] = statement.Name
		small := slices.Clone(q.Arguments)
		for k, a := range small {
			if isLarge(statement, k, a) {
				small[k] = []byte{}
			}
		}
		to := &s.encoded[i]
		if err := to.Build(s.conn.TypeMap(), statement, small); err != nil {
			return err
		}
		for k, a := range q.Arguments {
			if isLarge(statement, k, a) {
				to.ParamValues[k] = a.([]byte)
			}
			s.size += len(to.ParamValues[k])
		}
	}
	return nil
}

func isLarge(statement *pgconn.StatementDescription, i int, argument any) bool {
	b, ok := argument.([]byte)
	return ok && len(b) >= largeArgument && i < len(statement.ParamOIDs) && statement.ParamOIDs[i] == pgtype.ByteaOID
}

func (s *sending) send(pipeline *pgconn.Pipeline) error {
	var message *messages
	if s.size > largeArgument {
		message = kept.Get().(*messages)
		// A parameter has a length and a format, and a statement a name and some bytes about it.
		message.room(s.size + 16*s.parameters() + 128*len(s.names))
		s.conn.PgConn().Frontend().Send(message)
	}
	for i := range s.encoded {
		of := &s.encoded[i]
		pipeline.SendQueryPrepared(s.names[i], of.ParamValues, of.ParamFormats, of.ResultFormats)
	}
	if err := pipeline.Sync(); err != nil {
		return err
	}
	// The buffer was written out, and pgx has let go of it: it keeps none of more than 1 KiB. After an error it may not have.
	if message != nil && cap(message.b) <= keptMessages {
		kept.Put(message)
	}
	return nil
}

func (s *sending) parameters() (n int) {
	for i := range s.encoded {
		n += len(s.encoded[i].ParamValues)
	}
	return n
}

func (s *sending) receive(ctx context.Context, pipeline *pgconn.Pipeline) error {
	for _, q := range s.batch.QueuedQueries {
		began := time.Now()
		var tag pgconn.CommandTag
		results, err := pipeline.GetResults()
		if reader, ok := results.(*pgconn.ResultReader); ok {
			tag, err = reader.Close()
		}
		if s.tracer != nil {
			s.tracer.TraceBatchQuery(ctx, s.conn, pgx.TraceBatchQueryData{
				SQL: q.SQL, Args: q.Arguments, CommandTag: tag, Err: err, ReadStartTime: began,
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// messages gives pgx the buffer to put messages into. It is the first message, and itself none.
type messages struct{ b []byte }

var kept = sync.Pool{New: func() any { return &messages{} }}

func (m *messages) room(size int) {
	if cap(m.b) < size {
		m.b = make([]byte, 0, size)
	}
}

// Frontend tells that it is sent to the server.
func (*messages) Frontend() {}

// Encode gives the buffer, with what is to be sent already.
func (m *messages) Encode(waiting []byte) ([]byte, error) { return append(m.b[:0], waiting...), nil }

// Decode is none of a message that is never received.
func (*messages) Decode([]byte) error { return errors.ErrUnsupported }
