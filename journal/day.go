package journal

import "time"

// Day is a day in UTC, counted from 1970-01-01: the unit of partitions, segments and duplicates.
type Day int32

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// DayOf is the day of a time.
func DayOf(t time.Time) Day { return dayOf(t.UnixMicro()) }

// Time is when the day begins.
func (d Day) Time() time.Time { return time.UnixMicro(d.micros()).UTC() }

// String is the day as it is written in ISO 8601.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

func (d Day) micros() int64 { return int64(d) * dayMicros }

func dayOf(micros int64) Day {
	d := micros / dayMicros
	if micros%dayMicros < 0 {
		d--
	}
	return Day(d)
}

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
