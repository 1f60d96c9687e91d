package issues

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
)

func TestReadingTrafficIsBounded(t *testing.T) {
	t.Parallel()
	const tenants, took = 10, 100 * time.Millisecond
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	var b budget
	ids := make([]uuid.UUID, tenants)
	turns := map[uuid.UUID]int{}
	for i := range ids {
		ids[i] = nodeid.New(now)
	}
	var spent time.Duration
	const second, hour = time.Second, time.Hour
	for at := time.Duration(0); at < hour; at += second {
		for _, id := range ids {
			if b.allows(id, now.Add(at)) {
				b.spend(took)
				spent += took
				turns[id]++
			}
		}
	}
	require.LessOrEqual(t, spent, readAhead+time.Duration(readPart*float64(hour))+tenants*took)
	for _, id := range ids {
		require.GreaterOrEqual(t, turns[id], int(hour/readPatience)-1, "each has its turn")
	}
	// What is little is never put off.
	var little budget
	for at := range 1000 {
		require.True(t, little.allows(ids[0], now.Add(time.Duration(at)*second)))
		little.spend(10 * time.Millisecond)
	}
}
