package run

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// PagesQuery asks for the page of a query below each of many parents.
type PagesQuery struct {
	Query
	// Of is any kind of parent.
	Of      entry.ParentKind
	Parents []entry.Parent
}

// Pages gives for each parent, by its id, the page that List gives when the filter asks for that parent too: all in one
// statement, except that a search reads what it looks through in steps.
func (s *Store) Pages(ctx context.Context, q PagesQuery) (map[uuid.UUID]page.Page[*FlowRun], error) {
	out := make(map[uuid.UUID]page.Page[*FlowRun], len(q.Parents))
	var open []entry.Parent
	for _, parent := range q.Parents {
		if _, again := out[parent.ID]; !again && entry.Allows(*q.ids(&q.Filter), parent.ID) {
			open = append(open, parent)
		}
		out[parent.ID] = page.Page[*FlowRun]{HasPrevious: q.After != nil, Total: -1}
	}
	if len(open) == 0 {
		return out, nil
	}
	search, err := segment.ParseSearch(q.Filter.Search)
	if err != nil {
		return nil, err
	}
	if !search.Empty() {
		return out, s.searchPages(ctx, &q, search, open, out)
	}
	list, err := s.runs(ctx, false, func(sel *selection) {
		q.Filter.where(sel)
		q.below(sel)
		q.keyset(sel, q.After)
		sel.add(" LIMIT ?", q.Size+1)
		sel.perParent(open)
	})
	if err != nil {
		return nil, err
	}
	q.divide(list, out)
	return out, nil
}

// ids is the list of a filter that names parents.
func (q *PagesQuery) ids(f *Filter) *[]uuid.UUID {
	switch q.Of {
	case entry.ParentCustomer:
		return &f.CustomerIDs
	case entry.ParentIntegration:
		return &f.IntegrationIDs
	case entry.ParentConnectedApp:
		return &f.ConnectedAppIDs
	default:
		return &f.FlowIDs
	}
}

// of is the parent that a run stands below.
func (q *PagesQuery) of(r *FlowRun) uuid.UUID {
	switch q.Of {
	case entry.ParentCustomer:
		return r.CustomerID
	case entry.ParentIntegration:
		return r.IntegrationID
	case entry.ParentConnectedApp:
		return r.ConnectedAppID
	default:
		return r.FlowID
	}
}

// below leaves the runs of the row of parents that perParent joins with.
func (q *PagesQuery) below(sel *selection) {
	switch q.Of {
	case entry.ParentCustomer:
		sel.and("r.customer_id = parent.id")
	case entry.ParentIntegration:
		sel.and("r.integration_id = parent.id")
	case entry.ParentConnectedApp:
		sel.and("r.connected_app_id = parent.id")
		if !slices.ContainsFunc(q.Parents, func(p entry.Parent) bool { return p.CustomerID == uuid.Nil }) {
			sel.and("r.customer_id = parent.customer_id") // By which there is an index.
		}
	default:
		sel.and("r.flow_id = parent.id")
	}
}

// perParent has the selection, which says when a run is below the row parent, answered once for each of them.
func (s *selection) perParent(parents []entry.Parent) {
	ids, customers := make([]uuid.UUID, len(parents)), make([]uuid.UUID, len(parents))
	for i, p := range parents {
		ids[i], customers[i] = p.ID, p.CustomerID
	}
	inner := s.text.String()
	s.text.Reset()
	s.add("SELECT r.* FROM unnest(?::uuid[], ?::uuid[]) parent (id, customer_id) CROSS JOIN LATERAL (", tenant.UUIDs(ids), tenant.UUIDs(customers))
	s.text.WriteString(inner + ") r")
}

// divide puts runs, of each parent at most one more than a page has, onto the pages.
func (q *PagesQuery) divide(list []*FlowRun, out map[uuid.UUID]page.Page[*FlowRun]) {
	for _, r := range list {
		p := out[q.of(r)]
		p.Items = append(p.Items, r)
		out[q.of(r)] = p
	}
	for id, p := range out {
		slices.SortFunc(p.Items, func(a, b *FlowRun) int {
			if q.Order == entry.NewestFirst {
				a, b = b, a
			}
			return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.ID[:], b.ID[:]))
		})
		if len(p.Items) > q.Size {
			p.Items, p.HasNext = p.Items[:q.Size], true
		}
		out[id] = p
	}
}

// searchPages looks through the runs of all parents together until each has a page.
func (s *Store) searchPages(ctx context.Context, q *PagesQuery, search *segment.Search, open []entry.Parent, out map[uuid.UUID]page.Page[*FlowRun]) error {
	missing := make(map[uuid.UUID]int, len(open))
	for _, parent := range open {
		missing[parent.ID] = q.Size + 1
	}
	var found []*FlowRun
	for after := q.After; len(missing) > 0; {
		f := q.Filter
		ids := make([]uuid.UUID, 0, len(missing))
		for id := range missing {
			ids = append(ids, id)
		}
		*q.ids(&f) = ids
		list, err := s.runs(ctx, true, func(sel *selection) {
			f.where(sel)
			q.keyset(sel, after)
			sel.add(" LIMIT ?", searchStep)
		})
		if err != nil {
			return err
		}
		last := len(list) < searchStep
		if len(list) > 0 {
			p := list[len(list)-1].Position()
			after = &p
		}
		if list, err = s.matching(ctx, search, list); err != nil {
			return err
		}
		for _, r := range list {
			id := q.of(r)
			switch missing[id] {
			case 0:
				continue
			case 1:
				delete(missing, id)
			default:
				missing[id]--
			}
			found = append(found, r)
		}
		if last {
			break
		}
	}
	q.divide(found, out)
	return nil
}
