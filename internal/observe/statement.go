package observe

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// NewTracer traces statements by OpenTelemetry, and tells requests that collect their lines of each: its name, rows and
// time. names are those of tables, which are all of a statement's words that are ever told.
func NewTracer(names []string) pgx.QueryTracer {
	t := &tracer{Tracer: otelpgx.NewTracer(), names: map[string]bool{"river_job": true}}
	for _, name := range names {
		t.names[name] = true
	}
	return t
}

type tracer struct {
	*otelpgx.Tracer
	names map[string]bool
}

var (
	_ pgx.QueryTracer    = (*tracer)(nil)
	_ pgx.BatchTracer    = (*tracer)(nil)
	_ pgx.CopyFromTracer = (*tracer)(nil)
)

// began is a statement that is under way.
type began struct {
	at   time.Time
	name string
}

type beganKey struct{}

func (t *tracer) begin(ctx context.Context, sql string) context.Context {
	if linesOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, beganKey{}, began{time.Now(), t.nameOf(sql)})
}

func (t *tracer) end(ctx context.Context, name string, rows int64, err error) {
	l := linesOf(ctx)
	b, ok := ctx.Value(beganKey{}).(began)
	if l == nil || !ok {
		return
	}
	if name == "" {
		name = b.name
	}
	now := time.Now()
	data := map[string]any{"name": name, "rows": rows, "took_ms": millis(now.Sub(b.at))}
	level, message := slog.LevelDebug, "statement"
	if strings.HasPrefix(name, "INSERT river_job") {
		message = "job enqueued"
	}
	if err != nil {
		level, data["failed"] = slog.LevelWarn, true
	}
	l.add(now, level, message, data)
}

// TraceQueryStart is called when a statement begins.
func (t *tracer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.begin(t.Tracer.TraceQueryStart(ctx, conn, data), data.SQL)
}

// TraceQueryEnd is called when it is over.
func (t *tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	t.end(ctx, "", data.CommandTag.RowsAffected(), data.Err)
	t.Tracer.TraceQueryEnd(ctx, conn, data)
}

// TraceBatchStart is called when several statements are sent together.
func (t *tracer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return t.begin(t.Tracer.TraceBatchStart(ctx, conn, data), "")
}

// TraceBatchQuery is called with each of their results. Their time is that since they were sent.
func (t *tracer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	if linesOf(ctx) != nil {
		t.end(ctx, t.nameOf(data.SQL), rowsOf(data.CommandTag), data.Err)
	}
	t.Tracer.TraceBatchQuery(ctx, conn, data)
}

// TraceCopyFromStart is called when rows are copied to a table.
func (t *tracer) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	return t.begin(t.Tracer.TraceCopyFromStart(ctx, conn, data), "COPY INTO "+strings.Join(data.TableName, "."))
}

// TraceCopyFromEnd is called when that is over.
func (t *tracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	t.end(ctx, "", data.CommandTag.RowsAffected(), data.Err)
	t.Tracer.TraceCopyFromEnd(ctx, conn, data)
}

func rowsOf(tag pgconn.CommandTag) int64 { return tag.RowsAffected() }

// verbs are what statements begin with, and further those that say more than one before them.
var (
	verbs = map[string]bool{
		"SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true, "WITH": true, "BEGIN": true, "COMMIT": true, "ROLLBACK": true, "COPY": true, "SET": true,
	}
	further = map[string]int{"SELECT": 1, "INSERT": 2, "UPDATE": 2, "DELETE": 2}
)

// nameOf is what a statement does to which table, such as "SELECT customer": of its words only verbs and known tables.
// Values that stand in the text are in quotes, and left out with them.
func (t *tracer) nameOf(sql string) string {
	verb := ""
	for word := range words(sql) {
		if upper := strings.ToUpper(word); verb == "" && verbs[upper] || verbs[verb] && further[upper] > further[verb] {
			verb = upper
		}
		if t.names[word] && verb != "" {
			return verb + " " + word
		}
	}
	if verb == "" {
		return "other"
	}
	return verb
}

// words gives the identifiers and keywords of a statement, without comments, numbers and what stands in single quotes.
func words(sql string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(sql); {
			switch c := sql[i]; {
			case c == '\'':
				end := strings.IndexByte(sql[i+1:], '\'')
				if end < 0 {
					return
				}
				i += end + 2
			case strings.HasPrefix(sql[i:], "--"):
				end := strings.IndexByte(sql[i:], '\n')
				if end < 0 {
					return
				}
				i += end
			case isLetter(c):
				from := i
				for i < len(sql) && (isLetter(sql[i]) || sql[i] >= '0' && sql[i] <= '9') {
					i++
				}
				if !yield(sql[from:i]) {
					return
				}
			default:
				i++
			}
		}
	}
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
