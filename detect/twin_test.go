package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// Each fault here has a quiet twin: the same noise without the fault, over many seeds.

// sketchOf counts durations.
func sketchOf(list []float64) (s statistics.Sketch) {
	for _, ms := range list {
		s.Add(ms)
	}
	return s
}

// poisson draws a number with a mean, by gaps.
func poisson(r *rand.Rand, mean float64) (n int64) {
	if mean > 500 {
		return int64(max(0, mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	for at := r.ExpFloat64(); at < mean; at += r.ExpFloat64() {
		n++
	}
	return n
}

func TestRhythms(t *testing.T) {
	t.Parallel()
	regular := func(r *rand.Rand, n int, gap, jitter float64) (out ring) {
		at := 1_000_000.0
		for range n {
			at += gap + jitter*gap*r.NormFloat64()
			out.take(int64(at))
		}
		return out
	}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		for _, gap := range []float64{15, 60, 24 * 60, 7 * 24 * 60} {
			list := regular(r, 12, gap, 0.03)
			got, overdue, ok := rhythmOf(&list)
			require.True(t, ok)
			require.InEpsilon(t, gap, got, 0.1)
			require.GreaterOrEqual(t, overdue, 1.8*gap)
			require.LessOrEqual(t, overdue, 2.2*gap+60)
		}
	}
	// The twin runs as often, at random times: of these days none may look late. Which a flow that ends looks, too.
	alarms, checked := 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		var list ring
		at := 1_000_000.0
		for range 100 {
			gap := 60 * r.ExpFloat64()
			if _, overdue, ok := rhythmOf(&list); ok && gap > overdue {
				alarms++
			}
			checked++
			at += gap
			list.take(int64(at))
		}
	}
	t.Logf("random runs: %d of %d gaps were called late", alarms, checked)
	require.LessOrEqual(t, alarms, 4)

	// A flow that rests at night and over the weekend is not expected then.
	var office ring
	for day := range int64(12) {
		for h := int64(9); h < 17 && day%7 < 5; h++ {
			office.take(day*minutesOfDay + h*60)
		}
	}
	office.minutes = office.minutes[:len(office.minutes)-1]
	_, overdue, ok := rhythmOf(&office)
	require.True(t, ok)
	require.Greater(t, overdue, float64(16*60))
}

func TestErrorRatesAndTheirTwin(t *testing.T) {
	t.Parallel()
	nothing := func(string) bool { return false }
	draw := func(r *rand.Rand, calls int64, p float64) (w window) {
		w.calls, w.byCategory = calls, map[string]int64{}
		for range calls {
			if r.Float64() < p {
				w.failed++
				w.byCategory["provider_unavailable"]++
			}
		}
		return w
	}
	found, alarms := 0, 0
	const seeds = 4000
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 3))
		p := []float64{0, 0.01, 0.04, 0.2}[seed%4]
		calls := []int64{20, 60, 200, 600}[seed/4%4]
		// What is usual varies from hour to hour.
		h := newHistory()
		h.upTo = 8 * minutesOfDay
		for number := range int64(8) {
			d := &day{rates: map[uuid.UUID]*[24]rate{uuid.Nil: {}}}
			for i := range 24 {
				w := draw(r, 120, p*math.Exp(0.3*r.NormFloat64()))
				d.rates[uuid.Nil][i] = w.rate
			}
			h.days[number] = d
		}
		usual, ok := h.usualRate(uuid.Nil, h.upTo)
		require.True(t, ok)
		quiet := draw(r, calls, p*math.Exp(0.3*r.NormFloat64()))
		if quiet.spikes(usual, nothing) {
			alarms++
		}
		if calls >= 60 {
			fault := draw(r, calls, 0.5+p)
			if fault.spikes(usual, nothing) {
				found++
			}
			require.False(t, fault.spikes(usual, func(c string) bool { return c == "provider_unavailable" }), "it is known")
		}
	}
	t.Logf("error rates: %d of %d quiet windows were called spikes, %d of %d faults found", alarms, seeds, found, seeds*3/4)
	require.Zero(t, alarms)
	require.Greater(t, found, seeds*3/4*99/100)
}

func TestLatencyAndItsTwin(t *testing.T) {
	t.Parallel()
	draw := func(r *rand.Rand, n int, median, spread float64) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = median * math.Exp(spread*r.NormFloat64())
		}
		return list
	}
	found, alarms := 0, 0
	const seeds = 4000
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 4))
		before := sketchOf(draw(r, 300, 200, 0.6))
		usual := before.Quantile(0.95)
		recent := func(factor float64) *calls {
			list := draw(r, []int{50, 200, 1000}[seed%3], 200*factor, 0.6)
			c := &calls{sketch: sketchOf(list)}
			for _, ms := range list {
				if ms > usual*1.01 {
					c.slow++
				}
			}
			return c
		}
		if recent(1+0.1*r.Float64()).isSlow(usual, 300) {
			alarms++
		}
		if recent(3).isSlow(usual, 300) {
			found++
		}
	}
	t.Logf("latency: %d of %d quiet half hours were called slow, %d faults found", alarms, seeds, found)
	require.Zero(t, alarms)
	require.Greater(t, found, seeds*98/100)
}

func TestFlowsWithFiltersAndTheirTwin(t *testing.T) {
	t.Parallel()
	alarms, found := 0, 0
	const seeds = 3000
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 5))
		p := []float64{0.05, 0.3, 1}[seed%3]
		u := unlaunched{ranEver: true, before: 400}
		for range u.before {
			if r.Float64() < p {
				u.runs++
			}
		}
		for range 30 { // the events that come next, until one launches
			if r.Float64() < p {
				break
			}
			if u.events++; u.unlikely() {
				alarms++
				break
			}
		}
		u.events = int64(15 / p)
		if u.unlikely() {
			found++
		}
	}
	t.Logf("events: %d of %d flows with filters were called dead, %d faults found", alarms, seeds, found)
	require.LessOrEqual(t, alarms, seeds*2/1000)
	require.Greater(t, found, seeds*998/1000)
	require.True(t, (&unlaunched{events: 3}).unlikely())
	require.False(t, (&unlaunched{events: 2}).unlikely())
}

func TestFailingRunsAndTheirTwin(t *testing.T) {
	t.Parallel()
	now := noon
	draw := func(r *rand.Rand, n int, p float64) (list []*failedRun) {
		for i := range n {
			status := "SUCCEEDED"
			if r.Float64() < p {
				status = "FAILED"
			}
			list = append(list, &failedRun{ID: uuid.New(), Status: status, At: now.Add(-time.Duration(i*10+1) * time.Minute)})
		}
		return list
	}
	alarms, found := 0, 0
	const seeds = 4000
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 6))
		if failed, _ := failing(draw(r, 40, 0.03), now); failed != nil {
			alarms++
		}
		if failed, _ := failing(draw(r, 40, 0.9), now); failed != nil {
			found++
		}
	}
	t.Logf("flows: %d of %d flows of which 3 %% fail were called failing, %d faults found", alarms, seeds, found)
	require.LessOrEqual(t, alarms, 2) // 0.03³ = 1 in 37,000
	require.Greater(t, found, seeds*99/100)
}

func TestHowLongRunsMayTake(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Hour, stuckAfter(longest{ms: 100, runs: 19}))
	require.Equal(t, 5*time.Minute, stuckAfter(longest{ms: 100, runs: 20}))
	require.Equal(t, 3*time.Hour, stuckAfter(longest{ms: 2 * 3600_000, runs: 20}))
}

func TestWhatRenewsCredentials(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	said := func(days ...int) (list []directory.Expiry) { // pairs of when it was said and until when, in days from noon
		for i := 0; i < len(days); i += 2 {
			list = append(list, directory.Expiry{SaidAt: noon.Add(time.Duration(days[i]) * day), Until: noon.Add(time.Duration(days[i+1]) * day)})
		}
		return list
	}
	require.False(t, renewing(nil, noon))
	require.False(t, renewing(said(-60, 3), noon))
	require.True(t, renewing(said(-1, 3), noon), "short-lived")
	require.True(t, renewing(said(-90, -29, -30, 3), noon), "renewed a day before its end")
	require.False(t, renewing(said(-90, -10, -30, 3), noon), "renewed twenty days before its end, of which seventeen have passed")
	require.False(t, renewing(said(-90, -29, -28, 3), noon), "replaced after its end, by hand")
	require.False(t, renewing(said(-90, 30, -30, 3), noon), "cut short")
}

// shop is a source with a day's and a week's rhythm, whose rate wanders from hour to hour.
type shop struct {
	source
	rate float64
}

var hours = [24]float64{.3, .2, .2, .2, .3, .5, .8, 1.1, 1.5, 1.6, 1.6, 1.5, 1.4, 1.5, 1.6, 1.6, 1.5, 1.3, 1.2, 1, .9, .7, .5, .4}

func (s *shop) feed(r *rand.Rand, t *tally, level func(minute int64) float64) {
	wander := math.Exp(0.3*r.NormFloat64() - 0.045)
	for m := t.first; m < t.end; m++ {
		rate := s.rate / 60 * hours[m/60%24] * wander * level(m)
		if isWeekend(m / 60) {
			rate *= 0.5
		}
		if n := poisson(r, rate); n > 0 {
			c := statistics.Cell{Count: n}
			c.Minute, c.Kind, c.ConnectedAppID = m, entry.KindExternalWebhook, s.app
			t.take(&c)
		}
	}
}

func TestSilenceAndItsTwin(t *testing.T) {
	t.Parallel()
	weekday := statistics.MinuteOf(noon) / minutesOfDay * minutesOfDay
	type outcome struct{ alarms, found, looks int }
	run := func(seed uint64, days int64, level func(app int, minute int64) float64, fault bool) (o outcome) {
		r := rand.New(rand.NewPCG(seed, 7))
		var shops []*shop
		for i, rate := range []float64{0.5, 2, 12, 60} {
			shops = append(shops, &shop{source{kind: entry.KindExternalWebhook, app: uuid.UUID{byte(i + 1)}}, rate})
		}
		p := &picture{state: &state{}, history: newHistory(), memory: &memory{}, waiting: map[uuid.UUID][]*unlaunched{}}
		p.history.upTo = weekday - 21*minutesOfDay
		silentFrom := weekday + 10*60 // of the third shop
		found := false
		for at := p.history.upTo; at < weekday+days*minutesOfDay; at += 60 {
			one := newTally(at, at+60, nil)
			for i, s := range shops {
				s.feed(r, one, func(m int64) float64 {
					if fault && i == 2 && m >= silentFrom {
						return 0
					}
					return level(i, m)
				})
			}
			if at >= weekday {
				for _, part := range []int64{19, 39, 59} {
					p.minute, p.now = at+part, timeOf(at+part)
					p.recent = newRecent(p.history, p.minute, nil)
					for s, counts := range one.sources {
						p.recent.sources[s] = append(stream{}, counts[:min(int(part)+1, len(counts))]...)
					}
					o.looks++
					for _, f := range findSilent(p) {
						for _, a := range f.affected {
							if fault && a.ConnectedAppID == shops[2].app {
								found = true
							} else {
								t.Log(seed, days, fault, f.title, f.cause)
								o.alarms++
							}
						}
					}
				}
			}
			p.history.absorb(one)
			if found {
				o.found = int(at - silentFrom + 60)
				return o
			}
		}
		return o
	}
	all := func(int, int64) float64 { return 1 }
	alarms, looks, found, latest := 0, 0, 0, 0
	const seeds = 24
	for seed := range uint64(seeds) {
		quiet := run(seed, 4, all, false)
		alarms, looks = alarms+quiet.alarms, looks+quiet.looks
		// On a holiday all of them send a sixth.
		holiday := run(seed, 2, func(_ int, m int64) float64 {
			if m >= weekday {
				return 1.0 / 6
			}
			return 1
		}, false)
		alarms, looks = alarms+holiday.alarms, looks+holiday.looks
		// And growth does no harm.
		growth := run(seed, 2, func(_ int, m int64) float64 { return 1 + float64(m-weekday+21*minutesOfDay)/float64(7*minutesOfDay) }, false)
		alarms, looks = alarms+growth.alarms, looks+growth.looks
		fault := run(seed, 3, all, true)
		if alarms += fault.alarms; fault.found > 0 {
			found++
			latest = max(latest, fault.found)
		}
	}
	t.Logf("sources: %d alarms in %d looks at four quiet ones; %d of %d silences found, the last after %d min", alarms, looks, found, seeds, latest)
	require.LessOrEqual(t, alarms, 2)
	require.Equal(t, seeds, found)
	require.LessOrEqual(t, latest, 12*60)
}

func TestProbabilities(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 1, binomialTail(0, 10, 0.5), 0)
	require.InDelta(t, 1.0/1024, binomialTail(10, 10, 0.5), 1e-12)
	require.InDelta(t, 11.0/1024, binomialTail(9, 10, 0.5), 1e-12)
	require.InEpsilon(t, 1-math.Pow(0.995, 300), binomialTail(1, 300, 0.005), 1e-9)
	require.Zero(t, binomialTail(11, 10, 0.5))
	require.InEpsilon(t, math.Exp(-5), silence(5, 1), 1e-12)
	// With a dispersion of 3 the failures before none of it are r = 5/2 trials of p = 1/3.
	require.InEpsilon(t, math.Pow(1.0/3, 2.5), silence(5, 3), 1e-12)
}
