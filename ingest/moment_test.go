package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUTCMoment(t *testing.T) {
	t.Parallel()
	usual := 0
	for at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() <= 9999; at = at.Add(101*time.Hour + 17*time.Minute + 29*time.Second + 123456789) {
		for _, form := range []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.0Z", "2006-01-02T15:04:05.000000Z"} {
			text := at.Format(form)
			want, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(t, err)
			got, ok := utcMoment(text)
			if !ok {
				require.True(t, at.Day() == 31 || at.Day() == 29 && at.Month() == time.February, text)
				continue
			}
			if want = time.UnixMicro(want.UnixMicro()).UTC(); got != want {
				require.Equal(t, want, got, text)
			}
			usual++
		}
	}
	require.Positive(t, usual)
}

func FuzzUTCMoment(f *testing.F) {
	for _, seed := range []string{
		"2026-03-10T10:15:00.123Z", "2026-03-10T10:15:00Z", "2026-03-10T10:15:00.Z", "2026-03-10T10:15:00,1Z", "2026-03-10T24:00:00Z",
		"2026-02-29T00:00:00Z", "0000-00-10T10:15:00Z", "2026-03-10T10:15:60Z", "2026-03-10T10:15:00.123456789Z", "+026-03-10T10:15:0aZ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := utcMoment(text); ok {
			want, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(t, err)
			require.Equal(t, time.UnixMicro(want.UnixMicro()).UTC(), got)
		}
	})
}
