package town

import "time"

// byHour is how busy an hour of a working day is, of 1 at most.
var byHour = [24]float64{.05, .04, .04, .04, .05, .08, .2, .5, .85, 1, 1, .95, .75, .9, 1, 1, .9, .7, .4, .25, .18, .12, .08, .06}

// atWeekends is how busy a day without work is, of a working day.
const atWeekends = 0.2

// busy is how busy a customer is at a time, of 1 at most; zone is where it is from Greenwich.
func busy(t time.Time, zone time.Duration, holidays []time.Time) float64 {
	local := t.UTC().Add(zone)
	part := float64(local.Minute()) / 60
	level := byHour[local.Hour()]*(1-part) + byHour[(local.Hour()+1)%24]*part
	off := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	for _, h := range holidays {
		off = off || h.Format(time.DateOnly) == local.Format(time.DateOnly)
	}
	if off {
		return level * atWeekends
	}
	return level
}
