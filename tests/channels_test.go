package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// developer is a client of a new tenant that may do all that notifications need.
func (w *world) developer(t *testing.T, slug string) *harness.Client {
	t.Helper()
	made, err := w.binary.CreateTenant(within(t, patience), w.env, slug)
	require.NoError(t, err)
	key, err := w.binary.CreateKey(within(t, patience), w.env, made.Slug, "ingest,read,admin")
	require.NoError(t, err)
	return &harness.Client{URL: w.service.URL, Token: key.Secret}
}

// endpoint makes an endpoint of a channel, and gives its id.
func endpoint(t *testing.T, api *harness.Client, channel, target, events string) string {
	t.Helper()
	var made struct {
		CreateNotificationEndpoint struct {
			Endpoint   struct{ ID string }
			UserErrors []struct{ Message string }
		}
	}
	require.NoError(t, api.Query(within(t, patience), fmt.Sprintf(`mutation { createNotificationEndpoint(input: {channel: %s, target: %q, events: [%s]}) `+
		`{ endpoint { id } userErrors { message } } }`, channel, target, events), nil, &made))
	require.Empty(t, made.CreateNotificationEndpoint.UserErrors)
	return made.CreateNotificationEndpoint.Endpoint.ID
}

// mutate runs a mutation of one id that must succeed.
func mutate(t *testing.T, api *harness.Client, name, input, id string) {
	t.Helper()
	var said map[string]struct{ UserErrors []struct{ Message string } }
	require.NoError(t, api.Query(within(t, patience), fmt.Sprintf(`mutation($id: ID!) { %s(input: {%s}) { userErrors { message } } }`, name, input), map[string]any{"id": id}, &said))
	require.Empty(t, said[name].UserErrors)
}

// Secrets that a sender of events did not keep to itself: none of them may be told to anybody.
const (
	leakedToken    = "ya29.a0AfH6SMBx-leaked-token-0123456789"
	leakedPassword = "hunter2-leaked-password"
)

// withdrawn is a customer whose grant is gone, in an answer that holds secrets.
func withdrawn(customer string) string {
	return fmt.Sprintf(`{"type":"api_request","customer":%q,"integration":"salesforce","occurred_at":%q,"data":{"method":"POST","url":"https://login.salesforce.com/services/oauth2/token?client_secret=%s",`+
		`"request":{"headers":{"Authorization":"Bearer %s"},"body":"grant_type=refresh_token&client_secret=%s&refresh_token=%s"},"response":{"status":400,"headers":{"content-type":"application/json"},`+
		`"body":"{\"error\":\"invalid_grant\",\"error_description\":\"expired access/refresh token\",\"access_token\":\"%s\",\"password\":\"%s\"}"}}}`,
		customer, time.Now().UTC().Format(time.RFC3339Nano), leakedPassword, leakedToken, leakedPassword, leakedToken, leakedToken, leakedPassword)
}

// One problem of many customers is told once by each channel, with what a person needs and without a secret.
func TestEachChannelTellsAProblemOnce(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "channels")
	slack := make(chan []byte, 99)
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		slack <- body
		_, _ = io.WriteString(rw, "ok")
	}))
	t.Cleanup(receiver.Close)
	in := newInbox(t)
	in.listen(api, "ISSUE_OPENED, ISSUE_RESOLVED")
	endpoint(t, api, "SLACK", receiver.URL+"/services/T0/B0/x", "ISSUE_OPENED, ISSUE_RESOLVED")
	endpoint(t, api, "EMAIL", "Ops <channels@ops.example>", "ISSUE_OPENED, ISSUE_RESOLVED")
	customers := []string{"globex", "initech", "umbrella", "hooli"}
	for _, customer := range customers {
		answer := post(t, api, withdrawn(customer))
		require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	}
	eventually(t, patience, "the webhook is told", func(context.Context) bool { return len(in.all()) > 0 })
	letter := w.mail.letters(t, "channels@ops.example", 1)[0]
	block := string(<-slack)
	hook := in.all()[0]
	require.Equal(t, "issue.opened", hook.payload.Type)
	data := hook.payload.Data
	require.NotEmpty(t, data.Customers)
	require.NotEmpty(t, data.Steps)
	require.NotEmpty(t, data.Evidence)
	require.NotEmpty(t, data.Evidence[0].Excerpt)
	require.Equal(t, "POST /services/oauth2/token: 400", data.Evidence[0].Summary)
	require.Equal(t, "https://weir.example/issues/"+data.ID, data.URL)
	require.Equal(t, "Issue opened: "+data.Title, letter.subject)
	require.Contains(t, letter.header.Get("From"), "weir@example.com")
	for what, text := range map[string]string{"text": letter.text, "html": letter.html, "slack": block} {
		for _, part := range []string{data.URL, "globex", data.Steps[0].Text[:20], data.Category, "Since"} {
			require.Contains(t, text, part, what)
		}
		require.Contains(t, text, strings.SplitN(data.Evidence[0].Excerpt, ";", 2)[0], what)
	}
	require.Contains(t, block, `"type":"button"`)

	for _, customer := range customers {
		post(t, api, fmt.Sprintf(`{"type":"connected_app","customer":%q,"integration":"salesforce","occurred_at":%q,"data":{"status":"connected"}}`, customer, time.Now().UTC().Format(time.RFC3339Nano)))
	}
	eventually(t, patience, "that it is over is told", func(context.Context) bool { return len(in.all()) > 1 })
	require.Len(t, w.mail.letters(t, "channels@ops.example", 2), 2)
	require.Contains(t, string(<-slack), "Issue resolved")
	require.Empty(t, slack, "one notification for each state, and not for each customer")
	require.Len(t, in.all(), 2)
	for _, all := range []string{hook.raw, in.all()[1].raw, letter.raw, letter.text, block} {
		require.NotContains(t, all, leakedToken)
		require.NotContains(t, all, leakedPassword)
	}
}

// A receiver that asks for time gets it, one that redirects to where nothing may go leads nowhere, one that is gone is
// disabled, which others hear of; and it gets what it missed when it is back.
func TestWhatReceiversAnswer(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "answers")
	watch, in := newInbox(t), newInbox(t)
	watch.listen(api, "ENDPOINT_DISABLED")
	id := in.listen(api, "FLOW_RUN_FAILED")
	run := func(name string) {
		t.Helper()
		answer := post(t, api, fmt.Sprintf(`{"type":"flow_run","id":%q,"customer":"globex","integration":"crm","data":{"flow":"sync","status":"failed","error":{"code":"E1","message":"token %s is no good"}}}`, name, leakedToken))
		require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	}
	latest := func() delivery { return deliveries(t, api, id)[0] }

	in.answers(func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", "12")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	run("run-1")
	eventually(t, patience, "it is asked for time", func(context.Context) bool { return len(in.all()) == 1 && len(latest().Attempts) == 1 })
	one := latest()
	require.Equal(t, "RETRYING", one.Status)
	require.Equal(t, 429, *one.Attempts[0].StatusCode)
	require.GreaterOrEqual(t, one.NextAttemptAt.Sub(one.Attempts[0].At), 12*time.Second)
	eventually(t, patience, "it is told after that", func(context.Context) bool { return len(in.all()) == 2 })
	require.GreaterOrEqual(t, in.all()[1].at.Sub(in.all()[0].at), 11*time.Second)
	require.Equal(t, in.all()[0].id, in.all()[1].id)
	require.NotContains(t, in.all()[1].raw, leakedToken)

	in.answers(func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
	})
	for _, to := range []string{"http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "https://[::ffff:10.1.2.3]/", "http://0x0a000001/"} {
		astray := endpoint(t, api, "WEBHOOK", in.url()+"?to="+url.QueryEscape(to), "ISSUE_OPENED")
		mutate(t, api, "testNotificationEndpoint", "id: $id", astray)
		eventually(t, patience, "it leads nowhere", func(context.Context) bool { return deliveries(t, api, astray)[0].Status == "FAILED" })
		require.Contains(t, *deliveries(t, api, astray)[0].Attempts[0].Error, "WEIR_NOTIFY_ALLOW_CIDRS", to)
		mutate(t, api, "deleteNotificationEndpoint", "id: $id", astray)
	}
	// Those were signed by other secrets.
	in.mu.Lock()
	in.broken, in.got = nil, nil
	in.mu.Unlock()

	in.answers(func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	run("run-2")
	eventually(t, patience, "others hear that it is gone", func(context.Context) bool { return len(watch.all()) == 1 })
	require.Equal(t, "endpoint.disabled", watch.all()[0].payload.Type)
	require.Contains(t, watch.all()[0].payload.Data.Summary, "410")
	require.Equal(t, id, watch.all()[0].payload.Data.ID)
	require.Equal(t, "FAILED", latest().Status)
	run("run-3")
	in.answers(nil)
	mutate(t, api, "updateNotificationEndpoint", "id: $id, enabled: true", id)
	mutate(t, api, "replayNotifications", `id: $id, since: "2020-01-01T00:00:00Z"`, id)
	eventually(t, patience, "it gets what it missed", func(context.Context) bool { return len(in.told()) == 2 && latest().Status == "DELIVERED" })
	require.Len(t, in.all(), 3, "the one that it had said it is gone for, and both")
}

// Rules are looked at by the service itself each minute: one that counts fires on what happened, one of silence on
// nothing, and both tell whom they name.
func TestAlarmsFireByThemselves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	w := ourWorld(t)
	api := w.developer(t, "alarms")
	in := newInbox(t)
	id := in.listen(api, "ISSUE_OPENED")
	post(t, api, `{"type":"internal_event","customer":"quiet","data":{"event_type":"order.created"}}`)
	var found struct{ Customer struct{ ID string } }
	require.NoError(t, api.Query(within(t, patience), `{ customer(externalId: "quiet") { id } }`, nil, &found))
	for _, rule := range []string{
		`name: "Failures", metric: FAILURES, comparison: ABOVE, threshold: 2, windowSeconds: 300, kinds: [API_REQUEST]`,
		`name: "Silence", metric: SILENCE_SECONDS, comparison: ABOVE, threshold: 0, windowSeconds: 60, kinds: [EXTERNAL_WEBHOOK], customerId: "` + found.Customer.ID + `"`,
		`name: "Nothing of it", metric: VOLUME, comparison: ABOVE, threshold: 1, windowSeconds: 300, kinds: [TRANSACTION]`,
	} {
		mutate(t, api, "createAlarmRule", rule+", endpointIds: [$id]", id)
	}
	for i := range 5 {
		post(t, api, fmt.Sprintf(`{"type":"api_request","customer":"busy-%d","integration":"crm","data":{"method":"GET","url":"https://api.example.com/v1/x","response":{"status":503}}}`, i))
	}
	fired := func(name string) func(context.Context) bool {
		return func(context.Context) bool {
			for _, one := range in.told() {
				if one.Type == "alarm.firing" && one.Title == name {
					return true
				}
			}
			return false
		}
	}
	eventually(t, 3*patience, "the rule that counts fires", fired("Failures"))
	eventually(t, 3*patience, "the rule of silence fires", fired("Silence"))
	var alarms struct {
		Alarms struct {
			Nodes []struct {
				Value float64
				Rule  struct{ ID, Name string }
			}
		}
	}
	require.NoError(t, api.Query(within(t, patience), `{ alarms(status: FIRING) { nodes { value rule { id name } } } }`, nil, &alarms))
	require.Len(t, alarms.Alarms.Nodes, 2)
	raw, err := json.Marshal(alarms)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "Nothing of it")

	// Who was told that they fire is told that they are over, and why, when their rules are deleted.
	for _, one := range alarms.Alarms.Nodes {
		mutate(t, api, "deleteAlarmRule", "id: $id", one.Rule.ID)
	}
	over := func() (list []payload) {
		for _, one := range in.all() {
			if one.payload.Type == "alarm.resolved" {
				list = append(list, one.payload)
			}
		}
		return list
	}
	eventually(t, patience, "that they are over is told", func(context.Context) bool { return len(over()) == 2 })
	for _, one := range over() {
		require.Equal(t, "The rule was deleted.", one.Data.Cause)
	}
	require.NoError(t, api.Query(within(t, patience), `{ alarms(status: FIRING) { nodes { value rule { id name } } } }`, nil, &alarms))
	require.Empty(t, alarms.Alarms.Nodes)
}
