package run

import (
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Matcher tells of single runs what List tells of all: whether a filter asks for them. It is safe for concurrent use.
type Matcher struct {
	filter   Filter
	search   *segment.Search
	customer uuid.UUID
	payloads bool
}

// NewMatcher makes a filter ready for a principal. Errors are those of List.
func NewMatcher(p *tenant.Principal, f Filter) (*Matcher, error) {
	search, err := segment.ParseSearch(f.Search)
	if err != nil {
		return nil, err
	}
	return &Matcher{filter: f, search: search, customer: p.CustomerID, payloads: p.SeesPayloads()}, nil
}

// NeedsPayload tells whether Matches looks into input and output.
func (m *Matcher) NeedsPayload() bool { return m.payloads && !m.search.Empty() }

// Matches tells whether a run matches. Its payload may be nil when it has none, or when NeedsPayload is false.
func (m *Matcher) Matches(r *FlowRun, p *Payload) bool {
	f := &m.filter
	if m.customer != uuid.Nil && r.CustomerID != m.customer ||
		!entry.Allows(f.IDs, r.ID) || !entry.Allows(f.FlowIDs, r.FlowID) || !entry.Allows(f.CustomerIDs, r.CustomerID) ||
		!entry.Allows(f.IntegrationIDs, r.IntegrationID) || !entry.Allows(f.ConnectedAppIDs, r.ConnectedAppID) ||
		len(f.Statuses) > 0 && !slices.Contains(f.Statuses, r.Status) ||
		len(f.ErrorCodes) > 0 && (r.Error == nil || !slices.Contains(f.ErrorCodes, r.Error.Code)) ||
		f.HasError && r.Error == nil ||
		f.TraceID != "" && r.TraceID != f.TraceID ||
		!f.Range.From.IsZero() && r.At.Before(f.Range.From) || !f.Range.To.IsZero() && !r.At.Before(f.Range.To) ||
		!f.lasted(r) {
		return false
	}
	if want := f.Identifier; want != nil && !slices.ContainsFunc(r.Identifiers, func(id entry.Identifier) bool {
		return id.Value == want.Value && (want.Key == "" || id.Key == want.Key)
	}) {
		return false
	}
	if m.search.Empty() {
		return true
	}
	if !m.payloads {
		p = nil
	}
	return m.search.Matches(text(r.ExternalID, r.Error, r.Identifiers, p))
}

// lasted tells whether a run took as long as the filter says.
func (f *Filter) lasted(r *FlowRun) bool {
	if f.DurationMS.Min == nil && f.DurationMS.Max == nil {
		return true
	}
	if r.StartedAt == nil || r.FinishedAt == nil {
		return false
	}
	took := float64(r.FinishedAt.Sub(*r.StartedAt).Microseconds()) / 1000
	return (f.DurationMS.Min == nil || took >= *f.DurationMS.Min) && (f.DurationMS.Max == nil || took <= *f.DurationMS.Max)
}
