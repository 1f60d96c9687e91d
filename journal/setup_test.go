package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is now in the tests.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// keptDays are how many days before now have partitions in the tests.
const keptDays = 34

type bundle struct {
	pool  *pgxpool.Pool
	door  *tenant.Door
	store *Store
	log   *syncBuffer
}

func setup(tb testing.TB, change ...func(*Options)) *bundle {
	tb.Helper()
	b := &bundle{pool: pgtest.New(tb).Pool(tb), log: &syncBuffer{}}
	b.door = tenant.NewDoor(b.pool)
	tb.Cleanup(func() { require.NoError(tb, b.door.Close()) })
	b.store = b.another(change...)
	_, err := b.store.EnsurePartitions(tb.Context(), DayOf(noon)-keptDays, DayOf(noon)+1)
	require.NoError(tb, err)
	return b
}

// another makes a store like that of another process.
func (b *bundle) another(change ...func(*Options)) *Store {
	opt := Options{Now: func() time.Time { return noon }, Logger: slog.New(slog.NewTextHandler(b.log, nil))}
	for _, c := range change {
		c(&opt)
	}
	return NewStore(b.door, opt)
}

// as is a context of Weir's own work for a tenant.
func as(tb testing.TB, tenantID uuid.UUID) context.Context {
	tb.Helper()
	return tenant.WithPrincipal(tb.Context(), tenant.System(tenantID))
}

// asCustomer is a context of somebody who may see all of one customer, bodies included, and nothing else.
func asCustomer(tb testing.TB, tenantID, customerID uuid.UUID) context.Context {
	tb.Helper()
	return tenant.WithPrincipal(tb.Context(), &tenant.Principal{TenantID: tenantID, Kind: tenant.KindCustomer, Role: tenant.RoleSupport, CustomerID: customerID})
}

// commit writes a batch with keys, and tells of each key whether it was a duplicate.
func commit(ctx context.Context, s *Store, in Batch, keys ...Key) (duplicates []bool, err error) {
	var days []Day
	for _, k := range keys {
		days = append(days, k.Day, k.Day-1)
	}
	slices.Sort(days)
	var c *Commit
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if c, err = s.Begin(ctx, tx, slices.Compact(days)); err != nil {
			return err
		}
		for _, k := range keys {
			duplicates = append(duplicates, c.Duplicate(k))
		}
		return c.Append(ctx, in)
	})
	if err != nil {
		return nil, err
	}
	c.Committed()
	return duplicates, nil
}

// put commits entries, in as many commits as there are lists.
func put(ctx context.Context, t require.TestingT, s *Store, lists ...[]*entry.Entry) {
	for _, list := range lists {
		_, err := commit(ctx, s, Batch{Loose: slices.Clone(list)})
		require.NoError(t, err)
	}
}

// walk reads all pages.
func walk(ctx context.Context, s *Store, q Query) (all []*entry.Entry, pages int, err error) {
	for {
		p, err := s.Entries(ctx, q)
		if err != nil {
			return nil, pages, err
		}
		pages++
		all = append(all, p.Items...)
		if !p.HasNext {
			return all, pages, nil
		}
		if p.Resume == nil || q.After != nil && *p.Resume == *q.After {
			return nil, pages, errors.New("the page has a next one but does not go on")
		}
		q.After = p.Resume
	}
}

func ids(list []*entry.Entry) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, e := range list {
		out[i] = e.ID
	}
	return out
}

// world is the few values that entries of the tests are made of.
type world struct {
	customers, integrations, apps, runs, nodes []uuid.UUID
	traces                                     []string
}

func newWorld() *world {
	w := &world{}
	for i := range 4 {
		w.customers = append(w.customers, uuid.New())
		w.integrations = append(w.integrations, uuid.New())
		w.apps = append(w.apps, uuid.New())
		w.runs = append(w.runs, uuid.New())
		w.nodes = append(w.nodes, uuid.New())
		w.traces = append(w.traces, fmt.Sprintf("%032x", i+1))
	}
	return w
}

var (
	words   = []string{"invoice", "contact", "deal", "webhook", "expired", "session", "quota", "Zürich", "A-1001", "retry"}
	methods = []string{"GET", "POST", "PATCH", "DELETE"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// perhaps is a value of the list, or the zero value.
func perhaps[T any](r *rand.Rand, list []T) (v T) {
	if r.IntN(3) > 0 {
		v = pick(r, list)
	}
	return v
}

// entry makes a random entry of the time.
func (w *world) entry(r *rand.Rand, at time.Time) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{
		ID: nodeid.New(at), RecordedAt: noon.UnixMicro(), Kind: pick(r, append(slices.Clone(entryKinds), entry.KindAPIRequest, entry.KindLogLine)),
		CustomerID: perhaps(r, w.customers), IntegrationID: perhaps(r, w.integrations), ConnectedAppID: perhaps(r, w.apps),
		FlowRunID: perhaps(r, w.runs), TraceID: perhaps(r, w.traces), DurationMS: -1,
	}, Detail: &entry.Detail{}}
	if e.FlowRunID != uuid.Nil {
		e.NodeRunID = perhaps(r, w.nodes)
	}
	for range r.IntN(3) {
		e.Identifiers = append(e.Identifiers, entry.Identifier{Key: pick(r, []string{"order", "invoice"}), Value: fmt.Sprint("ord-", r.IntN(9))})
	}
	if e.Kind == entry.KindLogLine {
		e.Level, e.Message = pick(r, []entry.Level{entry.LevelDebug, entry.LevelInfo, entry.LevelWarn, entry.LevelError}), pick(r, words)
		e.Detail.RequestBody = &entry.Body{Text: `{"n":1}`, SizeBytes: 7}
		return e
	}
	e.Status = pick(r, []entry.Status{entry.StatusSuccess, entry.StatusSuccess, entry.StatusSuccess, entry.StatusFailure, entry.StatusPending, entry.StatusUnknown})
	if e.Status == entry.StatusFailure {
		e.ErrorKind, e.ErrorCode = pick(r, []entry.ErrorKind{entry.ErrorHTTP, entry.ErrorTimeout}), pick(r, []string{"INVALID", "EXPIRED", "LIMIT"})
		e.Message = pick(r, words) + " " + pick(r, words)
	}
	e.Detail.RequestBody = &entry.Body{Text: `{"note":"` + pick(r, words) + " " + pick(r, words) + `"}`, ContentType: "application/json", SizeBytes: 20}
	switch e.Kind {
	case entry.KindAPIRequest:
		e.Direction, e.Method, e.Endpoint = pick(r, []entry.Direction{entry.Outbound, entry.Inbound}), pick(r, methods), pick(r, []string{"/v3/contacts/{id}", "/v3/deals", "/oauth/token"})
		e.URL = "https://api.example.com" + strings.ReplaceAll(e.Endpoint, "{id}", fmt.Sprint(r.IntN(50)))
		e.StatusCode, e.DurationMS, e.Attempt = pick(r, []int{200, 201, 401, 429, 500}), float64(r.IntN(900)), 1
	case entry.KindExternalWebhook:
		e.ExternalID, e.Method, e.URL, e.Webhook = fmt.Sprint("wh-", r.IntN(40)), "POST", "https://hooks.example.com/in", &entry.Webhook{}
	case entry.KindExternalEventPull:
		e.ExternalID, e.Pull = fmt.Sprint("pull-", r.IntN(40)), &entry.Pull{EventCount: r.IntN(5)}
	case entry.KindExternalEvent:
		e.ExternalID, e.EventType, e.SourceID = fmt.Sprint("ev-", r.IntN(400)), pick(r, []string{"deal.won", "deal.lost"}), fmt.Sprint("wh-", r.IntN(40))
	case entry.KindInternalEvent:
		e.ExternalID, e.EventType, e.Via = fmt.Sprint("iev-", r.IntN(400)), pick(r, []string{"order.paid", "deal.won"}), entry.ViaAPI
	case entry.KindTransaction:
		e.Transaction = &entry.Transaction{From: "shop", To: "erp"}
	}
	return e
}

// entries makes n entries at random times before now.
func (w *world) entries(r *rand.Rand, n int, span time.Duration) []*entry.Entry {
	out := make([]*entry.Entry, n)
	for i := range out {
		at := noon.Add(-time.Duration(r.Int64N(int64(span))))
		if i > 0 && r.IntN(8) == 0 {
			at = out[i-1].OccurredAt() // Several of one microsecond stay distinct.
		}
		out[i] = w.entry(r, at)
	}
	return out
}

type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
