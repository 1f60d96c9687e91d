package ingest_test

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
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is when the tests' clock begins.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// bundle is a service over a database of its own.
type bundle struct {
	db       *pgtest.DB
	pool     *pgxpool.Pool
	door     *tenant.Door
	tenants  *tenant.Store
	journal  *journal.Store
	runs     *run.Store
	dir      *directory.Store
	service  *ingest.Service
	handler  http.Handler
	log      *syncBuffer
	metrics  *counts
	tenantID uuid.UUID
}

func setup(tb testing.TB, change ...func(*ingest.Deps)) *bundle {
	tb.Helper()
	db := pgtest.New(tb)
	b := &bundle{db: db, pool: db.Pool(tb), tenantID: uuid.New(), log: &syncBuffer{}, metrics: &counts{}}
	b.door = tenant.NewDoor(b.pool)
	tb.Cleanup(func() { require.NoError(tb, b.door.Close()) })
	b.start(tb, change...)
	_, err := b.journal.EnsurePartitions(tb.Context(), journal.DayOf(noon)-3, journal.DayOf(noon)+1)
	require.NoError(tb, err)
	return b
}

// start makes the service, as another process has it.
func (b *bundle) start(tb testing.TB, change ...func(*ingest.Deps)) {
	tb.Helper()
	now := func() time.Time { return noon }
	b.tenants = tenant.NewStore(b.door, now)
	b.journal = journal.NewStore(b.door, journal.Options{Now: now})
	b.runs = run.NewStore(b.door)
	b.dir = directory.NewStore(b.door, now)
	deps := ingest.Deps{
		Door: b.door, Journal: b.journal, Runs: b.runs, Directory: b.dir, Policies: b.tenants,
		Logger: slog.New(slog.NewTextHandler(b.log, nil)), Now: now, Metrics: b.metrics,
	}
	for _, c := range change {
		c(&deps)
	}
	b.service = ingest.NewService(deps)
	b.handler = ingest.NewHandler(b.service)
	tb.Cleanup(func() { require.NoError(tb, b.service.Close(context.Background())) })
}

func (b *bundle) key() *tenant.Principal {
	return &tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
}

// as is a context of Weir's own work for the tenant.
func (b *bundle) as(tb testing.TB) context.Context {
	tb.Helper()
	return tenant.WithPrincipal(tb.Context(), tenant.System(b.tenantID))
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	ingest.Result
	Error struct{ Code, Message string }
}

// send posts a body with an API key.
func (b *bundle) send(tb testing.TB, body io.Reader, headers ...string) answer {
	tb.Helper()
	return b.sendAs(tb, b.key(), body, headers...)
}

func (b *bundle) sendAs(tb testing.TB, p *tenant.Principal, body io.Reader, headers ...string) answer {
	tb.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/events", body)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	ctx := tb.Context()
	if p != nil {
		ctx = tenant.WithPrincipal(ctx, p)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r.WithContext(ctx))
	require.Equal(tb, "application/json", w.Header().Get("Content-Type"))
	a := answer{status: w.Code, header: w.Header()}
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	return a
}

// post sends events as {"events":[…]}.
func (b *bundle) post(tb testing.TB, events ...string) answer {
	tb.Helper()
	return b.send(tb, strings.NewReader(`{"events":[`+strings.Join(events, ",")+`]}`))
}

// entries are all log entries of the tenant, the oldest first, with their details.
func (b *bundle) entries(tb testing.TB) []*entry.Entry {
	tb.Helper()
	ctx := b.as(tb)
	var all []*entry.Entry
	var after *entry.Position
	for {
		got, err := b.journal.Entries(ctx, journal.Query{Order: entry.OldestFirst, First: 1000, After: after})
		require.NoError(tb, err)
		var ids []uuid.UUID
		for _, e := range got.Items {
			ids = append(ids, e.ID)
		}
		details, err := b.journal.Details(ctx, ids)
		require.NoError(tb, err)
		for _, e := range got.Items {
			e.Detail = details[e.ID]
		}
		all = append(all, got.Items...)
		if !got.HasNext {
			return all
		}
		after = got.Resume
	}
}

// request is one without a body.
func request(tb testing.TB, b *bundle, method string) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), method, "/v1/events", nil))
	return w
}

// counts are metrics.
type counts struct {
	mu      sync.Mutex
	events  map[string]int
	commits int
}

func (c *counts) Event(kind, outcome string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.events == nil {
		c.events = map[string]int{}
	}
	c.events[kind+" "+outcome] += n
}

func (c *counts) Commit(int, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits++
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

var errBroken = errors.New("the line broke")
