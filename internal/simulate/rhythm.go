package simulate

import (
	"math"
	"time"
)

// rhythm is how busy a company is by hour and weekday, relative to its mean between Start and Now.
type rhythm struct {
	flat bool
	mean float64
}

// byHour is the activity of a working day in UTC, of a company with customers in Europe and America.
var byHour = [24]float64{.45, .4, .38, .38, .42, .55, .8, 1.1, 1.45, 1.6, 1.55, 1.45, 1.35, 1.5, 1.6, 1.55, 1.5, 1.35, 1.2, 1.05, .9, .75, .6, .5}

func newRhythm(o Options) rhythm {
	r := rhythm{flat: o.Flat, mean: 1}
	sum, n := 0.0, 0
	for t := o.Start; t.Before(o.Now); t = t.Add(10 * time.Minute) {
		sum += r.at(t)
		n++
	}
	if n > 0 {
		r.mean = sum / float64(n)
	}
	return r
}

func (r rhythm) at(t time.Time) float64 {
	if r.flat {
		return 1
	}
	hour, part := t.Hour(), float64(t.Minute())/60
	level := byHour[hour]*(1-part) + byHour[(hour+1)%24]*part
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		level *= 0.55
	}
	return level / r.mean
}

// eventsPerArrival and steadyPerHour are what the catalogue comes to: the mean number of events that
// one arrival makes, and what schedules and pulls make by themselves. A test holds them to the rate.
const (
	eventsPerArrival = 13.5
	steadyPerHour    = 205
)

// planArrivals starts the process of everything that comes from outside: a Poisson process whose
// rate follows the rhythm.
func (s *Story) planArrivals() {
	r := streamOf(s.options.Seed, streamArrivals)
	var arrive func(now time.Time)
	next := func(now time.Time) {
		gap := time.Duration(r.exponential(1/s.arrivalRate(now))*1e6) * time.Microsecond
		at := now.Add(max(time.Microsecond, gap))
		if seam := s.options.Now; now.Before(seam) && at.After(seam) {
			// The rate changes at the seam; waiting has no memory, so it may begin anew there.
			s.queue.push(seam, nil, arrive)
			return
		}
		s.queue.push(at, nil, arrive)
	}
	arrive = func(now time.Time) {
		s.arrival(&r, now)
		next(now)
	}
	next(s.options.Start)
}

// arrivalRate is in arrivals a second. A gap is drawn at the rate of its beginning: it is seconds or
// minutes long, and the rhythm changes over hours.
func (s *Story) arrivalRate(now time.Time) float64 {
	rate := s.options.Rate
	if !now.Before(s.options.Now) {
		rate = s.options.LiveRate
	}
	arriving := max(rate-steadyPerHour/3600.0*float64(len(s.customers))/float64(len(customerNames)), rate/5)
	return math.Max(arriving*s.rhythm.at(now)/eventsPerArrival, 1e-4)
}
