package detect

import (
	"math"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

const (
	minutesOfHour = int64(60)
	minutesOfDay  = 24 * minutesOfHour
	// mostSeries bounds the series of one sort that are kept of a tenant: what comes after is not watched.
	mostSeries = 20_000
	// mostSketches bounds what durations are kept of while a day lasts.
	mostSketches = 4000
)

// source is what sends: a connected app, by webhooks or by events.
type source struct {
	kind                       entry.Kind
	app, customer, integration uuid.UUID
}

// runner is a flow and the customer that it runs for.
type runner struct{ flow, customer uuid.UUID }

// arrival is a type of events of a customer.
type arrival struct {
	kind                  entry.Kind
	name                  string
	customer, integration uuid.UUID
}

// endpoint is what is called of an integration.
type endpoint struct {
	integration uuid.UUID
	statistics.Call
}

// stream is how many there were, minute by minute, up to the last that has any.
type stream []int16

func (s stream) add(i int, n int64) stream {
	if more := i + 1 - len(s); more > 0 {
		s = append(s, make(stream, more)...)
	}
	s[i] = int16(min(max(int64(s[i])+n, math.MinInt16), math.MaxInt16)) //nolint:gosec // Cut to what fits.
	return s
}

// rate is how many calls there were, and how many of them failed.
type rate struct{ calls, failed int64 }

func (r *rate) of() float64 {
	if r.calls <= 0 {
		return 0
	}
	return float64(r.failed) / float64(r.calls)
}

// place is where runs of a flow and customer belong.
type place struct{ app, integration uuid.UUID }

// tally is what cells of some time say: minutes from first on, before end, at most a day.
type tally struct {
	first, end int64
	// wanted are the types of events that launch flows: others are not looked at.
	wanted    map[string]bool
	sources   map[source]stream
	arrivals  map[arrival]stream
	runs      map[runner]stream
	places    map[runner]place
	pulls     map[uuid.UUID]stream
	rates     map[uuid.UUID]map[int64]*rate // by hour
	endpoints map[endpoint]*statistics.Sketch
	// took is how long runs took that succeeded, by flow.
	took map[uuid.UUID]*statistics.Sketch
}

func newTally(first, end int64, wanted map[string]bool) *tally {
	return &tally{
		first: first, end: end, wanted: wanted, sources: map[source]stream{}, arrivals: map[arrival]stream{}, runs: map[runner]stream{},
		places: map[runner]place{}, pulls: map[uuid.UUID]stream{}, rates: map[uuid.UUID]map[int64]*rate{},
		endpoints: map[endpoint]*statistics.Sketch{}, took: map[uuid.UUID]*statistics.Sketch{},
	}
}

// take counts a cell.
func (t *tally) take(c *statistics.Cell) {
	if c.Minute < t.first || c.Minute >= t.end {
		return
	}
	switch c.Kind {
	case entry.KindAPIRequest:
		t.call(c)
		if len(c.Durations) > 0 {
			sketch(t.endpoints, endpoint{c.IntegrationID, c.Call}).AddBins(c.Durations)
		}
	case entry.KindExternalWebhook:
		t.call(c)
		count(t, t.sources, source{c.Kind, c.ConnectedAppID, c.CustomerID, c.IntegrationID}, c)
	case entry.KindExternalEvent:
		count(t, t.sources, source{c.Kind, c.ConnectedAppID, c.CustomerID, c.IntegrationID}, c)
		t.arrive(c)
	case entry.KindInternalEvent:
		t.arrive(c)
	case entry.KindExternalEventPull:
		count(t, t.pulls, c.ConnectedAppID, c)
	case entry.KindFlowRun:
		r := runner{c.FlowID, c.CustomerID}
		count(t, t.runs, r, c)
		t.places[r] = place{c.ConnectedAppID, c.IntegrationID}
		if c.Status == entry.StatusSuccess && len(c.Durations) > 0 {
			sketch(t.took, c.FlowID).AddBins(c.Durations)
		}
	}
}

func (t *tally) call(c *statistics.Cell) {
	byHour := t.rates[c.IntegrationID]
	if byHour == nil {
		byHour = map[int64]*rate{}
		t.rates[c.IntegrationID] = byHour
	}
	r := byHour[c.Minute/minutesOfHour]
	if r == nil {
		r = &rate{}
		byHour[c.Minute/minutesOfHour] = r
	}
	r.calls += c.Count
	if c.Status == entry.StatusFailure {
		r.failed += c.Count
	}
}

// arrive counts an event that may launch a flow, and was not skipped on purpose.
func (t *tally) arrive(c *statistics.Cell) {
	if t.wanted[c.Transfer.Operation] && c.Transfer.To == "" && c.CustomerID != uuid.Nil {
		count(t, t.arrivals, arrival{c.Kind, c.Transfer.Operation, c.CustomerID, c.IntegrationID}, c)
	}
}

func count[K comparable](t *tally, into map[K]stream, k K, c *statistics.Cell) {
	s := into[k]
	if s == nil && len(into) >= mostSeries {
		return
	}
	into[k] = s.add(int(c.Minute-t.first), c.Count)
}

func sketch[K comparable](into map[K]*statistics.Sketch, k K) *statistics.Sketch {
	s := into[k]
	if s == nil {
		s = &statistics.Sketch{}
		if len(into) < mostSketches {
			into[k] = s
		}
	}
	return s
}

// each gives the minutes that have anything.
func (t *tally) each(s stream, do func(minute, n int64)) {
	for i, n := range s {
		if n > 0 {
			do(t.first+int64(i), int64(n))
		}
	}
}

// What a series and a sketch take in memory, about, without their numbers.
const (
	seriesBytes = 200
	sketchBytes = 2400
)

// size is about how many bytes a tally takes.
func (t *tally) size() int {
	n := sketchBytes * (len(t.endpoints) + len(t.took))
	n += seriesBytes * (len(t.sources) + len(t.arrivals) + len(t.runs) + len(t.pulls) + len(t.places) + 2*len(t.rates))
	for _, s := range t.sources {
		n += 2 * cap(s)
	}
	for _, s := range t.arrivals {
		n += 2 * cap(s)
	}
	for _, s := range t.runs {
		n += 2 * cap(s)
	}
	for _, s := range t.pulls {
		n += 2 * cap(s)
	}
	return n
}
