package detection

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tests/detection/town"
)

// Class says how the time to detect an incident is judged.
type Class string

// The classes.
const (
	// Failure shows in entries that fail. Its time to detect is from the first of them that the fault caused to the opening
	// of the issue.
	Failure Class = "failure"
	// Silence shows in what does not come. Its time to detect is from the first expected thing that did not come to the
	// opening of the issue, and is compared with the interval of what is expected.
	Silence Class = "silence"
	// Change shows in what succeeds, or goes on: slower calls, a lost field, a run that does not end, a date that nears.
	// Its time to detect is from the first of that, and has no limit.
	Change Class = "change"
)

// Incident is a fault with what is to be found of it.
type Incident struct {
	*town.Fault
	Class Class
	// Want are the categories that its issue may have, Also those of issues that are true of it too.
	Want, Also []diagnostics.Category
	// Interval is how often what a silence keeps away is expected; 0 for the longest pause between two of it that was
	// usual before.
	Interval time.Duration

	// standing is its issue as it stood shortly before its end, nil when there was none.
	standing *Issue
}

type categories = []diagnostics.Category

// consequences are what follows when calls fail for long: pulls and runs fail by them.
var consequences = categories{diagnostics.PullStalled, diagnostics.ErrorRateSpike, diagnostics.FlowFailing, diagnostics.RunOverdue, diagnostics.SourceSilent}

// assorted are what errors of all kinds are of. None of them is often, but one may be for one customer or one endpoint.
var assorted = categories{
	diagnostics.ValidationInvalidValue, diagnostics.ValidationRequiredField, diagnostics.MalformedRequest, diagnostics.PaginationOrCursorInvalid,
	diagnostics.DuplicateRecordConflict, diagnostics.ConcurrentModification, diagnostics.PayloadTooLarge, diagnostics.ResourceNotFound,
	diagnostics.RateLimited, diagnostics.ProviderInternalError,
}

// judgement is what is to be found of faults of a kind.
var judgement = map[town.Kind]Incident{
	town.Refresh:       {Class: Failure, Want: categories{diagnostics.OAuthRefreshFailed}, Also: consequences},
	town.Revoked:       {Class: Failure, Want: categories{diagnostics.AuthTokenRevoked}, Also: consequences},
	town.Expired:       {Class: Failure, Want: categories{diagnostics.AuthTokenExpired}, Also: consequences},
	town.Suspended:     {Class: Failure, Want: categories{diagnostics.AccountSuspendedOrBilling}, Also: consequences},
	town.Outage:        {Class: Failure, Want: categories{diagnostics.ProviderIncident, diagnostics.ProviderUnavailable}, Also: consequences},
	town.Storm:         {Class: Failure, Want: categories{diagnostics.RateLimited}, Also: consequences},
	town.Scope:         {Class: Failure, Want: categories{diagnostics.PermissionMissingScope}, Also: consequences},
	town.Invalid:       {Class: Failure, Want: categories{diagnostics.ValidationRequiredField}, Also: consequences},
	town.Retired:       {Class: Failure, Want: categories{diagnostics.EndpointOrVersionRetired}, Also: consequences},
	town.Mixed:         {Class: Failure, Want: categories{diagnostics.ErrorRateSpike}, Also: append(assorted, consequences...)},
	town.HooksRejected: {Class: Failure, Want: categories{diagnostics.WebhookRejecting}, Also: categories{diagnostics.ErrorRateSpike, diagnostics.SourceSilent}},
	town.FlowFails:     {Class: Failure, Want: categories{diagnostics.FlowFailing}, Also: categories{diagnostics.ErrorRateSpike}},
	town.HooksSilent:   {Class: Silence, Want: categories{diagnostics.SourceSilent}, Also: categories{diagnostics.RunOverdue}},
	town.PullsStop:     {Class: Silence, Want: categories{diagnostics.PullStalled}, Also: categories{diagnostics.SourceSilent, diagnostics.RunOverdue}},
	town.CursorStands:  {Class: Silence, Want: categories{diagnostics.PullStalled}, Also: categories{diagnostics.SourceSilent, diagnostics.RunOverdue}},
	town.ScheduleStops: {Class: Silence, Want: categories{diagnostics.RunOverdue}, Interval: 24 * time.Hour},
	town.RhythmStops:   {Class: Silence, Want: categories{diagnostics.RunOverdue}, Interval: time.Hour},
	town.NotLaunching:  {Class: Silence, Want: categories{diagnostics.EventNotLaunching}, Also: categories{diagnostics.RunOverdue}},
	town.RunHangs:      {Class: Change, Want: categories{diagnostics.RunStuck}},
	town.Slow:          {Class: Change, Want: categories{diagnostics.LatencyRegression}},
	town.Drift:         {Class: Change, Want: categories{diagnostics.SchemaDrift}},
	town.Expiring:      {Class: Change, Want: categories{diagnostics.CredentialsExpiring}},
}

// planned is a fault of the month: who it hits are so many of those whom it can hit, from one place in their order on, by
// how much they do; 0 is for all of the integration.
type planned struct {
	kind        town.Kind
	integration string
	first, many int
	from, to    string
}

// programme is what goes wrong in March 2026: 25 incidents. Dates are in UTC.
var programme = []planned{
	{town.Revoked, "hubspot", 0, 1, "04 10:05", "04 15:00"},
	{town.Invalid, "xero", 0, 0, "05 14:00", "05 18:00"},
	{town.Refresh, "quickbooks", 1, 1, "06 09:30", "06 13:00"},
	{town.Scope, "google_calendar", 0, 2, "09 13:20", "09 17:00"},
	{town.Outage, "zendesk", 0, 0, "10 15:00", "10 16:10"},
	{town.Suspended, "shopify", 0, 1, "11 10:00", "12 10:00"},
	{town.PullsStop, "xero", 0, 1, "12 11:00", "12 15:00"},
	{town.RunHangs, "hubspot", 2, 1, "12 09:00", "12 18:00"},
	{town.Storm, "google_calendar", 0, 1, "13 13:00", "13 14:30"},
	{town.Expiring, "microsoft_graph", 2, 1, "14 08:00", "18 09:00"},
	{town.HooksSilent, "shopify", 0, 1, "16 09:00", "16 18:00"},
	{town.ScheduleStops, "quickbooks", 0, 1, "17 00:00", "17 23:30"},
	{town.Drift, "zendesk", 0, 0, "17 10:00", "17 15:00"},
	{town.Revoked, "slack", 0, 1, "18 14:10", "19 09:00"},
	{town.HooksRejected, "stripe", 0, 1, "19 10:00", "19 13:30"},
	{town.CursorStands, "quickbooks", 2, 1, "23 11:00", "23 17:00"},
	{town.NotLaunching, "jira", 1, 1, "23 10:00", "23 16:00"},
	{town.Refresh, "salesforce", 0, 1, "24 11:00", "24 16:00"},
	{town.Outage, "hubspot", 0, 0, "25 09:40", "25 10:30"},
	{town.HooksSilent, "zendesk", 0, 1, "26 10:00", "26 18:00"},
	{town.Slow, "hubspot", 0, 0, "26 13:00", "26 18:00"},
	{town.Mixed, "netsuite", 0, 0, "27 10:00", "27 13:00"},
	{town.ScheduleStops, "salesforce", 0, 2, "28 12:00", "29 23:30"},
	{town.FlowFails, "zendesk", 0, 1, "30 10:00", "30 15:00"},
	{town.Retired, "jira", 0, 0, "31 09:00", "31 13:00"},
}

// march is the first day of the month; the last Sunday but none has the change to summer time in Europe.
var march = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// schedules are those of the month. One is at a time of day that does not exist on the 29th in Berlin.
var schedules = map[string]string{
	"netsuite": "CRON_TZ=Europe/Berlin 30 2 * * *", "quickbooks": "CRON_TZ=America/New_York 0 6 * * *", "salesforce": "CRON_TZ=Europe/Berlin 15 4 * * *",
}

var (
	integrations = []string{"hubspot", "xero", "slack", "shopify", "quickbooks", "zendesk", "salesforce", "stripe", "google_calendar", "jira", "netsuite", "microsoft_graph"}
	byWebhook    = []string{"hubspot", "shopify", "stripe", "zendesk", "jira"}
	byPull       = []string{"xero", "quickbooks", "netsuite", "google_calendar"}
)

// apps are those of 40 customers, the largest first. scale multiplies how much they do.
func apps(scale float64) (out []*town.App) {
	for rank := range 40 {
		perHour := scale * max(15, 240/(1+.3*float64(rank)))
		for nth, share := range []float64{.55, .3, .15}[:2+(rank+1)%2] {
			a := &town.App{
				Customer: fmt.Sprintf("customer-%02d", rank+1), Integration: integrations[(rank*5+nth*7)%len(integrations)],
				Calls: perHour * share, Zone: []time.Duration{0, time.Hour, -6 * time.Hour}[rank%3],
			}
			if slices.Contains(byWebhook, a.Integration) {
				a.Webhooks = max(2, a.Calls*.12)
			}
			if slices.Contains(byPull, a.Integration) {
				a.Pull = []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour}[min(rank/8, 2)]
			}
			a.Nightly = schedules[a.Integration] != ""
			if a.Integration == "microsoft_graph" {
				a.Rhythm = time.Hour
			}
			if a.Integration == "slack" && rank%2 == 0 {
				a.Lives = 12 * time.Hour
			}
			quirks(a, rank)
			out = append(out, a)
		}
	}
	return out
}

// quirks are what is no fault: one customer grows tenfold from the 9th to the 20th, one leaves on the 19th.
func quirks(a *town.App, rank int) {
	switch rank {
	case 11:
		a.Grows = func(t time.Time) float64 {
			return math.Pow(10, min(1, max(0, t.Sub(march.AddDate(0, 0, 8)).Hours()/24/11)))
		}
	case 17:
		a.Gone = march.AddDate(0, 0, 18).Add(11 * time.Hour)
	}
}

// holidays are a Friday off.
var holidays = []time.Time{time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}

// plan makes the town of the month, with what goes wrong in it.
func plan(seed uint64, scale float64, faults []planned) (*town.Town, []*Incident) {
	all := apps(scale)
	t := town.New(town.Options{Seed: seed, Start: march, Apps: all, Schedules: schedules, Holidays: holidays, Noise: .01})
	var incidents []*Incident
	for _, p := range faults {
		f := &town.Fault{Kind: p.kind, Integration: p.integration, From: inMarch(p.from), To: inMarch(p.to)}
		able := whoCan(all, p)
		if p.many > 0 {
			for _, a := range able[p.first : p.first+p.many] {
				f.Customers = append(f.Customers, a.Customer)
			}
		}
		i := judgement[p.kind]
		i.Fault = t.Plant(f)
		if p.kind == town.PullsStop || p.kind == town.CursorStands {
			i.Interval = able[p.first].Pull
		}
		incidents = append(incidents, &i)
	}
	return t, incidents
}

func inMarch(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", "2026-03-"+text)
	if err != nil {
		panic(err) // The programme is a constant.
	}
	return at
}

// whoCan are the apps that a fault can happen to, the busiest first. The customer that leaves is not among them.
func whoCan(all []*town.App, p planned) (out []*town.App) {
	for _, a := range all {
		if a.Integration == p.integration && a.Gone.IsZero() && a.Grows == nil {
			out = append(out, a)
		}
	}
	return out
}
