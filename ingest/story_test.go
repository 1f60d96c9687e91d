package ingest_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/simulate"
)

// TestStory sends a day of a simulated company: every event of it is good, and sent again every one is a duplicate.
func TestStory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var bodies [][]byte
	types, total, inBody := map[string]int{}, 0, 0
	simulate.New(simulate.Options{Seed: 7, Start: noon.Add(-24 * time.Hour), Now: noon, Rate: 0.05}).History(func(e simulate.Event) {
		if inBody == 0 {
			bodies = append(bodies, nil)
		}
		last := &bodies[len(bodies)-1]
		*last = append(e.AppendJSON(*last), '\n')
		inBody = (inBody + 1) % 2000
		types[e.Type]++
		total++
	})
	require.Greater(t, total, 2000)
	require.Greater(t, len(types), 8)
	send := func() (sum ingest.Result) {
		for _, body := range bodies {
			a := b.send(t, bytes.NewReader(gzipped(t, body)), "Content-Type", "application/x-ndjson", "Content-Encoding", "gzip")
			require.Equal(t, http.StatusAccepted, a.status, "%+v", a.Error)
			require.Empty(t, a.Rejected)
			sum.Accepted += a.Accepted
			sum.Duplicates += a.Duplicates
		}
		return sum
	}
	first := send()
	require.Equal(t, total, first.Accepted+first.Duplicates)
	// A state that is told twice is a duplicate the first time already; hardly any is.
	require.Less(t, first.Duplicates, total/20)
	again := send()
	require.Equal(t, []int{0, total}, []int{again.Accepted, again.Duplicates})
}
