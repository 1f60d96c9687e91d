package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func utc(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestWhenASchedulesIsDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, schedule, from, to, due string }{
		{"the end is not included", "0 * * * *", "2026-03-02 10:00", "2026-03-02 12:00", "03-02 10:00, 03-02 11:00"},
		{"steps", "*/20 9-10 * * *", "2026-03-02 09:10", "2026-03-02 10:21", "03-02 09:20, 03-02 09:40, 03-02 10:00, 03-02 10:20"},
		{"steps of a span", "10-50/20 9 * * *", "2026-03-02 00:00", "2026-03-03 00:00", "03-02 09:10, 03-02 09:30, 03-02 09:50"},
		{"lists", "5,35 0 * * *", "2026-03-02 00:00", "2026-03-03 00:00", "03-02 00:05, 03-02 00:35"},
		{"names", "0 8 * MAR mon-wed", "2026-03-01 00:00", "2026-03-08 00:00", "03-02 08:00, 03-03 08:00, 03-04 08:00"},
		{"7 is Sunday too", "0 8 * * 7", "2026-03-01 00:00", "2026-03-09 00:00", "03-01 08:00, 03-08 08:00"},
		{"either kind of day suffices", "0 8 3 * sun", "2026-03-01 00:00", "2026-03-09 00:00", "03-01 08:00, 03-03 08:00, 03-08 08:00"},
		{"shorthand", "@daily", "2026-03-01 00:01", "2026-03-03 00:01", "03-02 00:00, 03-03 00:00"},
		{"a time zone", "CRON_TZ=Asia/Kolkata 0 9 * * *", "2026-03-02 00:00", "2026-03-03 00:00", "03-02 03:30"},
		{"TZ too", "TZ=America/New_York 0 9 * * *", "2026-03-06 00:00", "2026-03-10 00:00", "03-06 14:00, 03-07 14:00, 03-08 13:00, 03-09 13:00"},
		{"an hour that is left out", "CRON_TZ=Europe/Helsinki 30 3 * * *", "2026-03-28 00:00", "2026-03-31 00:00", "03-28 01:30, 03-30 00:30"},
		{"an hour that comes twice", "CRON_TZ=Europe/Helsinki 30 3 * * *", "2026-10-24 00:00", "2026-10-26 12:00", "10-24 00:30, 10-25 00:30, 10-26 01:30"},
		{"which began before", "CRON_TZ=Europe/Helsinki 30 3 * * *", "2026-10-25 00:45", "2026-10-25 12:00", ""},
		{"every hour it comes twice", "CRON_TZ=Europe/Helsinki 30 * * * *", "2026-10-25 00:00", "2026-10-25 02:00", "10-25 00:30, 10-25 01:30"},
		{"of every nothing is fixed", "@every 90m", "2026-03-01 00:00", "2026-03-03 00:00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse(c.schedule)
			require.NoError(t, err)
			got := ""
			for i, at := range s.Due(utc(c.from), utc(c.to)) {
				if i > 0 {
					got += ", "
				}
				got += at.Format("01-02 15:04")
			}
			require.Equal(t, c.due, got)
		})
	}
}

func TestTheLastTimesDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, schedule, at, due string }{
		{"each minute", "* * * * *", "2026-03-02 10:00", "03-02 09:58, 03-02 09:59, 03-02 10:00"},
		{"the time itself counts", "0 * * * *", "2026-03-02 10:00", "03-02 08:00, 03-02 09:00, 03-02 10:00"},
		{"days, over the beginning of summer time", "CRON_TZ=Europe/Helsinki 0 2 * * *", "2026-03-30 12:00", "03-28 00:00, 03-29 00:00, 03-29 23:00"},
		{"an hour that was left out", "CRON_TZ=Europe/Helsinki 30 3 * * *", "2026-03-30 12:00", "03-27 01:30, 03-28 01:30, 03-30 00:30"},
		{"an hour that came twice", "CRON_TZ=Europe/Helsinki 30 3 * * *", "2026-10-25 12:00", "10-23 00:30, 10-24 00:30, 10-25 00:30"},
		{"once a year", "0 0 1 1 *", "2026-10-25 12:00", "01-01 00:00, 01-01 00:00, 01-01 00:00"},
		{"never", "0 0 30 2 *", "2026-10-25 12:00", ""},
		{"of every nothing is fixed", "@every 90m", "2026-03-01 00:00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse(c.schedule)
			require.NoError(t, err)
			got := ""
			for i, at := range s.Last(utc(c.at), 3) {
				if i > 0 {
					got += ", "
				}
				got += at.Format("01-02 15:04")
			}
			require.Equal(t, c.due, got)
		})
	}
}

func TestSchedulesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *",
		"a * * * *", "*/x * * * *", "1- * * * *", "CRON_TZ=Nowhere/Land 0 * * * *", "@every soon", "@reboot", "TZ=", "CRON_TZ= 0 * * * *", "TZ=UTC", "CRON_TZ=UTC",
	} {
		_, err := Parse(text)
		require.Error(t, err, text)
	}
}

func FuzzSchedule(f *testing.F) {
	for _, text := range []string{"*/5 0-3 * jan mon", "CRON_TZ=Europe/Helsinki 0 3 * * *", "@every 5m", "@hourly", "1,2-3/4 * * * *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		from, to := utc("2026-10-25 00:00"), utc("2026-10-25 03:00")
		var last time.Time
		for _, at := range s.Due(from, to) {
			require.True(t, at.After(last) && !at.Before(from) && at.Before(to))
			last = at
		}
	})
}
