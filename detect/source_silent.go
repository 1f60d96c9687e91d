package detect

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

const (
	// silentLevel is how improbable it must be that nothing came by chance.
	silentLevel = 1e-4
	// leastSilent is what no silence is told before, in minutes, and timesLongest how much longer than any of two weeks it
	// must be.
	leastSilent  = 10
	timesLongest = 2
	gapDays      = 14
	// fewestKnown days are needed to expect anything; from weekly on it is by hour of the week.
	fewestKnown = 3
	weekly      = 14
	// often is how many must come in an hour for hours to be told apart.
	often = 4
	// leastShare is what others are believed to explain at most: on no holiday is there less.
	leastShare = 0.1
)

// expectation is how much a source sends, by what it sent before a minute.
type expectation struct {
	hours map[int64]uint16 // by hour since 1970
	// first and end are the full hours that are known.
	first, end int64
	days       int64
	busy       bool
	// byDay are the medians of days of the week and of weekends, of sources that seldom send.
	workday, weekend float64
}

// expect learns from all that a source sent until it was heard of last, and before a minute.
func (h *history) expect(s source, before int64) *expectation {
	e := &expectation{hours: map[int64]uint16{}, first: h.firsts[s]/minutesOfHour + 1, end: min(h.lasts[s], before) / minutesOfHour}
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
	if e.end <= e.first {
		return e
	}
	e.busy = total/float64(e.end-e.first) >= often
	var work, rest []float64
	for day := e.first/24 + 1; day < e.end/24; day++ {
		sum := 0.0
		for hour := day * 24; hour < day*24+24; hour++ {
			sum += float64(e.hours[hour])
		}
		if isWeekend(day * 24) {
			rest = append(rest, sum)
		} else {
			work = append(work, sum)
		}
	}
	if len(rest) == 0 {
		rest = work
	}
	if len(work) == 0 {
		work = rest
	}
	e.workday, e.weekend = median(work), median(rest)
	return e
}

// isWeekend tells whether an hour since 1970, which began on a Thursday, is of a Saturday or Sunday, in UTC.
func isWeekend(hour int64) bool {
	day := (hour/24 + 4) % 7 // 0 is Sunday
	return day == 0 || day == 6
}

// at is how many are expected in an hour.
func (e *expectation) at(hour int64) float64 {
	if !e.busy {
		if isWeekend(hour) {
			return e.weekend / 24
		}
		return e.workday / 24
	}
	step := int64(24)
	if e.days >= weekly {
		step = 7 * 24
	}
	var list []float64
	for before := hour - step; before >= e.first; before -= step {
		if before < e.end {
			list = append(list, float64(e.hours[before]))
		}
	}
	return median(list)
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
	if n < 2 {
		return 1
	}
	return max(1, sum/float64(n-1))
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

const (
	// holidayHours is how far back others are looked at, and enough what they must be expected to send to explain anything.
	holidayHours = 72
	enough       = 50
)

// everybody is what all sources together sent lately, and what was to be expected of them: by hour, and by minute since the
// history ends.
type everybody struct {
	first          int64
	came, expected map[int64]float64
	recent         []float64
}

// together adds all sources up.
func (p *picture) together() *everybody {
	h := p.history
	end := p.minute/minutesOfHour + 1
	all := &everybody{
		first: h.upTo/minutesOfHour - holidayHours, came: map[int64]float64{}, expected: map[int64]float64{}, recent: make([]float64, p.recent.end-p.recent.first),
	}
	for s := range h.lasts {
		e := h.expect(s, all.first*minutesOfHour)
		if e.days < fewestKnown {
			continue
		}
		for hour := all.first; hour < end; hour++ {
			all.expected[hour] += e.at(hour)
			if d := h.days[hour/24]; d != nil && d.sources[s] != nil {
				all.came[hour] += float64(d.sources[s].hours[hour%24])
			}
		}
		for i, n := range p.recent.sources[s] {
			all.recent[i] += float64(n)
		}
	}
	return all
}

// share is which part of what was to be expected others than a source sent since a minute, at most 1: on a holiday all send
// less. Where that is little to go by, the hours before count as well. Hours that are cut by the beginning do not.
func (all *everybody) share(p *picture, s source, since int64) float64 {
	from := since + 1
	if from < p.recent.first {
		from = max((from+minutesOfHour-1)/minutesOfHour, all.first) * minutesOfHour
	}
	own := p.history.expect(s, all.first*minutesOfHour)
	came, expected := all.between(p, s, own, from)
	for expected < enough && from > all.first*minutesOfHour {
		from = (from - 1) / minutesOfHour * minutesOfHour
		came, expected = all.between(p, s, own, from)
	}
	if expected < enough {
		return 1
	}
	return max(leastShare, min(1, came/expected))
}

// between is what others than a source sent from a minute on, and what was to be expected of them.
func (all *everybody) between(p *picture, s source, own *expectation, from int64) (came, expected float64) {
	counted := own.days >= fewestKnown // all of everybody has what the source itself sent
	for hour := from / minutesOfHour; hour*minutesOfHour < p.minute; hour++ {
		part := float64(min(p.minute, (hour+1)*minutesOfHour)-max(from, hour*minutesOfHour)) / float64(minutesOfHour)
		expected += part * all.expected[hour]
		if counted {
			expected -= part * own.at(hour)
		}
		if hour*minutesOfHour >= p.recent.first {
			continue
		}
		came += all.came[hour]
		if d := p.history.days[hour/24]; counted && d != nil && d.sources[s] != nil {
			came -= float64(d.sources[s].hours[hour%24])
		}
	}
	mine := p.recent.sources[s]
	for i, n := range all.recent {
		if minute := p.recent.first + int64(i); minute < from || minute >= p.minute {
			continue
		}
		if came += n; counted && mine != nil {
			came -= float64(mine[i])
		}
	}
	return came, expected
}

// silent is the probability that a source is silent from a minute on by chance, and how many were to be expected.
func (p *picture) silent(s source, since int64, all func() *everybody) (probability, expected float64) {
	e := p.history.expect(s, p.history.upTo)
	if e.days < fewestKnown {
		return 1, 0
	}
	expected = e.between(since+1, p.minute)
	dispersion := e.dispersion()
	if silence(expected, dispersion) >= silentLevel {
		return 1, expected
	}
	expected *= all().share(p, s, since)
	return silence(expected, dispersion), expected
}

// lastOf is the last minute in which a source sent.
func (p *picture) lastOf(s source) int64 {
	last := p.history.lasts[s]
	if counts := p.recent.sources[s]; counts != nil {
		p.recent.each(counts, func(minute, _ int64) { last = minute })
	}
	return last
}

// findSilent finds sources that used to send, and do not.
func findSilent(p *picture) (found []finding) {
	var list []source
	for s := range p.history.lasts {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b source) int { return cmp.Or(slices.Compare(a.app[:], b.app[:]), cmp.Compare(a.kind, b.kind)) })
	byIntegration := map[issues.Key]*finding{}
	longest := map[issues.Key]int64{}
	explained := p.stalledApps()
	told := map[uuid.UUID]bool{}
	all := sync.OnceValue(p.together)
	for _, s := range list {
		since := p.lastOf(s)
		gap := p.minute - since
		if gap < leastSilent || s.app == uuid.Nil || p.isAway(s.app, s.customer, s.integration) || p.paused[s.app] {
			continue
		}
		if gap <= timesLongest*p.history.longestGap(s) || told[s.app] || s.kind == entry.KindExternalEvent && explained[s.app] {
			continue
		}
		probability, expected := p.silent(s, since, all)
		if probability >= silentLevel {
			continue
		}
		told[s.app] = true
		what := "webhooks"
		if s.kind == entry.KindExternalEvent {
			what = "events"
		}
		key := issues.Key{Category: diagnostics.SourceSilent, IntegrationID: s.integration, Cause: what}
		f := byIntegration[key]
		if f == nil {
			f = &finding{key: key, severity: issues.Error}
			byIntegration[key] = f
		}
		f.hit(whom{s.app, s.customer}, timeOf(since))
		if gap > longest[key] {
			longest[key] = gap
			f.title = fmt.Sprintf("%s has sent no %s for {customers} for %s", p.called(s.integration), what, minutes(gap))
			f.cause = fmt.Sprintf("The last came on %s. By what came in the weeks before, about %.0f were to be expected since; the longest silence of two weeks was %s.",
				moment(timeOf(since)), expected, minutes(p.history.longestGap(s)))
		}
	}
	for _, f := range byIntegration {
		found = append(found, *f)
	}
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(slices.Compare(a.key.IntegrationID[:], b.key.IntegrationID[:]), cmp.Compare(a.key.Cause, b.key.Cause))
	})
	return found
}

// stalledApps are those whose sources are not pulled: their silence is that.
func (p *picture) stalledApps() map[uuid.UUID]bool {
	apps := map[uuid.UUID]bool{}
	for _, f := range findStalled(p) {
		for i := range f.affected {
			apps[f.affected[i].ConnectedAppID] = true
		}
	}
	return apps
}
