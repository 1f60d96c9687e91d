package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/reach"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// bundle is a store of one tenant with a clock that stands still, and receivers that do as they are told.
type bundle struct {
	door   *tenant.Door
	store  *notify.Store
	ctx    context.Context //nolint:containedctx // of the one tenant of a test
	tenant uuid.UUID

	mu    sync.Mutex
	now   time.Time
	sent  []notify.Message
	woken int
	// answer is what the receiver at a target says; nil is that it takes all.
	answer func(m *notify.Message) notify.Result
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{door: tenant.NewDoor(pgtest.New(t).Pool(t)), tenant: uuid.New(), now: noon}
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenant))
	b.store = b.open(t, 'k')
	return b
}

// open makes a store with a key of its own.
func (b *bundle) open(t *testing.T, key byte) *notify.Store {
	t.Helper()
	allow, err := reach.Parse([]string{"127.0.0.0/8"})
	require.NoError(t, err)
	keys := make([]byte, 32)
	keys[0] = key
	store, err := notify.NewStore(b.door, notify.Options{
		Key: keys, Reach: allow, Sender: b, Mail: true, PublicURL: "https://weir.example/", Now: b.clock,
		Random: func() float64 { return 0.5 }, Wake: func(uuid.UUID) { b.mu.Lock(); b.woken++; b.mu.Unlock() },
	})
	require.NoError(t, err)
	return store
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// Send is the receivers.
func (b *bundle) Send(_ context.Context, m *notify.Message) notify.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, *m)
	if b.answer == nil {
		return notify.Result{StatusCode: 200, Body: "ok", Duration: 5 * time.Millisecond}
	}
	return b.answer(m)
}

// took gives what was sent since, and forgets it.
func (b *bundle) took(t *testing.T) (list []notify.Payload) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.sent {
		var p notify.Payload
		require.NoError(t, json.Unmarshal(m.Payload, &p))
		list = append(list, p)
	}
	b.sent = nil
	return list
}

func titles(list []notify.Payload) (out []string) {
	for i := range list {
		out = append(out, list[i].Type+" "+list[i].Data.Title)
	}
	return out
}

func (b *bundle) endpoint(t *testing.T, events ...notify.Kind) *notify.Endpoint {
	t.Helper()
	e, secret, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: "https://hooks.example.com/x", Events: events})
	require.NoError(t, err)
	require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, secret)
	return e
}

func (b *bundle) tell(t *testing.T, events ...notify.Event) {
	t.Helper()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error { return b.store.Tell(ctx, tx, events...) }))
}

// deliver delivers what is due, and gives when something is again.
func (b *bundle) deliver(t *testing.T) time.Time {
	t.Helper()
	next, err := b.store.Deliver(b.ctx)
	require.NoError(t, err)
	return next.UTC()
}

func (b *bundle) deliveries(t *testing.T, e *notify.Endpoint) []*notify.Delivery {
	t.Helper()
	list, err := b.store.Deliveries(b.ctx, e.ID, page.Request{Size: 100})
	require.NoError(t, err)
	return list.Items
}

func (b *bundle) attempts(t *testing.T, d *notify.Delivery) []*notify.Attempt {
	t.Helper()
	found, err := b.store.AttemptsOf(b.ctx, []uuid.UUID{d.ID})
	require.NoError(t, err)
	return found[d.ID]
}

func (b *bundle) reload(t *testing.T, e *notify.Endpoint) *notify.Endpoint {
	t.Helper()
	found, err := b.store.EndpointsByIDs(b.ctx, []uuid.UUID{e.ID})
	require.NoError(t, err)
	require.Contains(t, found, e.ID)
	return found[e.ID]
}

// customerOf is whom the issue of the number hits.
func customerOf(number byte) uuid.UUID { return uuid.UUID{0: 9, 15: number} }

// issue is an event of an issue of the number, whose episode began so long after noon.
func issue(kind notify.Kind, number byte, opened time.Duration) notify.Event {
	return notify.OfIssue(kind, &notify.Issue{
		ID: uuid.UUID{0: number, 6: 0x70, 8: 0x80}, Title: fmt.Sprintf("Issue %d", number), Severity: "ERROR", Status: "OPEN", Category: "AUTH_TOKEN_EXPIRED",
		Integration: notify.Thing{ID: uuid.New(), ExternalID: "salesforce", Name: "Salesforce"},
		Customers:   []notify.Thing{{ID: customerOf(number), ExternalID: "acme", Name: "Acme"}}, CustomerCount: 3, Occurrences: 7,
		OpenedAt: noon.Add(opened), ResolvedAt: noon.Add(opened + time.Hour), ResolvedBy: "CUSTOMER",
		Steps: []notify.Step{{Actor: "CUSTOMER", Text: "Sign in again."}}, Evidence: []notify.Evidence{{ID: "req_1", At: noon, Summary: "GET /x: 401", Excerpt: `{"error":"expired"}`}},
	})
}

func fails(code int) func(*notify.Message) notify.Result {
	return func(*notify.Message) notify.Result {
		return notify.Result{StatusCode: code, Error: fmt.Sprintf("the receiver answered %d", code), Content: code < 500}
	}
}
