package run

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/stamp"
	"github.com/weirhq/weir/journal/entry"
)

// merging notes whether a message changed anything that can be seen.
type merging struct {
	stamps  stamp.Set
	at      int64
	changed bool
}

// take sets a field to what the message says of it, unless a newer message said otherwise.
func take[T any](m *merging, field string, said bool, value T, equal func(a, b T) bool, to *T) {
	if !said || !m.stamps.Take(field, m.at) || equal(*to, value) {
		return
	}
	*to = value
	m.changed = true
}

func same[T comparable](a, b T) bool { return a == b }

func samePointer[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func sameJSON(a, b json.RawMessage) bool { return bytes.Equal(a, b) }

// compact gives a JSON value the form in which payloads are kept, so that what is sent again is seen to be the same.
func compact(raw json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return raw
	}
	return out.Bytes()
}

func compactLines(lines []Line) []Line {
	out := slices.Clone(lines)
	for i := range out {
		if out[i].Data != nil {
			out[i].Data = compact(out[i].Data)
		}
	}
	return out
}

func sameLines(a, b []Line) bool {
	return slices.EqualFunc(a, b, func(x, y Line) bool {
		return x.At.Equal(y.At) && x.Level == y.Level && x.Message == y.Message && bytes.Equal(x.Data, y.Data)
	})
}

// status merges by progress first and by time only between equals, so that a run that ended stays ended.
func (m *merging) status(said Status, to *Status) {
	if said == 0 {
		return
	}
	held, known := m.stamps["status"]
	switch {
	case known && said.rank() < to.rank(), known && said.rank() == to.rank() && held > m.at:
		return
	}
	m.stamps["status"] = m.at
	if *to != said {
		*to = said
		m.changed = true
	}
}

// merge applies a message to the row and tells whether it changed anything that can be seen.
func (r *runRow) merge(e *FlowRunEvent) bool {
	m := &merging{stamps: r.Stamps, at: e.At.UnixMicro()}
	m.status(e.Status, &r.status)
	take(m, "flow", e.FlowID != none, e.FlowID, same, &r.FlowID)
	take(m, "customer", e.CustomerID != none, e.CustomerID, same, &r.CustomerID)
	take(m, "integration", e.IntegrationID != none, e.IntegrationID, same, &r.IntegrationID)
	take(m, "connected_app", e.ConnectedAppID != none, e.ConnectedAppID, same, &r.ConnectedAppID)
	take(m, "trigger", e.Trigger != 0, e.Trigger, same, &r.trigger)
	take(m, "trigger_event", e.TriggerEvent != "", e.TriggerEvent, same, &r.TriggerEvent)
	take(m, "started_at", e.StartedAt != nil, e.StartedAt, sameTime, &r.StartedAt)
	take(m, "finished_at", e.FinishedAt != nil, e.FinishedAt, sameTime, &r.FinishedAt)
	take(m, "error", e.Error != nil, e.Error, samePointer, &r.err)
	take(m, "trace_id", e.TraceID != "", e.TraceID, same, &r.TraceID)
	take(m, "identifiers", e.Identifiers != nil, e.Identifiers, slices.Equal[[]entry.Identifier], &r.Identifiers)
	take(m, "metadata", e.Metadata != nil, compact(e.Metadata), sameJSON, &r.payload.Metadata)
	take(m, "input", e.Input != nil, compact(e.Input), sameJSON, &r.payload.Input)
	take(m, "output", e.Output != nil, compact(e.Output), sameJSON, &r.payload.Output)
	r.hear(e.At)
	return m.changed
}

// hear moves the run to where it began, or, while that is not known, to where it was first heard of: the earliest time
// that any message of it or of its nodes gives. It tells whether that one is new.
func (r *runRow) hear(at time.Time) bool {
	heard, known := r.Stamps["heard"]
	news := !known || at.UnixMicro() < heard
	if news {
		heard = at.UnixMicro()
		r.Stamps["heard"] = heard
	}
	r.At = time.UnixMicro(heard).UTC()
	if r.StartedAt != nil {
		r.At = *r.StartedAt
	}
	return news
}

// merge applies a message to the row and tells whether it changed anything that can be seen.
func (r *nodeRow) merge(e *NodeRunEvent) bool {
	m := &merging{stamps: r.Stamps, at: e.At.UnixMicro()}
	m.status(e.Status, &r.status)
	take(m, "node", e.NodeKey != "", e.NodeKey, same, &r.NodeKey)
	take(m, "flow_run", e.FlowRunID != none, e.FlowRunID, same, &r.FlowRunID)
	take(m, "name", e.Name != "", e.Name, same, &r.Name)
	take(m, "type", e.Type != "", e.Type, same, &r.Type)
	take(m, "parents", e.Parents != nil, e.Parents, slices.Equal[[]string], &r.Parents)
	if e.Attempt != nil {
		take(m, "attempt", true, *e.Attempt, same, &r.Attempt)
	}
	if e.Iteration != nil {
		take(m, "iteration", true, *e.Iteration, same, &r.Iteration)
	}
	take(m, "started_at", e.StartedAt != nil, e.StartedAt, sameTime, &r.StartedAt)
	take(m, "finished_at", e.FinishedAt != nil, e.FinishedAt, sameTime, &r.FinishedAt)
	take(m, "error", e.Error != nil, e.Error, samePointer, &r.err)
	take(m, "input", e.Input != nil, compact(e.Input), sameJSON, &r.payload.Input)
	take(m, "output", e.Output != nil, compact(e.Output), sameJSON, &r.payload.Output)
	take(m, "logs", e.Lines != nil, compactLines(e.Lines), sameLines, &r.payload.Lines)
	if r.FirstAt.IsZero() || e.At.Before(r.FirstAt) {
		r.FirstAt = e.At
	}
	return m.changed
}
