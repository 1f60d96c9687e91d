package notify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Each step is three times the last, up to the longest, and a fifth of it more or less by chance: no less, no more.
func TestStepsGrowAndAreSpread(t *testing.T) {
	t.Parallel()
	for i, want := range []time.Duration{5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second, 405 * time.Second, 1215 * time.Second, 3645 * time.Second, 10935 * time.Second, 4 * time.Hour, 4 * time.Hour} {
		require.Equal(t, want, backoff(i+1, 0.5))
		require.Equal(t, want*8/10, backoff(i+1, 0))
		require.InDelta(t, want*12/10, backoff(i+1, 1), float64(time.Microsecond))
	}
}

// Whatever chance says: an attempt comes after the last and no later than the end, no sooner than the receiver asked for,
// and in another moment for another chance.
func TestTheNextAttempt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(1, 1000).Draw(t, "failures")
		left := time.Duration(rapid.Int64Range(1, int64(retryFor)).Draw(t, "left"))
		after := time.Duration(rapid.Int64Range(0, int64(2*retryFor)).Draw(t, "after"))
		one, other := rapid.Float64Range(0, 1).Draw(t, "one"), rapid.Float64Range(0, 1).Draw(t, "other")
		giveUp := now.Add(left)
		at, again := nextAttempt(now, giveUp, failures, after, one)
		require.True(t, again)
		require.True(t, at.After(now) && !at.After(giveUp))
		require.True(t, at.Equal(giveUp) || at.Sub(now) >= after)
		if second, _ := nextAttempt(now, giveUp, failures, 0, other); other-one > 0.01 {
			first, _ := nextAttempt(now, giveUp, failures, 0, one)
			require.True(t, first.Before(second) || second.Equal(giveUp), "%s, %s", first, second)
		}
		_, again = nextAttempt(giveUp, giveUp, failures, after, one)
		require.False(t, again, "the last attempt is at the end")
	})
}
