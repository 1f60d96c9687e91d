package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The sizes of numbers that tell units apart: each unit covers the years up to 5138 and, from seconds on, begins before
// 1973.
const (
	beyondSeconds = 1e11
	beyondMillis  = 1e14
	beyondMicros  = 1e17
)

// moments are the forms of ISO 8601 that agents and the libraries below them write. What has no zone is in UTC.
var moments = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02",
}

// parseMoment reads a time: a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
// its size, or a text as in ISO 8601. It is cut to whole microseconds, in UTC.
func parseMoment(text string) (at time.Time, ok bool) {
	if at, ok = parseEpoch(text); ok {
		return at, true
	}
	text = strings.ToUpper(text)
	if zone := strings.IndexByte(text, '['); zone > 0 {
		// Java adds the name of the zone to its offset.
		text = text[:zone]
	}
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + strings.ReplaceAll(text[11:], " ", "")
	}
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil && at.Year() <= 9999 {
			return time.UnixMicro(at.UnixMicro()).UTC(), true
		}
	}
	return time.Time{}, false
}

func parseEpoch(text string) (at time.Time, ok bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMicro(microsOf(n)).UTC(), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) >= math.MaxInt64 {
		return time.Time{}, false
	}
	if math.Abs(f) < beyondSeconds {
		// A fraction of a second is worth keeping.
		return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), true
	}
	if math.Abs(f) < beyondMillis {
		return time.UnixMicro(int64(math.Round(f * 1e3))).UTC(), true
	}
	return time.UnixMicro(microsOf(int64(f))).UTC(), true
}

func microsOf(n int64) int64 {
	switch size := math.Abs(float64(n)); {
	case size < beyondSeconds:
		return n * 1e6
	case size < beyondMillis:
		return n * 1e3
	case size < beyondMicros:
		return n
	}
	return n / 1e3
}
