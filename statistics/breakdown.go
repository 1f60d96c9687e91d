package statistics

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// breakdown adds up what a dashboard tells apart.
type breakdown struct {
	buckets   Buckets
	codes     map[int]int64
	calls     map[Call]*Totals
	customers map[uuid.UUID]*Totals
	failures  map[failureKey]*failing
	active    []activity
	// rolledUp says that some of it came from roll-ups, and takenBack that a failure was taken back that is in none of the
	// rows by minute: a roll-up says when it was last seen, but not when before.
	rolledUp, takenBack bool
}

type failureKey struct {
	code  int
	error Error
}

// failing is failures of one sort: how many, by minute and customer too.
type failing struct {
	total     int64
	minutes   map[int64]int64
	customers map[uuid.UUID]int64
}

// activity is how many entries customers had in a bucket. Of some it is only known that they had any.
type activity struct {
	counts  map[uuid.UUID]int64
	present map[uuid.UUID]struct{}
}

func newBreakdown(b Buckets) breakdown {
	return breakdown{
		buckets: b, codes: map[int]int64{}, calls: map[Call]*Totals{}, customers: map[uuid.UUID]*Totals{},
		failures: map[failureKey]*failing{}, active: make([]activity, b.Len()),
	}
}

// add counts a cell, by minute or by day.
func (d *breakdown) add(c *Cells, i int, waiting bool) {
	n, code := c.counts[i], int(c.codes[i])
	d.codes[code] += n
	customer := pick(c.customers, c.customer[i])
	of(d.customers, customer).add(c, i)
	if c.call[i] != 0 {
		of(d.calls, pick(c.calls, c.call[i])).add(c, i)
	}
	if c.status(i) != entry.StatusFailure {
		return
	}
	k := failureKey{code, pick(c.errors, c.fault[i])}
	switch {
	case k.error.Category != "":
		k = failureKey{error: Error{Category: k.error.Category}} // It says what the codes of all providers mean.
	case k.code != 0:
		k.error.Kind = entry.ErrorNone // The status code says more.
	}
	f := d.failures[k]
	if f == nil {
		f = &failing{minutes: map[int64]int64{}, customers: map[uuid.UUID]int64{}}
		d.failures[k] = f
	}
	f.total += n
	f.minutes[c.minutes[i]] += n
	if customer != uuid.Nil {
		f.customers[customer] += n
	}
	d.takenBack = d.takenBack || waiting && n < 0
}

// of is the figures of a key, made when they are not there yet.
func of[K comparable](totals map[K]*Totals, k K) *Totals {
	t := totals[k]
	if t == nil {
		t = &Totals{}
		totals[k] = t
	}
	return t
}

// act counts a cell by minute for its customer's activity.
func (d *breakdown) act(c *Cells, i int) {
	if customer := pick(c.customers, c.customer[i]); customer != uuid.Nil {
		a := &d.active[d.buckets.of(c.minutes[i])]
		if a.counts == nil {
			a.counts = map[uuid.UUID]int64{}
		}
		a.counts[customer] += c.counts[i]
	}
}

// present notes that a customer had entries in the hour that begins with the minute.
func (d *breakdown) present(customer uuid.UUID, minute int64) {
	a := &d.active[d.buckets.of(minute)]
	if a.present == nil {
		a.present = map[uuid.UUID]struct{}{}
	}
	a.present[customer] = struct{}{}
}

// doubtful tells that roll-ups do not suffice, because something of them was taken back.
func (d *breakdown) doubtful() bool {
	if !d.rolledUp {
		return false
	}
	for i := range d.active {
		for customer, n := range d.active[i].counts {
			if _, ok := d.active[i].present[customer]; ok && n < 0 {
				return true
			}
		}
	}
	return d.takenBack
}

// into puts the result into a dashboard, what there is most of first. What was taken back altogether is not in it.
func (d *breakdown) into(out *Dashboard) {
	for code, n := range d.codes {
		if n != 0 {
			out.StatusCodes = append(out.StatusCodes, StatusCode{code, n})
		}
	}
	slices.SortFunc(out.StatusCodes, func(a, b StatusCode) int { return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Code, b.Code)) })
	for call, t := range d.calls {
		if !t.isNothing() {
			out.Calls = append(out.Calls, CallTotals{call, *t})
		}
	}
	slices.SortFunc(out.Calls, func(a, b CallTotals) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Method, b.Method))
	})
	for id, t := range d.customers {
		if !t.isNothing() {
			out.Customers = append(out.Customers, CustomerTotals{id, *t})
		}
	}
	slices.SortFunc(out.Customers, func(a, b CustomerTotals) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Total, a.Total), slices.Compare(a.CustomerID[:], b.CustomerID[:]))
	})
	for k, f := range d.failures {
		if f.total != 0 {
			out.Failures = append(out.Failures, f.failure(k))
		}
	}
	slices.SortFunc(out.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), b.LastSeenAt.Compare(a.LastSeenAt), cmp.Compare(a.Category(), b.Category()))
	})
	out.All, out.Active = map[uuid.UUID]struct{}{}, make([]map[uuid.UUID]struct{}, len(d.active))
	for i := range d.active {
		out.Active[i] = d.active[i].customers()
		for id := range out.Active[i] {
			out.All[id] = struct{}{}
		}
	}
}

func (f *failing) failure(k failureKey) Failure {
	out := Failure{StatusCode: k.code, Error: k.error, Total: f.total}
	last := int64(0)
	for minute, n := range f.minutes {
		if n > 0 {
			last = max(last, minute)
		}
	}
	for _, n := range f.customers {
		if n > 0 {
			out.Customers++
		}
	}
	out.LastSeenAt = timeOf(last)
	return out
}

func (a *activity) customers() map[uuid.UUID]struct{} {
	all := a.present
	if all == nil {
		all = make(map[uuid.UUID]struct{}, len(a.counts))
	}
	for id, n := range a.counts {
		if n > 0 {
			all[id] = struct{}{}
		}
	}
	return all
}
