package tests

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// failedRun is a run of a flow that failed.
func failedRun(name string) string {
	return fmt.Sprintf(`{"type":"flow_run","id":%q,"customer":"globex","integration":"crm","data":{"flow":"sync","status":"failed"}}`, name)
}

// accepted sends events that are all taken.
func accepted(t *testing.T, api *harness.Client, events ...string) {
	t.Helper()
	answer := post(t, api, strings.Join(events, "\n"))
	require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
}

// A test arrives at once; what has arrived arrives again when that is asked for, under its id; and of what an endpoint
// missed it gets what is since a time.
func TestATestARedeliveryAndAReplay(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "again")
	in := newInbox(t)
	id := in.listen(api, "FLOW_RUN_FAILED")
	came := func(n int) webhook {
		t.Helper()
		eventually(t, patience, fmt.Sprintf("%d have come", n), func(context.Context) bool { return len(in.all()) >= n })
		return in.all()[n-1]
	}
	mutate(t, api, "testNotificationEndpoint", "id: $id", id)
	require.Equal(t, "test", came(1).payload.Type)
	accepted(t, api, failedRun("run-1"))
	first := came(2)
	require.Equal(t, "flow_run.failed", first.payload.Type)
	latest := func() delivery { return deliveries(t, api, id)[0] }
	eventually(t, patience, "it is delivered", func(context.Context) bool { return latest().Status == "DELIVERED" })
	mutate(t, api, "redeliver", "deliveryId: $id", latest().ID)
	require.Equal(t, first.id, came(3).id)
	require.Equal(t, first.raw, came(3).raw)
	eventually(t, patience, "both attempts can be seen", func(context.Context) bool { return len(latest().Attempts) == 2 })

	mutate(t, api, "updateNotificationEndpoint", "id: $id, enabled: false", id)
	accepted(t, api, failedRun("run-2"))
	since := time.Now().UTC()
	accepted(t, api, failedRun("run-3"))
	mutate(t, api, "updateNotificationEndpoint", "id: $id, enabled: true", id)
	var said struct{ ReplayNotifications struct{ Count int } }
	require.NoError(t, api.Query(within(t, patience), `mutation($id: ID!, $since: Time!) { replayNotifications(input: {id: $id, since: $since}) { count } }`,
		map[string]any{"id": id, "since": since.Format(time.RFC3339Nano)}, &said))
	require.Equal(t, 1, said.ReplayNotifications.Count)
	require.Contains(t, came(4).raw, "run-3")
	mutate(t, api, "testNotificationEndpoint", "id: $id", id)
	require.Equal(t, "test", came(5).payload.Type, "and nothing else")
}

// That a problem is over is told to whom it was told that it was there, and to nobody who began to listen since.
func TestARecoveryIsToldToWhomTheFailureWas(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "recovery")
	early, late := newInbox(t), newInbox(t)
	early.listen(api, "ISSUE_OPENED, ISSUE_RESOLVED")
	accepted(t, api, withdrawn("globex"))
	eventually(t, patience, "the problem is told", func(context.Context) bool { return len(early.all()) == 1 })
	id := late.listen(api, "ISSUE_OPENED, ISSUE_RESOLVED")
	accepted(t, api, fmt.Sprintf(`{"type":"connected_app","customer":"globex","integration":"salesforce","occurred_at":%q,"data":{"status":"connected"}}`, time.Now().UTC().Format(time.RFC3339Nano)))
	eventually(t, patience, "that it is over is told", func(context.Context) bool { return len(early.all()) == 2 })
	require.Equal(t, "issue.resolved", early.all()[1].payload.Type)
	mutate(t, api, "testNotificationEndpoint", "id: $id", id)
	eventually(t, patience, "a test arrives", func(context.Context) bool { return len(late.all()) > 0 })
	require.Equal(t, "test", late.all()[0].payload.Type)
	require.Len(t, late.all(), 1)
	require.Len(t, deliveries(t, api, id), 1)
}

// Of thirty in a moment twenty arrive one by one, and one has the rest.
func TestTooManyArriveAsADigest(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "digest")
	in := newInbox(t)
	id := in.listen(api, "FLOW_RUN_FAILED")
	var runs []string
	for i := range 30 {
		runs = append(runs, failedRun(fmt.Sprintf("run-%d", i)))
	}
	accepted(t, api, runs...)
	eventually(t, patience, "all of them are told", func(context.Context) bool { return len(in.told()) == len(runs) })
	got := in.all()
	require.Len(t, got, 21)
	digest := got[20].payload
	require.Equal(t, "digest", digest.Type)
	require.Equal(t, map[string]int{"flow_run.failed": 10}, digest.Data.Counts)
	require.Len(t, digest.Data.Items, 10)
	eventually(t, patience, "the API says so", func(context.Context) bool {
		list := deliveries(t, api, id)
		for _, d := range list {
			if d.Status != "DELIVERED" {
				return false
			}
		}
		return len(list) == len(runs)+1 && list[0].Event == "DIGEST"
	})
}

// A delivery is tried for a day, and an endpoint for five of nothing but failures, of which others are told. The days pass
// in the database alone.
func TestDaysOfFailure(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "days")
	in, watch := newInbox(t), newInbox(t)
	id := in.listen(api, "FLOW_RUN_FAILED")
	watch.listen(api, "ENDPOINT_DISABLED")
	in.answers(func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	latest := func() delivery { return deliveries(t, api, id)[0] }
	accepted(t, api, failedRun("run-1"))
	eventually(t, patience, "it fails", func(context.Context) bool { return latest().Status == "RETRYING" })
	one := latest()
	wait := one.NextAttemptAt.Sub(one.Attempts[0].At)
	require.True(t, wait >= 4*time.Second && wait <= 6*time.Second, "%s", wait)

	conn, err := pgx.Connect(within(t, patience), w.server.URL(localpg.Admin))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	age := func(sql string) {
		t.Helper()
		tag, err := conn.Exec(within(t, patience), sql+" WHERE tenant_id = (SELECT id FROM tenant_directory WHERE slug = 'days')")
		require.NoError(t, err)
		require.Positive(t, tag.RowsAffected())
	}
	age("UPDATE delivery SET give_up_at = now()")
	mutate(t, api, "redeliver", "deliveryId: $id", one.ID)
	eventually(t, patience, "its day is over", func(context.Context) bool { return latest().Status == "FAILED" })
	require.GreaterOrEqual(t, len(latest().Attempts), 2)
	require.Empty(t, watch.all(), "the endpoint is still of use")

	age("UPDATE notification_endpoint SET held_until = NULL, failing_since = failing_since - interval '5 days'")
	accepted(t, api, failedRun("run-2"))
	eventually(t, patience, "others hear that it is disabled", func(context.Context) bool { return len(watch.all()) == 1 })
	require.Equal(t, "endpoint.disabled", watch.all()[0].payload.Type)
	require.Contains(t, watch.all()[0].payload.Data.Summary, "five days")
	var found struct {
		Node struct {
			Enabled        bool
			DisabledReason string
		}
	}
	require.NoError(t, api.Query(within(t, patience), `query($id: ID!) { node(id: $id) { ... on NotificationEndpoint { enabled disabledReason } } }`, map[string]any{"id": id}, &found))
	require.False(t, found.Node.Enabled)
	require.Contains(t, found.Node.DisabledReason, "five days")
}

// nowhere are addresses of this machine and of private networks, in the notations that lead there.
var nowhere = []string{
	"10.0.0.1", "172.16.0.1", "192.168.1.1", "0xa9fea9fe", "169.254.169.254", "2852039166", "0251.0376.0251.0376", "[fe80::1]", "[fd00:ec2::254]", "224.0.0.1", "[ff02::1]",
	"[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:a00:1::]", "100.64.0.1", "0.0.0.0", "255.255.255.255",
}

// refuses makes sure that no endpoint can be made at a host.
func refuses(t *testing.T, api *harness.Client, hosts ...string) {
	t.Helper()
	for _, host := range hosts {
		var made struct {
			CreateNotificationEndpoint struct {
				Endpoint   *struct{ ID string }
				UserErrors []struct {
					Field         []string
					Code, Message string
				}
			}
		}
		require.NoError(t, api.Query(within(t, patience), fmt.Sprintf(`mutation { createNotificationEndpoint(input: {channel: WEBHOOK, target: %q, events: [ISSUE_OPENED]}) `+
			`{ endpoint { id } userErrors { field code message } } }`, "https://"+host+"/x"), nil, &made))
		require.Nil(t, made.CreateNotificationEndpoint.Endpoint, host)
		require.Len(t, made.CreateNotificationEndpoint.UserErrors, 1, host)
		require.Equal(t, []string{"target"}, made.CreateNotificationEndpoint.UserErrors[0].Field, host)
	}
}

// Where notifications may not go no endpoint can be made, and what is allowed is only what was named: this machine.
func TestWhereNoEndpointCanBeMade(t *testing.T) {
	t.Parallel()
	api := ourWorld(t).developer(t, "nowhere")
	refuses(t, api, nowhere...)
	endpoint(t, api, "WEBHOOK", "https://127.0.0.1/x", "ISSUE_OPENED")
}
