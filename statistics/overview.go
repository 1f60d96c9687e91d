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

	counts []map[uuid.UUID]int64 // by day and customer
}

// Overview adds up the range, and the same length of time just before, by integration. The range is widened to whole
// minutes. Errors: BadInput of range.
func (s *Store) Overview(ctx context.Context, b Buckets) (*Overview, error) {
	out := &Overview{Integrations: map[uuid.UUID]*IntegrationTotals{}}
	f, ok, err := Filter{}.limited(ctx)
	if err != nil || !ok {
		return out, err
	}
	of := b.withPrevious()
	err = s.byDays(ctx, f, of, cut(minutesOfDay, append([]int64{of.first}, b.bounds...)...), func(c *Cells, i int) { out.take(c, i, &b) })
	for id, t := range out.Integrations {
		out.Totals.Merge(&t.Totals)
		out.Previous.Merge(&t.Previous)
		if t.settle(); t.Totals.isNothing() && t.Previous.isNothing() {
			delete(out.Integrations, id)
		}
	}
	return out, err
}

func (o *Overview) take(c *Cells, i int, b *Buckets) {
	id := pick(c.integrations, c.integration[i])
	t := o.Integrations[id]
	if t == nil {
		t = &IntegrationTotals{counts: make([]map[uuid.UUID]int64, b.Len())}
		for n := range t.counts {
			t.counts[n] = map[uuid.UUID]int64{}
		}
		o.Integrations[id] = t
	}
	if c.minutes[i] < b.bounds[0] {
		t.Previous.add(c, i)
		return
	}
	t.Totals.add(c, i)
	if customer := pick(c.customers, c.customer[i]); customer != uuid.Nil {
		t.counts[b.of(c.minutes[i])][customer] += c.counts[i]
	}
}

// settle tells who was active, once all is counted.
func (t *IntegrationTotals) settle() {
	t.Active, t.All = make([]map[uuid.UUID]struct{}, len(t.counts)), map[uuid.UUID]struct{}{}
	for i, counts := range t.counts {
		t.Active[i] = make(map[uuid.UUID]struct{}, len(counts))
		for id, n := range counts {
			if n > 0 {
				t.Active[i][id], t.All[id] = struct{}{}, struct{}{}
			}
		}
	}
	t.counts = nil
}
