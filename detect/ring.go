package detect

// ring is the last minutes at which something happened, the oldest first.
type ring struct {
	minutes []int64
	place
}

// ringSize is how many are kept: 23 gaps tell a rhythm from chance.
const ringSize = 24

func ringOf[K comparable](rings map[K]*ring, k K) *ring {
	r := rings[k]
	if r == nil {
		r = &ring{}
		if len(rings) < mostSeries {
			rings[k] = r
		}
	}
	return r
}

func (r *ring) takeAll(t *tally, counts stream, p place) {
	t.each(counts, func(minute, _ int64) { r.take(minute) })
	r.place = p
}

// take adds a minute, which is after all others.
func (r *ring) take(minute int64) {
	if len(r.minutes) == ringSize {
		copy(r.minutes, r.minutes[1:])
		r.minutes = r.minutes[:ringSize-1]
	}
	r.minutes = append(r.minutes, minute)
}

// last is the last minute; 0 when there is none.
func (r *ring) last() int64 {
	if len(r.minutes) == 0 {
		return 0
	}
	return r.minutes[len(r.minutes)-1]
}

// gaps are what lies between, in minutes.
func (r *ring) gaps() []float64 {
	var list []float64
	for i := 1; i < len(r.minutes); i++ {
		list = append(list, float64(r.minutes[i]-r.minutes[i-1]))
	}
	return list
}

func dropOld[K comparable](rings map[K]*ring, before int64) {
	for k, r := range rings {
		if r.last() < before {
			delete(rings, k)
		}
	}
}
