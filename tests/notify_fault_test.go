package tests

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// fault is a service on a database of its own that tells one inbox of connected apps.
type fault struct {
	*world
	addr     string
	api      *harness.Client
	in       *inbox
	endpoint string
	// states is how many states of each app were sent.
	states int
	began  time.Time
}

// faultApps is of how many connected apps the states change.
const faultApps = 6

func newFault(t *testing.T) *fault {
	t.Helper()
	f := &fault{world: &world{binary: binary(t), dir: filepath.Join(t.TempDir(), "data")}, in: newInbox(t), began: time.Now().UTC().Add(-time.Hour).Truncate(time.Second)}
	f.startDatabase(t)
	t.Cleanup(func() { _ = f.server.Stop(context.Background()) })
	f.env = harness.EnvOf(f.server).With("WEIR_NOTIFY_ALLOW_CIDRS", "127.0.0.0/8")
	var err error
	f.addr, err = harness.FreeAddr(t.Context())
	require.NoError(t, err)
	f.startService(t, "--migrate")
	t.Cleanup(func() { _ = f.service.Kill() })
	made, err := f.binary.CreateTenant(within(t, patience), f.env, "faults")
	require.NoError(t, err)
	key, err := f.binary.CreateKey(within(t, patience), f.env, made.Slug, "ingest,read,admin")
	require.NoError(t, err)
	f.api = &harness.Client{URL: f.service.URL, Token: key.Secret}
	f.endpoint = f.in.listen(f.api, "CONNECTED_APP_STATUS_CHANGED")
	return f
}

func (f *fault) startDatabase(t *testing.T) {
	t.Helper()
	server, err := localpg.Start(within(t, patience), localpg.Options{DataDir: f.dir})
	require.NoError(t, err)
	f.server = server
}

func (f *fault) startService(t *testing.T, args ...string) {
	t.Helper()
	var err error
	f.service, err = f.binary.ServeAt(within(t, patience), f.env, f.addr, append([]string{"serve"}, args...)...)
	require.NoError(t, err)
}

// change sends so many new states of each app, each in a commit of its own: which of them were said together does not
// decide what is told.
func (f *fault) change(t *testing.T, times int) {
	t.Helper()
	for range times {
		f.states++
		status := []string{"needs_reauth", "connected", "disconnected", "connected"}[(f.states-1)%4]
		for app := range faultApps {
			answer := post(t, f.api, fmt.Sprintf(`{"type":"connected_app","customer":"customer-%d","integration":"crm","occurred_at":%q,"data":{"status":%q}}`,
				app, f.began.Add(time.Duration(f.states)*time.Second).Format(time.RFC3339), status))
			require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
		}
	}
}

// settled waits until all that was sent was told, and looks at it: nothing is missing, each app's states came in their
// order, and the API says that all of it arrived.
func (f *fault) settled(t *testing.T) {
	t.Helper()
	took := eventually(t, 2*patience, "all is told", func(context.Context) bool { return len(f.in.told()) >= f.states*faultApps })
	t.Logf("all was told after %s", took)
	last, n := map[string]time.Time{}, map[string]int{}
	for _, one := range f.in.told() {
		require.Equal(t, "connected_app.status_changed", one.Type)
		require.True(t, one.Timestamp.After(last[one.ID]), "%s came after what is later", one.Title)
		last[one.ID] = one.Timestamp
		n[one.ID]++
	}
	require.Len(t, n, faultApps)
	for app, states := range n {
		require.Equal(t, f.states, states, app)
	}
	eventually(t, patience, "the API says so", func(context.Context) bool {
		for _, d := range deliveries(t, f.api, f.endpoint) {
			if d.Status != "DELIVERED" {
				return false
			}
		}
		return true
	})
}

// Whatever is killed in the middle of deliveries, the service, PostgreSQL or the receiver: every notification arrives, in
// the order of its subject, and what comes again has the same webhook-id.
func TestKillsLoseNoNotification(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some minutes")
	}
	t.Parallel()
	f := newFault(t)
	wait := func(held <-chan string) string {
		select {
		case id := <-held:
			return id
		case <-within(t, patience).Done():
			t.Fatal("nothing is delivered")
			return ""
		}
	}

	t.Log("the service is killed while the receiver reads the fifth of them")
	held, letGo := f.in.holdAfter(4)
	f.change(t, 3)
	id := wait(held)
	require.NoError(t, f.service.Kill())
	letGo()
	f.startService(t)
	f.settled(t)
	require.Equal(t, 2, f.in.times(id), "it came again, with the same id")

	t.Log("PostgreSQL is killed there, and the receiver says that it has it")
	held, letGo = f.in.holdAfter(4)
	f.change(t, 3)
	id = wait(held)
	dead, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, f.server.Stop(dead))
	letGo()
	f.startDatabase(t)
	require.NoError(t, f.service.WaitReady(within(t, patience)))
	f.settled(t)
	require.Equal(t, 2, f.in.times(id), "nobody could note that it had it")

	t.Log("the receiver is killed there, and away for a while")
	held, letGo = f.in.holdAfter(2)
	f.change(t, 1)
	id = wait(held)
	f.in.kill()
	letGo()
	f.change(t, 2)
	eventually(t, patience, "it was tried meanwhile", func(context.Context) bool {
		for _, d := range deliveries(t, f.api, f.endpoint) {
			if d.Status == "RETRYING" && len(d.Attempts) > 1 && strings.Contains(*d.Attempts[len(d.Attempts)-1].Error, "refused") {
				return d.NextAttemptAt != nil
			}
		}
		return false
	})
	f.in.open()
	f.settled(t)
	require.Equal(t, 2, f.in.times(id))

	f.nothingPrivate(t)
}

// nothingPrivate starts the service as it is by default: what was allowed is refused when it is connected to, and a new
// endpoint when it is made.
func (f *fault) nothingPrivate(t *testing.T) {
	t.Helper()
	require.NoError(t, f.service.Stop(within(t, patience)))
	f.env = f.env.With("WEIR_NOTIFY_ALLOW_CIDRS", "")
	f.startService(t)
	refuses(t, f.api, append([]string{"127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "metadata.google.internal", "[::1]", "[::ffff:127.0.0.1]"}, nowhere...)...)
	before := len(f.in.all())
	var none struct{}
	require.NoError(t, f.api.Query(within(t, patience), `mutation($id: ID!) { testNotificationEndpoint(input: {id: $id}) { delivery { id } userErrors { message } } }`, map[string]any{"id": f.endpoint}, &none))
	eventually(t, patience, "the test was refused", func(context.Context) bool {
		latest := deliveries(t, f.api, f.endpoint)[0]
		return latest.Event == "TEST" && latest.Status == "FAILED" && strings.Contains(*latest.Attempts[0].Error, "WEIR_NOTIFY_ALLOW_CIDRS")
	})
	require.Len(t, f.in.all(), before)
}
