package town

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
)

var start = time.Date(2026, 3, 26, 0, 0, 0, 0, time.UTC)

func options(faults ...*Fault) Options {
	return Options{
		Seed: 3, Start: start, Noise: .01, Faults: faults, Schedules: map[string]string{"hubspot": "CRON_TZ=Europe/Berlin 30 3 * * *"},
		Apps: []*App{
			{Customer: "ada", Integration: "hubspot", Calls: 60, Webhooks: 20, Nightly: true},
			{Customer: "bob", Integration: "slack", Calls: 40, Pull: 15 * time.Minute, Rhythm: time.Hour, Lives: 8 * time.Hour},
		},
	}
}

// TestTown_DoesNotDependOnSteps tells the same in one step as in many.
func TestTown_DoesNotDependOnSteps(t *testing.T) {
	t.Parallel()
	fault := func() *Fault {
		return &Fault{Kind: Outage, Integration: "slack", From: start.Add(10 * time.Hour), To: start.Add(11 * time.Hour)}
	}
	end := start.Add(30 * time.Hour)
	one := New(options(fault())).Until(end)
	town, many := New(options(fault())), []Event(nil)
	for at := start; !at.After(end); at = at.Add(7*time.Minute + 13*time.Second) {
		many = append(many, town.Until(at)...)
	}
	many = append(many, town.Until(end)...)
	require.Greater(t, len(one), 500)
	require.Equal(t, one, many)
}

// TestTown_KeepsItsSchedule runs each night at half past three in Berlin, the shorter night included, and notes the night
// that it does not.
func TestTown_KeepsItsSchedule(t *testing.T) {
	t.Parallel()
	f := &Fault{Kind: ScheduleStops, Integration: "hubspot", From: start.AddDate(0, 0, 3), To: start.AddDate(0, 0, 4)}
	town := New(options(f))
	town.Until(start.AddDate(0, 0, 5))
	require.Equal(t, time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), f.First().UTC())
	require.Equal(t, []string{"ada"}, f.Hit(f.To))
}

// TestAnswers_AreDiagnosed holds what providers answer under a fault to the category that its issue is to have.
func TestAnswers_AreDiagnosed(t *testing.T) {
	t.Parallel()
	catalogue, err := diagnostics.Builtin()
	require.NoError(t, err)
	want := map[Kind]diagnostics.Category{
		Revoked: diagnostics.AuthTokenRevoked, Refresh: diagnostics.OAuthRefreshFailed, Expired: diagnostics.AuthTokenExpired,
		Scope: diagnostics.PermissionMissingScope, Suspended: diagnostics.AccountSuspendedOrBilling, Outage: diagnostics.ProviderUnavailable,
		Storm: diagnostics.RateLimited, Invalid: diagnostics.ValidationRequiredField, Retired: diagnostics.EndpointOrVersionRetired,
	}
	for key, p := range providers {
		for kind, category := range want {
			said := p.refusal(kind)
			url := p.endpoints[toCreate].at(p.base, 1)
			if kind == Refresh {
				url = p.tokenURL
			}
			got := catalogue.Diagnose(&diagnostics.Observation{Provider: key, Method: "POST", URL: url, Status: said.status, Body: said.body, Failed: true})
			require.Equal(t, category, got.Category, "%s says %s to %s", key, said.body, kind)
		}
	}
}
