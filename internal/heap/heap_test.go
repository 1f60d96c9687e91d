package heap

import (
	"context"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const mebibyte = 1 << 20

// after is the percentage after so many seconds of so many collections each.
func after(p *pace, cycles *uint64, seconds int, each, live uint64) (percent int) {
	for range seconds {
		*cycles += each
		percent = p.next(*cycles, live)
	}
	return percent
}

func TestABusyServiceCollectsSeldom(t *testing.T) {
	t.Parallel()
	var p pace
	cycles := uint64(1000) // of before the first look
	require.Equal(t, usual, after(&p, &cycles, 1, 0, 32*mebibyte))
	require.Equal(t, usual, after(&p, &cycles, 2, 10, 32*mebibyte), "a large request or two")
	require.Equal(t, 300, after(&p, &cycles, 1, 10, 32*mebibyte), "96 MiB beside 32")
	require.Equal(t, 200, after(&p, &cycles, 300, 2, 48*mebibyte), "it stays busy, though it collects less often for it")
	require.Equal(t, usual, after(&p, &cycles, 1, 2, 500*mebibyte), "what is much already is doubled at most")
	require.Equal(t, highest, after(&p, &cycles, 1, 2, mebibyte))
	require.Equal(t, highest, after(&p, &cycles, 55, 0, mebibyte), "a break")
	require.Equal(t, usual, after(&p, &cycles, 10, 0, mebibyte), "a minute at rest")
	require.Equal(t, usual, after(&p, &cycles, 1000, 0, mebibyte))
}

func TestAServiceThatCollectsNowAndThenIsNotBusy(t *testing.T) {
	t.Parallel()
	var p pace
	var cycles uint64
	for range 100 {
		require.Equal(t, usual, after(&p, &cycles, 1, 1, mebibyte))
		require.Equal(t, usual, after(&p, &cycles, 4, 0, mebibyte))
	}
}

func TestSmallChangesAreNotSet(t *testing.T) {
	t.Parallel()
	require.False(t, worthSetting(300, 310))
	require.False(t, worthSetting(300, 280))
	require.True(t, worthSetting(300, 340))
	require.True(t, worthSetting(105, usual))
	require.False(t, worthSetting(usual, usual))
}

// Nothing else of this package's tests may run beside it: it is about the process.
func TestGOGCIsLeftAlone(t *testing.T) {
	t.Setenv("GOGC", "50")
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	Tend(ctx)
	require.NoError(t, ctx.Err(), "it returned at once")
	require.Equal(t, 50, debug.SetGCPercent(50))
}
