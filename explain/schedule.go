package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedule is a schedule in cron's syntax: five fields, or @hourly and its like, or @every with a duration, with CRON_TZ=
// or TZ= in front where it is not in UTC.
type schedule struct {
	// every is set of @every, and nothing else then.
	every                                  time.Duration
	minutes, hours, days, months, weekdays uint64
	// eachHour, eachDay and eachWeekday say that the field began with a star.
	eachHour, eachDay, eachWeekday bool
	zone                           *time.Location
}

var (
	shorthands = map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
	monthNames   = []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// parseSchedule reads a schedule. The error says in plain words what cannot be read.
func parseSchedule(text string) (*schedule, error) {
	s := &schedule{zone: time.UTC}
	text = strings.TrimSpace(text)
	if name, rest, found := strings.Cut(text, " "); found && strings.Contains(name, "TZ=") {
		zone, err := time.LoadLocation(name[strings.Index(name, "=")+1:])
		if err != nil {
			return nil, fmt.Errorf("%q names no time zone", name)
		}
		s.zone, text = zone, strings.TrimSpace(rest)
	}
	if duration, ok := strings.CutPrefix(text, "@every "); ok {
		every, err := time.ParseDuration(strings.TrimSpace(duration))
		if err != nil || every < time.Second {
			return nil, fmt.Errorf("%q is no duration", duration)
		}
		s.every = every
		return s, nil
	}
	if long, ok := shorthands[strings.ToLower(text)]; ok {
		text = long
	}
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return nil, fmt.Errorf("it has %d fields and not five", len(fields))
	}
	for i, f := range []struct {
		into     *uint64
		star     *bool
		min, max int
		names    []string
	}{
		{&s.minutes, new(bool), 0, 59, nil}, {&s.hours, &s.eachHour, 0, 23, nil}, {&s.days, &s.eachDay, 1, 31, nil},
		{&s.months, new(bool), 1, 12, monthNames}, {&s.weekdays, &s.eachWeekday, 0, 7, weekdayNames},
	} {
		*f.star = strings.HasPrefix(fields[i], "*") || fields[i] == "?"
		for part := range strings.SplitSeq(fields[i], ",") {
			bits, err := parsePart(part, f.min, f.max, f.names)
			if err != nil {
				return nil, err
			}
			*f.into |= bits
		}
	}
	s.weekdays |= s.weekdays >> 7 & 1 // 7 is Sunday too.
	return s, nil
}

// parsePart reads one part of a field: *, 5, 1-5, mon-fri, */15, 10-50/20.
func parsePart(part string, least, most int, names []string) (bits uint64, err error) {
	span, stepText, stepped := strings.Cut(part, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("%q is no step", part)
		}
	}
	first, last := least, most
	if span != "*" && span != "?" {
		from, to, ranged := strings.Cut(span, "-")
		if first, err = parseValue(from, names); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if last, err = parseValue(to, names); err != nil {
				return 0, err
			}
		case !stepped:
			last = first
		}
	}
	if first < least || last > most || first > last {
		return 0, fmt.Errorf("%q is not within %d and %d", part, least, most)
	}
	for v := first; v <= last; v += step {
		bits |= 1 << v
	}
	return bits, nil
}

func parseValue(text string, names []string) (int, error) {
	if i := slices.Index(names, strings.ToLower(text)); i >= 0 && text != "" {
		return i, nil
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return v, nil
}

// due are the times from one to the other, the latter not included, at which the schedule is due. A time of day that a
// change to summer time leaves out is not due that day; one that the change back brings twice is due once, the first
// time, unless the schedule is for every hour. Of @every, which has no fixed times, there are none.
func (s *schedule) due(from, to time.Time) (out []time.Time) {
	if s.every > 0 {
		return nil
	}
	seen := map[string]bool{}
	for at := from.Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		if at.Before(from) {
			continue
		}
		local := at.In(s.zone)
		if !s.matches(local) {
			continue
		}
		if clock := local.Format("2006-01-02 15:04"); !s.eachHour {
			// An hour before the span the same time of day may have been there already.
			again := local.Add(-time.Hour).Format("2006-01-02 15:04") == clock
			if again || seen[clock] {
				continue
			}
			seen[clock] = true
		}
		out = append(out, at)
	}
	return out
}

// matches tells whether the schedule is due in the minute. As in all crons, where both kinds of days are restricted
// either suffices.
func (s *schedule) matches(t time.Time) bool {
	if s.minutes>>t.Minute()&1 == 0 || s.hours>>t.Hour()&1 == 0 || s.months>>int(t.Month())&1 == 0 {
		return false
	}
	day, weekday := s.days>>t.Day()&1 == 1, s.weekdays>>int(t.Weekday())&1 == 1
	if s.eachDay || s.eachWeekday {
		return day && weekday
	}
	return day || weekday
}
