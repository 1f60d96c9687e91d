package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is now in the tests.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// bundle is the API over a database of its own.
type bundle struct {
	db      *pgtest.DB
	deps    Deps
	issues  *issues.Store
	door    *tenant.Door
	hub     *live.Hub
	handler http.Handler
	// statements counts what goes to the database.
	statements *statements
	log        *syncBuffer
}

// setup makes it. Tracers may stand before the counter of statements.
func setup(tb testing.TB, trace ...func(*statements) pgx.QueryTracer) *bundle {
	tb.Helper()
	b := &bundle{statements: &statements{}, log: &syncBuffer{}}
	b.db = pgtest.New(tb)
	config, err := pgxpool.ParseConfig(b.db.ServiceURL)
	require.NoError(tb, err)
	config.MaxConns = 8
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.Tracer = b.statements
	for _, around := range trace {
		config.ConnConfig.Tracer = around(b.statements)
	}
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	b.door = tenant.NewDoor(pool)
	tb.Cleanup(func() { require.NoError(tb, b.door.Close()) })

	entries := journal.NewStore(b.door, journal.Options{Now: clock})
	_, err = entries.EnsurePartitions(tb.Context(), journal.DayOf(noon)-2, journal.DayOf(noon)+1)
	require.NoError(tb, err)
	runs := run.NewStore(b.door)
	catalogue, err := diagnostics.Builtin()
	require.NoError(tb, err)
	tenants := tenant.NewStore(b.door, clock)
	b.deps = Deps{
		Tenants: tenants, Directory: directory.NewStore(b.door, clock),
		Journal: entries, Runs: runs, Logs: journal.NewLogs(entries, runs), Statistics: statistics.NewStore(b.door, nil),
		Catalogues: diagnostics.NewCatalogues(catalogue, tenants, clock, newLogger(b.log)), Now: clock, Logger: newLogger(b.log),
	}
	b.hub = live.NewHub(live.Deps{Poll: time.Hour, Rest: time.Millisecond, Queue: 8})
	told := func(stream string) func(uuid.UUID, int64) {
		return func(tenantID uuid.UUID, no int64) { b.hub.Hint(stream, tenantID, no) }
	}
	// What happens to issues is told in order, so no two things happen at once.
	var ticks atomic.Int64
	b.issues = issues.NewStore(issues.Deps{Door: b.door, Now: func() time.Time { return noon.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }, Traffic: b.deps.Statistics, Committed: told(live.IssueStream)})
	b.deps.Issues = b.issues
	b.deps.Notifications, err = notify.NewStore(b.door, notify.Options{Key: make([]byte, 32), Sender: received{}, PublicURL: "https://weir.example", Now: clock, Mail: true})
	require.NoError(tb, err)
	b.deps.Alarms = alarm.NewStore(b.door, alarm.Options{Figures: b.deps.Statistics, Teller: b.deps.Notifications, Now: clock, Committed: told(live.AlarmStream)})
	b.deps.Directory.EraseWith(noEraser{})
	b.deps.Tenants.SignWith(newIssuer(tb))
	b.deps.Live = live.NewJournal(b.hub, entries, b.deps.Logs)
	b.deps.LiveIssues, b.deps.LiveAlarms = live.NewIssues(b.hub, b.issues), live.NewAlarms(b.hub, b.deps.Alarms)
	tb.Cleanup(func() { require.NoError(tb, b.hub.Stop(context.WithoutCancel(tb.Context()))) })
	b.handler = NewHandler(b.deps)
	return b
}

// newIssuer signs as the service does.
func newIssuer(tb testing.TB) *token.Issuer {
	tb.Helper()
	issuer, err := token.NewIssuer(tokenConfig(tb))
	require.NoError(tb, err)
	return issuer
}

func tokenConfig(tb testing.TB) token.Config {
	tb.Helper()
	key, err := token.ParseSigningKey("c2lnbmluZyBrZXkgb2YgdGhlIHRlc3RzIG9mIGdyYXA=")
	require.NoError(tb, err)
	return token.Config{SigningKey: key, Now: clock}
}

func newLogger(to io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

// exec runs a statement as the schema's owner.
func (b *bundle) exec(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.OwnerURL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, errors.Join(err, conn.Close(t.Context())))
}

// received is whoever is told: all arrives.
type received struct{}

func (received) Send(context.Context, *notify.Message) notify.Result {
	return notify.Result{StatusCode: 202, Body: "thanks", Duration: time.Millisecond}
}

// noEraser stands for the job that erases a deleted customer's entries later.
type noEraser struct{}

func (noEraser) EraseCustomer(context.Context, *tenant.Tx, uuid.UUID) error { return nil }

// statements counts round trips to the database.
type statements struct{ n atomic.Int64 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if sql := strings.ToUpper(q.SQL); !strings.HasPrefix(sql, "BEGIN") && sql != "COMMIT" && sql != "ROLLBACK" {
		s.n.Add(1)
	}
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.n.Add(1)
	return ctx
}

func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// during counts the statements of what fn does.
func (s *statements) during(fn func()) int {
	before := s.n.Load()
	fn()
	return int(s.n.Load() - before)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// reply is what the API answered.
type reply struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
	raw    string
	status int
}

// codes are the codes of the reply's errors.
func (r *reply) codes() []string {
	var out []string
	for _, e := range r.Errors {
		code, _ := e.Extensions["code"].(string)
		out = append(out, code)
	}
	return out
}

// at is the value under a dotted path in the data, such as customer.name or logs.nodes.0.id.
func (r *reply) at(t require.TestingT, path string) any {
	var v any = r.Data
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			require.Contains(t, x, step, "%s in %s", path, r.raw)
			v = x[step]
		case []any:
			var i int
			require.NoError(t, json.Unmarshal([]byte(step), &i))
			require.Less(t, i, len(x), "%s in %s", path, r.raw)
			v = x[i]
		default:
			require.Fail(t, "nothing there", "%s in %s", path, r.raw)
		}
	}
	return v
}

// text is at, of a string.
func (r *reply) text(t require.TestingT, path string) string {
	s, ok := r.at(t, path).(string)
	require.True(t, ok, "%s is no string in %s", path, r.raw)
	return s
}

// list is at, of a list.
func (r *reply) list(t require.TestingT, path string) []any {
	l, ok := r.at(t, path).([]any)
	require.True(t, ok, "%s is no list in %s", path, r.raw)
	return l
}

type vars map[string]any

// ask sends a query as a principal, nil for nobody, and takes whatever comes back.
func (b *bundle) ask(t *testing.T, p *tenant.Principal, query string, v vars) *reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	require.NoError(t, err)
	return b.send(t, p, string(body))
}

func (b *bundle) send(t *testing.T, p *tenant.Principal, body string) *reply {
	t.Helper()
	ctx := t.Context()
	if p != nil {
		ctx = tenant.WithPrincipal(ctx, p)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	out := &reply{raw: w.Body.String(), status: w.Code}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), out), out.raw)
	return out
}

// get is ask where nothing may go wrong.
func (b *bundle) get(t *testing.T, p *tenant.Principal, query string, v vars) *reply {
	t.Helper()
	r := b.ask(t, p, query, v)
	require.Empty(t, r.Errors, r.raw)
	require.Equal(t, http.StatusOK, r.status)
	return r
}
