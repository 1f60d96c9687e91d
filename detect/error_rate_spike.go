package detect

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

const (
	// spikeLevel is how improbable as many failures must be; leastRate is what always may fail.
	spikeLevel = 1e-6
	leastRate  = 0.005
	// Beside that the rate must be timesUsual as high, and by pointsMore, with at least fewestFailures.
	timesUsual     = 2
	pointsMore     = 0.05
	fewestFailures = 6
	// fewestWindows of the last three must be so, and fewestGoingOn fail in all of them for it to go on.
	fewestWindows = 2
	fewestGoingOn = 3
	// fewestHours of at least hourCalls calls are needed to say what is usual.
	fewestHours = 6
	hourCalls   = 20
	// spreads is how many deviations above what is usual a rate must lie, so that one that always goes up and down may. The
	// median of absolute deviations times toDeviation is a normal distribution's standard deviation.
	spreads     = 5
	toDeviation = 1.4826
)

// usual is the share of failures that is usual, and how high it may be.
type usual struct{ rate, most float64 }

// usualRate is the share of failures that is usual at an hour of the day: the median of hours, of all of the last week or
// of those at the same time of day, whichever is higher. The hour before upTo is left out. ok is false when too little is
// known.
func (h *history) usualRate(integration uuid.UUID, minute int64) (u usual, ok bool) {
	var all, same []float64
	now, lastHour := minute/minutesOfHour, h.upTo/minutesOfHour-1
	for number, d := range h.days {
		rates := d.rates[integration]
		if rates == nil {
			continue
		}
		for i := range rates {
			hour := number*24 + int64(i)
			if rates[i].calls < hourCalls || hour >= lastHour || hour < now-fastDays*24 {
				continue
			}
			all = append(all, rates[i].of())
			if int64(i) == now%24 {
				same = append(same, rates[i].of())
			}
		}
	}
	u.rate = max(median(all), median(same))
	deviations := make([]float64, len(all))
	for i, r := range all {
		deviations[i] = math.Abs(r - median(all))
	}
	u.most = u.rate + spreads*toDeviation*median(deviations)
	return u, len(all) >= fewestHours
}

// spikes tells whether a window has far more failures than usual, by those that nothing explains.
func (w *window) spikes(u usual, known func(category string) bool) bool {
	return w.failed >= fewestFailures && w.high(u) && binomialTail(w.failed, w.calls, max(u.rate, leastRate)) < spikeLevel && !w.isExplained(u, known)
}

// high tells whether the share of failures is higher than usual by much.
func (w *window) high(u usual) bool {
	r := w.of()
	return r >= timesUsual*u.rate && r >= u.rate+pointsMore && r >= u.most
}

// isExplained tells whether known problems are half of the failures that are too many, or more.
func (w *window) isExplained(u usual, known func(category string) bool) bool {
	explained := int64(0)
	for category, n := range w.byCategory {
		if category != "" && known(category) {
			explained += n
		}
	}
	return float64(explained) >= (float64(w.failed)-max(u.rate, leastRate)*float64(w.calls))/2
}

// together adds windows up, but for whom they hit.
func together(all *[windows]window) window {
	sum := window{byCategory: map[string]int64{}}
	for i := range all {
		sum.calls, sum.failed = sum.calls+all[i].calls, sum.failed+all[i].failed
		for category, n := range all[i].byCategory {
			sum.byCategory[category] += n
		}
	}
	return sum
}

// findSpikes finds integrations of which far more calls fail than usual.
func findSpikes(p *picture) (found []finding) {
	before := p.memory.spiking
	p.memory.spiking = map[uuid.UUID]bool{}
	for _, id := range p.sortedWindows() {
		all := p.recent.windows[id]
		usual, ok := p.history.usualRate(id, p.minute)
		if !ok {
			continue
		}
		known := func(category string) bool { return p.explained(id, diagnostics.Category(category), whom{}) }
		var sum window
		n, first := 0, 0
		for i := range all {
			if all[i].spikes(usual, known) {
				n, first = n+1, i
				sum.calls, sum.failed = sum.calls+all[i].calls, sum.failed+all[i].failed
			}
		}
		if n < fewestWindows {
			// What was told goes on while the rate is as high in all windows together: it does not end in a lull of few calls.
			sum, first = together(all), windows-1
			if !before[id] || sum.failed < fewestGoingOn || !sum.high(usual) || sum.isExplained(usual, known) {
				continue
			}
		}
		p.memory.spiking[id] = true
		since := timeOf(p.minute - int64(first+1)*windowMinutes + 1)
		f := finding{key: issues.Key{Category: diagnostics.ErrorRateSpike, IntegrationID: id, Cause: "error_rate"}, severity: issues.Error}
		f.title = fmt.Sprintf("%s of calls of %s fail, instead of %s", share(sum.of()), p.called(id), share(usual.rate))
		f.cause = fmt.Sprintf("%d of %d calls failed since %s, for {customers}; by the last week it would be about %d.",
			sum.failed, sum.calls, moment(since), int64(usual.rate*float64(sum.calls)+0.5))
		if name, most := mostCategory(all[:]); most > 0 {
			f.cause += fmt.Sprintf(" Most often: %s.", name)
		}
		f.shows = &entry.Filter{
			Kinds: []entry.Kind{entry.KindAPIRequest, entry.KindExternalWebhook}, Statuses: []entry.Status{entry.StatusFailure}, IntegrationIDs: []uuid.UUID{id},
		}
		for i := range all {
			hitAll(&f, all[i].hit, since)
		}
		found = append(found, f)
	}
	return found
}

// hitAll adds those that were hit, in one order.
func hitAll(f *finding, hit map[whom]int64, since time.Time) {
	list := make([]whom, 0, len(hit))
	for w, n := range hit {
		if n > 0 {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b whom) int {
		if c := slices.Compare(a.customer[:], b.customer[:]); c != 0 {
			return c
		}
		return slices.Compare(a.app[:], b.app[:])
	})
	for _, w := range list {
		f.hit(w, since)
	}
}

func mostCategory(all []window) (string, int) {
	counts := map[string]int{}
	for i := range all {
		for category, n := range all[i].byCategory {
			if category == "" {
				category = "failures without a diagnosis"
			}
			counts[category] += int(n)
		}
	}
	return mostOf(counts)
}

func (p *picture) sortedWindows() []uuid.UUID {
	list := make([]uuid.UUID, 0, len(p.recent.windows))
	for id := range p.recent.windows {
		list = append(list, id)
	}
	slices.SortFunc(list, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return list
}
