package explain

import (
	"slices"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// Facts are all that the checks look at. Lists of entries and runs have the newest first, and no more than were asked for.
type Facts struct {
	Now time.Time
	// Range ends now at the latest.
	Range      entry.Range
	Identifier *entry.IdentifierFilter

	Flow     *directory.Flow
	Customer *directory.Customer
	// Provider is the key of the flow's integration, "" when it belongs to none.
	Provider string
	// Apps are the customer's of that integration, Sources theirs.
	Apps    []*directory.ConnectedApp
	Sources []*directory.DataSource

	Webhooks, Rejected, Pulls []*entry.Entry
	// Events are those that the flow waits for; Others, which are read when there are none, those of other types.
	Events, Others []*entry.Entry

	// Runs are the flow's for the customer: those of the range, and those that Events launched.
	Runs []*run.FlowRun
	// Failure is of the run that failed, nil when none did.
	Failure *Failure

	// Kept says since when entries of a kind are kept; a kind that is not here is kept for good.
	Kept map[entry.Kind]time.Time
	// Unfinished says that looking for entries of a kind cost too much to get to the end.
	Unfinished map[entry.Kind]bool
}

// Failure is where a run went wrong.
type Failure struct {
	Run *run.FlowRun
	// Node is the node that failed first, nil when none did.
	Node *run.Node
	// Requests are API requests of the run that failed, with what diagnosis looks at.
	Requests []*entry.Entry
	// Diagnosis is nil when the catalogue knows nothing of the error.
	Diagnosis *diagnostics.Diagnosis
}

// missing tells whether entries of one of the kinds may have been there and are not to be seen any more.
func (f *Facts) missing(kinds ...entry.Kind) bool {
	return slices.ContainsFunc(kinds, func(k entry.Kind) bool {
		return f.Kept[k].After(f.Range.From) || f.Unfinished[k]
	})
}

// trigger is what sets the flow off, "" when nobody has said.
func (f *Facts) trigger() directory.TriggerKind {
	switch {
	case f.Flow.TriggerKind != nil:
		return *f.Flow.TriggerKind
	case f.Flow.Schedule != nil:
		return directory.TriggerSchedule
	}
	return ""
}

// eventKinds are the kinds of entries that can launch the flow; none when no event does.
func (f *Facts) eventKinds() []entry.Kind {
	switch f.trigger() {
	case directory.TriggerExternalEvent:
		return []entry.Kind{entry.KindExternalEvent}
	case directory.TriggerInternalEvent:
		return []entry.Kind{entry.KindInternalEvent}
	case "":
		if len(f.Flow.EventTypes) > 0 {
			return []entry.Kind{entry.KindExternalEvent, entry.KindInternalEvent}
		}
	}
	return nil
}

// external tells whether what launches the flow comes from the customer's app.
func (f *Facts) external() bool { return slices.Contains(f.eventKinds(), entry.KindExternalEvent) }

// matching are the sources that can bring what the flow waits for: one that does not say what it brings may bring anything.
func (f *Facts) matching() (out []*directory.DataSource) {
	for _, s := range f.Sources {
		any := len(s.EventTypes) == 0 || len(f.Flow.EventTypes) == 0
		if any || slices.ContainsFunc(s.EventTypes, func(t string) bool { return slices.Contains(f.Flow.EventTypes, t) }) {
			out = append(out, s)
		}
	}
	return out
}

// launched gives the runs that an event launched: those that name it, or, where the event has no id or a run names no
// event, those that came after it and could be its own.
func (f *Facts) launched(e *entry.Entry) (out []*run.FlowRun) {
	for _, r := range f.Runs {
		if e.ExternalID != "" && r.TriggerEvent == e.ExternalID {
			out = append(out, r)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, r := range f.Runs {
		could := r.TriggerEvent == "" || e.ExternalID == "" && !f.knows(r.TriggerEvent)
		if could && !r.At.Before(e.OccurredAt()) {
			out = append(out, r)
		}
	}
	return out
}

// knows tells whether one of the events has the sender's id.
func (f *Facts) knows(externalID string) bool {
	return slices.ContainsFunc(f.Events, func(e *entry.Entry) bool { return e.ExternalID == externalID })
}

// failedRun is the newest run that failed, or was canceled, and was not made good: by a later run of the same event, or
// where runs name no event, by any later one. It is nil when there is none.
func (f *Facts) failedRun() *run.FlowRun {
	good := map[string]bool{}
	for _, r := range f.Runs {
		switch r.Status {
		case run.Succeeded:
			good[r.TriggerEvent] = true
		case run.Failed, run.Canceled:
			if !good[r.TriggerEvent] {
				return r
			}
		}
	}
	return nil
}
