package journal

import (
	"context"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// window is a part of the time that a walk goes through: entries from ≤ micros < to. When spans is not nil, only what
// lies in one of them can match.
type window struct {
	from, to int64
	spans    []span
}

// span is a time from its first to its last microsecond.
type span struct{ first, last int64 }

// guide names the windows of a walk, in its order; they do not overlap.
type guide interface {
	next(ctx context.Context, tx *tenant.Tx) (w window, ok bool, err error)
}

// steps are how many days the windows span, one after the other, so that what is near is found without planning a
// query over all partitions; what is left after them is one window.
var steps = [...]int64{1, 7, 30, 100 * 366}

// widening cuts a span of time into windows that grow, from one end or the other, at the borders of days.
type widening struct {
	order  entry.Order
	lo, hi int64
	// now is where today is: days ahead of it take part in the first window.
	now  int64
	step int
}

func (w *widening) next() (from, to int64, ok bool) {
	if w.lo >= w.hi {
		return 0, 0, false
	}
	size := steps[min(w.step, len(steps)-1)] * dayMicros
	w.step++
	from, to = w.lo, w.hi
	if w.order == entry.NewestFirst {
		edge := dayOf(min(w.hi-1, max(w.now, w.lo))).micros() + dayMicros
		from = max(w.lo, edge-size)
		w.hi = from
		return from, to, true
	}
	to = min(w.hi, dayOf(w.lo).micros()+size)
	w.lo = to
	return from, to, true
}

// calendar walks through all of the time, newest first.
type calendar struct{ widening }

func (c *calendar) next(context.Context, *tenant.Tx) (window, bool, error) {
	from, to, ok := c.widening.next()
	return window{from: from, to: to}, ok, nil
}

// dayByDay walks through the days that have segments, oldest first. Within a day segments are sorted by when they
// begin, which no index does, so one window must not be large.
type dayByDay struct {
	widening
	scan *scan
	// rest is what is left of the window that is looked through.
	rest window
}

func (d *dayByDay) next(ctx context.Context, tx *tenant.Tx) (window, bool, error) {
	for {
		if d.rest.from >= d.rest.to {
			from, to, ok := d.widening.next()
			if !ok {
				return window{}, false, nil
			}
			d.rest = window{from: from, to: to}
		}
		first, ok, err := d.scan.firstAfter(ctx, tx, d.rest)
		if err != nil {
			return window{}, false, err
		}
		if !ok {
			d.rest.from = d.rest.to
			continue
		}
		day := dayOf(first).micros()
		w := window{from: max(d.rest.from, day), to: min(d.rest.to, day+dayMicros)}
		d.rest.from = w.to
		return w, true, nil
	}
}
