package model

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/statistics"
)

// NewStatTotals gives figures the shape of the API.
func NewStatTotals(t *statistics.Totals) *StatTotals {
	return &StatTotals{
		Total: count(t.Total), Failed: count(t.Failed), ErrorRate: t.ErrorRate(),
		P50Ms: t.Percentile(0.5), P95Ms: t.Percentile(0.95), P99Ms: t.Percentile(0.99),
	}
}

// count is a number as GraphQL has them: of 32 bits.
func count(n int64) int { return int(min(max(n, 0), math.MaxInt32)) }

// NewStats gives a series the shape of the API.
func NewStats(s *statistics.Series, b *statistics.Buckets) *Stats {
	return &Stats{Totals: NewStatTotals(&s.Totals), Series: points(s, b)}
}

func points(s *statistics.Series, b *statistics.Buckets) []*StatPoint {
	out := make([]*StatPoint, len(s.Points))
	for i := range s.Points {
		t := NewStatTotals(&s.Points[i])
		out[i] = &StatPoint{
			At: b.At(i), Total: t.Total, Failed: t.Failed, ErrorRate: t.ErrorRate, P50Ms: t.P50Ms, P95Ms: t.P95Ms, P99Ms: t.P99Ms,
		}
	}
	return out
}

// IntegrationDashboard is what an integration's dashboard shows.
type IntegrationDashboard struct {
	Integration *Integration
	Adoption    *Adoption
	Buckets     statistics.Buckets
	*statistics.Dashboard
}

// Totals are those of the whole range.
func (d *IntegrationDashboard) Totals() *StatTotals { return NewStatTotals(&d.Dashboard.Totals) }

// Previous are those of the same length of time just before.
func (d *IntegrationDashboard) Previous() *StatTotals { return NewStatTotals(&d.Dashboard.Previous) }

// Series is the figures by time.
func (d *IntegrationDashboard) Series() []*StatPoint { return points(&d.Dashboard.Series, &d.Buckets) }

// StatusCodes are how many entries had which.
func (d *IntegrationDashboard) StatusCodes() []*StatusCodeCount {
	out := make([]*StatusCodeCount, len(d.Dashboard.StatusCodes))
	for i, c := range d.Dashboard.StatusCodes {
		out[i] = &StatusCodeCount{Total: count(c.Total)}
		if c.Code != 0 {
			out[i].StatusCode = &c.Code
		}
	}
	return out
}

// Endpoints are the figures of the first n endpoints.
func (d *IntegrationDashboard) Endpoints(n int) []*EndpointStats {
	calls := d.Calls[:min(n, len(d.Calls))]
	out := make([]*EndpointStats, len(calls))
	for i := range calls {
		out[i] = &EndpointStats{Method: calls[i].Method, Endpoint: calls[i].Endpoint, Totals: NewStatTotals(&calls[i].Totals)}
	}
	return out
}

// Errors are the first n sorts of failures.
func (d *IntegrationDashboard) Errors(n int) []*ErrorStats {
	failures := d.Failures[:min(n, len(d.Failures))]
	out := make([]*ErrorStats, len(failures))
	for i := range failures {
		out[i] = &ErrorStats{Failure: &failures[i], IntegrationID: d.Integration.Integration.ID}
	}
	return out
}

// ErrorStats are failures of one sort.
type ErrorStats struct {
	*statistics.Failure
	IntegrationID uuid.UUID
}

// Total is how many there are.
func (e *ErrorStats) Total() int { return count(e.Failure.Total) }

// CustomerCount is how many customers they hit.
func (e *ErrorStats) CustomerCount() int { return e.Customers }

// NewAdoption gives the shape of the API to how many customers have an integration connected, and are active.
func NewAdoption(lives []directory.Life, b *statistics.Buckets, active []map[uuid.UUID]struct{}, all map[uuid.UUID]struct{}) *Adoption {
	ends := make([]time.Time, b.Len())
	for i := range ends {
		ends[i] = b.End(i)
	}
	a := directory.AdoptionOf(lives, b.Begin(), ends)
	out := &Adoption{Connected: a.Connected, Active: len(all), Added: a.Added, Removed: a.Removed, Series: make([]*AdoptionPoint, b.Len())}
	for i := range out.Series {
		out.Series[i] = &AdoptionPoint{At: b.At(i), Connected: a.Series[i], Active: len(active[i])}
	}
	return out
}

// Application is one end of links.
type Application struct{ *statistics.Application }

// Total is how many entries it took part in.
func (a *Application) Total() int { return count(a.Application.Total) }

// Failed is how many of them are failures.
func (a *Application) Failed() int { return count(a.Application.Failed) }

// mostOperations is how many operations of a link are told.
const mostOperations = 20

// NewLandscape gives a landscape the shape of the API.
func NewLandscape(l *statistics.Landscape) *Landscape {
	out := &Landscape{Applications: make([]*Application, len(l.Applications)), Links: make([]*ApplicationLink, len(l.Links))}
	for i, a := range l.Applications {
		out.Applications[i] = &Application{a}
	}
	for i, link := range l.Links {
		out.Links[i] = &ApplicationLink{
			From: link.From, To: link.To, Operations: link.MostOperations(mostOperations), Total: count(link.Total), Failed: count(link.Failed),
			P95Ms: link.Percentile(0.95), LastSeenAt: link.LastSeenAt,
		}
	}
	return out
}
