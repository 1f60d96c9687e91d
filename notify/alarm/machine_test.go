package alarm

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

const start = int64(29_500_000) // a minute of 2026

// steps says what happens with the values minute by minute: "f" for fired, "r" for resolved, "." for nothing.
func steps(c *Condition, values ...float64) string {
	var s State
	out := ""
	for i, v := range values {
		out += map[change]string{nothing: ".", fired: "f", resolved: "r"}[s.step(c, start+int64(i), v)]
	}
	return out
}

func TestWhenAnAlarmFiresAndResolves(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	above := &Condition{Metric: ErrorRate, Comparison: Above, Threshold: 0.1}
	require.Equal(t, ".f...r", steps(above, 0.1, 0.11, 0.2, 0.05, 0.05, 0.05)[:6])
	require.Equal(t, "f..r", steps(above, 0.2, 0.09, 0.09, 0.09), "a tenth within is good again, for two minutes")
	require.Equal(t, "f......", steps(above, 0.2, 0.095, 0.095, 0.095, 0.095, 0.095, 0.095), "what wavers about the threshold is not")
	require.Equal(t, "f..r", steps(above, 0.2, nan, nan, nan), "nothing at all is good")
	require.Equal(t, "......", steps(above, nan, 0.1, nan, 0, 0.1, nan))

	held := &Condition{Metric: Failures, Comparison: Above, Threshold: 5, ForSeconds: 180}
	require.Equal(t, "......f..", steps(held, 9, 9, 5, 9, 9, 9, 9, 0, 0), "beyond for three minutes without a break")
	require.Equal(t, "...f.....r", steps(held, 9, 9, 9, 9, 0, 9, 5, 5, 5, 5), "and good for as long; of counts a tenth is a whole number")

	below := &Condition{Metric: Volume, Comparison: Below, Threshold: 100}
	require.Equal(t, ".f.......r", steps(below, 100, 99, 105, 109, 110, 110, 109, 110, 110, 110))
	require.Equal(t, "f", steps(below, 0), "nothing is below")

	zero := &Condition{Metric: Failures, Comparison: Above}
	require.Equal(t, ".f..r", steps(zero, 0, 1, 0, 0, 0))
}

func TestWhatComesAndGoesIsOneAlarm(t *testing.T) {
	t.Parallel()
	c := &Condition{Metric: Failures, Comparison: Above, Threshold: 5}
	var values []float64
	for i := range 240 {
		values = append(values, float64(9*(i%2)))
	}
	require.NotContains(t, steps(c, values...), "r")
	// With longer pauses, it takes ever longer to be believed.
	values = nil
	for i := range 240 {
		values = append(values, float64(9*(1-min(i%4, 1))))
	}
	said := steps(c, values...)
	fires := 0
	for _, r := range said {
		if r == 'f' {
			fires++
		}
	}
	require.LessOrEqual(t, fires, 2, said)
}

// draw makes a rule and what it watches.
func draw(t *rapid.T) (*Condition, *samples, int64) {
	c := &Condition{
		Metric:        rapid.SampledFrom([]Metric{ErrorRate, Failures, Volume, P95, SilenceSeconds}).Draw(t, "metric"),
		Comparison:    rapid.SampledFrom([]Comparison{Above, Below}).Draw(t, "comparison"),
		WindowSeconds: rapid.IntRange(1, 900).Draw(t, "window"), ForSeconds: rapid.SampledFrom([]int{0, 0, 60, 100, 300}).Draw(t, "for"),
	}
	c.Threshold = map[Metric]float64{ErrorRate: 0.2, Failures: 8, Volume: 40, P95: 300, SilenceSeconds: 240}[c.Metric] * rapid.Float64Range(0.2, 2).Draw(t, "threshold")
	n := rapid.Int64Range(10, 300).Draw(t, "minutes")
	s := newSamples(c, start-c.lookback(), start+n)
	busy := rapid.IntRange(0, 3).Draw(t, "busy")
	for minute := s.first; minute < start+n; minute++ {
		if busy == 0 || rapid.IntRange(0, busy).Draw(t, "idle") == 0 {
			continue
		}
		for _, status := range []entry.Status{entry.StatusSuccess, entry.StatusFailure} {
			count := rapid.Int64Range(0, 8).Draw(t, "count")
			cell := statistics.Cell{Count: count, Dimensions: statistics.Dimensions{Minute: minute, Kind: entry.KindAPIRequest, Status: status}}
			if count > 0 {
				cell.Durations = []statistics.BinCount{{Bin: rapid.IntRange(600, 700).Draw(t, "bin"), Count: count}}
			}
			s.add(c, &cell)
		}
	}
	return c, s, n
}

type event struct {
	did  change
	at   int64
	peak float64
}

// However the minutes are looked at, one by one or many at once, with the state kept in between: what happens is the same.
func TestToLookBackIsToLiveThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, s, n := draw(t)
		var past State
		var backwards, lived []event
		run(c, &past, s, start, start+n, func(did change, at int64) { backwards = append(backwards, event{did, at, past.Peak}) })
		kept := []byte("{}")
		for at := start; at < start+n; {
			next := min(at+rapid.Int64Range(1, 40).Draw(t, "step"), start+n)
			var state State
			require.NoError(t, json.Unmarshal(kept, &state))
			run(c, &state, s, at, next, func(did change, at int64) { lived = append(lived, event{did, at, state.Peak}) })
			var err error
			kept, err = json.Marshal(state)
			require.NoError(t, err)
			at = next
		}
		require.Equal(t, backwards, lived)
	})
}

// The sliding window is the window: its values are those that counting anew gives.
func TestTheWindowThatSlidesIsTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, s, n := draw(t)
		w := slide(c, s, start+1)
		for at := start + 1; at <= start+n; at++ {
			w.moveTo(at)
			fresh := slide(c, s, at)
			got, want := w.value(), fresh.value()
			require.True(t, got == want || math.IsNaN(got) && math.IsNaN(want), "%v is not %v", got, want)
		}
	})
}

// Whatever happens: firing and resolving take turns, each after its time, and no firing is shorter than a recovery.
func TestAlarmsDoNotFlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, s, n := draw(t)
		values := map[int64]float64{}
		for at := start + 1; at <= start+n; at++ {
			values[at] = slide(c, s, at).value()
		}
		var state State
		last := event{did: resolved}
		run(c, &state, s, start, start+n, func(did change, at int64) {
			require.NotEqual(t, last.did, did)
			if did == fired {
				for before := at - int64(c.ForSeconds/60); before <= at; before++ {
					require.True(t, before <= start || c.beyond(values[before]))
				}
			} else {
				require.GreaterOrEqual(t, (at-last.at)*60, int64(leastRecovery))
				for before := at - int64(max(c.ForSeconds, leastRecovery)/60); before <= at; before++ {
					require.True(t, c.within(values[before]))
				}
			}
			last = event{did: did, at: at}
		})
	})
}
