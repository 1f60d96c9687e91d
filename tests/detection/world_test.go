package detection

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/detection/town"
)

// TestWorld_SeesWhatTheTownDid shows that all that is sent arrives, under the world's clock.
func TestWorld_SeesWhatTheTownDid(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.town = town.New(town.Options{Seed: 1, Start: monday, Noise: .01, Apps: []*town.App{
		{Customer: "ada", Integration: "hubspot", Calls: 120, Webhooks: 20, Nightly: true},
		{Customer: "bob", Integration: "xero", Calls: 60, Pull: 15 * time.Minute, Rhythm: time.Hour},
	}, Schedules: map[string]string{"hubspot": "CRON_TZ=Europe/Berlin 30 3 * * *"}})
	s.play(monday.Add(26*time.Hour), Coarse)
	s.play(monday.Add(34*time.Hour), Pace{Step: 5 * time.Minute, Prompt: true})
	t.Log(s.town.Events, s.Took)
	require.Equal(t, monday.Add(34*time.Hour), s.Now())
	var got struct {
		Overview struct{ Totals struct{ Total, Failed int } }
		Flows    struct{ Nodes []struct{ Key string } }
	}
	require.NoError(t, s.Query(t.Context(), tenant.RoleViewer, `query($range: TimeRange!) { overview(range: $range) { totals { total failed } } flows { nodes { key } } }`,
		map[string]any{"range": map[string]any{"from": monday, "to": s.Now()}}, &got))
	require.Greater(t, got.Overview.Totals.Total, 1000)
	require.InDelta(t, .01, float64(got.Overview.Totals.Failed)/float64(got.Overview.Totals.Total), .006)
	require.Len(t, got.Flows.Nodes, 4)
}
