package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// told is a notification as a receiver has it: alone, or as an item of a digest.
type told struct {
	Type      string
	Timestamp time.Time
	ID, Title string
}

// payload is what a webhook says, as far as tests look at it.
type payload struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		ID, Title, Summary, Status, Category, Cause, URL string
		Customers                                        []struct{ ID, Name string }
		Steps                                            []struct{ Text string }
		Evidence                                         []struct{ ID, Summary, Excerpt string }
		Items                                            []told
		Counts                                           map[string]int
	}
}

// webhook is a request that an inbox took.
type webhook struct {
	id      string
	at      time.Time
	payload payload
	raw     string
}

// inbox is a receiver of webhooks that verifies each by the library of the standard. It can be killed, and be back at the
// same address; and it can be slow to answer one.
type inbox struct {
	t      *testing.T
	addr   string
	server *http.Server

	mu     sync.Mutex
	secret string
	got    []webhook
	// answer says what is answered to the nth request, if it is not nil.
	answer func(n int, w http.ResponseWriter, r *http.Request)
	broken error
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	addr, err := harness.FreeAddr(t.Context())
	require.NoError(t, err)
	in := &inbox{t: t, addr: addr}
	in.open()
	t.Cleanup(func() { _ = in.server.Close() })
	return in
}

func (in *inbox) url() string { return "http://" + in.addr + "/hooks" }

// open begins to listen.
func (in *inbox) open() {
	in.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(in.t.Context(), "tcp", in.addr)
	require.NoError(in.t, err)
	in.server = &http.Server{Handler: in, ReadHeaderTimeout: time.Minute}
	go func() { _ = in.server.Serve(listener) }()
}

// kill ends it, with all that it is in the middle of.
func (in *inbox) kill() { _ = in.server.Close() }

// ServeHTTP takes a webhook.
func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	one := webhook{id: r.Header.Get("webhook-id"), at: time.Now(), raw: string(body)}
	in.mu.Lock()
	key, broken := standardwebhooks.NewWebhook(in.secret)
	for _, e := range []error{err, broken} {
		if e != nil && in.broken == nil {
			in.broken = e
		}
	}
	if broken == nil && in.broken == nil {
		in.broken = key.Verify(body, r.Header)
	}
	if err := json.Unmarshal(body, &one.payload); err != nil && in.broken == nil {
		in.broken = err
	}
	in.got = append(in.got, one)
	n, answer := len(in.got), in.answer
	in.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
	}
}

// answers sets what is answered from now on.
func (in *inbox) answers(answer func(n int, w http.ResponseWriter, r *http.Request)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.answer = answer
}

// holdAfter has the request after so many more wait in its middle until it is let go, and gives a channel that says its webhook-id.
func (in *inbox) holdAfter(more int) (held <-chan string, letGo func()) {
	id, wait := make(chan string, 1), make(chan struct{})
	in.mu.Lock()
	defer in.mu.Unlock()
	at := len(in.got) + more + 1
	in.answer = func(n int, _ http.ResponseWriter, r *http.Request) {
		if n == at {
			id <- r.Header.Get("webhook-id")
			<-wait
		}
	}
	return id, sync.OnceFunc(func() { close(wait) })
}

// all is what came so far.
func (in *inbox) all() []webhook {
	in.t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	require.NoError(in.t, in.broken, "each of them verifies")
	return append([]webhook(nil), in.got...)
}

// told is what came so far, in the order in which each was first told, digests taken apart.
func (in *inbox) told() (list []told) {
	in.t.Helper()
	seen := map[string]bool{}
	for _, one := range in.all() {
		items := []told{{one.payload.Type, one.payload.Timestamp, one.payload.Data.ID, one.payload.Data.Title}}
		if one.payload.Type == "digest" {
			items = one.payload.Data.Items
		}
		for _, item := range items {
			if key := fmt.Sprint(item); !seen[key] {
				seen[key] = true
				list = append(list, item)
			}
		}
	}
	return list
}

// times is how often a delivery arrived.
func (in *inbox) times(id string) (n int) {
	for _, one := range in.all() {
		if one.id == id {
			n++
		}
	}
	return n
}

// listen makes an endpoint of the inbox that asks for events, and gives its id.
func (in *inbox) listen(api *harness.Client, events string) (id string) {
	in.t.Helper()
	var made struct {
		CreateNotificationEndpoint struct {
			Endpoint   struct{ ID string }
			Secret     string
			UserErrors []struct{ Message string }
		}
	}
	require.NoError(in.t, api.Query(within(in.t, patience), fmt.Sprintf(`mutation { createNotificationEndpoint(input: {channel: WEBHOOK, target: %q, events: [%s]}) `+
		`{ endpoint { id } secret userErrors { message } } }`, in.url(), events), nil, &made))
	require.Empty(in.t, made.CreateNotificationEndpoint.UserErrors)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.secret = made.CreateNotificationEndpoint.Secret
	return made.CreateNotificationEndpoint.Endpoint.ID
}

// delivery is one of an endpoint's deliveries, as the API has it.
type delivery struct {
	ID, Event, Status string
	NextAttemptAt     *time.Time
	Attempts          []struct {
		At           time.Time
		StatusCode   *int
		Error        *string
		ResponseBody *string
	}
}

// deliveries are an endpoint's, the latest first.
func deliveries(t *testing.T, api *harness.Client, endpoint string) []delivery {
	t.Helper()
	var found struct {
		Node struct {
			Enabled        bool
			DisabledReason *string
			Deliveries     struct{ Nodes []delivery }
		}
	}
	require.NoError(t, api.Query(within(t, patience), `query($id: ID!) { node(id: $id) { ... on NotificationEndpoint { enabled disabledReason deliveries(first: 100) {
		nodes { id event status nextAttemptAt attempts { at statusCode error responseBody } } } } } }`, map[string]any{"id": endpoint}, &found))
	return found.Node.Deliveries.Nodes
}
