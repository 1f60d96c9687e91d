package explain

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/stamp"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// ago is so many minutes before noon.
func ago(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }

func pointer[T any](v T) *T { return &v }

// silence knows no error.
type silence struct{}

func (silence) Diagnose(*diagnostics.Observation) diagnostics.Diagnosis {
	return diagnostics.Diagnosis{Category: diagnostics.None}
}

// story is the facts of a flow that waits for deal.won, in the hour before noon, changed.
func story(change ...func(f *Facts)) *Facts {
	integration := uuid.New()
	f := &Facts{
		Now: noon, Range: entry.Range{From: ago(60), To: noon}, Customer: &directory.Customer{ID: uuid.New()}, Provider: "crm",
		Flow: &directory.Flow{
			ID: uuid.New(), Name: "f", Enabled: true, IntegrationID: &integration, TriggerKind: pointer(directory.TriggerExternalEvent),
			EventTypes: []string{"deal.won"}, Stamps: stamp.Set{},
		},
		Apps: []*directory.ConnectedApp{{Status: directory.Connected}}, Unfinished: map[entry.Kind]bool{},
	}
	for _, c := range change {
		c(f)
	}
	return f
}

func event(id string, minutes int) *entry.Entry {
	return &entry.Entry{Head: entry.Head{ID: nodeid.New(ago(minutes)), Kind: entry.KindExternalEvent, EventType: "deal.won"}, List: entry.List{ExternalID: id}}
}

func launched(by string, minutes int, status run.Status) *run.FlowRun {
	at := ago(minutes)
	return &run.FlowRun{ID: uuid.New(), At: at, StartedAt: &at, Status: status, TriggerEvent: by, Trigger: run.TriggerExternalEvent}
}

func pulledAt(minutes int, change func(*entry.Entry)) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{ID: nodeid.New(ago(minutes)), Kind: entry.KindExternalEventPull, Status: entry.StatusSuccess},
		List: entry.List{Pull: &entry.Pull{State: "success", RecordsScanned: 3, CursorBefore: "7", CursorAfter: "7"}}}
	if change != nil {
		change(e)
	}
	return e
}

func events(list ...*entry.Entry) func(*Facts) { return func(f *Facts) { f.Events = list } }

// runs sets runs, the newest first, and the failure among them.
func runs(list ...*run.FlowRun) func(*Facts) {
	return func(f *Facts) {
		f.Runs = list
		if failed := f.failedRun(); failed != nil {
			f.Failure = &Failure{Run: failed}
		}
	}
}

func scheduled(text string) func(*Facts) {
	return func(f *Facts) { f.Flow.TriggerKind, f.Flow.Schedule = pointer(directory.TriggerSchedule), &text }
}

func app(status directory.ConnectedAppStatus, since int) func(*Facts) {
	return func(f *Facts) {
		f.Apps = []*directory.ConnectedApp{{Status: status, StatusChangedAt: pointer(ago(since))}}
	}
}

func expiring(minutes int) func(*Facts) {
	return func(f *Facts) { f.Apps[0].CredentialsExpireAt = pointer(ago(minutes)) }
}

func disabled(said int) func(*Facts) {
	return func(f *Facts) { f.Flow.Enabled, f.Flow.Stamps["enabled"] = false, ago(said).UnixMicro() }
}

func source(mode directory.DataSourceMode, interval int) func(*Facts) {
	return func(f *Facts) {
		s := &directory.DataSource{Key: "s", Mode: mode, State: directory.StateActive}
		if interval > 0 {
			s.PullIntervalS = &interval
		}
		f.Sources = append(f.Sources, s)
	}
}

func pulls(list ...*entry.Entry) func(*Facts) { return func(f *Facts) { f.Pulls = list } }

func kept(kind entry.Kind, minutes int) func(*Facts) {
	return func(f *Facts) { f.Kept = map[entry.Kind]time.Time{kind: ago(minutes)} }
}

func skipped(e *entry.Entry, code string) *entry.Entry { e.SkipCode = code; return e }

func TestVerdicts(t *testing.T) {
	t.Parallel()
	failedNow := func(e *entry.Entry) { e.Status = entry.StatusFailure }
	full := func(e *entry.Entry) { e.Pull.Strategy = "full_scan" }
	for name, c := range map[string]struct {
		facts   *Facts
		verdict Verdict
	}{
		"an event launched a run":                        {story(events(event("a", 30)), runs(launched("a", 29, run.Succeeded))), Ran},
		"one of two did not":                             {story(events(event("b", 20), event("a", 30)), runs(launched("a", 29, run.Succeeded))), EventDidNotLaunch},
		"an older one did not":                           {story(events(event("b", 20), event("a", 30)), runs(launched("b", 19, run.Succeeded))), EventDidNotLaunch},
		"a run that names no event may be any's":         {story(events(event("a", 30)), runs(launched("", 29, run.Succeeded))), Ran},
		"but not of one that came later":                 {story(events(event("a", 20)), runs(launched("", 29, run.Succeeded))), EventDidNotLaunch},
		"an event without an id":                         {story(events(event("", 30)), runs(launched("x", 29, run.Succeeded))), Ran},
		"whose run is another's":                         {story(events(event("a", 30), event("", 31)), runs(launched("a", 29, run.Succeeded))), EventDidNotLaunch},
		"a failed run":                                   {story(events(event("a", 30)), runs(launched("a", 29, run.Failed))), Failed},
		"made good by another of the event":              {story(events(event("a", 30)), runs(launched("a", 20, run.Succeeded), launched("a", 29, run.Failed))), Ran},
		"not by another event's":                         {story(events(event("b", 25), event("a", 30)), runs(launched("b", 20, run.Succeeded), launched("a", 29, run.Failed))), Failed},
		"a later failure":                                {story(events(event("a", 30)), runs(launched("a", 20, run.Failed), launched("a", 29, run.Succeeded))), Failed},
		"only skipped runs":                              {story(events(event("a", 30)), runs(launched("a", 29, run.Skipped))), FilteredOut},
		"a run under way":                                {story(events(event("a", 30)), runs(launched("a", 3, run.Running))), Ran},
		"one that hangs":                                 {story(events(event("a", 30)), runs(launched("a", 29, run.Running))), RunningLate},
		"filters do their work":                          {story(events(skipped(event("b", 20), "filter_not_matched"), event("a", 30)), runs(launched("a", 29, run.Succeeded))), Ran},
		"nothing passed the filter":                      {story(events(skipped(event("b", 20), "filter_not_matched"))), FilteredOut},
		"a reason of its own":                            {story(events(skipped(event("b", 20), "other"))), FilteredOut},
		"not subscribed":                                 {story(events(skipped(event("b", 20), "not_subscribed"))), SubscriptionInactive},
		"the rate was spent":                             {story(events(skipped(event("b", 20), "rate_limited"))), EventDidNotLaunch},
		"switched off after it ran":                      {story(events(skipped(event("b", 20), "flow_disabled"), event("a", 30)), runs(launched("a", 29, run.Succeeded))), FlowDisabled},
		"switched on after it was off":                   {story(events(event("b", 20), skipped(event("a", 30), "flow_disabled")), runs(launched("b", 19, run.Succeeded))), Ran},
		"nothing came":                                   {story(), EventNotReceived},
		"it is off":                                      {story(disabled(100)), FlowDisabled},
		"it is off now, and ran":                         {story(disabled(10), events(event("a", 30)), runs(launched("a", 29, run.Succeeded))), Ran},
		"it was switched off later":                      {story(disabled(10), func(f *Facts) { f.Range.To = ago(20) }), EventNotReceived},
		"no app":                                         {story(func(f *Facts) { f.Apps = nil }), AppDisconnected},
		"no app, and no need of one":                     {story(func(f *Facts) { f.Apps, f.Flow.IntegrationID = nil, nil }), EventNotReceived},
		"disconnected":                                   {story(app(directory.Disconnected, 100)), AppDisconnected},
		"disconnected before the event":                  {story(app(directory.Disconnected, 100), events(event("a", 30))), AppDisconnected},
		"disconnected after the event":                   {story(app(directory.Disconnected, 10), events(event("a", 30))), EventDidNotLaunch},
		"disconnected after it ran":                      {story(app(directory.Disconnected, 10), events(event("a", 30)), runs(launched("a", 29, run.Succeeded))), Ran},
		"the run showed that the credentials are bad":    {story(app(directory.NeedsReauth, 28), events(event("a", 30)), runs(launched("a", 29, run.Failed))), AppDisconnected},
		"they went bad later than is asked about":        {story(app(directory.NeedsReauth, 10), events(event("a", 30)), runs(launched("a", 29, run.Failed)), func(f *Facts) { f.Range.To = ago(20) }), Failed},
		"they ended before the run":                      {story(expiring(40), events(event("a", 30)), runs(launched("a", 29, run.Failed))), AppDisconnected},
		"they ended after the run":                       {story(expiring(20), events(event("a", 30)), runs(launched("a", 29, run.Failed))), Failed},
		"one of two apps is well":                        {story(app(directory.NeedsReauth, 100), func(f *Facts) { f.Apps = append(f.Apps, &directory.ConnectedApp{Status: directory.Connected}) }), EventNotReceived},
		"the only source is paused":                      {story(source(directory.ModeWebhook, 0), func(f *Facts) { f.Sources[0].State = directory.StatePaused }), SubscriptionInactive},
		"one of two is":                                  {story(source(directory.ModeWebhook, 0), source(directory.ModeWebhook, 0), func(f *Facts) { f.Sources[0].State = directory.StatePaused }), EventNotReceived},
		"the subscription has expired":                   {story(source(directory.ModeWebhook, 0), func(f *Facts) { f.Sources[0].ExpiresAt = pointer(ago(90)) }), SubscriptionInactive},
		"paused, and events come":                        {story(source(directory.ModeWebhook, 0), events(event("a", 30)), func(f *Facts) { f.Sources[0].State = directory.StatePaused }), EventDidNotLaunch},
		"pulled in time":                                 {story(source(directory.ModePull, 600), pulls(pulledAt(5, nil))), EventNotReceived},
		"not pulled in time":                             {story(source(directory.ModePull, 600), pulls(pulledAt(50, nil))), PullStalled},
		"never pulled":                                   {story(source(directory.ModePull, 0)), PullStalled},
		"pulls that never end":                           {story(source(directory.ModePull, 600), pulls(pulledAt(5, func(e *entry.Entry) { e.Status, e.Pull.State = entry.StatusPending, "running" }))), PullStalled},
		"pulls that are skipped":                         {story(source(directory.ModePull, 600), pulls(pulledAt(5, func(e *entry.Entry) { e.Pull.State = "skipped" }))), PullStalled},
		"the last pull failed":                           {story(pulls(pulledAt(5, failedNow), pulledAt(9, nil))), PullStalled},
		"one before it did":                              {story(pulls(pulledAt(5, nil), pulledAt(9, failedNow))), EventNotReceived},
		"the cursor stands still":                        {story(pulls(pulledAt(5, nil), pulledAt(9, nil), pulledAt(15, nil))), PullStalled},
		"a full scan has none":                           {story(pulls(pulledAt(5, full), pulledAt(9, full), pulledAt(15, full))), EventNotReceived},
		"pulls are not kept":                             {story(source(directory.ModePull, 0), kept(entry.KindExternalEventPull, 30)), EventNotReceived},
		"events are not kept":                            {story(kept(entry.KindExternalEvent, 30)), Unknown},
		"there were too many to look through":            {story(func(f *Facts) { f.Unfinished[entry.KindExternalEvent] = true }), Unknown},
		"what was found counts nevertheless":             {story(kept(entry.KindExternalEvent, 30), events(event("a", 20)), runs(launched("a", 19, run.Failed))), Failed},
		"runs are not kept":                              {story(kept(entry.KindFlowRun, 10), events(event("a", 20))), Unknown},
		"runs are kept from before the event":            {story(kept(entry.KindFlowRun, 30), events(event("a", 20))), EventDidNotLaunch},
		"a moment ago":                                   {story(events(event("a", 2))), RunningLate},
		"the schedule ran":                               {story(scheduled("30 * * * *"), runs(launched("", 29, run.Skipped), func() *run.FlowRun { r := launched("", 30, run.Succeeded); r.Trigger = run.TriggerSchedule; return r }())), Ran},
		"the schedule did not":                           {story(scheduled("30 * * * *")), ScheduleMissed},
		"somebody ran it by hand":                        {story(scheduled("30 * * * *"), runs(func() *run.FlowRun { r := launched("", 29, run.Succeeded); r.Trigger = run.TriggerManual; return r }())), ScheduleMissed},
		"due a moment ago":                               {story(scheduled("58 * * * *")), RunningLate},
		"and missed before":                              {story(scheduled("*/29 * * * *")), ScheduleMissed},
		"not due":                                        {story(scheduled("0 3 * * *")), Unknown},
		"due just before the end of a time that is past": {story(scheduled("58 * * * *"), func(f *Facts) { f.Range, f.Now = entry.Range{From: ago(60), To: noon}, noon.Add(time.Hour) }), Unknown},
		"a schedule that nobody can read":                {story(scheduled("now and then")), Unknown},
		"every so often":                                 {story(scheduled("@every 40m")), ScheduleMissed},
		"which is not over":                              {story(scheduled("@every 2h")), Unknown},
		"called by an API, and not":                      {story(func(f *Facts) { f.Flow.TriggerKind = pointer(directory.TriggerAPI) }), EventNotReceived},
		"nobody says":                                    {story(func(f *Facts) { f.Flow.TriggerKind, f.Flow.EventTypes = nil, nil }), Unknown},
		"nobody says, and it ran":                        {story(func(f *Facts) { f.Flow.TriggerKind, f.Flow.EventTypes = nil, nil }, runs(launched("", 20, run.Succeeded))), Ran},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := decide(newChecker(c.facts, silence{}))
			require.Equal(t, c.verdict, got.Verdict, "%+v", got.Checks)
			var decided bool
			for _, check := range got.Checks {
				require.NotEmpty(t, check.Question)
				require.Regexp(t, `[.]$`, check.Detail, check.Question)
				require.Contains(t, []Outcome{Pass, Fail, NotApplicable}, check.Outcome)
				require.LessOrEqual(t, len(check.Evidence), maxEvidence)
				if check.Outcome == Fail {
					require.NotEmpty(t, check.steps, check.Question)
					if !decided {
						require.Equal(t, check.Detail, got.Summary)
					}
					decided = true
				}
			}
			require.Equal(t, got.Verdict == Ran, len(got.NextSteps) == 0)
		})
	}
}

func TestStepsAreFewAndSaidOnce(t *testing.T) {
	t.Parallel()
	var many []diagnostics.Step
	for i := range 40 {
		many = append(many, step(diagnostics.ActorTenant, string(rune('a'+i/2))))
	}
	got := distinct(many)
	require.Len(t, got, maxSteps)
	require.Equal(t, "j", got[9].Text)
}
