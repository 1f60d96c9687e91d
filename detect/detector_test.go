package detect

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
)

const hour = time.Hour

func TestNothingIsSeenOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.quiet(t)
	require.NotContains(t, b.categories, diagnostics.LatencyRegression, "it cannot tell the first time")
	b.quiet(t)
	require.Len(t, b.categories, 9)
}

func TestStuckRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(t, named("acme", "Acme"), event{kind: "flow", id: "sync", at: ago(99 * hour), data: `{"name":"Sync contacts"}`})
	for i := range 25 {
		b.post(t, flowRun(fmt.Sprint("old-", i), "sync", "acme", "crm", "succeeded", ago(time.Duration(3+i)*hour), 4*time.Minute))
	}
	b.post(t, flowRun("young", "sync", "acme", "crm", "running", ago(5*time.Minute), 0), flowRun("new", "other", "acme", "crm", "running", ago(50*time.Minute), 0))
	b.quiet(t)
	b.post(t, flowRun("stuck", "sync", "acme", "crm", "running", ago(8*time.Minute), 0),
		flowRun("waits", "sync", "globex", "crm", "queued", ago(30*time.Minute), 0),
		event{kind: "node_run", id: "n", at: ago(7 * time.Minute), data: `{"node":"lookup","name":"Look up","status":"running"}`, run: "stuck"})
	got := b.one(t, diagnostics.RunStuck, "acme", "globex")
	require.Equal(t, "2 stuck runs of Sync contacts for Acme and globex: under way for 30 min", got.Diagnosis.Title)
	require.Contains(t, got.Diagnosis.Cause, `Of 25 runs that succeeded in the last two weeks the longest took`)
	require.Contains(t, got.Diagnosis.Steps[0].Text, `"Look up"`)
	require.Equal(t, nodeid.Format(nodeid.Flow, directory.FlowID(b.tenantID, "sync")), got.Key.Scope)
	require.Len(t, got.Affected[0].Evidence, 1)
	b.now = noon.Add(11 * time.Minute) // a flow of which little is known has an hour
	require.Len(t, b.detect(t, diagnostics.RunStuck), 2)
	b.now = noon
	b.post(t, flowRun("stuck", "sync", "acme", "crm", "succeeded", ago(8*time.Minute), 7*time.Minute))
	b.one(t, diagnostics.RunStuck, "globex")
}

func TestOverdueSchedules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const schedule = `"trigger":{"kind":"schedule","schedule":"CRON_TZ=Europe/Helsinki 0 2 * * *"}`
	b.post(t, named("acme", "Acme"), named("globex", "Globex"), event{kind: "flow", id: "nightly", integration: "erp", at: ago(900 * hour), data: `{"name":"Nightly invoices",` + schedule + `}`},
		event{kind: "flow", id: "off", integration: "erp", at: ago(900 * hour), data: `{"enabled":false,` + schedule + `}`})
	for day := range 6 {
		at := time.Date(2026, 3, 10-day, 0, 0, 20, 0, time.UTC)
		for _, customer := range []string{"acme", "globex", "initech", "umbrella"} {
			if day == 0 && customer != "umbrella" {
				continue
			}
			b.post(t, flowRun(fmt.Sprint(customer, day), "nightly", customer, "erp", "succeeded", at, time.Minute))
		}
		if day > 0 {
			b.post(t, flowRun(fmt.Sprint("off", day), "off", "acme", "erp", "succeeded", at, time.Minute))
		}
	}
	// Once only: nobody knows that it should run for this one.
	b.post(t, flowRun("once", "nightly", "hooli", "erp", "succeeded", time.Date(2026, 3, 9, 0, 0, 1, 0, time.UTC), time.Minute))
	b.post(t, event{kind: "connected_app", customer: "initech", integration: "erp", at: ago(5 * hour), data: `{"status":"needs_reauth"}`})
	b.now = time.Date(2026, 3, 10, 0, 50, 0, 0, time.UTC)
	b.quiet(t)
	b.now = time.Date(2026, 3, 10, 1, 5, 0, 0, time.UTC)
	got := b.one(t, diagnostics.RunOverdue, "acme", "globex")
	require.Equal(t, "The schedule of Nightly invoices was due at 02:00 Europe/Helsinki for Acme and Globex and did not run", got.Diagnosis.Title)
	require.Equal(t, "schedule", got.Key.Cause)
	require.Equal(t, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), got.Affected[0].Since)
	// It stays as long as it does not run, after a restart too.
	b.now = noon
	b.restart(t)
	b.one(t, diagnostics.RunOverdue, "acme", "globex")
	b.post(t, flowRun("late", "nightly", "acme", "erp", "running", ago(time.Minute), 0))
	b.one(t, diagnostics.RunOverdue, "globex")
}

func TestFlowsOutOfTheirRhythm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 12 {
		b.post(t, flowRun(fmt.Sprint("a", i), "sync", "acme", "crm", "succeeded", ago(2*hour+time.Duration(i)*30*time.Minute), time.Minute),
			flowRun(fmt.Sprint("w", i), "weekly", "acme", "crm", "succeeded", ago(15*24*hour+time.Duration(i)*4*24*hour), time.Minute))
	}
	b.now = ago(58 * time.Minute)
	require.Len(t, b.detect(t, diagnostics.RunOverdue), 1, "every four days it runs, and not for 15")
	b.post(t, flowRun("w", "weekly", "acme", "crm", "succeeded", ago(24*hour), time.Minute))
	b.restart(t)
	b.quiet(t)
	b.now = ago(50 * time.Minute)
	got := b.one(t, diagnostics.RunOverdue, "acme")
	require.Equal(t, "sync has not run for acme for 1 h 10 min; it usually runs every 30 min", got.Diagnosis.Title)
	require.Equal(t, ago(90*time.Minute), got.Affected[0].Since)
}

func TestEventsThatLaunchNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = ago(30 * 24 * hour)
	b.post(t, event{kind: "flow", id: "invoice", integration: "crm", at: b.now, data: `{"name":"Create invoice","trigger":{"kind":"external_event","event_types":["deal.won"]}}`})
	b.now = noon
	won := func(customer, integration string, at time.Time, skip string) event {
		return event{kind: "external_event", customer: customer, integration: integration, at: at, data: `{"event_type":"deal.won"` + skip + `}`}
	}
	for i := range 20 {
		at := ago(hour * time.Duration(5+i))
		b.post(t, won("acme", "crm", at, ""), flowRun(fmt.Sprint("r", i), "invoice", "acme", "crm", "succeeded", at.Add(time.Second), time.Minute))
	}
	skipped := `,"skip":{"code":"filter_not_matched"}`
	for i := range 5 {
		at := ago(time.Minute * time.Duration(10+i))
		b.post(t, won("acme", "crm", at, skipped), won("acme", "other", at, ""), won("old", "crm", at.Add(-time.Hour*24*9), ""))
	}
	b.post(t, won("acme", "crm", ago(9*time.Minute), ""), won("acme", "crm", ago(8*time.Minute), ""), won("acme", "crm", ago(2*time.Minute), ""))
	b.quiet(t)
	b.post(t, won("acme", "crm", ago(7*time.Minute), ""))
	got := b.one(t, diagnostics.EventNotLaunching, "acme")
	require.Equal(t, "3 events of acme did not launch Create invoice", got.Diagnosis.Title)
	require.Equal(t, ago(9*time.Minute), got.Affected[0].Since)

	// For a new customer it is expected too.
	b.post(t, won("fresh", "crm", ago(20*time.Minute), ""), won("fresh", "crm", ago(20*time.Minute), ""), won("fresh", "crm", ago(20*time.Minute), ""))
	list := b.detect(t, diagnostics.EventNotLaunching)
	require.Len(t, list[0].Affected, 2)
	b.post(t, flowRun("f", "invoice", "fresh", "crm", "running", ago(time.Minute), 0), flowRun("a", "invoice", "acme", "crm", "running", ago(time.Minute), 0))
	b.quiet(t)
}

func TestStalledPulls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pull := func(customer, source string, at time.Time, rest string) event {
		return event{kind: "external_event_pull", customer: customer, integration: "drive", at: at, data: `{"data_source":"` + source + `","status":"success"` + rest + `}`}
	}
	for i := range 12 {
		at := ago(13*time.Minute + time.Duration(i)*10*time.Minute)
		b.post(t, pull("acme", "files", at, `,"event_count":0`), pull("globex", "files", at, ""), pull("initech", "files", at, `,"records_scanned":5,"cursor_before":"7","cursor_after":"8"`))
	}
	b.post(t, event{kind: "data_source", id: "files", customer: "acme", integration: "drive", at: ago(50 * hour), data: `{"mode":"pull","pull_interval_s":600,"state":"active"}`})
	b.quiet(t)
	b.now = noon.Add(18 * time.Minute)
	got := b.one(t, diagnostics.PullStalled, "acme", "globex", "initech")
	require.Equal(t, "interval", got.Key.Cause)
	require.Regexp(t, "^Drive is not being pulled for [a-z]+, [a-z]+ and [a-z]+: last 31 min ago$", got.Diagnosis.Title)

	b.post(t, pull("acme", "files", b.now, ""), pull("globex", "files", b.now, ""))
	for i := range 3 {
		b.post(t, pull("initech", "files", b.now.Add(time.Duration(i-5)*time.Minute), `,"records_scanned":5,"cursor_before":"8","cursor_after":"8"`))
	}
	b.quiet(t)
	b.post(t, pull("initech", "files", b.now, `,"records_scanned":5,"cursor_before":"8","cursor_after":"8"`))
	got = b.one(t, diagnostics.PullStalled, "initech")
	require.Equal(t, "cursor", got.Key.Cause)
	require.Contains(t, got.Diagnosis.Cause, "The last 4 pulls")
	b.post(t, event{kind: "connected_app", customer: "initech", integration: "drive", at: b.now, data: `{"status":"disconnected"}`})
	b.quiet(t)
}

func TestSilentSources(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hook := func(customer string, at time.Time) event {
		return event{kind: "external_webhook", customer: customer, integration: "shop", at: at, data: `{"url":"https://hooks.example.com/shop"}`}
	}
	var list []event
	for h := range 15 * 24 * 6 {
		at := ago(16*24*hour - time.Duration(h)*10*time.Minute)
		list = append(list, hook("acme", at), hook("globex", at.Add(time.Minute)))
	}
	for at := ago(24 * hour); at.Before(noon); at = at.Add(10 * time.Minute) {
		list = append(list, hook("globex", at))
		if at.Before(ago(110 * time.Minute)) {
			list = append(list, hook("acme", at))
		}
	}
	b.post(t, list...)
	b.now = ago(100 * time.Minute)
	b.quiet(t)
	b.now = noon
	got := b.one(t, diagnostics.SourceSilent, "acme")
	require.Equal(t, "Shop has sent no webhooks for acme for 2 h", got.Diagnosis.Title)
	require.Equal(t, issues.Error, got.Severity)
	require.Equal(t, ago(2*hour), got.Affected[0].Since)
	b.post(t, hook("acme", ago(time.Minute)))
	b.quiet(t)
}

func TestExpiringCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	said := func(customer string, at, until time.Time) event {
		return event{kind: "connected_app", customer: customer, integration: "crm", at: at, data: fmt.Sprintf(`{"status":"connected","credentials_expire_at":%q}`, until.Format(time.RFC3339))}
	}
	day := 24 * hour
	b.post(t,
		said("hourly", ago(30*time.Minute), noon.Add(30*time.Minute)),
		said("far", ago(30*day), noon.Add(8*day)),
		said("over", ago(30*day), ago(2*day)),
		// Renewed a day before its end, as last time it will be.
		said("renewed", ago(87*day), ago(28*day)), said("renewed", ago(29*day), noon.Add(2*day)),
	)
	b.quiet(t)
	b.post(t, said("acme", ago(85*day), noon.Add(5*day)), said("acme", ago(hour), noon.Add(5*day)))
	got := b.one(t, diagnostics.CredentialsExpiring, "acme")
	require.Equal(t, "The credentials of acme for Crm end in 5 days", got.Diagnosis.Title)
	require.Equal(t, issues.Warning, got.Severity)
	b.now = noon.Add(day + 14*hour)
	b.one(t, diagnostics.CredentialsExpiring, "acme", "renewed", "far")
	b.now = noon.Add(4*day + 2*hour)
	require.Equal(t, issues.Error, b.detect(t, diagnostics.CredentialsExpiring)[0].Severity)
}

func TestSpikesOfTheErrorRate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var list []event
	for h := range 3 * 24 {
		for i := range 30 {
			status := 200
			if i == 0 && h%3 == 0 {
				status = 500
			}
			list = append(list, request("acme", "crm", ago(time.Duration(h)*hour+time.Duration(50+i)*time.Minute+time.Second), status, 100))
		}
	}
	b.post(t, list...)
	calls := func(bad int) (list []event) {
		for i := range 100 {
			status := 200
			if i < bad {
				status = 503
			}
			list = append(list, request("globex", "crm", ago(time.Duration(i%20)*time.Minute), status, 100))
		}
		return list
	}
	b.post(t, calls(4)...)
	b.quiet(t)
	b.post(t, calls(60)...)
	got := b.one(t, diagnostics.ErrorRateSpike, "globex")
	require.Equal(t, "32 % of calls of Crm fail, instead of 0.0 %", got.Diagnosis.Title)
	require.Contains(t, got.Diagnosis.Cause, "64 of 200 calls failed")
}

func TestSlowEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var list []event
	for day := range 4 {
		for i := range 100 {
			list = append(list, request("acme", "crm", ago(time.Duration(day+1)*24*hour+time.Duration(i)*time.Minute), 200, 100+float64(i)))
		}
	}
	b.post(t, list...)
	calls := func(ms float64) (list []event) {
		for i := range 60 {
			list = append(list, request("acme", "crm", ago(time.Duration(i%25)*time.Minute), 200, ms))
		}
		return list
	}
	b.post(t, calls(150)...)
	b.quiet(t)
	b.post(t, calls(900)...)
	b.quiet(t)
	got := b.one(t, diagnostics.LatencyRegression, "acme")
	require.Equal(t, "GET /v3/contacts", got.Key.Scope)
	require.Regexp(t, `^GET /v3/contacts of Crm takes (89|90)\d ms instead of 19\d ms$`, got.Diagnosis.Title)
	require.Contains(t, got.Diagnosis.Cause, "60 of 120 calls")

	// A restart does not end it: nothing is told of it until it is looked at twice.
	b.restart(t)
	require.Empty(t, b.detect(t, diagnostics.LatencyRegression))
	require.NotContains(t, b.categories, diagnostics.LatencyRegression)
	b.one(t, diagnostics.LatencyRegression, "acme")
}

func TestFailingFlows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 6 {
		b.post(t, flowRun(fmt.Sprint("a", i), "sync", "acme", "crm", "failed", ago(10*hour+time.Duration(i)*hour), time.Minute))
		b.post(t, flowRun(fmt.Sprint("b", i), "sync", "globex", "crm", []string{"failed", "succeeded"}[i%2], ago(hour+time.Duration(i)*time.Minute), time.Minute))
	}
	b.post(t, flowRun("good", "sync", "acme", "crm", "succeeded", ago(2*hour), time.Minute), flowRun("bad1", "sync", "acme", "crm", "failed", ago(hour), time.Minute),
		flowRun("bad2", "sync", "acme", "crm", "failed", ago(hour/2), time.Minute))
	b.quiet(t)
	b.post(t, flowRun("bad3", "sync", "acme", "crm", "failed", ago(hour/4), time.Minute))
	got := b.one(t, diagnostics.FlowFailing, "acme")
	require.Equal(t, "sync fails for acme: 3 of the last 3 runs failed", got.Diagnosis.Title)
	require.Contains(t, got.Diagnosis.Cause, "E7: No such account")
	require.Len(t, got.Affected[0].Evidence, 3)
	require.Equal(t, ago(hour), got.Affected[0].Since)
	b.hit(t, diagnostics.AuthTokenExpired, "acme", "crm")
	b.quiet(t)
}
