// Package schedule knows when flows are due: schedules in cron's syntax, in their time zones, over changes of the clock.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is a schedule in cron's syntax: five fields, or @hourly and its like, or @every with a duration, with CRON_TZ=
// or TZ= in front where it is not in UTC.
type Schedule struct {
	// every is set of @every, and spec of all others.
	every time.Duration
	spec  *cron.SpecSchedule
}

// eachHour is the bit of a cron.SpecSchedule's hours that says that they began with a star.
const eachHour = 1 << 63

// Parse reads a schedule. The error says in plain words what cannot be read.
func Parse(text string) (*Schedule, error) {
	zone, rest := "CRON_TZ=UTC", strings.TrimSpace(text)
	if strings.HasPrefix(rest, "TZ=") || strings.HasPrefix(rest, "CRON_TZ=") {
		var found bool
		if zone, rest, found = strings.Cut(rest, " "); !found {
			return nil, errors.New("it has a time zone, and nothing else")
		}
		if strings.HasSuffix(zone, "=") {
			return nil, fmt.Errorf("%q names no time zone", zone)
		}
	}
	parsed, err := cron.ParseStandard(zone + " " + sundays(strings.TrimSpace(rest)))
	if err != nil {
		return nil, fmt.Errorf("it cannot be read as cron: %w", err)
	}
	if spec, ok := parsed.(*cron.SpecSchedule); ok {
		return &Schedule{spec: spec}, nil
	}
	// The library makes a second of what is less.
	return &Schedule{every: parsed.(cron.ConstantDelaySchedule).Delay}, nil
}

// sundays writes the 7 that many crons have for Sunday as 0, which the library knows alone.
func sundays(text string) string {
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return text
	}
	var parts []string
	for part := range strings.SplitSeq(fields[4], ",") {
		if from, ok := strings.CutSuffix(part, "-7"); ok && from != "7" {
			parts = append(parts, from+"-6")
			part = "0"
		}
		if part == "7" {
			part = "0"
		}
		parts = append(parts, part)
	}
	fields[4] = strings.Join(parts, ",")
	return strings.Join(fields, " ")
}

// Every is how far apart runs of @every are; 0 of all other schedules.
func (s *Schedule) Every() time.Duration { return s.every }

// Location is the time zone that the schedule is in.
func (s *Schedule) Location() *time.Location {
	if s.spec == nil {
		return time.UTC
	}
	return s.spec.Location
}

// lookBack is how far Last looks, step by step: a schedule is due each minute, or once in four years.
var lookBack = []time.Duration{2 * time.Hour, 50 * time.Hour, 40 * 24 * time.Hour, 800 * 24 * time.Hour, 3000 * 24 * time.Hour}

// Last are the last n times at which the schedule was due, up to a time and with it, the oldest first; fewer when there
// were not as many in eight years. Of @every there are none.
func (s *Schedule) Last(upTo time.Time, n int) (due []time.Time) {
	for _, back := range lookBack {
		due = s.Due(upTo.Add(-back), upTo.Add(time.Nanosecond))
		if len(due) >= n {
			return due[len(due)-n:]
		}
	}
	return due
}

// Due are the times from one to the other, the latter not included, at which the schedule is due. A time of day that a
// change to summer time leaves out is not due that day; one that the change back brings twice is due once, the first
// time, unless the schedule is for every hour. Of @every, which has no fixed times, there are none.
func (s *Schedule) Due(from, to time.Time) (out []time.Time) {
	for at := s.Next(from.Add(-time.Nanosecond)); !at.IsZero() && at.Before(to); at = s.Next(at) {
		out = append(out, at)
	}
	return out
}

// Next is the first time after another at which the schedule is due; the zero time when there is none in five years, and of
// @every.
func (s *Schedule) Next(after time.Time) time.Time {
	if s.every > 0 {
		return time.Time{}
	}
	for at := s.spec.Next(after); !at.IsZero(); at = s.spec.Next(at) {
		local := at.In(s.spec.Location)
		again := local.Add(-time.Hour).Format(time.DateTime) == local.Format(time.DateTime)
		if !again || s.spec.Hour&eachHour != 0 {
			return at.UTC()
		}
	}
	return time.Time{}
}
