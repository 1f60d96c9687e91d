package detection

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/detection/town"
)

// TestQuiet_NothingIsFoundInWhatIsOrdinary has a public holiday, a customer that grows tenfold, one that leaves, one that is
// new, nights, weekends, and the change to summer time with a schedule at an hour that does not exist on that day.
func TestQuiet_NothingIsFoundInWhatIsOrdinary(t *testing.T) {
	lasts(t)
	t.Parallel()
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	s := openAt(t, start)
	grows := func(at time.Time) float64 { return math.Pow(10, min(1, max(0, at.Sub(start).Hours()/24/20))) }
	hours := func(at time.Time) float64 {
		if at.Before(start.Add(17*day + 9*time.Hour)) {
			return 0
		}
		return 1
	}
	s.town = town.New(town.Options{
		Seed: 5, Start: start, Noise: .01, Holidays: []time.Time{start.AddDate(0, 0, 16), start.AddDate(0, 0, 25)},
		Schedules: map[string]string{"netsuite": "CRON_TZ=Europe/Berlin 30 2 * * *", "shopify": "CRON_TZ=Europe/Berlin 15 * * * *"},
		Apps: []*town.App{
			{Customer: "ada", Integration: "shopify", Calls: 60, Webhooks: 25, Nightly: true},
			{Customer: "bob", Integration: "shopify", Calls: 8, Webhooks: 3, Grows: grows},
			{Customer: "cyd", Integration: "shopify", Calls: 40, Webhooks: 15, Gone: start.Add(18*day + 11*time.Hour)},
			{Customer: "dan", Integration: "shopify", Calls: 30, Webhooks: 12, Grows: hours},
			{Customer: "ada", Integration: "netsuite", Calls: 30, Pull: 15 * time.Minute, Nightly: true},
			{Customer: "eve", Integration: "netsuite", Calls: 6, Pull: time.Hour, Zone: -6 * time.Hour, Nightly: true},
			{Customer: "cyd", Integration: "netsuite", Calls: 10, Pull: 30 * time.Minute, Nightly: true, Gone: start.Add(18*day + 11*time.Hour)},
			{Customer: "fay", Integration: "microsoft_graph", Calls: 20, Rhythm: time.Hour, Lives: 8 * time.Hour},
			{Customer: "gil", Integration: "microsoft_graph", Calls: 4, Rhythm: 2 * time.Hour, Steady: true, Lives: 60 * day},
		},
	})
	s.play(start.Add(29*day), Pace{Step: time.Hour})
	require.Empty(t, s.issues())
}
