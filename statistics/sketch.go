package statistics

import (
	"math"
	"slices"

	"github.com/DataDog/sketches-go/ddsketch/mapping"
)

// Sketch counts durations in bins that grow by two percent, so that any percentile of them is within one percent of the
// true one: DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
// guarantees", VLDB 2019). Sketches of parts add up to that of the whole. The zero value is empty.
type Sketch struct {
	low    int // the first bin
	counts []int64
	total  int64
	// packed are all that was counted so far, and what is above is empty, when it comes from one hour of a roll-up.
	packed packedBins
}

// accuracy is the most that a percentile is off, relative to the true one.
const accuracy = 0.01

var bins = func() *mapping.LogarithmicMapping {
	m, err := mapping.NewLogarithmicMapping(accuracy)
	if err != nil {
		panic(err) // the accuracy is a constant
	}
	return m
}()

const (
	// shortest is what durations count as that are shorter, in milliseconds: a microsecond. longest is over a year.
	shortest = 0.001
	longest  = 1e11
)

// Bins are numbered from 1, so that 0 can say that there is none. The number is stored: it never changes.
var binBefore = bins.Index(shortest) - 1

// binOf is the bin of a duration in milliseconds.
func binOf(ms float64) int { return bins.Index(min(max(ms, shortest), longest)) - binBefore }

// mostBins is how many bins there are.
var mostBins = binOf(longest)

// add counts durations of a bin; a negative count takes some back.
func (s *Sketch) add(bin int, n int64) {
	s.unpack()
	s.count(bin, n)
}

func (s *Sketch) count(bin int, n int64) {
	switch {
	case len(s.counts) == 0:
		s.low, s.counts = bin, append(s.counts, 0)
	case bin < s.low:
		s.counts = slices.Insert(s.counts, 0, make([]int64, s.low-bin)...)
		s.low = bin
	case bin >= s.low+len(s.counts):
		s.counts = append(s.counts, make([]int64, bin-s.low-len(s.counts)+1)...)
	}
	s.counts[bin-s.low] += n
	s.total += n
}

// addAll counts durations of bins that ascend.
func (s *Sketch) addAll(bins []BinCount) {
	if len(bins) == 0 {
		return
	}
	s.unpack()
	// The ends first, so that there is room at once.
	low, high := bins[0].Bin, bins[len(bins)-1].Bin
	if len(s.counts) == 0 {
		s.low, s.counts = low, make([]int64, high-low+1)
	} else {
		s.add(low, 0)
		s.add(high, 0)
	}
	for _, b := range bins {
		s.counts[b.Bin-s.low] += b.Count
		s.total += b.Count
	}
}

// AddBins counts durations of bins that ascend, such as those of a Cell.
func (s *Sketch) AddBins(bins []BinCount) { s.addAll(bins) }

// Slower is how many durations of bins are longer than one in milliseconds, by more than the bin that it is in.
func Slower(bins []BinCount, ms float64) (n int64) {
	limit := binOf(ms)
	for _, b := range bins {
		if b.Bin > limit {
			n += b.Count
		}
	}
	return n
}

// bins is how many bins have anything.
func (s *Sketch) bins() (n int) {
	s.unpack()
	for _, count := range s.counts {
		if count != 0 {
			n++
		}
	}
	return n
}

// Add counts a duration in milliseconds.
func (s *Sketch) Add(ms float64) { s.add(binOf(ms), 1) }

// CountBins counts durations of bins in any order; times is -1 to take back what was counted.
func (s *Sketch) CountBins(bins []BinCount, times int64) {
	for _, b := range bins {
		s.add(b.Bin, times*b.Count)
	}
}

// Merge adds what another sketch counted.
func (s *Sketch) Merge(other *Sketch) {
	other.unpack()
	for i, n := range other.counts {
		if n != 0 {
			s.add(other.low+i, n)
		}
	}
}

// Len is how many durations were counted.
func (s *Sketch) Len() int64 {
	s.unpack()
	return s.total
}

// Quantile is the duration, in milliseconds, that the part q (0 to 1) of all do not exceed: of n sorted durations that
// at floor(q·(n-1)), within one percent. It is NaN when there are none.
func (s *Sketch) Quantile(q float64) float64 {
	bin := s.quantile(q)
	if bin == 0 {
		return math.NaN()
	}
	return bins.Value(bin + binBefore)
}

// quantile is the bin that a quantile lies in; 0 when there is none.
func (s *Sketch) quantile(q float64) int {
	if i := slices.Index(percentiles[:], q); i >= 0 && s.packed.known[i] != 0 {
		return s.packed.known[i]
	}
	if s.packed.bytes != nil {
		return s.packed.quantile(q)
	}
	if s.total <= 0 {
		return 0
	}
	rank := int64(math.Floor(q * float64(s.total-1)))
	for i, n := range s.counts {
		if rank -= n; rank < 0 {
			return s.low + i
		}
	}
	return 0
}
