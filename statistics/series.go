package statistics

import (
	"context"

	"github.com/google/uuid"
)

// Series is figures over time.
type Series struct {
	Totals Totals
	// Points are by bucket; one without entries is all zero.
	Points []Totals
}

// Series adds up the entries that match, by bucket.
func (s *Store) Series(ctx context.Context, f Filter, b Buckets) (Series, error) {
	out := Series{Points: make([]Totals, b.Len())}
	f, ok, err := f.limited(ctx)
	if err != nil || !ok {
		return out, err
	}
	if f == (Filter{IntegrationID: f.IntegrationID}) {
		err = s.byHours(ctx, f.IntegrationID, &out, &b)
	} else {
		err = s.byDays(ctx, f, b.span(), cut(minutesOfDay, b.bounds...), func(c *Cells, i int) {
			out.Points[b.of(c.minutes[i])].add(c, i)
			out.Totals.add(c, i)
		})
	}
	return out, err
}

// byHours adds up an integration, or all of them, by hours from roll-ups where no bound lies within an hour.
func (s *Store) byHours(ctx context.Context, integrationID uuid.UUID, out *Series, b *Buckets) error {
	of, byMinute := b.span(), cut(60, b.bounds...)
	f := Filter{IntegrationID: integrationID}
	q := question{span: of, byMinute: byMinute, one: integrationID != uuid.Nil, integration: integrationID}
	add := func(c *Cells, wanted func(int64) bool) {
		match, some := f.on(c, of)
		for i := 0; some && i < c.Len(); i++ {
			if match.has(i) && wanted(c.minutes[i]) {
				out.Points[b.of(c.minutes[i])].add(c, i)
				out.Totals.add(c, i)
			}
		}
	}
	q.waiting = func(c *Cells) { add(c, func(int64) bool { return true }) }
	q.minutes = func(c *Cells) { add(c, byMinute.has) }
	if !byMinute.cover(of) {
		q.hours = func(first int64, s *section) error {
			return s.add(first, func(minute int64) (point, sum *Totals) {
				if of.has(minute) && !byMinute.has(minute) {
					point, sum = &out.Points[b.of(minute)], &out.Totals
				}
				return point, sum
			})
		}
	}
	return s.ask(ctx, &q)
}
