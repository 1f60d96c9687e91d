package run

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Filter asks for runs: all that is set must hold, and a list means any of. Nil and empty lists are not set.
type Filter struct {
	IDs             []uuid.UUID
	FlowIDs         []uuid.UUID
	CustomerIDs     []uuid.UUID
	IntegrationIDs  []uuid.UUID
	ConnectedAppIDs []uuid.UUID
	Statuses        []Status
	ErrorCodes      []string
	// HasError leaves the runs that said that they have an error.
	HasError   bool
	TraceID    string
	DurationMS entry.FloatRange
	Range      entry.Range
	Identifier *entry.IdentifierFilter
	// Search is words that must all occur in the flow's error, input or output; "quoted words" together.
	Search string
}

// Query asks for a page of runs.
type Query struct {
	Filter Filter
	Order  entry.Order
	Size   int
	// After is the position after which the page begins; nil for the first page.
	After *entry.Position
}

// List gives a page of the runs that match, by where they stand among the log entries.
func (s *Store) List(ctx context.Context, query Query) (page.Page[*FlowRun], error) {
	out := page.Page[*FlowRun]{HasPrevious: query.After != nil, Total: -1}
	search, err := segment.ParseSearch(query.Filter.Search)
	if err != nil {
		return out, err
	}
	step := query.Size + 1
	searching := !search.Empty()
	if searching {
		step = max(step, searchStep)
	}
	for after := query.After; ; {
		list, err := s.runs(ctx, searching, func(q *selection) {
			query.Filter.where(q)
			query.keyset(q, after)
			q.add(" LIMIT ?", step)
		})
		if err != nil {
			return out, err
		}
		last := len(list) < step
		if len(list) > 0 {
			p := list[len(list)-1].Position()
			after = &p
		}
		if searching {
			if list, err = s.matching(ctx, search, list); err != nil {
				return out, err
			}
		}
		out.Items = append(out.Items, list...)
		if len(out.Items) > query.Size {
			out.Items, out.HasNext = out.Items[:query.Size], true
			return out, nil
		}
		if last {
			return out, nil
		}
	}
}

// searchStep is how many runs are read at a time while searching their text.
const searchStep = 200

// keyset orders the runs and begins after a position.
func (query *Query) keyset(q *selection, after *entry.Position) {
	if query.Order == entry.OldestFirst {
		if after != nil {
			q.and("(r.at, r.id) > (?, ?)", micros(after.Micros), after.ID)
		}
		q.add(" ORDER BY r.at, r.id")
		return
	}
	if after != nil {
		q.and("(r.at, r.id) < (?, ?)", micros(after.Micros), after.ID)
	}
	q.add(" ORDER BY r.at DESC, r.id DESC")
}

func (f *Filter) where(q *selection) {
	for _, c := range []struct {
		column string
		ids    []uuid.UUID
	}{
		{"id", f.IDs}, {"flow_id", f.FlowIDs}, {"customer_id", f.CustomerIDs},
		{"integration_id", f.IntegrationIDs}, {"connected_app_id", f.ConnectedAppIDs},
	} {
		if len(c.ids) > 0 {
			q.and("r."+c.column+" = ANY(?)", tenant.UUIDs(c.ids))
		}
	}
	if len(f.Statuses) > 0 {
		var names []string
		for _, s := range f.Statuses {
			names = append(names, s.String())
		}
		q.and("r.status = ANY(?)", names)
	}
	if len(f.ErrorCodes) > 0 {
		q.and("r.error_code = ANY(?)", f.ErrorCodes)
	}
	if f.HasError {
		q.and("r.error_message IS NOT NULL")
	}
	if f.TraceID != "" {
		q.and("r.trace_id = ?", f.TraceID)
	}
	f.timed(q)
	f.identified(q)
}

func (f *Filter) timed(q *selection) {
	const duration = "extract(epoch FROM r.finished_at - r.started_at)::float8 * 1000"
	if f.DurationMS.Min != nil {
		q.and(duration+" >= ?", *f.DurationMS.Min)
	}
	if f.DurationMS.Max != nil {
		q.and(duration+" <= ?", *f.DurationMS.Max)
	}
	if !f.Range.From.IsZero() {
		q.and("r.at >= ?", f.Range.From)
	}
	if !f.Range.To.IsZero() {
		q.and("r.at < ?", f.Range.To)
	}
}

// identified finds by the hash of the value, and then looks at the identifier itself: two values may share a hash.
func (f *Filter) identified(q *selection) {
	if f.Identifier == nil {
		return
	}
	q.and("r.id IN (SELECT i.flow_run_id FROM flow_run_identifier i WHERE i.tenant_id = $1 AND i.hash = ?)",
		entry.TermHash(entry.TermIdentifier, f.Identifier.Value))
	want := map[string]string{"Value": f.Identifier.Value}
	if f.Identifier.Key != "" {
		want["Key"] = f.Identifier.Key
	}
	q.and("r.identifiers @> ?", []map[string]string{want})
}

// matching keeps the runs in whose text the search is found.
func (s *Store) matching(ctx context.Context, search *segment.Search, list []*FlowRun) ([]*FlowRun, error) {
	list = slices.DeleteFunc(list, func(r *FlowRun) bool { return r.tokens != nil && !search.MayMatch(r.tokens) })
	var ids []uuid.UUID
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	payloads := map[uuid.UUID]*Payload{}
	// Who may not read input and output could find out what is in them, word by word.
	if p.SeesPayloads() {
		if payloads, err = s.Payloads(ctx, ids); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(list, func(r *FlowRun) bool {
		return !search.Matches(text(r.ExternalID, r.Error, r.Identifiers, payloads[r.ID]))
	}), nil
}
