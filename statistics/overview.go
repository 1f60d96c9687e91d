package statistics

import (
	"context"

	"github.com/google/uuid"
)

// Overview is the figures of all integrations.
type Overview struct {
	Totals, Previous Totals
	// Integrations are by their ids; uuid.Nil is of entries without one.
	Integrations map[uuid.UUID]*IntegrationTotals
}

// IntegrationTotals are the figures of one integration.
type IntegrationTotals struct {
	Totals, Previous Totals
	// Active are the customers that had entries, by day of the range.
	Active []map[uuid.UUID]struct{}
	All    map[uuid.UUID]struct{}
}

// Overview adds up the range, and the same length of time just before, by integration. The range is widened to whole
// minutes. Errors: BadInput of range.
func (s *Store) Overview(ctx context.Context, b Buckets) (*Overview, error) {
	out := &Overview{Integrations: map[uuid.UUID]*IntegrationTotals{}}
	f, ok, err := Filter{}.limited(ctx)
	if err != nil || !ok {
		return out, err
	}
	first, end := b.span()
	err = s.each(ctx, 2*first-end, end, func(c *Cells) {
		match, some := f.on(c, 2*first-end, end)
		for i := 0; some && i < c.Len(); i++ {
			if match.has(i) {
				out.take(c, i, first, &b)
			}
		}
	})
	for _, t := range out.Integrations {
		out.Totals.Merge(&t.Totals)
		out.Previous.Merge(&t.Previous)
	}
	return out, err
}

func (o *Overview) take(c *Cells, i int, first int64, b *Buckets) {
	id := pick(c.integrations, c.integration[i])
	t := o.Integrations[id]
	if t == nil {
		t = &IntegrationTotals{All: map[uuid.UUID]struct{}{}, Active: make([]map[uuid.UUID]struct{}, b.Len())}
		for n := range t.Active {
			t.Active[n] = map[uuid.UUID]struct{}{}
		}
		o.Integrations[id] = t
	}
	if c.minutes[i] < first {
		t.Previous.add(c, i)
		return
	}
	t.Totals.add(c, i)
	if customer := pick(c.customers, c.customer[i]); customer != uuid.Nil {
		t.All[customer] = struct{}{}
		t.Active[b.of(c.minutes[i])][customer] = struct{}{}
	}
}
