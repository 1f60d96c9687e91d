package jobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
)

func TestTenantsOfOneProcessAreSpreadOverAllQueues(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for range 400 {
		counts[tenantQueue(nodeid.New(noon))]++
	}
	require.Len(t, counts, tenantQueues)
	for queue, n := range counts {
		require.Greater(t, n, 50, queue)
	}
}
