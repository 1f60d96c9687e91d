package statistics

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Dashboard is the figures of one integration.
type Dashboard struct {
	Series
	// Previous is of the same length of time just before, when it is asked for.
	Previous Totals
	// What follows is asked for by WithBreakdown.
	//
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

// Failure is failures of one sort: of one category of diagnosis. Where there was no diagnosis it is of one status code and
// one code of the provider's, or of one kind when no answer came.
type Failure struct {
	StatusCode int
	Error      Error
	Total      int64
	Customers  int
	// LastSeenAt is to the minute.
	LastSeenAt time.Time
}

// Category names the sort: the category in capitals, or the status code and the provider's code, or the kind of the error.
func (f *Failure) Category() string {
	switch {
	case f.Error.Category != "":
		return strings.ToUpper(f.Error.Category)
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

// Detail says what of a dashboard is asked for beside its series and totals.
type Detail uint8

// The details.
const (
	// WithPrevious asks for the totals of the time before.
	WithPrevious Detail = 1 << iota
	// WithBreakdown asks for status codes, calls, failures and customers, and who was active.
	WithBreakdown
)

// Dashboard adds up what an integration's dashboard shows: in one statement, or in two when what was rolled up has been
// taken back since.
func (s *Store) Dashboard(ctx context.Context, integrationID uuid.UUID, b Buckets, detail Detail) (*Dashboard, error) {
	f, ok, err := Filter{IntegrationID: integrationID}.limited(ctx)
	d := newDashboarding(f, b, detail)
	if err == nil && ok {
		err = s.ask(ctx, d.question())
	}
	if err == nil && d.breakdown.doubtful() {
		d = newDashboarding(f, b, detail)
		d.byDay = spans{d.span}
		err = s.ask(ctx, d.question())
	}
	return d.result(), err
}

// dashboarding adds up a dashboard. Series come from hours of roll-ups, breakdowns from cells by day; each from cells by
// minute where a bound lies within the hour, or the day.
type dashboarding struct {
	Dashboard
	span
	filter        Filter
	buckets       Buckets
	detail        Detail
	byHour, byDay spans
	breakdown     breakdown
}

func newDashboarding(f Filter, b Buckets, detail Detail) *dashboarding {
	d := &dashboarding{span: b.span(), filter: f, buckets: b, detail: detail, breakdown: newBreakdown(b)}
	d.Points = make([]Totals, b.Len())
	bounds := b.bounds
	if detail&WithPrevious != 0 {
		d.span = b.withPrevious()
		bounds = append([]int64{d.first}, bounds...)
	}
	d.byHour = cut(60, bounds...)
	if f.CustomerID != uuid.Nil {
		d.byHour = spans{d.span} // hours are of all customers
	}
	if of := b.span(); detail&WithBreakdown != 0 {
		d.byDay = cut(minutesOfDay, of.first, of.end).and(d.byHour.within(of).days())
	}
	return d
}

func (d *dashboarding) question() *question {
	q := &question{span: d.span, byMinute: d.byHour.and(d.byDay), one: true, integration: d.filter.IntegrationID}
	q.waiting = func(c *Cells) {
		d.each(c, func(i int) {
			d.point(c, i)
			d.part(c, i, true, true)
		})
	}
	q.minutes = func(c *Cells) {
		d.each(c, func(i int) {
			if d.byHour.has(c.minutes[i]) {
				d.point(c, i)
			}
			if d.byDay.has(c.minutes[i]) {
				d.part(c, i, false, true)
			}
		})
	}
	if !d.byHour.cover(d.span) {
		q.hours = d.hours
	}
	if d.detail&WithBreakdown != 0 && !d.byDay.cover(d.buckets.span()) {
		q.parts = d.parts
	}
	return q
}

// each gives the cells that are asked for.
func (d *dashboarding) each(c *Cells, do func(i int)) {
	match, some := d.filter.on(c, d.span)
	for i := 0; some && i < c.Len(); i++ {
		if match.has(i) {
			do(i)
		}
	}
}

// target is what a minute counts for.
func (d *dashboarding) target(minute int64) (point, sum *Totals) {
	if minute < d.buckets.bounds[0] {
		return nil, &d.Previous
	}
	return &d.Points[d.buckets.of(minute)], &d.Totals
}

func (d *dashboarding) point(c *Cells, i int) {
	point, sum := d.target(c.minutes[i])
	if sum.add(c, i); point != nil {
		point.add(c, i)
	}
}

func (d *dashboarding) hours(first int64, s *section) error {
	return s.add(first, func(minute int64) (point, sum *Totals) {
		if !d.has(minute) || d.byHour.has(minute) {
			return nil, nil
		}
		return d.target(minute)
	})
}

func (d *dashboarding) part(c *Cells, i int, waiting, acting bool) {
	if of := d.buckets.span(); d.detail&WithBreakdown != 0 && of.has(c.minutes[i]) {
		d.breakdown.add(c, i, waiting)
		if acting {
			d.breakdown.act(c, i)
		}
	}
}

// parts takes the cells of a day.
func (d *dashboarding) parts(c *Cells) {
	of := d.buckets.span()
	if first := c.minutes[0]; !of.has(first) || d.byDay.has(first) {
		return
	}
	d.each(c, func(i int) { d.part(c, i, false, !c.byDay) })
	if !c.byDay {
		return
	}
	d.breakdown.rolledUp = true
	for _, p := range c.presences {
		if pick(c.integrations, p.integration) != d.filter.IntegrationID {
			continue
		}
		customer := pick(c.customers, p.customer)
		for hour := range int64(24) {
			if p.hours>>hour&1 != 0 {
				d.breakdown.present(customer, c.first+60*hour)
			}
		}
	}
}

func (d *dashboarding) result() *Dashboard {
	out := &d.Dashboard
	if d.detail&WithBreakdown != 0 {
		d.breakdown.into(out)
	}
	return out
}
