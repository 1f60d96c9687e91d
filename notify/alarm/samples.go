package alarm

import (
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// samples are what was counted by minute of what a condition is about.
type samples struct {
	first         int64
	total, failed []int64
	// durations are kept for the metric that needs them.
	durations [][]statistics.BinCount
}

func newSamples(c *Condition, first, end int64) *samples {
	n := max(end-first, 0)
	s := &samples{first: first, total: make([]int64, n), failed: make([]int64, n)}
	if c.Metric == P95 {
		s.durations = make([][]statistics.BinCount, n)
	}
	return s
}

// add counts a cell, if it is of what the condition is about.
func (s *samples) add(c *Condition, cell *statistics.Cell) {
	i := cell.Minute - s.first
	if i < 0 || i >= int64(len(s.total)) || !c.counts(cell) {
		return
	}
	s.total[i] += cell.Count
	if cell.Status == entry.StatusFailure {
		s.failed[i] += cell.Count
	}
	if s.durations != nil {
		s.durations[i] = append(s.durations[i], cell.Durations...)
	}
}

func (c *Condition) counts(cell *statistics.Cell) bool {
	of := func(id, wanted uuid.UUID) bool { return wanted == uuid.Nil || id == wanted }
	return of(cell.IntegrationID, c.IntegrationID) && of(cell.CustomerID, c.CustomerID) && of(cell.FlowID, c.FlowID) &&
		(len(c.Kinds) == 0 || slices.Contains(c.Kinds, cell.Kind))
}

// sliding is the window before a time, which moves on minute by minute.
type sliding struct {
	c             *Condition
	s             *samples
	from, to      int64 // the minutes that are counted: from the first on, before the last
	total, failed int64
	durations     statistics.Sketch
	last          int64 // the last minute that had an entry
}

// slide begins with the window before a minute.
func slide(c *Condition, s *samples, at int64) *sliding {
	w := &sliding{c: c, s: s, from: at - c.lookback(), to: at - c.lookback(), last: math.MinInt64 / 2}
	w.moveTo(at)
	return w
}

func (w *sliding) moveTo(at int64) {
	for ; w.to < at; w.to++ {
		w.count(w.to, 1)
	}
	for ; w.from < at-w.c.lookback(); w.from++ {
		w.count(w.from, -1)
	}
}

func (w *sliding) count(minute, times int64) {
	i := minute - w.s.first
	if i < 0 || i >= int64(len(w.s.total)) {
		return
	}
	w.total += times * w.s.total[i]
	w.failed += times * w.s.failed[i]
	if times > 0 && w.s.total[i] > 0 {
		w.last = minute
	}
	if w.s.durations != nil {
		w.durations.CountBins(w.s.durations[i], times)
	}
}

// value is the metric at the time that the window is before; NaN when there is none.
func (w *sliding) value() float64 {
	switch w.c.Metric {
	case Failures:
		return float64(w.failed)
	case Volume:
		return float64(w.total)
	case P95:
		return w.durations.Quantile(0.95)
	case SilenceSeconds:
		return float64(60 * min(w.to-w.last-1, w.to-w.from))
	}
	if w.total <= 0 {
		return math.NaN()
	}
	return float64(w.failed) / float64(w.total)
}

// run steps through the minutes after one, up to and with another, and gives each change.
func run(c *Condition, state *State, s *samples, after, to int64, each func(did change, at int64)) {
	if after >= to {
		return
	}
	w := slide(c, s, after+1)
	for at := after + 1; at <= to; at++ {
		w.moveTo(at)
		if did := state.step(c, at, w.value()); did != nothing {
			each(did, at)
		}
	}
}
