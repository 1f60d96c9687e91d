package detect

import "math"

const (
	// fewestRegular is how many runs must be known to call a flow regular.
	fewestRegular = 8
	// mostSpread is how large the median of the deviations from the median gap may be, as a part of it, and fewestNear the
	// part of gaps that must lie within half of it.
	mostSpread              = 0.15
	fewestNear              = 0.8
	shortestGap, longestGap = 2, float64(8 * minutesOfDay)
)

// graceOf is how much later than due something may come, in minutes: a tenth of the interval, from two minutes to an hour.
func graceOf(interval float64) float64 { return min(max(2, interval/10), 60) }

// rhythmOf is the median gap of a flow that runs regularly, in minutes, and how long after its last run it is overdue: two
// gaps and the grace, or what already passed between two runs and the grace, if that was longer. So a flow that rests at
// night or over the weekend is not expected then. ok is false of what is not regular.
func rhythmOf(r *ring) (gap, overdue float64, ok bool) {
	if len(r.minutes) < fewestRegular {
		return 0, 0, false
	}
	gaps := r.gaps()
	gap = median(gaps) // sorted now
	if gap < shortestGap || gap > longestGap {
		return 0, 0, false
	}
	deviations, near := make([]float64, len(gaps)), 0
	for i, g := range gaps {
		if deviations[i] = math.Abs(g - gap); deviations[i] <= gap/2 {
			near++
		}
	}
	if median(deviations) >= mostSpread*gap || float64(near) < fewestNear*float64(len(gaps)) {
		return 0, 0, false
	}
	return gap, max(2*gap, gaps[len(gaps)-1]) + graceOf(gap), true
}
