package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seam is a Wednesday afternoon.
var seam = time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)

func aDay(seed uint64) Options {
	return Options{Seed: seed, Start: seam.Add(-30 * time.Hour), Now: seam, LiveRate: 1}
}

func collect(s *Story, to time.Time) []Event {
	var events []Event
	s.Advance(to, func(e Event) { events = append(events, e) })
	return events
}

func digest(events []Event) string {
	h := sha256.New()
	for _, e := range events {
		h.Write(e.JSON)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func TestStoryIsDecidedByItsSeed(t *testing.T) {
	t.Parallel()
	first := collect(New(aDay(1)), seam)
	require.Equal(t, "0b4947130add4f82", digest(first[:2000]), "what a seed tells has changed: say so in the change, and set the new digest")
	require.Equal(t, digest(first), digest(collect(New(aDay(1)), seam)))
	require.NotEqual(t, digest(first), digest(collect(New(aDay(2)), seam)))
}

func TestStoryDoesNotDependOnTheSteps(t *testing.T) {
	t.Parallel()
	end := seam.Add(time.Hour)
	whole := collect(New(aDay(3)), end)
	stepped := New(aDay(3))
	var events []Event
	steps := streamOf(9)
	for at := stepped.options.Start; at.Before(end); at = at.Add(time.Duration(steps.below(600e9))) {
		events = append(events, collect(stepped, at)...)
	}
	events = append(events, collect(stepped, end)...)
	require.Len(t, events, len(whole))
	require.Equal(t, digest(whole), digest(events))
	require.Empty(t, collect(stepped, seam), "the past is told once")
}

func TestStoryKeepsTheContractAndTheOrderOfTime(t *testing.T) {
	t.Parallel()
	end := seam.Add(30 * time.Minute)
	var last time.Time
	seen := map[string]int{}
	ids := map[string]bool{}
	for _, e := range collect(New(aDay(4)), end) {
		doc := checkEvent(t, e.JSON)
		require.Equal(t, e.Type, doc["type"])
		require.Equal(t, e.ID, doc["id"])
		require.False(t, e.At.Before(last), "%s is told before what was told before it", e.JSON)
		require.False(t, e.OccurredAt.After(e.At), "%s happens after it is told", e.JSON)
		require.False(t, e.At.After(end))
		last = e.At
		seen[e.Type]++
		switch e.Type {
		case "flow_run", "node_run", "customer", "connected_app", "flow", "data_source":
		default:
			require.False(t, ids[e.Type+e.ID], "%s twice", e.ID)
			ids[e.Type+e.ID] = true
		}
	}
	for kind := range shapes {
		require.NotZero(t, seen[kind], "no %s in a day", kind)
	}
}

func TestStoryHoldsItsRate(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"demo":  {Start: seam.Add(-30 * time.Hour), Now: seam},
		"busy":  {Start: seam.Add(-12 * time.Hour), Now: seam, Rate: 0.5},
		"night": {Start: seam.Add(-24 * time.Hour), Now: seam.Add(-12 * time.Hour), Rate: 0.3},
		"load":  {Start: seam.Add(-10 * time.Minute), Now: seam, Rate: 30, Flat: true},
	} {
		o.Seed = 5
		rate := max(o.Rate, DefaultRate)
		events := collect(New(o), o.Now)
		got := float64(len(events)) / o.Now.Sub(o.Start).Seconds()
		require.InEpsilon(t, rate, got, 0.2, "%s: %d events", name, len(events))
	}
	quiet := New(Options{Seed: 5, Start: seam, Now: seam, Rate: 20, Flat: true})
	require.InEpsilon(t, 20*600, len(collect(quiet, seam.Add(10*time.Minute))), 0.2)
}

func TestStoryUsesEveryCustomerIntegrationAndEndpoint(t *testing.T) {
	t.Parallel()
	o := aDay(6)
	o.Rate = 0.4
	customers, integrations, endpoints := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, e := range collect(New(o), seam) {
		customers[e.Customer]++
		if e.Type == "api_request" {
			integrations[e.Integration] = true
			var doc struct {
				Data struct{ Method, Endpoint string }
			}
			require.NoError(t, json.Unmarshal(e.JSON, &doc))
			endpoints[e.Integration+doc.Data.Method+doc.Data.Endpoint] = true
		}
	}
	delete(customers, "")
	require.Len(t, customers, 40)
	require.Len(t, integrations, 12)
	require.Greater(t, len(endpoints), 50)
	require.Greater(t, customers[customerNames[0].key], 5*customers[customerNames[30].key])
}
