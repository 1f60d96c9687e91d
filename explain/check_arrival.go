package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal/entry"
)

// source gives the first matching data source of the mode, nil when there is none.
func (c *checker) source(mode directory.DataSourceMode) *directory.DataSource {
	for _, s := range c.matching() {
		if s.Mode == mode {
			return s
		}
	}
	return nil
}

// rejections say in words why webhooks are turned away.
var rejections = map[string]string{
	"verification_failed": "its signature or handshake could not be verified", "unsupported_method": "its HTTP method is not supported",
	"unsupported_content_type": "its content type is not supported", "unparsable": "it could not be read", "payload_too_large": "it was too large",
	"source_disabled": "its data source is switched off", "no_connection": "it belongs to no connected app", "other": "the receiver refused it",
}

func rejection(e *entry.Entry) string {
	switch {
	case e.Webhook != nil && rejections[e.Webhook.Rejection] != "":
		return rejections[e.Webhook.Rejection]
	case e.Webhook != nil && e.Webhook.SignatureValid != nil && !*e.Webhook.SignatureValid:
		return "its signature was not valid"
	case e.ErrorKind != entry.ErrorNone && e.Message != "":
		return e.Message
	case e.StatusCode >= 400:
		return fmt.Sprintf("the receiver answered %d", e.StatusCode)
	}
	return "the receiver refused it"
}

// webhooks asks whether webhooks arrived, and were taken in.
func (c *checker) webhooks() Check {
	const question = "Did a webhook arrive, and was it accepted?"
	source := c.source(directory.ModeWebhook)
	switch {
	case !c.external():
		return skip(question, "No event of an external app sets this flow off.")
	case len(c.Rejected) > 0 && c.has():
		return pass(question, "Some were turned away, the newest because "+rejection(c.Rejected[0])+"; but events arrived.", items(c.Rejected)...)
	case len(c.Rejected) > 0:
		newest := c.Rejected[0]
		return fail(WebhookRejected, question, fmt.Sprintf("%s turned away in this time; the newest, of %s, because %s.",
			countWere(len(c.Rejected)), when(newest.OccurredAt()), rejection(newest)),
			c.diagnosed([]diagnostics.Step{
				step(diagnostics.ActorTenant, "Mend what turns the webhooks away, and have them delivered again: "+rejection(newest)+"."),
			}, newest), items(c.Rejected)...)
	case len(c.Webhooks) > 0:
		return pass(question, "Webhooks arrived, the newest on "+when(c.Webhooks[0].OccurredAt())+", and none was turned away.", items(c.Webhooks)...)
	case source == nil || c.has():
		return skip(question, "No webhooks of the customer's app are recorded in this time.")
	case c.missing(entry.KindExternalWebhook):
		return notKept(question, "webhooks")
	}
	return fail(EventNotReceived, question, "No webhook of the customer's app arrived in this time.", notSent)
}

func countWere(n int) string {
	if n == 1 {
		return "A webhook was"
	}
	return count(n, mostRejected, "", "webhooks") + " were"
}

// notSent are what to do when nothing arrived.
var notSent = []diagnostics.Step{
	step(diagnostics.ActorCustomer, "See in the app whether it happened there, in this time and in the account that is connected."),
	step(diagnostics.ActorTenant, "Look up at the provider which webhooks it delivered or has queued, and that it has the right address."),
}

// pulls asks whether the data source was pulled, and how its cursor moved.
func (c *checker) pulls() Check {
	const question = "Was the data source pulled, and did its cursor move?"
	source := c.source(directory.ModePull)
	switch {
	case !c.external():
		return skip(question, "No event of an external app sets this flow off.")
	case source == nil && len(c.Pulls) == 0:
		return skip(question, "The customer has no data source that is pulled.")
	}
	done, failed := c.endedPulls()
	text := "It was not pulled in this time."
	if len(done) > 0 {
		text = fmt.Sprintf("It was pulled, the last time on %s%s.", when(done[0].OccurredAt()), cursor(done))
	}
	if problem, steps, evidence := c.stalled(source, done, failed); problem != "" && !c.has() {
		return fail(PullStalled, question, problem, steps, items(evidence)...)
	}
	switch {
	case len(done) > 0 || c.has() && len(c.Pulls) > 0:
		return pass(question, text, items(c.Pulls)...)
	case c.missing(entry.KindExternalEventPull):
		return notKept(question, "pulls")
	}
	return skip(question, text, items(c.Pulls)...)
}

// endedPulls are the pulls that ended well, and those that failed since.
func (c *checker) endedPulls() (done, failed []*entry.Entry) {
	for _, p := range c.Pulls {
		switch {
		case p.Status == entry.StatusFailure && len(done) == 0:
			failed = append(failed, p)
		case p.Status == entry.StatusSuccess && (p.Pull == nil || p.Pull.State != "skipped"):
			done = append(done, p)
		}
	}
	return done, failed
}

// cursor says how the cursor moved.
func cursor(done []*entry.Entry) string {
	newest, oldest := done[0].Pull, done[len(done)-1].Pull
	if newest == nil || oldest == nil || newest.CursorAfter == "" {
		return ""
	}
	if before := oldest.CursorBefore; before != newest.CursorAfter {
		return fmt.Sprintf("; in this time its cursor moved from %q to %q", before, newest.CursorAfter)
	}
	return fmt.Sprintf("; its cursor stands at %q", newest.CursorAfter)
}

// standstill is how many pulls in a row must have seen records and left the cursor where it was.
const standstill = 3

// stalled says why pulls bring nothing, "" when they do.
func (c *checker) stalled(source *directory.DataSource, done, failed []*entry.Entry) (problem string, steps []diagnostics.Step, evidence []*entry.Entry) {
	steps = []diagnostics.Step{step(diagnostics.ActorTenant, "See that whatever pulls the data source runs, and pull it once by hand.")}
	if len(failed) > 0 {
		return fmt.Sprintf("The pulls fail, the last time on %s: %s", when(failed[0].OccurredAt()), sentence(failed[0].Message)), c.diagnosed(steps, failed[0]), failed
	}
	if stuck(done) {
		return fmt.Sprintf("The last %d pulls saw records, but the cursor stands still at %q.", standstill, done[0].Pull.CursorAfter), []diagnostics.Step{
			step(diagnostics.ActorTenant, "See why the cursor is not saved or does not advance, and set it back to pull again what is missing."),
		}, done[:standstill]
	}
	if c.missing(entry.KindExternalEventPull) && len(done) == 0 {
		return "", nil, nil
	}
	last := c.lastPull(source, done)
	if source == nil || source.PullIntervalS == nil {
		if len(c.Pulls) == 0 {
			return "It was not pulled at all in this time" + lastly(last) + ".", steps, nil
		}
		return "", nil, nil
	}
	interval := time.Duration(*source.PullIntervalS) * time.Second
	if allowed := max(2*interval, interval+grace); last.Before(c.Range.To.Add(-allowed)) {
		return fmt.Sprintf("It should be pulled every %s, and was not%s.", interval, lastly(last)), steps, done
	}
	return "", nil, nil
}

func stuck(done []*entry.Entry) bool {
	if len(done) < standstill {
		return false
	}
	return !slices.ContainsFunc(done[:standstill], func(e *entry.Entry) bool {
		p := e.Pull
		return p == nil || p.Full || p.Strategy == "full_scan" || p.RecordsScanned <= 0 || p.EventCount > 0 ||
			p.CursorAfter == "" || p.CursorAfter != p.CursorBefore || p.CursorAfter != done[0].Pull.CursorAfter
	})
}

// lastPull is when the source was last pulled within the time or before it, the zero time when nobody knows.
func (c *checker) lastPull(source *directory.DataSource, done []*entry.Entry) time.Time {
	if len(done) > 0 {
		return done[0].OccurredAt()
	}
	if source != nil && source.LastPullAt != nil && source.LastPullAt.Before(c.Range.From) {
		return *source.LastPullAt
	}
	return time.Time{}
}

func lastly(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return "; the last time was " + when(at)
}

func sentence(text string) string {
	if text == "" {
		return "no error was given."
	}
	return strings.TrimRight(text, ".") + "."
}

// arrived asks whether what the flow waits for arrived.
func (c *checker) arrived() Check {
	const question = "Did the event arrive?"
	kinds := c.eventKinds()
	switch {
	case len(c.Events) > 0:
		return pass(question, count(len(c.Events), mostEvents, "event", "events")+" arrived, the newest on "+when(c.Events[0].OccurredAt())+".", items(c.Events)...)
	case c.trigger() == "" && len(kinds) == 0:
		return skip(question, "Nobody has said what sets this flow off.")
	case len(kinds) == 0 && c.trigger() == directory.TriggerSchedule:
		return skip(question, "A schedule sets this flow off, and no event.")
	case len(c.Runs) > 0:
		return skip(question, "The flow ran, but no event that set it off is recorded in this time.", runItems(c.Runs)...)
	case len(kinds) == 0 && c.missing(entry.KindFlowRun):
		return notKept(question, "runs")
	case len(kinds) == 0:
		return fail(EventNotReceived, question, "This flow runs when it is called, and no call of it is recorded in this time.", []diagnostics.Step{
			step(diagnostics.ActorTenant, "See whether the call was made, and whether it was refused before the flow began."),
		})
	case len(c.Others) > 0 && c.Identifier != nil:
		return pass(question, "It arrived on "+when(c.Others[0].OccurredAt())+".", items(c.Others)...)
	case c.missing(kinds...):
		return notKept(question, "events")
	}
	text := "No " + strings.TrimPrefix(strings.Replace(waitsFor(c.Flow), "events", "event", 1), "an ")
	if c.Identifier != nil {
		text += " with this identifier"
	}
	text += " arrived in this time"
	if len(c.Others) > 0 {
		text += "; others did, the newest of type " + c.Others[0].EventType
	}
	steps := notSent
	if !c.external() {
		steps = []diagnostics.Step{step(diagnostics.ActorTenant, "See whether your product sent the event, for this customer and with this type.")}
	}
	return fail(EventNotReceived, question, text+".", steps, items(c.Others)...)
}

// typed asks whether the event is of a type that the flow waits for.
func (c *checker) typed() Check {
	const question = "Does the event's type match the flow's trigger?"
	switch {
	case len(c.Events) > 0:
		return pass(question, "It does: the flow waits for "+waitsFor(c.Flow)+".", items(c.Events[:1])...)
	case len(c.Others) > 0 && c.Identifier != nil && len(c.Runs) == 0:
		return fail(EventDidNotLaunch, question, fmt.Sprintf("It does not: the event is of type %s, and the flow waits for %s.", c.Others[0].EventType, waitsFor(c.Flow)), []diagnostics.Step{
			step(diagnostics.ActorTenant, "Add the event's type to the flow's trigger, if it should run on it."),
		}, items(c.Others)...)
	}
	return skip(question, "There is no event to look at.")
}
