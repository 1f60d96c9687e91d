package statistics

import "context"

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
	first, end := b.span()
	err = s.each(ctx, first, end, func(c *Cells) {
		match, some := f.on(c, first, end)
		for i := 0; some && i < c.Len(); i++ {
			if match.has(i) {
				out.Points[b.of(c.minutes[i])].add(c, i)
			}
		}
	})
	for i := range out.Points {
		out.Totals.Merge(&out.Points[i])
	}
	return out, err
}
