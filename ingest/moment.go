package ingest

import "time"

// utcMoment reads a time in the form that nearly all senders use, 2006-01-02T15:04:05Z with up to nine digits after a
// point, in a fifth of time.Parse's time. Other forms, and what is no time, it leaves to that.
func utcMoment(s string) (at time.Time, ok bool) {
	n := len(s) - 1
	if n < 19 || n == 20 || n > 29 || s[n] != 'Z' || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || n > 19 && s[19] != '.' {
		return at, false
	}
	// A byte that is no digit makes the number too large.
	year := two(s, 0)*100 + two(s, 2)
	month, day, hour, minute, second := two(s, 5), two(s, 8), two(s, 11), two(s, 14), two(s, 17)
	// The days that not all months have are left out.
	if year > 9999 || month < 1 || month > 12 || day < 1 || day > 30 || day > 28 && month == 2 || hour > 23 || minute > 59 || second > 59 {
		return at, false
	}
	micros := 0
	for i, unit := 20, 100_000; i < n; i++ {
		digit := s[i] - '0'
		if digit > 9 {
			return at, false
		}
		micros += int(digit) * unit
		unit /= 10
	}
	return time.UnixMicro(int64(((days(year, month, day)*24+hour)*60+minute)*60+second)*1e6 + int64(micros)).UTC(), true
}

// noDigits is more than any number of digits that two and its caller put together.
const noDigits = 1 << 20

// two is the number of the two digits at i.
func two(s string, i int) int {
	tens, unit := s[i]-'0', s[i+1]-'0'
	if tens > 9 || unit > 9 {
		return noDigits
	}
	return int(tens)*10 + int(unit)
}

// days counts the days from 1970-01-01 to a date of the Gregorian calendar. Years begin with March here, so that the
// day that comes and goes is the last.
func days(year, month, day int) int {
	if month -= 3; month < 0 {
		year, month = year-1, month+12
	}
	// Of the years since 0000-03-01, with one more era of 400 years so that none is negative.
	year += 400
	return year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - 719468 - 146097
}
