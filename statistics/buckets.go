package statistics

import (
	"slices"
	"time"

	"github.com/weirhq/weir/internal/errs"
)

// Granularity is how long the parts of a series are.
type Granularity uint8

// The granularities.
const (
	Minute Granularity = iota + 1
	Hour
	Day
)

var names = [...]string{"", "MINUTE", "HOUR", "DAY"}

// String is the granularity's name in the API.
func (g Granularity) String() string { return names[g] }

// mostBuckets is how many parts a series has at most.
const mostBuckets = 1500

// Buckets are the parts of a series, one after the other, in whole minutes.
type Buckets struct {
	// bounds are where each begins, and where the last ends, in minutes since 1970. starts are where each would begin if
	// the range did not cut it.
	bounds []int64
	starts []time.Time
	step   int64 // in minutes, when all but the first and the last are equally long
}

// NewBuckets cuts the range from up to to, widened to whole minutes: minutes and hours as UTC has them, days as the
// location has them, so that one may have 23 or 25 hours. The first and the last may be cut by the range. Errors:
// BadInput of range and timeZone.
func NewBuckets(from, to time.Time, g Granularity, in *time.Location) (Buckets, error) {
	if !from.Before(to) {
		return Buckets{}, errs.Invalid("range", "range must end after it begins")
	}
	first, last := from.UTC().Truncate(time.Minute), to.UTC()
	if cut := last.Truncate(time.Minute); cut.Before(last) {
		last = cut.Add(time.Minute)
	}
	b := Buckets{step: 1}
	if g == Hour {
		b.step = 60
	}
	if g == Day {
		b.step = 0
	}
	for at := startOf(first, g, in); at.Before(last); at = after(at, g, in) {
		if len(b.starts) == mostBuckets {
			return Buckets{}, tooMany(g)
		}
		b.starts = append(b.starts, at.UTC())
		b.bounds = append(b.bounds, max(MinuteOf(at), MinuteOf(first)))
	}
	b.bounds = append(b.bounds, MinuteOf(last))
	return b, nil
}

func tooMany(g Granularity) error {
	instead := "a shorter range"
	if g < Day {
		instead = "the granularity " + (g + 1).String() + ", or for a shorter range"
	}
	return errs.Invalid("range", "range has over %d parts of the granularity %s: ask for %s", mostBuckets, g, instead)
}

func startOf(t time.Time, g Granularity, in *time.Location) time.Time {
	switch g {
	case Minute:
		return t
	case Hour:
		return t.Truncate(time.Hour)
	default:
		local := t.In(in)
		return midnight(local.Year(), local.Month(), local.Day(), in)
	}
}

func after(t time.Time, g Granularity, in *time.Location) time.Time {
	switch g {
	case Minute:
		return t.Add(time.Minute)
	case Hour:
		return t.Add(time.Hour)
	default:
		// Noon of a day is never within the hours that a clock change leaves out or repeats.
		noon := t.In(in).Add(12 * time.Hour)
		return midnight(noon.Year(), noon.Month(), noon.Day()+1, in)
	}
}

// midnight is when a day begins, which is not at 0:00 where the clock is put forward then.
func midnight(year int, month time.Month, day int, in *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, in)
	if t.Day() != time.Date(year, month, day, 12, 0, 0, 0, in).Day() {
		// time.Date gave the time before the gap, which is of the day before.
		return t.Add(time.Hour)
	}
	return t
}

func timeOf(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }

// Len is how many there are.
func (b *Buckets) Len() int { return len(b.starts) }

// At is when a bucket begins, by the clock: the range may begin later.
func (b *Buckets) At(i int) time.Time { return b.starts[i] }

// Begin is when the first begins, cut by the range.
func (b *Buckets) Begin() time.Time { return timeOf(b.bounds[0]) }

// End is when a bucket ends, cut by the range.
func (b *Buckets) End(i int) time.Time { return timeOf(b.bounds[i+1]) }

// span is the minutes that the buckets cover.
func (b *Buckets) span() span { return span{b.bounds[0], b.bounds[len(b.bounds)-1]} }

// withPrevious is the span, and the same length of time just before.
func (b *Buckets) withPrevious() span {
	of := b.span()
	return span{2*of.first - of.end, of.end}
}

// of is the bucket of a minute of the span.
func (b *Buckets) of(minute int64) int {
	if b.step > 0 {
		return int((minute - MinuteOf(b.starts[0])) / b.step)
	}
	i, found := slices.BinarySearch(b.bounds, minute)
	if !found {
		i--
	}
	return i
}
