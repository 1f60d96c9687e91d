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
	// leastSilent is what no silence is told before, in minutes. timesQuiet is how much longer than what is usual it must be:
	// than the longest of two weeks, or by what was to be expected meanwhile.
	leastSilent = 10
	timesQuiet  = 2
	// gapDays is how far back silences are known.
	gapDays = 14
	// fewestKnown days are needed to expect anything; from weekly on it is by hour of the week.
	fewestKnown = 3
	weekly      = 14
	// often is how many must come in an hour for hours of the week to be told apart.
	often = 4
	// leastShare is what others are believed to explain at most: on no holiday is there less.
	leastShare = 0.1
)

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
		if came += n; counted && i < len(mine) {
			came -= float64(mine[i])
		}
	}
	return came, expected
}

const (
	// enoughOwn is what a source must have been expected to send to tell how much it sent of it lately.
	enoughOwn = 20
)

// slowed is which part of what was to be expected a source sent itself in the last full hours before it was heard of last,
// at most 1: one that has slowed down is expected to be silent for longer.
func (p *picture) slowed(s source, e *expectation, last int64) float64 {
	came, expected := 0.0, 0.0
	for hour := last/minutesOfHour - 1; expected < enoughOwn; hour-- {
		if hour < e.first || last/minutesOfHour-hour > holidayHours {
			return 1
		}
		expected += e.at(hour)
		if hour*minutesOfHour < p.history.upTo {
			if d := p.history.days[hour/24]; d != nil && d.sources[s] != nil {
				came += float64(d.sources[s].hours[hour%24])
			}
			continue
		}
		for i, n := range p.recent.sources[s] {
			if (p.recent.first+int64(i))/minutesOfHour == hour {
				came += float64(n)
			}
		}
	}
	return max(leastShare, min(1, came/expected))
}

// isSilent tells whether a source is silent from a minute on beyond what its rhythm explains, and how many were to be
// expected.
func (p *picture) isSilent(s source, since int64, all func() *everybody) (expected float64, silent bool) {
	e := p.history.expected(s)
	if e.days < fewestKnown {
		return 0, false
	}
	expected = e.between(since+1, p.minute)
	longer := p.minute-since > timesQuiet*p.history.longestGap(s)
	is := func() bool {
		return (longer || expected > timesQuiet*e.quiet()) && silence(expected, e.dispersion()) < silentLevel
	}
	if !is() {
		return expected, false
	}
	expected *= min(p.slowed(s, e, since), all().share(p, s, since))
	return expected, is()
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
	// Of the two that an app may have, the one that was told goes on to be.
	before := p.memory.silent
	p.memory.silent = map[source]int64{}
	slices.SortFunc(list, func(a, b source) int {
		return cmp.Or(slices.Compare(a.app[:], b.app[:]), -cmp.Compare(before[a], before[b]), cmp.Compare(a.kind, b.kind))
	})
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
		if told[s.app] || s.kind == entry.KindExternalEvent && explained[s.app] {
			continue
		}
		expected, silent := p.isSilent(s, since, all)
		// A silence that was told lasts until something comes, or nothing is expected any more.
		if at, ok := before[s]; !silent && (!ok || at != since || expected == 0) {
			continue
		}
		p.memory.silent[s] = since
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
