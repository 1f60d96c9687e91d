package cpu

import (
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALaneIsLeftWhileItsHolderWaitsForBytes(t *testing.T) {
	t.Parallel()
	lanes := newLanes(1)
	in, out := io.Pipe()
	require.NoError(t, lanes.Enter(t.Context()))
	read := make(chan string)
	go func() {
		defer lanes.Leave()
		all, err := io.ReadAll(lanes.Reader(in))
		if err != nil {
			all = []byte(err.Error())
		}
		read <- string(all)
	}()
	// The lane becomes free although its holder is not done.
	require.NoError(t, lanes.Enter(t.Context()))
	_, err := out.Write([]byte("some"))
	require.NoError(t, err)
	lanes.Leave()
	_, err = out.Write([]byte(" bytes"))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.Equal(t, "some bytes", <-read)
	require.NoError(t, lanes.Enter(t.Context()), "what was held is free again")
}

func TestWhoDoesNotWaitAnyLongerHasNoLane(t *testing.T) {
	t.Parallel()
	lanes := newLanes(1)
	require.NoError(t, lanes.Enter(t.Context()))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, lanes.Enter(gone), context.Canceled)
	lanes.Leave()
	require.NoError(t, lanes.Enter(t.Context()))
}

func TestSpread(t *testing.T) { //nolint:paralleltest // It changes the process.
	n := Count()
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	t.Setenv("GOMAXPROCS", "3")
	Spread()
	require.Equal(t, before, runtime.GOMAXPROCS(0), "who says how many gets so many")
	t.Setenv("GOMAXPROCS", "")
	Spread()
	require.Equal(t, 2*n+1, runtime.GOMAXPROCS(0))
	require.Equal(t, n, Count())
}
