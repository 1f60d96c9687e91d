package run

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

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
		list, err := s.runs(ctx, func(q *bun.SelectQuery) {
			query.Filter.where(q)
			query.keyset(q, after)
			q.Limit(int64(step))
			if searching {
				q.Column("tokens")
			}
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
func (query *Query) keyset(q *bun.SelectQuery, after *entry.Position) {
	if query.Order == entry.OldestFirst {
		q.OrderExpr("r.at, r.id")
		if after != nil {
			q.Where("(r.at, r.id) > (?, ?)", micros(after.Micros), after.ID)
		}
		return
	}
	q.OrderExpr("r.at DESC, r.id DESC")
	if after != nil {
		q.Where("(r.at, r.id) < (?, ?)", micros(after.Micros), after.ID)
	}
}

func (f *Filter) where(q *bun.SelectQuery) {
	for column, ids := range map[string][]uuid.UUID{"r.id": f.IDs, "r.flow_id": f.FlowIDs, "r.customer_id": f.CustomerIDs,
		"r.integration_id": f.IntegrationIDs, "r.connected_app_id": f.ConnectedAppIDs} {
		if len(ids) > 0 {
			q.Where("? IN (?)", bun.Ident(column), bun.List(ids))
		}
	}
	if len(f.Statuses) > 0 {
		var names []string
		for _, s := range f.Statuses {
			names = append(names, s.String())
		}
		q.Where("r.status IN (?)", bun.List(names))
	}
	if len(f.ErrorCodes) > 0 {
		q.Where("r.error_code IN (?)", bun.List(f.ErrorCodes))
	}
	if f.HasError {
		q.Where("r.error_message IS NOT NULL")
	}
	if f.TraceID != "" {
		q.Where("r.trace_id = ?", f.TraceID)
	}
	const duration = "extract(epoch FROM r.finished_at - r.started_at) * 1000"
	if f.DurationMS.Min != nil {
		q.Where(duration+" >= ?", *f.DurationMS.Min)
	}
	if f.DurationMS.Max != nil {
		q.Where(duration+" <= ?", *f.DurationMS.Max)
	}
	if !f.Range.From.IsZero() {
		q.Where("r.at >= ?", f.Range.From)
	}
	if !f.Range.To.IsZero() {
		q.Where("r.at < ?", f.Range.To)
	}
	f.identified(q)
}

// identified finds by the hash of the value, and then looks at the identifier itself: two values may share a hash.
func (f *Filter) identified(q *bun.SelectQuery) {
	if f.Identifier == nil {
		return
	}
	q.Where("r.id IN (SELECT i.flow_run_id FROM flow_run_identifier i WHERE i.tenant_id = r.tenant_id AND i.hash = ?)",
		entry.TermHash("identifier", f.Identifier.Value))
	want := map[string]string{"Value": f.Identifier.Value}
	if f.Identifier.Key != "" {
		want["Key"] = f.Identifier.Key
	}
	q.Where("r.identifiers @> ?::jsonb", []map[string]string{want})
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
