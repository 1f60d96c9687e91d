package statistics

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Dashboard is the figures of one integration.
type Dashboard struct {
	Series
	// Previous is of the same length of time just before.
	Previous Totals
	// StatusCodes, Calls, Failures and Customers come with the most entries (or failures) first.
	StatusCodes []StatusCode
	Calls       []CallTotals
	Failures    []Failure
	Customers   []CustomerTotals
	// Active are the customers that had entries, by bucket; All those of the whole range.
	Active []map[uuid.UUID]struct{}
	All    map[uuid.UUID]struct{}
}

// StatusCode is how many entries had a status code; 0 is none.
type StatusCode struct {
	Code  int
	Total int64
}

// CallTotals are the figures of one endpoint.
type CallTotals struct {
	Call
	Totals
}

// CustomerTotals are the figures of one customer; uuid.Nil is of entries without one.
type CustomerTotals struct {
	CustomerID uuid.UUID
	Totals
}

// Failure is failures of one sort: of one status code and one code of the provider's, or of one kind when no answer came.
type Failure struct {
	StatusCode int
	Error      Error
	Total      int64
	Customers  int
	// LastSeenAt is to the minute.
	LastSeenAt time.Time
}

// Category names the sort: the status code and the provider's code, or the kind of the error.
func (f *Failure) Category() string {
	switch {
	case f.StatusCode != 0 && f.Error.Code != "":
		return "HTTP " + strconv.Itoa(f.StatusCode) + " " + f.Error.Code
	case f.StatusCode != 0:
		return "HTTP " + strconv.Itoa(f.StatusCode)
	case f.Error.Code != "":
		return f.Error.Code
	case f.Error.Kind != entry.ErrorNone:
		return f.Error.Kind.String()
	}
	return "FAILURE"
}

// Dashboard adds up what an integration's dashboard shows.
func (s *Store) Dashboard(ctx context.Context, integrationID uuid.UUID, b Buckets) (*Dashboard, error) {
	f, ok, err := Filter{IntegrationID: integrationID}.limited(ctx)
	d := newDashboarding(b)
	if err != nil || !ok {
		return d.result(), err
	}
	first, end := b.span()
	err = s.each(ctx, 2*first-end, end, func(c *Cells) {
		if match, some := f.on(c, 2*first-end, end); some {
			d.take(c, &match, first)
		}
	})
	return d.result(), err
}

// dashboarding adds up a dashboard.
type dashboarding struct {
	Dashboard
	buckets   Buckets
	codes     map[int]int64
	calls     map[Call]*Totals
	customers map[uuid.UUID]*Totals
	failures  map[failureKey]*failing
}

type failureKey struct {
	code  int
	error Error
}

type failing struct {
	total, last int64
	customers   map[uuid.UUID]struct{}
}

func newDashboarding(b Buckets) *dashboarding {
	d := &dashboarding{
		buckets: b, codes: map[int]int64{}, calls: map[Call]*Totals{}, customers: map[uuid.UUID]*Totals{}, failures: map[failureKey]*failing{},
	}
	d.Points, d.Active = make([]Totals, b.Len()), make([]map[uuid.UUID]struct{}, b.Len())
	for i := range d.Active {
		d.Active[i] = map[uuid.UUID]struct{}{}
	}
	d.All = map[uuid.UUID]struct{}{}
	return d
}

func (d *dashboarding) take(c *Cells, match *selection, first int64) {
	for i := range c.Len() {
		switch {
		case !match.has(i):
		case c.minutes[i] < first:
			d.Previous.add(c, i)
		default:
			d.count(c, i)
		}
	}
}

func (d *dashboarding) count(c *Cells, i int) {
	bucket := d.buckets.of(c.minutes[i])
	d.Points[bucket].add(c, i)
	n, code := c.counts[i], int(c.codes[i])
	d.codes[code] += n
	customer := pick(c.customers, c.customer[i])
	if customer != uuid.Nil {
		d.Active[bucket][customer] = struct{}{}
		d.All[customer] = struct{}{}
	}
	of(d.customers, customer).add(c, i)
	if c.call[i] != 0 {
		of(d.calls, pick(c.calls, c.call[i])).add(c, i)
	}
	if c.status(i) != entry.StatusFailure {
		return
	}
	k := failureKey{code, pick(c.errors, c.fault[i])}
	if k.code != 0 {
		k.error.Kind = entry.ErrorNone // The status code says more.
	}
	f := d.failures[k]
	if f == nil {
		f = &failing{customers: map[uuid.UUID]struct{}{}}
		d.failures[k] = f
	}
	f.total += n
	f.last = max(f.last, c.minutes[i])
	if customer != uuid.Nil {
		f.customers[customer] = struct{}{}
	}
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

func (d *dashboarding) result() *Dashboard {
	out := &d.Dashboard
	for i := range out.Points {
		out.Totals.Merge(&out.Points[i])
	}
	for code, n := range d.codes {
		out.StatusCodes = append(out.StatusCodes, StatusCode{code, n})
	}
	slices.SortFunc(out.StatusCodes, func(a, b StatusCode) int { return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Code, b.Code)) })
	for call, t := range d.calls {
		out.Calls = append(out.Calls, CallTotals{call, *t})
	}
	slices.SortFunc(out.Calls, func(a, b CallTotals) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Method, b.Method))
	})
	for id, t := range d.customers {
		out.Customers = append(out.Customers, CustomerTotals{id, *t})
	}
	slices.SortFunc(out.Customers, func(a, b CustomerTotals) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Total, a.Total), slices.Compare(a.CustomerID[:], b.CustomerID[:]))
	})
	for k, f := range d.failures {
		out.Failures = append(out.Failures, Failure{k.code, k.error, f.total, len(f.customers), timeOf(f.last)})
	}
	slices.SortFunc(out.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), b.LastSeenAt.Compare(a.LastSeenAt), cmp.Compare(a.Category(), b.Category()))
	})
	return out
}
