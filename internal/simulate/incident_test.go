package simulate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sign is what shows an incident from outside, in one event of its customer and integration.
var signs = map[IncidentKind]func(e evidence) bool{
	TokenExpired: func(e evidence) bool {
		return e.Type == "api_request" && (e.Data.Response.Status == 401 || e.Integration == "slack")
	},
	RateLimited: func(e evidence) bool {
		return e.Type == "api_request" && (e.Data.Response.Status == 429 || e.Integration == "salesforce")
	},
	ProviderOutage: func(e evidence) bool { return e.Type == "api_request" && e.Data.Response.Status >= 500 },
	ProviderSlow:   func(e evidence) bool { return e.Type == "api_request" && e.Data.DurationMS > 900 },
	MissingScope:   func(e evidence) bool { return e.Type == "api_request" && e.Data.Response.Status == 403 },
	WebhookRejected: func(e evidence) bool {
		return e.Type == "external_webhook" && e.Data.Rejection == "verification_failed"
	},
	FlowHangs: func(e evidence) bool { return e.Type == "flow_run" && e.Data.Status == "running" },
}

type evidence struct {
	told
	Data struct {
		Status, Rejection, State string
		DurationMS               float64 `json:"duration_ms"`
		Response                 struct{ Status int }
	}
}

func gather(t *testing.T, s *Story, to time.Time) []evidence {
	t.Helper()
	events := collect(s, to)
	out := make([]evidence, len(events))
	for i, e := range events {
		require.NoError(t, json.Unmarshal(e.JSON, &out[i]))
	}
	return out
}

func (e evidence) of(in Incident) bool {
	return (in.Customer == "" || e.Customer == in.Customer) && !e.OccurredAt.Before(in.From) && e.OccurredAt.Before(in.To)
}

func TestADayHasEveryIncidentAndItsTraces(t *testing.T) {
	t.Parallel()
	o := aDay(1)
	o.Start = seam.Add(-24 * time.Hour)
	s := New(o)
	events := gather(t, s, seam)
	kinds := map[IncidentKind]bool{}
	for _, in := range s.Incidents() {
		kinds[in.Kind] = true
		sign := signs[in.Kind]
		if sign == nil {
			continue
		}
		found := 0
		for _, e := range events {
			if e.of(in) && (e.Integration == in.Integration || in.Kind == FlowHangs) && sign(e) {
				found++
			}
		}
		require.NotZero(t, found, "nothing shows %+v", in)
	}
	for _, kind := range []IncidentKind{TokenExpired, RateLimited, ProviderOutage, ProviderSlow, MissingScope, WebhookSilent, WebhookRejected, FlowHangs, PullStalled, ScheduleMissed} {
		require.True(t, kinds[kind], kind)
	}
}

func TestSilenceIsSilent(t *testing.T) {
	t.Parallel()
	s := New(aDay(1))
	events := gather(t, s, seam)
	for _, in := range s.Incidents() {
		kind := map[IncidentKind]string{WebhookSilent: "external_webhook", PullStalled: "external_event_pull"}[in.Kind]
		before, during := 0, 0
		for _, e := range events {
			if e.Type != kind || e.Customer != in.Customer || e.Integration != in.Integration {
				continue
			}
			if e.of(in) {
				during++
			} else if e.OccurredAt.Before(in.From) {
				before++
			}
		}
		if kind != "" {
			require.Greater(t, before, 10, "%+v", in)
			require.Zero(t, during, "%+v", in)
		}
	}
}

func TestExpiredTokensAreReconnected(t *testing.T) {
	t.Parallel()
	s := New(aDay(1))
	events := gather(t, s, seam.Add(2*time.Hour))
	for _, in := range s.Incidents() {
		if in.Kind != TokenExpired || in.To.After(seam.Add(2*time.Hour)) {
			continue
		}
		var states []string
		for _, e := range events {
			if e.Type == "connected_app" && e.Customer == in.Customer && e.Integration == in.Integration &&
				!e.OccurredAt.Before(in.From) && !e.OccurredAt.After(in.To) {
				states = append(states, e.Data.Status)
			}
		}
		require.Equal(t, []string{"needs_reauth", "connected"}, states, "%+v", in)
	}
}

func TestSomeIncidentsAreOpenAtTheSeamAndOthersFollow(t *testing.T) {
	t.Parallel()
	s := New(aDay(1))
	gather(t, s, seam)
	open := 0
	for _, in := range s.Incidents() {
		if in.From.Before(seam) && in.To.After(seam) {
			open++
		}
	}
	require.GreaterOrEqual(t, open, 3)
	told := len(s.Incidents())
	gather(t, s, seam.Add(time.Hour))
	require.Greater(t, len(s.Incidents()), told+3)
}

func TestEverySourceThatIsToldOfIsUsed(t *testing.T) {
	t.Parallel()
	o := aDay(1)
	o.Rate = 0.4
	told, used := map[string]bool{}, map[string]bool{}
	for _, e := range collect(New(o), seam) {
		var doc struct {
			Data struct {
				Source string `json:"data_source"`
			}
		}
		require.NoError(t, json.Unmarshal(e.JSON, &doc))
		if e.Type == "data_source" {
			told[e.ID] = true
		}
		used[doc.Data.Source] = true
	}
	for source := range told {
		require.True(t, used[source], "%s never brings anything", source)
	}
	delete(used, "")
	require.Len(t, used, len(told))
}
