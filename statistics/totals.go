package statistics

import (
	"math"

	"github.com/weirhq/weir/journal/entry"
)

// Totals are the figures of some entries.
type Totals struct {
	Total, Failed int64
	// Durations are of those whose duration is known.
	Durations Sketch
}

func (t *Totals) add(c *Cells, i int) {
	n := c.counts[i]
	t.Total += n
	if c.status(i) == entry.StatusFailure {
		t.Failed += n
	}
	t.Durations.addAll(c.durations(i))
}

func (t *Totals) isNothing() bool { return t.Total == 0 && t.Failed == 0 && t.Durations.bins() == 0 }

// Merge adds the figures of other entries.
func (t *Totals) Merge(other *Totals) {
	t.Total += other.Total
	t.Failed += other.Failed
	t.Durations.Merge(&other.Durations)
}

// ErrorRate is which part of all failed, from 0 to 1; 0 when there are none.
func (t *Totals) ErrorRate() float64 {
	if t.Total == 0 {
		return 0
	}
	return float64(t.Failed) / float64(t.Total)
}

// Percentile is the duration in milliseconds that the part q of all do not exceed; nil when none is known.
func (t *Totals) Percentile(q float64) *float64 {
	v := t.Durations.Quantile(q)
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// Trend says where things go.
type Trend uint8

// The trends.
const (
	Steady Trend = iota
	Improving
	Worsening
)

// trendLevel is the quantile of the standard normal distribution that a difference must exceed: one of 1 in 100 by chance.
const trendLevel = 2.576

// TrendOf compares the error rates of two periods by the two-proportion z-test (Fleiss, Levin and Paik, "Statistical
// Methods for Rates and Proportions", 3rd ed., chapter 3) at the level of 1 %. Fewer than 20 entries in either are too
// few to tell.
func TrendOf(now, before *Totals) Trend {
	const fewest = 20
	if now.Total < fewest || before.Total < fewest {
		return Steady
	}
	n, m := float64(now.Total), float64(before.Total)
	pooled := float64(now.Failed+before.Failed) / (n + m)
	deviation := math.Sqrt(pooled * (1 - pooled) * (1/n + 1/m))
	if deviation == 0 {
		return Steady
	}
	switch z := (now.ErrorRate() - before.ErrorRate()) / deviation; {
	case z > trendLevel:
		return Worsening
	case z < -trendLevel:
		return Improving
	}
	return Steady
}
