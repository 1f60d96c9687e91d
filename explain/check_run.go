package explain

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/schedule"
)

// reason is what a code says why an event was passed over.
type reason struct {
	verdict Verdict
	text    string
	steps   []diagnostics.Step
}

var reasons = map[string]reason{
	"flow_disabled": {FlowDisabled, "the flow was disabled", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Switch the flow on, if it is meant to run for this customer, and send the event again."),
	}},
	"not_subscribed": {SubscriptionInactive, "the customer was not subscribed to it", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Subscribe the customer to the event, and send it again."),
	}},
	"filter_not_matched": {FilteredOut, "it did not match the flow's filter", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Compare the event with the flow's filter, and change the filter if the event should have passed."),
	}},
	"duplicate": {FilteredOut, "it was taken for a duplicate of one that came before", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Look for the run of the event that came before; if there is none, the key by which duplicates are told is too coarse."),
	}},
	"queue_full": {EventDidNotLaunch, "the queue was full", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Send the event again now, and give the queue more room or more workers."),
	}},
	"rate_limited": {EventDidNotLaunch, "the customer's or the flow's rate was spent", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Send the event again now, and raise the rate if this load is to be expected."),
	}},
}

var otherReason = reason{FilteredOut, "it was passed over on purpose", []diagnostics.Step{
	step(diagnostics.ActorTenant, "Read the reason that was recorded with the event."),
}}

// passedOver asks whether events launched nothing on purpose. Where the flow ran on others, filters did their work.
func (c *checker) passedOver() Check {
	const question = "Was the event skipped, and why?"
	switch {
	case len(c.Events) == 0:
		return skip(question, "There is no event to look at.")
	case len(c.skipped) == 0:
		return pass(question, "Nothing says that it was.")
	}
	newest := c.skipped[0]
	why, ok := reasons[newest.SkipCode]
	if !ok {
		why = otherReason
	}
	text := fmt.Sprintf("%s skipped; the newest, of %s, because %s", countSkipped(len(c.skipped)), when(newest.OccurredAt()), why.text)
	if newest.SkipMessage != "" {
		text += " (" + newest.SkipMessage + ")"
	}
	ranSince := len(c.Runs) > 0 && !c.Runs[0].At.Before(newest.OccurredAt())
	if len(c.silent) > 0 || ranSince || len(c.Runs) > 0 && why.verdict == FilteredOut {
		return pass(question, text+". That is not true of all events.", items(c.skipped)...)
	}
	return fail(why.verdict, question, text+".", why.steps, items(c.skipped)...)
}

func countSkipped(n int) string {
	if n == 1 {
		return "An event was"
	}
	return count(n, mostEvents, "", "events") + " were"
}

// scheduled asks whether the schedule was due, and brought runs.
func (c *checker) scheduled() Check {
	const question = "Was the schedule due, and did it run?"
	if c.trigger() != directory.TriggerSchedule {
		return skip(question, "No schedule sets this flow off.")
	}
	if c.Flow.Schedule == nil {
		return skip(question, "Nobody has said when this flow is due.")
	}
	if c.Identifier != nil {
		return skip(question, "One record is asked about, and a schedule names none.")
	}
	s, err := schedule.Parse(*c.Flow.Schedule)
	if err != nil {
		return skip(question, fmt.Sprintf("The schedule %q cannot be read: %s.", *c.Flow.Schedule, err))
	}
	due := c.dueTimes(s)
	name := fmt.Sprintf("The schedule %q", *c.Flow.Schedule)
	if len(due) == 0 {
		return pass(question, name+" was not due in this time.")
	}
	newest := due[len(due)-1]
	if c.ranFor(newest) {
		return pass(question, fmt.Sprintf("%s was due %s, the last time on %s, and a run came.", name, times(len(due)), when(newest)), runItems(c.Runs)...)
	}
	if c.missing(entry.KindFlowRun) {
		return notKept(question, "runs")
	}
	text := fmt.Sprintf("%s was due on %s", name, when(newest))
	if c.Now.Sub(newest) < grace {
		if len(due) > 1 && !c.ranFor(due[len(due)-2]) {
			return missedCheck(question, fmt.Sprintf("%s was due on %s and %s, and no run came.", name, when(due[len(due)-2]), when(newest)), c.Runs)
		}
		return fail(RunningLate, question, text+", moments ago, and no run has come yet.", []diagnostics.Step{
			step(diagnostics.ActorTenant, "Wait some minutes, and ask again."),
		}, runItems(c.Runs)...)
	}
	return missedCheck(question, text+", and no run came.", c.Runs)
}

func missedCheck(question, text string, runs []*run.FlowRun) Check {
	return fail(ScheduleMissed, question, text, []diagnostics.Step{
		step(diagnostics.ActorTenant, "See that the scheduler runs, and has this flow for this customer in its plan."),
		step(diagnostics.ActorTenant, "Run the flow once by hand to make up for what was missed."),
	}, runItems(runs)...)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// dueTimes are when a run should have come, the oldest first. Where the time ends before now, one just before its end is
// left out: its run may stand just behind it.
func (c *checker) dueTimes(s *schedule.Schedule) []time.Time {
	if s.Every() > 0 {
		base := c.Range.From
		if i := slices.IndexFunc(c.Runs, bySchedule); i >= 0 {
			base = c.Runs[i].At
		}
		// Only the next one after the last run is known: where it came, there is nothing to say.
		if next := base.Add(s.Every()); !next.After(c.Range.To) {
			return []time.Time{next}
		}
		return nil
	}
	due := s.Due(c.Range.From, c.Range.To)
	if n := len(due); n > 0 && c.Range.To.Before(c.Now.Add(-grace)) && c.Range.To.Sub(due[n-1]) < grace && !c.ranFor(due[n-1]) {
		due = due[:n-1]
	}
	return due
}

// ranFor tells whether a run of the schedule began since it was due.
func (c *checker) ranFor(due time.Time) bool {
	return slices.ContainsFunc(c.Runs, func(r *run.FlowRun) bool { return bySchedule(r) && !r.At.Before(due.Add(-early)) })
}

// bySchedule tells whether a run may be the schedule's: one that does not say what launched it counts as called.
func bySchedule(r *run.FlowRun) bool {
	return r.Trigger == run.TriggerSchedule || r.Trigger == run.TriggerAPI || r.Trigger == 0
}

// launchedRun asks whether what arrived launched runs.
func (c *checker) launchedRun() Check {
	const question = "Did it launch a run?"
	if len(c.silent) > 0 {
		newest, oldest := c.silent[0], c.silent[len(c.silent)-1]
		if c.missing(entry.KindFlowRun) && c.Kept[entry.KindFlowRun].After(newest.OccurredAt()) {
			return notKept(question, "runs")
		}
		text := fmt.Sprintf("%s launched no run, and nothing says why; the newest is of %s", count(len(c.silent), mostEvents, "event", "events"), when(newest.OccurredAt()))
		if c.Now.Sub(oldest.OccurredAt()) < grace {
			return fail(RunningLate, question, text+", so a run may still come.", []diagnostics.Step{
				step(diagnostics.ActorTenant, "Wait some minutes, and ask again."),
			}, items(c.silent)...)
		}
		return fail(EventDidNotLaunch, question, text+".", []diagnostics.Step{
			step(diagnostics.ActorTenant, "See that whatever launches runs is up, takes events of this type from its queue, and has this flow for this customer."),
			step(diagnostics.ActorTenant, "Send the event again."),
		}, items(c.silent)...)
	}
	if len(c.Runs) == 0 {
		return skip(question, "There is no run in this time.")
	}
	return pass(question, count(len(c.Runs), mostRuns, "run", "runs")+", the newest of "+when(c.Runs[0].At)+".", runItems(c.Runs)...)
}

// inTime asks whether runs that are not over take longer than they should.
func (c *checker) inTime() Check {
	const question = "Did the run get done in time?"
	if len(c.Runs) == 0 {
		return skip(question, "There is no run in this time.")
	}
	var longest time.Duration
	for _, r := range c.Runs {
		if r.StartedAt != nil && r.FinishedAt != nil {
			longest = max(longest, r.FinishedAt.Sub(*r.StartedAt))
		}
	}
	limit := max(leastLate, lateFactor*longest)
	var open []*run.FlowRun
	for _, r := range c.Runs {
		if r.Status.Final() {
			continue
		}
		if c.Now.Sub(r.At) > limit {
			return fail(RunningLate, question, fmt.Sprintf("The run of %s is not over after more than %s, which is longer than any ought to take.", when(r.At), limit), []diagnostics.Step{
				step(diagnostics.ActorTenant, "See in the run's graph which node it waits for, and whether its worker is alive."),
				step(diagnostics.ActorTenant, "Cancel the run and start it again, if nothing moves."),
			}, journal.Item{Run: r})
		}
		open = append(open, r)
	}
	if len(open) > 0 {
		return pass(question, "It is under way, and not for longer than usual.", runItems(open)...)
	}
	return pass(question, "All runs are over.", runItems(c.Runs[:1])...)
}

// ended asks whether runs failed, and where.
func (c *checker) ended() Check {
	const question = "Did the run succeed, or where did it fail?"
	if len(c.Runs) == 0 {
		return skip(question, "There is no run in this time.")
	}
	if c.Failure == nil {
		if !slices.ContainsFunc(c.Runs, func(r *run.FlowRun) bool { return r.Status != run.Skipped }) {
			return fail(FilteredOut, question, "The run was skipped.", otherReason.steps, runItems(c.Runs)...)
		}
		return pass(question, "No run failed that was not made good by a later one.", runItems(c.Runs)...)
	}
	f := c.Failure
	text := "The run of " + when(f.Run.At) + " failed"
	steps := []diagnostics.Step{step(diagnostics.ActorTenant, "Run it again once the cause is mended.")}
	if f.Run.Status == run.Canceled {
		text = "The run of " + when(f.Run.At) + " was canceled"
		steps = []diagnostics.Step{step(diagnostics.ActorTenant, "Find out who canceled the run, and run it again if it is still wanted.")}
	}
	if f.Node != nil {
		text += fmt.Sprintf(" at the node %q", f.Node.Name)
	}
	if e := f.err(); e != nil {
		text += ": " + sentence(says(e))
	} else {
		text += "."
	}
	if d := f.Diagnosis; d != nil {
		text += " " + sentence(d.Title)
		steps = append(slices.Clone(d.Steps), steps...)
	}
	return fail(Failed, question, text, steps, f.evidence()...)
}

func says(e *run.Error) string {
	if e.Message == "" {
		return e.Code
	}
	return e.Message
}

// evidence is the run that failed and its requests that did.
func (f *Failure) evidence() []journal.Item {
	return append([]journal.Item{{Run: f.Run}}, items(f.Requests)...)
}

// kept asks whether all that could tell is kept. Where the flow ran, what else there was does not matter.
func (c *checker) kept() Check {
	const question = "Is all of this time still kept?"
	var since time.Time
	for _, k := range c.relevant() {
		if at := c.Kept[k]; at.After(since) {
			since = at
		}
	}
	text := "All of it is."
	gone := since.After(c.Range.From)
	if gone {
		text = fmt.Sprintf("What is older than %s is not kept any more.", when(since))
	} else if c.missing(c.relevant()...) {
		gone, text = true, "There is too much in this time to look through all of it."
	}
	switch {
	case !gone:
		return pass(question, text)
	case len(c.Runs) > 0:
		return pass(question, text+" What was found is of what is kept.")
	}
	return fail(Unknown, question, text+" The evidence is missing, so nothing can be said of it.", []diagnostics.Step{
		step(diagnostics.ActorTenant, "Ask about a shorter time, one that is still kept."),
	})
}

// relevant are the kinds of entries whose absence would say something.
func (c *checker) relevant() []entry.Kind {
	kinds := append([]entry.Kind{entry.KindFlowRun}, c.eventKinds()...)
	if c.external() {
		kinds = append(kinds, entry.KindExternalWebhook, entry.KindExternalEventPull)
	}
	return kinds
}
