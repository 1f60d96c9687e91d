package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/tenant"
)

const explainQuery = `query($in: ExplainRunsInput!) { explainRuns(input: $in) { verdict summary
  checks { question outcome detail evidence { id kind summary } } nextSteps { position actor text url } } }`

// told is a tenant that sent events, which say so many minutes ago they happened.
type told struct {
	*bundle
	as *tenant.Principal
}

// tell sends events of a new tenant. AGO-n in them is the time n minutes before noon.
func tell(t *testing.T, b *bundle, slug string, events ...string) *told {
	t.Helper()
	made, err := b.deps.Tenants.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: slug, Name: slug, OwnerEmail: "owner@" + slug + ".example"})
	require.NoError(t, err)
	service := ingest.NewService(ingest.Deps{Door: b.door, Journal: b.deps.Journal, Runs: b.deps.Runs, Directory: b.deps.Directory, Policies: b.deps.Tenants, Now: clock})
	t.Cleanup(func() { require.NoError(t, service.Close(context.WithoutCancel(t.Context()))) })
	var whole []string
	for _, e := range events {
		whole = append(whole, timed(e))
	}
	result, err := service.Submit(t.Context(), made.ID, strings.NewReader("["+strings.Join(whole, ",")+"]"), ingest.FormJSON)
	require.NoError(t, err)
	require.Empty(t, result.Rejected)
	require.Equal(t, len(events), result.Accepted)
	return &told{b, &tenant.Principal{TenantID: made.ID, Kind: tenant.KindMember, Subject: "somebody", Role: tenant.RoleSupport}}
}

// timed puts times for AGO-n.
func timed(text string) string {
	for {
		before, after, found := strings.Cut(text, "AGO-")
		if !found {
			return text
		}
		digits := strings.IndexFunc(after+" ", func(r rune) bool { return r < '0' || r > '9' })
		var minutes int
		_, _ = fmt.Sscan(after[:digits], &minutes)
		text = before + noon.Add(-time.Duration(minutes)*time.Minute).Format(time.RFC3339) + after[digits:]
	}
}

// question is about the flow f and the customer acme, in the last hour.
func (w *told) question(more vars) vars {
	in := vars{
		"flowId":     nodeid.Format(nodeid.Flow, directory.FlowID(w.as.TenantID, "f")),
		"customerId": nodeid.Format(nodeid.Customer, directory.CustomerID(w.as.TenantID, "acme")),
		"range":      vars{"from": timed("AGO-60"), "to": noon.Add(time.Minute).Format(time.RFC3339)},
	}
	for name, value := range more {
		in[name] = value
	}
	return vars{"in": in}
}

// failing is the first check that fails, nil when none does.
func failing(t *testing.T, r *reply) map[string]any {
	t.Helper()
	for _, c := range r.list(t, "explainRuns.checks") {
		if check := c.(map[string]any); check["outcome"] == "FAIL" {
			return check
		}
	}
	return nil
}

// event is the text of one of acme's events of the integration crm, so many minutes ago.
func happened(kind, id string, minutes int, data string, more ...string) string {
	text := fmt.Sprintf(`{"type":%q,"customer":"acme","integration":"crm","occurred_at":"AGO-%d","data":%s`, kind, minutes, data)
	if id != "" {
		text += fmt.Sprintf(`,"id":%q`, id)
	}
	return text + strings.Join(more, "") + "}"
}

// The parts of stories.
var (
	connected = happened("connected_app", "", 500, `{"status":"connected"}`)
	waiting   = happened("flow", "f", 500, `{"name":"Create the invoice","enabled":true,"trigger":{"kind":"external_event","event_types":["deal.won"]}}`)
	hooked    = happened("data_source", "hooks", 500, `{"mode":"webhook","state":"active","event_types":["deal.won"]}`)
	pulled    = happened("data_source", "poll", 500, `{"mode":"pull","state":"active","pull_interval_s":300}`)
	webhook   = happened("external_webhook", "wh-1", 31, `{"url":"https://hooks.example.com/in","signature_valid":true,"response_status":200,"data_source":"hooks"}`)
	won       = happened("external_event", "ev-1", 30, `{"event_type":"deal.won","record_id":"006xx","source":"wh-1"}`, `,"identifiers":{"deal":"D-1"}`)
	succeeded = happened("flow_run", "run-1", 29, `{"flow":"f","status":"succeeded","trigger":{"kind":"external_event","event":"ev-1"},"started_at":"AGO-29","finished_at":"AGO-28"}`)
	hourly    = happened("flow", "f", 500, `{"enabled":true,"trigger":{"kind":"schedule","schedule":"30 * * * *"}}`)
)

// failure is a run that failed at a node because of a request.
func failure() []string {
	return []string{
		happened("flow_run", "run-1", 29, `{"flow":"f","status":"failed","trigger":{"kind":"external_event","event":"ev-1"},"started_at":"AGO-29","finished_at":"AGO-28","error":{"code":"X","message":"it broke"}}`),
		happened("node_run", "nr-1", 29, `{"node":"lookup","name":"Look up the account","status":"failed","parents":[],"started_at":"AGO-29","finished_at":"AGO-28","error":{"code":"401","message":"Session expired or invalid"}}`, `,"flow_run":"run-1"`),
		happened("api_request", "", 29, `{"method":"GET","url":"https://api.crm.example/v1/deals","response":{"status":429,"headers":{"Retry-After":"30"},"body":{"error":"Too many requests"}}}`, `,"flow_run":"run-1","node_run":"nr-1"`),
	}
}

func pull(id string, minutes int, data string) string {
	return happened("external_event_pull", id, minutes, `{"data_source":"poll","strategy":"latest_records",`+data+"}")
}

// stories have a verdict each; the detail of the check that decides says the words, and its steps those.
var stories = map[string]struct {
	events  []string
	in      vars
	verdict string
	words   []string
	step    string
	proof   string
}{
	"it ran": {[]string{connected, waiting, hooked, webhook, won, succeeded}, nil, "RAN", nil, "", ""},
	"it ran late in a queue, but is under way": {[]string{connected, waiting, won,
		happened("flow_run", "run-1", 3, `{"flow":"f","status":"running","trigger":{"kind":"external_event","event":"ev-1"}}`)}, nil, "RAN", nil, "", ""},
	"it failed": {append([]string{connected, waiting, hooked, webhook, won}, failure()...), nil, "FAILED", []string{"Look up the account", "Session expired or invalid"}, "Run it again", "FLOW_RUN"},
	"it was canceled": {[]string{connected, waiting, won,
		happened("flow_run", "run-1", 29, `{"flow":"f","status":"canceled","trigger":{"kind":"external_event","event":"ev-1"}}`)}, nil, "FAILED", []string{"canceled"}, "who canceled", "FLOW_RUN"},
	"it hangs": {[]string{connected, waiting, won,
		happened("flow_run", "run-1", 29, `{"flow":"f","status":"running","trigger":{"kind":"external_event","event":"ev-1"},"started_at":"AGO-29"}`)}, nil, "RUNNING_LATE", []string{"not over"}, "which node it waits for", "FLOW_RUN"},
	"a run may still come": {[]string{connected, waiting, strings.Replace(won, "AGO-30", "AGO-2", 1)}, nil, "RUNNING_LATE", []string{"may still come"}, "Wait", "EXTERNAL_EVENT"},
	"nothing was sent":     {[]string{connected, waiting, hooked}, nil, "EVENT_NOT_RECEIVED", []string{"No webhook"}, "at the provider", ""},
	"another type came": {[]string{connected, waiting, happened("external_event", "ev-2", 20, `{"event_type":"deal.lost"}`)}, nil,
		"EVENT_NOT_RECEIVED", []string{"No event of type deal.won", "deal.lost"}, "in the app", "EXTERNAL_EVENT"},
	"the very record is of another type": {[]string{connected, waiting, won, succeeded, happened("external_event", "ev-2", 20, `{"event_type":"deal.lost"}`, `,"identifiers":{"deal":"D-2"}`)},
		vars{"identifier": vars{"key": "deal", "value": "D-2"}}, "EVENT_DID_NOT_LAUNCH", []string{"deal.lost", "deal.won"}, "flow's trigger", "EXTERNAL_EVENT"},
	"the very record did not come": {[]string{connected, waiting, won, succeeded}, vars{"identifier": vars{"value": "D-9"}}, "EVENT_NOT_RECEIVED", []string{"with this identifier"}, "in the app", ""},
	"the very record ran":          {append([]string{connected, waiting, won, succeeded}, happened("external_event", "ev-2", 20, `{"event_type":"deal.won"}`)), vars{"identifier": vars{"value": "D-1"}}, "RAN", nil, "", ""},
	"the very event, by its id, did not": {append([]string{connected, waiting, won, succeeded}, happened("external_event", "ev-2", 20, `{"event_type":"deal.won"}`)),
		vars{"identifier": vars{"value": "ev-2"}}, "EVENT_DID_NOT_LAUNCH", []string{"nothing says why"}, "Send the event again", "EXTERNAL_EVENT"},
	"it launched nothing": {[]string{connected, waiting, hooked, webhook, won}, nil, "EVENT_DID_NOT_LAUNCH", []string{"launched no run"}, "Send the event again", "EXTERNAL_EVENT"},
	"the queue was full": {[]string{connected, waiting, strings.Replace(won, `"source"`, `"skip":{"code":"queue_full"},"source"`, 1)}, nil,
		"EVENT_DID_NOT_LAUNCH", []string{"queue was full"}, "more room", "EXTERNAL_EVENT"},
	"the filter": {[]string{connected, waiting, strings.Replace(won, `"source"`, `"skip":{"code":"filter_not_matched","message":"amount < 100"},"source"`, 1)}, nil,
		"FILTERED_OUT", []string{"did not match", "amount < 100"}, "Compare the event", "EXTERNAL_EVENT"},
	"it is off":  {[]string{connected, waiting, won, happened("flow", "f", 400, `{"enabled":false}`)}, nil, "FLOW_DISABLED", []string{"disabled", "05:20:00"}, "Switch the flow on", "EXTERNAL_EVENT"},
	"it was off": {[]string{connected, waiting, strings.Replace(won, `"source"`, `"skip":{"code":"flow_disabled"},"source"`, 1)}, nil, "FLOW_DISABLED", []string{"the flow was disabled"}, "Switch the flow on", "EXTERNAL_EVENT"},
	"the subscription ended": {[]string{connected, waiting, hooked, happened("data_source", "hooks", 100, `{"state":"expired","reason":"not renewed"}`)}, nil,
		"SUBSCRIPTION_INACTIVE", []string{"expired", "not renewed", "10:20:00"}, "Renew the subscription", ""},
	"nobody subscribed": {[]string{connected, waiting, happened("data_source", "hooks", 500, `{"mode":"webhook","state":"active","event_types":["deal.lost"]}`)}, nil,
		"SUBSCRIPTION_INACTIVE", []string{"None of the customer's data sources"}, "Subscribe to", ""},
	"it is not pulled": {[]string{connected, waiting, pulled, pull("p", 50, `"status":"success","cursor_before":"1","cursor_after":"2"`)}, nil,
		"PULL_STALLED", []string{"every 5m0s", "11:10:00"}, "pull it once by hand", "EXTERNAL_EVENT_PULL"},
	"pulls fail": {[]string{connected, waiting, pulled, pull("p1", 7, `"status":"success"`), pull("p2", 2, `"status":"error","error":{"kind":"timeout","message":"deadline exceeded"}`)}, nil,
		"PULL_STALLED", []string{"deadline exceeded"}, "pull it once by hand", "EXTERNAL_EVENT_PULL"},
	"the cursor stands still": {[]string{connected, waiting, pulled,
		pull("p1", 12, `"status":"success","records_scanned":5,"cursor_before":"7","cursor_after":"7"`), pull("p2", 7, `"status":"success","records_scanned":5,"cursor_before":"7","cursor_after":"7"`),
		pull("p3", 2, `"status":"success","records_scanned":6,"cursor_before":"7","cursor_after":"7"`)}, nil, "PULL_STALLED", []string{`still at "7"`}, "cursor", "EXTERNAL_EVENT_PULL"},
	"it is pulled, and found nothing": {[]string{connected, waiting, pulled, pull("p1", 7, `"status":"success","cursor_before":"1","cursor_after":"2"`), pull("p2", 2, `"status":"success","cursor_before":"2","cursor_after":"3"`)}, nil,
		"EVENT_NOT_RECEIVED", []string{"No event of type deal.won"}, "in the app", ""},
	"webhooks are turned away": {[]string{connected, waiting, hooked,
		happened("external_webhook", "wh-2", 20, `{"url":"https://hooks.example.com/in","signature_valid":false,"response_status":401,"rejection":"verification_failed","data_source":"hooks"}`)}, nil,
		"WEBHOOK_REJECTED", []string{"could not be verified"}, "Mend what turns the webhooks away", "EXTERNAL_WEBHOOK"},
	"it is disconnected": {[]string{connected, waiting, hooked, happened("connected_app", "", 90, `{"status":"disconnected","reason":"uninstalled"}`)}, nil,
		"APP_DISCONNECTED", []string{"disconnected", "10:30:00", "uninstalled"}, "Connect the app again", ""},
	"it needs to sign in": {append([]string{connected, waiting, hooked, won, happened("connected_app", "", 27, `{"status":"needs_reauth"}`)}, failure()...), nil,
		"APP_DISCONNECTED", []string{"sign in again"}, "Sign in to the app", "FLOW_RUN"},
	"its credentials ended": {[]string{waiting, hooked, happened("connected_app", "", 500, `{"status":"connected","credentials_expire_at":"AGO-90"}`)}, nil,
		"APP_DISCONNECTED", []string{"ended on", "10:30:00"}, "Sign in to the app", ""},
	"the schedule was missed": {[]string{connected, hourly, happened("flow_run", "run-0", 89, `{"flow":"f","status":"succeeded","trigger":{"kind":"schedule"}}`)}, nil,
		"SCHEDULE_MISSED", []string{"30 * * * *", "11:30:00", "no run came"}, "scheduler", ""},
	"the schedule was kept":        {[]string{connected, hourly, happened("flow_run", "run-0", 29, `{"flow":"f","status":"succeeded","trigger":{"kind":"schedule"}}`)}, nil, "RAN", nil, "", ""},
	"nobody says what sets it off": {[]string{connected, happened("flow", "f", 500, `{"enabled":true}`)}, nil, "UNKNOWN", nil, "", ""},

	// Two causes: what a support engineer would look at first decides, and the other is there to be seen.
	"it is off, and the app is disconnected": {[]string{connected, waiting, won, happened("connected_app", "", 90, `{"status":"disconnected"}`), happened("flow", "f", 90, `{"enabled":false}`)}, nil,
		"FLOW_DISABLED", []string{"disabled"}, "Switch the flow on", "EXTERNAL_EVENT"},
	"it was filtered out before the app was disconnected": {[]string{connected, waiting, strings.Replace(won, `"source"`, `"skip":{"code":"filter_not_matched"},"source"`, 1),
		happened("external_event", "ev-0", 40, `{"event_type":"deal.won"}`), happened("flow_run", "run-0", 39, `{"flow":"f","status":"succeeded","trigger":{"kind":"external_event","event":"ev-0"}}`),
		happened("connected_app", "", 10, `{"status":"disconnected"}`)}, vars{"identifier": vars{"value": "D-1"}}, "FILTERED_OUT", []string{"did not match"}, "Compare the event", "EXTERNAL_EVENT"},
}

func TestExplainRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	verdicts := map[string]bool{}
	number := 0
	for name, s := range stories {
		verdicts[s.verdict] = true
		number++
		w := tell(t, b, fmt.Sprintf("t%d", number), s.events...)
		t.Run(name, func(t *testing.T) {
			r := b.get(t, w.as, explainQuery, w.question(s.in))
			require.Equal(t, s.verdict, r.text(t, "explainRuns.verdict"), r.raw)
			for _, c := range r.list(t, "explainRuns.checks") {
				require.LessOrEqual(t, len(c.(map[string]any)["evidence"].([]any)), 5)
			}
			steps := r.list(t, "explainRuns.nextSteps")
			check := failing(t, r)
			if s.words == nil {
				require.Nil(t, check, r.raw)
				require.Equal(t, s.verdict == "RAN", len(steps) == 0)
				return
			}
			require.NotNil(t, check, r.raw)
			require.Equal(t, check["detail"], r.text(t, "explainRuns.summary"))
			for _, word := range s.words {
				require.Contains(t, check["detail"], word)
			}
			raw, err := json.Marshal(steps)
			require.NoError(t, err)
			require.Contains(t, string(raw), s.step)
			if s.proof == "" {
				return
			}
			require.NotEmpty(t, check["evidence"], r.raw)
			require.Equal(t, s.proof, check["evidence"].([]any)[0].(map[string]any)["kind"])
		})
	}
	for _, v := range schema().Types["RunVerdict"].EnumValues {
		require.True(t, verdicts[v.Name], "no story ends in %s", v.Name)
	}
}

// What is said to be done about a failure is what its diagnosis says, in front of what is true of all failures. The node
// that failed called another application than the flow's.
func TestStepsOfADiagnosisAreAmongTheNextSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	story := append([]string{connected, waiting, won}, failure()...)
	story[len(story)-1] = strings.Replace(story[len(story)-1], "crm", "hubspot", 1)
	w := tell(t, b, "acme", story...)
	r := b.get(t, w.as, explainQuery, w.question(nil))
	of := b.get(t, w.as, `{ logs(filter: {kinds: [API_REQUEST]}) { nodes { id diagnosis { category steps { text } } } } }`, nil)
	require.Equal(t, "RATE_LIMITED", of.text(t, "logs.nodes.0.diagnosis.category"))
	for i, s := range of.list(t, "logs.nodes.0.diagnosis.steps") {
		require.Equal(t, s.(map[string]any)["text"], r.text(t, fmt.Sprintf("explainRuns.nextSteps.%d.text", i)))
	}
	require.Equal(t, of.text(t, "logs.nodes.0.id"), failing(t, r)["evidence"].([]any)[1].(map[string]any)["id"])
}

// Days that have no partitions any more are gone: that nothing is found there proves nothing.
func TestWhatIsNotKeptIsSaidToBeMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := tell(t, b, "acme", connected, waiting, hooked)
	old := vars{"range": vars{"from": noon.AddDate(0, 0, -20).Format(time.RFC3339), "to": noon.AddDate(0, 0, -10).Format(time.RFC3339)}}
	r := b.get(t, w.as, explainQuery, w.question(old))
	require.Equal(t, "UNKNOWN", r.text(t, "explainRuns.verdict"), r.raw)
	require.Contains(t, r.text(t, "explainRuns.summary"), "The evidence is missing")
	require.Contains(t, r.raw, "there is no telling")
	require.Equal(t, "Is all of this time still kept?", failing(t, r)["question"])

	// What happened later is still told.
	w = tell(t, b, "globex", connected, waiting, won, succeeded)
	half := vars{"range": vars{"from": noon.AddDate(0, 0, -20).Format(time.RFC3339), "to": noon.Format(time.RFC3339)}}
	r = b.get(t, w.as, explainQuery, w.question(half))
	require.Equal(t, "RAN", r.text(t, "explainRuns.verdict"), r.raw)
	require.Contains(t, r.raw, "What was found is of what is kept")
}

// A shorter policy of the tenant's counts too, whatever partitions there are.
func TestATenantsOwnRetentionCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.deps.Journal.EnsurePartitions(t.Context(), journal.DayOf(noon)-10, journal.DayOf(noon))
	require.NoError(t, err)
	w := tell(t, b, "acme", connected, waiting)
	in := w.question(vars{"range": vars{"from": noon.AddDate(0, 0, -9).Format(time.RFC3339), "to": noon.AddDate(0, 0, -8).Format(time.RFC3339)}})
	require.Equal(t, "EVENT_NOT_RECEIVED", b.get(t, w.as, explainQuery, in).text(t, "explainRuns.verdict"))
	_, err = b.deps.Tenants.UpdateRetention(b.system(t, w.as.TenantID), []tenant.RetentionInput{{Kind: "EXTERNAL_EVENT", Days: 7}})
	require.NoError(t, err)
	require.Equal(t, "UNKNOWN", b.get(t, w.as, explainQuery, in).text(t, "explainRuns.verdict"))
}

// Neither a token of another customer nor another tenant learns anything, not even whether there is something.
func TestExplainRunsIsForWhoeverMaySeeTheCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := tell(t, b, "acme", append([]string{connected, waiting, won, strings.NewReplacer("acme", "globex", "ev-1", "ev-2").Replace(won)}, failure()...)...)
	limited := func(customer string) *tenant.Principal {
		return &tenant.Principal{TenantID: w.as.TenantID, Kind: tenant.KindCustomer, Role: tenant.RoleViewer, CustomerID: directory.CustomerID(w.as.TenantID, customer)}
	}
	own := b.get(t, limited("acme"), explainQuery, w.question(nil))
	require.Equal(t, "FAILED", own.text(t, "explainRuns.verdict"))

	nobody := w.question(vars{"customerId": nodeid.Format(nodeid.Customer, uuid.New())})
	for name, p := range map[string]*tenant.Principal{"another customer": limited("globex"), "another tenant": tell(t, b, "other", waiting).as} {
		r := b.ask(t, p, explainQuery, w.question(nil))
		require.Equal(t, []string{"NOT_FOUND"}, r.codes(), "%s: %s", name, r.raw)
		require.Nil(t, r.Data, name)
		if name == "another customer" {
			require.Equal(t, b.ask(t, p, explainQuery, nobody).raw, r.raw, "the same as for a customer that does not exist")
		}
	}
	sender := &tenant.Principal{TenantID: w.as.TenantID, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
	require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, sender, explainQuery, w.question(nil)).codes())
}

func TestExplainRunsNamesBadFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := tell(t, b, "acme", connected, waiting)
	for field, in := range map[string]vars{
		"input.flowId":           {"flowId": "nonsense"},
		"input.customerId":       {"customerId": nodeid.Format(nodeid.Flow, uuid.New())},
		"input.range":            {"range": vars{"from": noon.AddDate(0, 0, -32).Format(time.RFC3339), "to": noon.Format(time.RFC3339)}},
		"input.identifier.value": {"identifier": vars{"value": ""}},
	} {
		r := b.ask(t, w.as, explainQuery, w.question(in))
		require.Equal(t, []string{"BAD_USER_INPUT"}, r.codes(), r.raw)
		require.Equal(t, field, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(r.Errors[0].Extensions["field"]), "[]")), "."), r.raw)
	}
}

// However many events, runs and sources there are in a segment, the number of statements is the same.
func TestExplainRunsTakesAFixedNumberOfStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := func(slug string, more int) int {
		events := append([]string{connected, waiting, hooked, pulled, webhook, won}, failure()...)
		for i := range more {
			events = append(events, happened("external_event", fmt.Sprintf("more-%d", i), 50, `{"event_type":"deal.won"}`),
				happened("flow_run", fmt.Sprintf("more-%d", i), 49, fmt.Sprintf(`{"flow":"f","status":"succeeded","trigger":{"kind":"external_event","event":"more-%d"}}`, i)),
				happened("data_source", fmt.Sprintf("more-%d", i), 49, `{"mode":"pull","state":"active"}`))
		}
		w := tell(t, b, slug, events...)
		const bare = `query($in: ExplainRunsInput!) { explainRuns(input: $in) { verdict nextSteps { text } } }`
		b.get(t, w.as, bare, w.question(nil)) // So that policies and days are remembered.
		return b.statements.during(func() { b.get(t, w.as, bare, w.question(nil)) })
	}
	few, many := ask("few", 0), ask("many", 300)
	require.Equal(t, few, many)
	require.LessOrEqual(t, few, 20)
	t.Logf("%d statements", few)
}
