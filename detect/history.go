package detect

import (
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/statistics"
)

const (
	// keptDays is how far the history goes back; fastDays is of error rates and of durations of calls.
	keptDays = 28
	fastDays = 7
	// runDays is how far the durations of runs go back.
	runDays = 14
	// fewestCalls is how many calls a day must have had to say how fast an endpoint is.
	fewestCalls = 20
)

// history is what is remembered of a tenant: all before a minute.
type history struct {
	upTo int64
	// since is the first minute of anything, or 0.
	since int64
	days  map[int64]*day
	runs  map[runner]*ring
	pulls map[uuid.UUID]*ring
	// arrivals and launches are events and runs of the last days, by hour.
	arrivals map[arrival]map[int64]int64
	launches map[runner]map[int64]int64
	// firsts and lasts are when a source was first and last heard of.
	firsts, lasts map[source]int64
	// slowUpTo is when slow runs were last read, in minutes.
	slowUpTo int64
	// expectations are of sources that were looked at since the history was continued last.
	expectations map[source]*expectation
}

// day is what is remembered of a day in UTC.
type day struct {
	sources map[source]*sending
	rates   map[uuid.UUID]*[24]rate
	// speeds and took are made of the sketches when the day is over; those of today are sketches still.
	speeds         map[endpoint]speed
	took           map[uuid.UUID]longest
	endpointsToday map[endpoint]*statistics.Sketch
	tookToday      map[uuid.UUID]*statistics.Sketch
}

// sending is how much a source sent in a day, by hour, and how long it was silent between, in minutes.
type sending struct {
	hours       [24]uint16
	first, last int64
	gap         int64
}

// speed is what the part of 95 % of calls did not exceed, in milliseconds.
type speed struct {
	p95   float64
	calls int64
}

// longest is how long runs took at most, in milliseconds, and how many there were.
type longest struct {
	ms   float64
	runs int64
}

func newHistory() *history {
	return &history{
		days: map[int64]*day{}, runs: map[runner]*ring{}, pulls: map[uuid.UUID]*ring{}, arrivals: map[arrival]map[int64]int64{}, launches: map[runner]map[int64]int64{},
		firsts: map[source]int64{}, lasts: map[source]int64{}, expectations: map[source]*expectation{},
	}
}

// absorb adds what is counted to the history, which it continues. It is of one day.
func (h *history) absorb(t *tally) {
	number := t.first / minutesOfDay
	d := h.days[number]
	if d == nil {
		d = &day{
			sources: map[source]*sending{}, rates: map[uuid.UUID]*[24]rate{}, endpointsToday: map[endpoint]*statistics.Sketch{},
			tookToday: map[uuid.UUID]*statistics.Sketch{},
		}
		h.days[number] = d
	}
	for s, counts := range t.sources {
		h.send(d, s, t, counts)
	}
	for r, counts := range t.runs {
		ringOf(h.runs, r).takeAll(t, counts, t.places[r])
		byHour(h.launches, t, r, counts)
	}
	for app, counts := range t.pulls {
		ringOf(h.pulls, app).takeAll(t, counts, place{app: app})
	}
	for a, counts := range t.arrivals {
		byHour(h.arrivals, t, a, counts)
	}
	for id, byHour := range t.rates {
		if d.rates[id] == nil {
			d.rates[id] = &[24]rate{}
		}
		for hour, r := range byHour {
			to := &d.rates[id][hour%24]
			to.calls, to.failed = to.calls+r.calls, to.failed+r.failed
		}
	}
	for e, s := range t.endpoints {
		sketch(d.endpointsToday, e).Merge(s)
	}
	for flow, s := range t.took {
		sketch(d.tookToday, flow).Merge(s)
	}
	h.upTo = t.end
	clear(h.expectations)
	h.forget()
}

func byHour[K comparable](into map[K]map[int64]int64, t *tally, k K, counts stream) {
	t.each(counts, func(minute, n int64) {
		if into[k] == nil {
			into[k] = map[int64]int64{}
		}
		into[k][minute/minutesOfHour] += n
	})
}

// dropHours forgets the hours before one.
func dropHours[K comparable](of map[K]map[int64]int64, before int64) {
	for k, byHour := range of {
		for hour := range byHour {
			if hour < before {
				delete(byHour, hour)
			}
		}
		if len(byHour) == 0 {
			delete(of, k)
		}
	}
}

func (h *history) send(d *day, s source, t *tally, counts stream) {
	if _, known := h.lasts[s]; !known && len(h.lasts) >= mostSeries {
		return
	}
	t.each(counts, func(minute, n int64) {
		of := d.sources[s]
		if of == nil {
			of = &sending{first: minute, last: minute}
			d.sources[s] = of
		}
		of.gap, of.last = max(of.gap, minute-of.last), minute
		to := &of.hours[minute/minutesOfHour%24]
		*to = uint16(min(int64(*to)+n, 1<<16-1)) //nolint:gosec // Cut to what fits.
		if h.firsts[s] == 0 {
			h.firsts[s] = minute
		}
		h.lasts[s] = minute
	})
	if first := h.firsts[s]; first > 0 && (h.since == 0 || first < h.since) {
		h.since = first
	}
}

// forget puts days that are over into their last form, and drops what is too old.
func (h *history) forget() {
	today := h.upTo / minutesOfDay
	for number, d := range h.days {
		if number < today {
			d.close()
		}
		if number < today-fastDays {
			d.rates, d.speeds = nil, nil
		}
		if number < today-runDays {
			d.took = nil
		}
		if number < today-keptDays {
			delete(h.days, number)
		}
	}
	oldest := h.upTo - keptDays*minutesOfDay
	for s, last := range h.lasts {
		if last < oldest {
			delete(h.lasts, s)
			delete(h.firsts, s)
		}
	}
	dropHours(h.arrivals, h.upTo/minutesOfHour-fastDays*24)
	dropHours(h.launches, h.upTo/minutesOfHour-fastDays*24)
	dropOld(h.runs, h.upTo-slowDays*minutesOfDay)
	dropOld(h.pulls, oldest)
}

// close makes numbers of the day's sketches.
func (d *day) close() {
	if d.endpointsToday == nil {
		return
	}
	d.speeds, d.took = map[endpoint]speed{}, map[uuid.UUID]longest{}
	for e, s := range d.endpointsToday {
		if s.Len() >= fewestCalls {
			d.speeds[e] = speed{s.Quantile(0.95), s.Len()}
		}
	}
	for flow, s := range d.tookToday {
		if s.Len() > 0 {
			d.took[flow] = longest{s.Quantile(1), s.Len()}
		}
	}
	d.endpointsToday, d.tookToday = nil, nil
}

// longestRun is how long successful runs of a flow took at most in two weeks, in milliseconds, and how many there were.
func (h *history) longestRun(flow uuid.UUID) (l longest) {
	for _, d := range h.days {
		one := d.took[flow]
		if s := d.tookToday[flow]; s != nil && s.Len() > 0 {
			one = longest{s.Quantile(1), s.Len()}
		}
		l.ms, l.runs = max(l.ms, one.ms), l.runs+one.runs
	}
	return l
}

// p95 is the median of what an endpoint's p95 was on each of the last days, and how many calls those days had.
func (h *history) p95(e endpoint) (ms float64, days int, calls int64) {
	var list []float64
	for _, d := range h.days {
		if s, ok := d.speeds[e]; ok {
			list, calls = append(list, s.p95), calls+s.calls
		}
	}
	return median(list), len(list), calls
}

// median is 0 of nothing. It sorts the list.
func median(list []float64) float64 {
	n := len(list)
	if n == 0 {
		return 0
	}
	slices.Sort(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}
