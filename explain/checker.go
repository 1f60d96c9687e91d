package explain

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

const (
	// grace is how long after an event, or after a schedule is due, a run may still come.
	grace = 5 * time.Minute
	// early is how long before a schedule is due its run may begin: clocks differ.
	early = time.Minute
	// lateFactor is how many times longer than any that ended a run takes when it is late; leastLate is the least.
	lateFactor = 3
	leastLate  = 10 * time.Minute
)

// checker goes through the checklist. Its checks are pure.
type checker struct {
	*Facts
	catalogue Catalogue
	// silent are the events that launched nothing and give no reason, skipped those that give one.
	silent, skipped []*entry.Entry
}

func newChecker(f *Facts, catalogue Catalogue) *checker {
	c := &checker{Facts: f, catalogue: catalogue}
	for _, e := range f.Events {
		switch {
		case e.SkipCode != "":
			c.skipped = append(c.skipped, e)
		case len(f.launched(e)) == 0:
			c.silent = append(c.silent, e)
		}
	}
	return c
}

// checklist is all checks, in the order in which they decide.
func (c *checker) checklist() []Check {
	return []Check{
		c.enabled(), c.connected(), c.credentials(), c.subscribed(), c.webhooks(), c.pulls(), c.arrived(), c.typed(), c.passedOver(),
		c.scheduled(), c.launchedRun(), c.inTime(), c.ended(), c.kept(),
	}
}

// served tells whether the flow ran, and on all that should have launched it.
func (c *checker) served() bool { return len(c.Runs) > 0 && len(c.silent) == 0 }

// has tells whether what the flow waits for arrived: there are events, or runs that one must have launched.
func (c *checker) has() bool { return len(c.Events) > 0 || len(c.Runs) > 0 }

// blamed is the time that a state must have held by to be the cause: that of the newest event which launched nothing, or
// the end of the time where there is none.
func (c *checker) blamed() time.Time {
	switch {
	case len(c.silent) > 0:
		return c.silent[0].OccurredAt()
	case len(c.Runs) == 0 && len(c.skipped) > 0:
		return c.skipped[0].OccurredAt()
	}
	return c.Range.To
}

// held tells whether a state that is reported since a time held by then; nil is since nobody knows when.
func held(since *time.Time, by time.Time) bool { return since == nil || !since.After(by) }

func pass(question, detail string, evidence ...journal.Item) Check {
	return Check{Question: question, Outcome: Pass, Detail: detail, Evidence: first(evidence)}
}

func skip(question, detail string, evidence ...journal.Item) Check {
	return Check{Question: question, Outcome: NotApplicable, Detail: detail, Evidence: first(evidence)}
}

func fail(verdict Verdict, question, detail string, steps []diagnostics.Step, evidence ...journal.Item) Check {
	return Check{Question: question, Outcome: Fail, Detail: detail, Evidence: first(evidence), verdict: verdict, steps: steps}
}

func first(evidence []journal.Item) []journal.Item { return evidence[:min(len(evidence), maxEvidence)] }

// notKept is the answer where evidence may be missing.
func notKept(question, what string) Check {
	return skip(question, "Part of the time is older than "+what+" are kept, or holds too much to look through: there is no telling whether there were others.")
}

// items are entries as evidence.
func items(list []*entry.Entry) []journal.Item {
	out := make([]journal.Item, 0, maxEvidence)
	for _, e := range list[:min(len(list), maxEvidence)] {
		out = append(out, journal.Item{Entry: e})
	}
	return out
}

// runItems are runs as evidence.
func runItems(list []*run.FlowRun) []journal.Item {
	out := make([]journal.Item, 0, maxEvidence)
	for _, r := range list[:min(len(list), maxEvidence)] {
		out = append(out, journal.Item{Run: r})
	}
	return out
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// since says since when, if that is known.
func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " since " + when(*t)
}

// because adds a reason to a sentence, if one was given.
func because(reason *string) string {
	if reason == nil || *reason == "" {
		return ""
	}
	return " (" + *reason + ")"
}

// count is a number of things, of which there may be more than were read.
func count(n, most int, one, many string) string {
	switch {
	case n == 1:
		return "1 " + one
	case n >= most:
		return fmt.Sprintf("at least %d %s", n, many)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// diagnosed adds what the catalogue says to do about an entry that failed.
func (c *checker) diagnosed(steps []diagnostics.Step, e *entry.Entry) []diagnostics.Step {
	if d := c.catalogue.Diagnose(diagnostics.Observe(e, c.Provider)); d.Category != diagnostics.None {
		return append(slices.Clone(steps), d.Steps...)
	}
	return steps
}

func step(actor diagnostics.Actor, text string) diagnostics.Step {
	return diagnostics.Step{Actor: actor, Text: text}
}
