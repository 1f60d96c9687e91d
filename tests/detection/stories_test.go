package detection

import (
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tests/detection/town"
)

// some are apps of five customers, the first the busiest.
func some(integration string, change func(a *town.App)) (out []*town.App) {
	for i, name := range []string{"ada", "bob", "cyd", "dan", "eve"} {
		a := &town.App{Customer: name, Integration: integration, Calls: []float64{90, 60, 60, 40, 30}[i]}
		if change != nil {
			change(a)
		}
		out = append(out, a)
	}
	return out
}

func hooked(a *town.App) { a.Webhooks = a.Calls / 2 }
func pulled(a *town.App) { a.Pull = 15 * time.Minute }

// stories are told from Tuesday the 17th of February on, after 15 days, where nothing else is said.
var stories = map[string]story{
	"a run hangs": {
		apps: some("hubspot", hooked), learn: 8 * day, from: 10 * time.Hour, to: 13 * time.Hour, step: 2 * time.Minute,
		fault: town.Fault{Kind: town.RunHangs, Integration: "hubspot", Customers: []string{"ada"}},
		want:  diagnostics.RunStuck, within: time.Hour, severity: "ERROR", evidence: []string{"FLOW_RUN"}, clears: 15 * time.Minute,
	},
	"a schedule is missed": {
		apps: some("quickbooks", func(a *town.App) { a.Nightly = true }), schedules: map[string]string{"quickbooks": "CRON_TZ=America/New_York 30 6 * * *"},
		learn: 8 * day, from: 6 * time.Hour, to: 30 * time.Hour, step: 5 * time.Minute,
		fault: town.Fault{Kind: town.ScheduleStops, Integration: "quickbooks", Customers: []string{"bob", "dan"}},
		want:  diagnostics.RunOverdue, within: time.Hour, severity: "ERROR", clears: 6 * time.Hour,
	},
	"a schedule is missed on the day that the clocks change": {
		start: time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC), apps: some("salesforce", func(a *town.App) { a.Nightly = true }),
		schedules: map[string]string{"salesforce": "CRON_TZ=Europe/Berlin 15 4 * * *"},
		learn:     13 * day, from: 0, to: 8 * time.Hour, step: 5 * time.Minute,
		fault: town.Fault{Kind: town.ScheduleStops, Integration: "salesforce", Customers: []string{"ada"}},
		want:  diagnostics.RunOverdue, within: time.Hour, severity: "ERROR", clears: 19 * time.Hour,
	},
	"a rhythm that nobody told stops": {
		apps:  some("microsoft_graph", func(a *town.App) { a.Rhythm = time.Hour }),
		learn: 8 * day, from: 10 * time.Hour, to: 15 * time.Hour, step: 5 * time.Minute,
		fault: town.Fault{Kind: town.RhythmStops, Integration: "microsoft_graph", Customers: []string{"cyd"}},
		want:  diagnostics.RunOverdue, within: 2 * time.Hour, severity: "ERROR", clears: 90 * time.Minute,
	},
	"events launch nothing": {
		apps: some("jira", hooked), learn: 8 * day, from: 10 * time.Hour, to: 12 * time.Hour,
		fault: town.Fault{Kind: town.NotLaunching, Integration: "jira", Customers: []string{"bob"}},
		want:  diagnostics.EventNotLaunching, within: 30 * time.Minute, severity: "ERROR", evidence: []string{"EXTERNAL_EVENT"}, clears: time.Hour,
	},
	"pulls stop": {
		apps: some("xero", pulled), learn: 8 * day, from: 10 * time.Hour, to: 13 * time.Hour, step: 2 * time.Minute,
		fault: town.Fault{Kind: town.PullsStop, Integration: "xero", Customers: []string{"bob", "eve"}},
		want:  diagnostics.PullStalled, within: 45 * time.Minute, severity: "ERROR", evidence: nil, clears: 30 * time.Minute,
	},
	"a cursor stands still": {
		apps: some("xero", pulled), learn: 8 * day, from: 10 * time.Hour, to: 15 * time.Hour, step: 5 * time.Minute,
		fault: town.Fault{Kind: town.CursorStands, Integration: "xero", Customers: []string{"ada"}},
		want:  diagnostics.PullStalled, within: 2 * time.Hour, severity: "ERROR", clears: 2 * time.Hour,
		also: []diagnostics.Category{diagnostics.SourceSilent},
	},
	"a source falls silent": {
		apps: some("shopify", hooked), learn: 22 * day, from: 9 * time.Hour, to: 15 * time.Hour, step: 5 * time.Minute,
		fault: town.Fault{Kind: town.HooksSilent, Integration: "shopify", Customers: []string{"ada"}},
		want:  diagnostics.SourceSilent, within: 2 * time.Hour, severity: "ERROR", clears: 2 * time.Hour,
	},
	"webhooks are rejected": {
		apps: some("stripe", hooked), learn: 2 * day, from: 10 * time.Hour, to: 12 * time.Hour,
		fault: town.Fault{Kind: town.HooksRejected, Integration: "stripe", Customers: []string{"bob", "cyd"}},
		want:  diagnostics.WebhookRejecting, within: 20 * time.Minute, severity: "ERROR", evidence: []string{"EXTERNAL_WEBHOOK"}, clears: 2 * time.Hour,
		also: []diagnostics.Category{diagnostics.SourceSilent},
	},
	"credentials end soon": {
		apps: append(some("microsoft_graph", nil), &town.App{Customer: "fay", Integration: "microsoft_graph", Calls: 30, Lives: 8 * time.Hour},
			&town.App{Customer: "gil", Integration: "microsoft_graph", Calls: 30, Lives: 90 * day}),
		learn: 8 * day, from: 10 * time.Hour, to: 34 * time.Hour, step: 10 * time.Minute,
		fault: town.Fault{Kind: town.Expiring, Integration: "microsoft_graph", Customers: []string{"dan"}},
		want:  diagnostics.CredentialsExpiring, within: time.Hour, severity: "WARNING", clears: time.Hour,
	},
	"errors of all kinds": {
		apps: some("netsuite", nil), learn: 15 * day, from: 10 * time.Hour, to: 13 * time.Hour, step: 2 * time.Minute,
		fault: town.Fault{Kind: town.Mixed, Integration: "netsuite"},
		want:  diagnostics.ErrorRateSpike, within: 30 * time.Minute, severity: "CRITICAL", evidence: []string{"API_REQUEST"}, clears: 2 * time.Hour,
		also: assorted,
	},
	"calls get slow": {
		apps: some("salesforce", func(a *town.App) { a.Calls *= 3 }), learn: 15 * day, from: 10 * time.Hour, to: 14 * time.Hour, step: 2 * time.Minute,
		fault: town.Fault{Kind: town.Slow, Integration: "salesforce"},
		want:  diagnostics.LatencyRegression, within: 90 * time.Minute, severity: "ERROR", clears: 3 * time.Hour,
	},
	"a provider is down": {
		apps: some("zendesk", func(a *town.App) { a.Calls *= 2 }), learn: 2 * day, from: 10 * time.Hour, to: 11 * time.Hour,
		fault: town.Fault{Kind: town.Outage, Integration: "zendesk"},
		want:  diagnostics.ProviderIncident, within: 5 * time.Minute, severity: "CRITICAL", evidence: []string{"API_REQUEST"}, clears: 90 * time.Minute,
		also: []diagnostics.Category{diagnostics.ErrorRateSpike},
	},
	"a response loses a field": {
		apps: some("hubspot", func(a *town.App) { a.Calls *= 2 }), learn: 8 * day, from: 10 * time.Hour, to: 13 * time.Hour, step: 2 * time.Minute,
		fault: town.Fault{Kind: town.Drift, Integration: "hubspot"},
		want:  diagnostics.SchemaDrift, within: time.Hour, severity: "ERROR", clears: 2 * time.Hour,
	},
	"a flow fails": {
		apps: some("zendesk", hooked), learn: 8 * day, from: 10 * time.Hour, to: 12 * time.Hour,
		fault: town.Fault{Kind: town.FlowFails, Integration: "zendesk", Customers: []string{"cyd"}},
		want:  diagnostics.FlowFailing, within: 30 * time.Minute, severity: "ERROR", evidence: []string{"FLOW_RUN"}, clears: time.Hour,
	},
}
