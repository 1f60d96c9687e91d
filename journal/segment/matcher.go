package segment

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

// Matcher is a Filter made ready for heads. It covers all of the filter but Search. It is safe for concurrent use.
type Matcher struct {
	filter   entry.Filter
	from, to int64
	kinds    uint32
	statuses uint32
	after    *entry.Position
	order    entry.Order
}

// Masks is what SQL can skip segments by: a mask that is not zero must share a bit with the segment's.
type Masks struct {
	Kinds, Statuses         uint32
	Customers, Integrations uint64
}

// maxValues is how many values a list of a filter has at most: each is compared with each different one of a segment.
const maxValues = 1000

// NewMatcher makes a filter ready. The filter must not change afterwards. One with a list of more than 1,000 values is
// BAD_USER_INPUT.
func NewMatcher(f *entry.Filter) (*Matcher, error) {
	if err := checkLists(f); err != nil {
		return nil, err
	}
	m := &Matcher{filter: *f, from: math.MinInt64, to: math.MaxInt64}
	if !f.Range.From.IsZero() {
		m.from = ceilMicros(f.Range.From)
	}
	if !f.Range.To.IsZero() {
		m.to = ceilMicros(f.Range.To)
	}
	for _, k := range f.Kinds {
		m.kinds |= KindBit(k)
	}
	for _, s := range f.Statuses {
		m.statuses |= StatusBit(s)
	}
	return m, nil
}

func checkLists(f *entry.Filter) error {
	var wrong errs.Fields
	for _, list := range []struct {
		field string
		size  int
	}{
		{"filter.kinds", len(f.Kinds)}, {"filter.customerIds", len(f.CustomerIDs)},
		{"filter.integrationIds", len(f.IntegrationIDs)}, {"filter.connectedAppIds", len(f.ConnectedAppIDs)},
		{"filter.statuses", len(f.Statuses)}, {"filter.statusCode.in", len(f.StatusCode.In)},
		{"filter.methods", len(f.Methods)}, {"filter.errorCodes", len(f.ErrorCodes)},
		{"filter.errorKinds", len(f.ErrorKinds)}, {"filter.eventTypes", len(f.EventTypes)},
	} {
		wrong.Check(list.size <= maxValues, list.field, "at most %d values can be asked for", maxValues)
	}
	return wrong.Err()
}

// Both bounds of a range are rounded up: entries have whole microseconds, so the first that is not before a bound is
// the same for the bound and for the microsecond that it is rounded up to.
func ceilMicros(t time.Time) int64 {
	micros := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		micros++
	}
	return micros
}

// Page is the matcher of what comes behind a position in the order; a nil position is the beginning.
func (m *Matcher) Page(order entry.Order, after *entry.Position) *Matcher {
	page := *m
	page.order, page.after = order, after
	return &page
}

// Span is the times that entries can have: first ≤ micros < end. Page bounds count too.
func (m *Matcher) Span() (first, end int64) {
	first, end = m.from, m.to
	if m.after == nil {
		return first, end
	}
	if m.order == entry.NewestFirst {
		return first, min(end, m.after.Micros+1)
	}
	return max(first, m.after.Micros), end
}

// Masks are for SQL.
func (m *Matcher) Masks() Masks {
	masks := Masks{Kinds: m.kinds, Statuses: m.statuses}
	for _, id := range m.filter.CustomerIDs {
		masks.Customers |= HashBit(id)
	}
	for _, id := range m.filter.IntegrationIDs {
		masks.Integrations |= HashBit(id)
	}
	return masks
}

// MayMatch tells by what is stored beside the columns whether a segment can hold a match.
func (m *Matcher) MayMatch(e *Encoded) bool {
	masks := m.Masks()
	first, end := m.Span()
	return e.LastMicros >= first && e.FirstMicros < end &&
		(masks.Kinds == 0 || masks.Kinds&e.Kinds != 0) &&
		(masks.Statuses == 0 || masks.Statuses&e.Statuses != 0) &&
		(masks.Customers == 0 || masks.Customers&e.Customers != 0) &&
		(masks.Integrations == 0 || masks.Integrations&e.Integrations != 0)
}

// NeedsList tells whether heads do not decide: the filter has an endpoint prefix, which may be one of the URL's path, or
// an identifier. What Head.Match finds must then be asked of MatchList.
func (m *Matcher) NeedsList() bool {
	return m.filter.EndpointPrefix != "" || m.filter.Identifier != nil
}

// MatchList decides over an entry that Head.Match found: Head.Endpoint and List must be filled in.
func (m *Matcher) MatchList(e *entry.Entry) bool {
	if p := m.filter.EndpointPrefix; p != "" && !strings.HasPrefix(e.Endpoint, p) && !strings.HasPrefix(pathOf(e.URL), p) {
		return false
	}
	want := m.filter.Identifier
	return want == nil || slices.ContainsFunc(e.Identifiers, func(id entry.Identifier) bool {
		return id.Value == want.Value && (want.Key == "" || id.Key == want.Key)
	})
}

// Matches tells whether an entry with its head and list matches: what Head.Match and MatchList find together.
func (m *Matcher) Matches(e *entry.Entry) bool {
	f := &m.filter
	return m.inPage(e.Micros(), e.ID) &&
		(m.kinds == 0 || m.kinds&KindBit(e.Kind) != 0) &&
		(m.statuses == 0 || m.statuses&StatusBit(e.Status) != 0) &&
		anyOf(f.CustomerIDs, e.CustomerID) && anyOf(f.IntegrationIDs, e.IntegrationID) &&
		anyOf(f.ConnectedAppIDs, e.ConnectedAppID) &&
		(f.FlowRunID == uuid.Nil || f.FlowRunID == e.FlowRunID) &&
		(f.NodeRunID == uuid.Nil || f.NodeRunID == e.NodeRunID) &&
		(f.TraceID == "" || f.TraceID == e.TraceID) &&
		(f.Direction == entry.DirectionNone || f.Direction == e.Direction) &&
		inRange(&f.StatusCode, e.StatusCode) && anyOf(f.Methods, e.Method) &&
		inFloatRange(&f.DurationMS, e.DurationMS) &&
		anyOf(f.ErrorKinds, e.ErrorKind) && anyOf(f.ErrorCodes, e.ErrorCode) &&
		anyOf(f.EventTypes, e.EventType) && anyOf(f.Categories, e.Category) && anyOf(f.IssueIDs, e.IssueID) && e.Level >= f.MinLevel &&
		m.MatchList(e)
}

func (m *Matcher) inPage(micros int64, id uuid.UUID) bool {
	if micros < m.from || micros >= m.to {
		return false
	}
	if m.after == nil {
		return true
	}
	if m.order == entry.NewestFirst {
		return comparePosition(micros, id, m.after) < 0
	}
	return comparePosition(micros, id, m.after) > 0
}

func comparePosition(micros int64, id uuid.UUID, p *entry.Position) int {
	switch {
	case micros < p.Micros:
		return -1
	case micros > p.Micros:
		return 1
	}
	return slices.Compare(id[:], p.ID[:])
}

func anyOf[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// A status code of 0 is none: it is in no range that was asked for.
func inRange(r *entry.IntRange, v int) bool {
	return (r.Equal == nil || v == *r.Equal) && (r.Min == nil || v >= *r.Min) && (r.Max == nil || v <= *r.Max) &&
		anyOf(r.In, v) && (v != 0 || r.Equal == nil && r.Min == nil && r.Max == nil && len(r.In) == 0)
}

// A negative duration is not known: it is in no range that was asked for.
func inFloatRange(r *entry.FloatRange, v float64) bool {
	return (r.Min == nil || v >= *r.Min) && (r.Max == nil || v <= *r.Max) && (v >= 0 || r.Min == nil && r.Max == nil)
}

// pathOf is the path of a URL, without parsing more than where it starts and ends: "/" when the URL has none.
func pathOf(url string) string {
	if i := strings.Index(url, "://"); i >= 0 {
		url = url[i+3:]
		slash := strings.IndexAny(url, "/?#")
		if slash < 0 || url[slash] != '/' {
			return "/"
		}
		url = url[slash:]
	}
	if end := strings.IndexAny(url, "?#"); end >= 0 {
		url = url[:end]
	}
	return url
}
