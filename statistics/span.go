package statistics

import (
	"slices"
	"sort"
	"time"
)

// span is minutes from the first on, before the end.
type span struct{ first, end int64 }

func (s span) has(minute int64) bool { return s.first <= minute && minute < s.end }

// spans ascend and do not touch.
type spans []span

// has tells whether a minute is in one of them.
func (s spans) has(minute int64) bool {
	i := sort.Search(len(s), func(i int) bool { return minute < s[i].end })
	return i < len(s) && s[i].first <= minute
}

// cover tells whether all of a span is in them.
func (s spans) cover(all span) bool {
	return slices.ContainsFunc(s, func(one span) bool { return one.first <= all.first && one.end >= all.end })
}

// cut gives the units (hours or days, in minutes) that a bound lies within: their figures are not those of one side. Bounds
// ascend.
func cut(unit int64, bounds ...int64) (list spans) {
	for _, at := range bounds {
		first := floorDiv(at, unit) * unit
		if first != at {
			list = list.with(span{first, first + unit})
		}
	}
	return list
}

// with adds a span that begins no earlier than the last.
func (s spans) with(one span) spans {
	if n := len(s); n > 0 && one.first <= s[n-1].end {
		s[n-1].end = max(s[n-1].end, one.end)
		return s
	}
	return append(s, one)
}

// and gives what is in either.
func (s spans) and(others spans) (both spans) {
	all := slices.Concat(s, others)
	slices.SortFunc(all, func(a, b span) int { return int(a.first - b.first) })
	for _, one := range all {
		both = both.with(one)
	}
	return both
}

// days gives whole UTC days, of all days that the spans touch.
func (s spans) days() (list spans) {
	for _, one := range s {
		first := floorDiv(one.first, minutesOfDay) * minutesOfDay
		list = list.with(span{first, (floorDiv(one.end-1, minutesOfDay) + 1) * minutesOfDay})
	}
	return list
}

// within gives what of the spans is in a span.
func (s spans) within(limit span) (list spans) {
	for _, one := range s {
		if one.first, one.end = max(one.first, limit.first), min(one.end, limit.end); one.first < one.end {
			list = append(list, one)
		}
	}
	return list
}

// windows are the spans as a statement takes them: a day, and the first and last time of it.
func (s spans) windows() (days, firsts, ends []time.Time) {
	for _, one := range s {
		for first := one.first; first < one.end; {
			next := (floorDiv(first, minutesOfDay) + 1) * minutesOfDay
			end := min(next, one.end)
			if n := len(days); n > 0 && days[n-1].Equal(dayOf(first)) {
				ends[n-1] = timeOf(end)
			} else {
				days, firsts, ends = append(days, dayOf(first)), append(firsts, timeOf(first)), append(ends, timeOf(end))
			}
			first = next
		}
	}
	return days, firsts, ends
}
