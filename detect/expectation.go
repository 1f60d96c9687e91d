package detect

import (
	"math"
	"slices"
)

// expectation is how much a source sends, by what it sent before a minute.
type expectation struct {
	hours map[int64]uint16 // by hour since 1970
	// first and end are the full hours that are known.
	first, end int64
	days       int64
	busy       bool
	// known is what was found out already, by hour.
	known map[int64]float64
	// spread and usual are dispersion and quiet, once they were asked for.
	spread, usual float64
}

// expect learns from all that a source sent until it was heard of last, and before a minute.
func (h *history) expect(s source, before int64) *expectation {
	e := &expectation{hours: map[int64]uint16{}, known: map[int64]float64{}, first: h.firsts[s]/minutesOfHour + 1, end: min(h.lasts[s], before) / minutesOfHour}
	total := 0.0
	for number, d := range h.days {
		of := d.sources[s]
		if of == nil {
			continue
		}
		for i, n := range of.hours {
			if hour := number*24 + int64(i); n > 0 && hour >= e.first && hour < e.end {
				e.hours[hour] = n
				total += float64(n)
			}
		}
	}
	if oldest := h.upTo/minutesOfHour - keptDays*24; e.first < oldest {
		e.first = oldest
	}
	e.days = (e.end - e.first) / 24
	e.busy = e.end > e.first && total/float64(e.end-e.first) >= often
	return e
}

// expected is what is expected of a source by all that is known of it.
func (h *history) expected(s source) *expectation {
	e := h.expectations[s]
	if e == nil {
		e = h.expect(s, h.upTo)
		h.expectations[s] = e
	}
	return e
}

// isWeekend tells whether an hour since 1970, which began on a Thursday, is of a Saturday or Sunday, in UTC.
func isWeekend(hour int64) bool {
	day := (hour/24 + 4) % 7 // 0 is Sunday
	return day == 0 || day == 6
}

// at is how many are expected in an hour, by the hours before it.
func (e *expectation) at(hour int64) float64 {
	n, ok := e.known[hour]
	if !ok {
		n = e.learn(hour)
		e.known[hour] = n
	}
	return n
}

// learn takes the same hours of the week, of a source that sends often and is known for two weeks; else the same hours of
// the day, of workdays for a workday and of weekends for a weekend. As long as no weekend is known nothing is expected of
// one.
func (e *expectation) learn(hour int64) float64 {
	step := int64(24)
	if e.busy && e.days >= weekly {
		step = 7 * 24
	}
	var list []float64
	for before := hour - step; before >= e.first; before -= step {
		if before < e.end && isWeekend(before) == isWeekend(hour) {
			list = append(list, float64(e.hours[before]))
		}
	}
	if e.busy {
		return median(list)
	}
	return trimmed(list)
}

// trimmed is the mean without the tenth part of the highest and of the lowest, which fits what is mostly 0 better than the
// median does. It sorts the list.
func trimmed(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	cut := len(list) / 10
	list = list[cut : len(list)-cut]
	sum := 0.0
	for _, n := range list {
		sum += n
	}
	return sum / float64(len(list))
}

// between is how many are expected from one minute on, before another.
func (e *expectation) between(from, to int64) (sum float64) {
	for hour := from / minutesOfHour; hour*minutesOfHour < to; hour++ {
		part := min(to, (hour+1)*minutesOfHour) - max(from, hour*minutesOfHour)
		sum += e.at(hour) * float64(part) / float64(minutesOfHour)
	}
	return sum
}

// dispersion is the variance of what came about what was to be expected, as a multiple of it: Pearson's statistic divided by
// the degrees of freedom, of the hours of the last two weeks, or of days of a source that seldom sends; at least 1.
func (e *expectation) dispersion() float64 {
	if e.spread > 0 {
		return e.spread
	}
	step := int64(24)
	if e.busy {
		step = 1
	}
	sum, n := 0.0, 0
	for at := max(e.first, e.end-gapDays*24) + step; at+step <= e.end; at += step {
		came, expected := 0.0, 0.0
		for hour := at; hour < at+step; hour++ {
			came, expected = came+float64(e.hours[hour]), expected+e.at(hour)
		}
		if expected > 0 {
			sum += (came - expected) * (came - expected) / expected
			n++
		}
	}
	e.spread = 1
	if n >= 2 {
		e.spread = max(1, sum/float64(n-1))
	}
	return e.spread
}

// quiet is how much was to be expected in silences that are usual. The longest of Poisson's silences in which n came is about
// ln n; beside that, of each of the last two weeks' days the longest that ended in it, by full hours in which nothing came,
// and of these the second: so one holiday, or one failure, does not hide the next.
func (e *expectation) quiet() float64 {
	if e.usual > 0 {
		return e.usual
	}
	byDay := map[int64]float64{}
	missed, came := 0.0, 1.0
	for hour := max(e.first, e.end-gapDays*24); hour < e.end; hour++ {
		if n := e.hours[hour]; n > 0 {
			missed, came = 0, came+float64(n)
			continue
		}
		missed += e.at(hour)
		byDay[hour/24] = max(byDay[hour/24], missed)
	}
	var longest, second float64
	for _, m := range byDay {
		longest, second = max(longest, m), max(second, min(longest, m))
	}
	e.usual = max(second, math.Log(came)*e.dispersion(), 1)
	return e.usual
}

// longestGap is how long a source was silent at most in the two weeks before it was heard of last, in minutes.
func (h *history) longestGap(s source) (gap int64) {
	last := int64(0)
	number := h.lasts[s]/minutesOfDay - gapDays
	if d := h.days[number-1]; d != nil && d.sources[s] != nil {
		last = d.sources[s].last
	}
	for ; number <= h.lasts[s]/minutesOfDay; number++ {
		d := h.days[number]
		if d == nil || d.sources[s] == nil {
			continue
		}
		of := d.sources[s]
		if last > 0 {
			gap = max(gap, of.first-last)
		}
		gap, last = max(gap, of.gap), of.last
	}
	return gap
}
