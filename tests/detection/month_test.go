package detection

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/detection/town"
)

// TestPlan_LeavesATraceOfEachIncident lets the month pass without a service: each fault shows, soon after it began, and
// hits whom it was planned for.
func TestPlan_LeavesATraceOfEachIncident(t *testing.T) {
	t.Parallel()
	town, incidents := plan(1, 1, programme)
	require.Len(t, incidents, 25)
	customers := map[string]bool{}
	for _, a := range apps(1) {
		customers[a.Customer] = true
	}
	require.Len(t, customers, 40)
	town.Until(march.AddDate(0, 1, 0))
	for _, i := range incidents {
		require.False(t, i.First().IsZero(), "%s of %s has no trace", i.Kind, i.Integration)
		hit := i.Hit(i.To)
		if len(i.Customers) > 0 {
			require.ElementsMatch(t, i.Customers, hit, "%s of %s", i.Kind, i.Integration)
		} else {
			require.GreaterOrEqual(t, len(hit), 4, "%s of %s hits too few", i.Kind, i.Integration)
		}
	}
}

// TestMonth_InThreeDays is the month in short: its first days, and four incidents.
func TestMonth_InThreeDays(t *testing.T) {
	lasts(t)
	t.Parallel()
	s := openAt(t, march)
	town, incidents := plan(1, .5, []planned{
		{town.Revoked, "hubspot", 0, 1, "02 10:05", "02 12:00"},
		{town.PullsStop, "xero", 0, 1, "02 11:00", "02 15:00"},
		{town.Outage, "zendesk", 0, 0, "02 15:00", "02 16:00"},
		{town.Invalid, "xero", 0, 0, "03 09:30", "03 14:00"},
	})
	o, err := liveThrough(t.Context(), s.World, town, incidents, march.AddDate(0, 0, 3), Pace{Step: 5 * time.Minute}, func(time.Time, string) {})
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, o.Print(&table))
	t.Log("\n" + table.String())
	require.Equal(t, 4, o.Count())
	require.Empty(t, o.False)
	require.Zero(t, o.Hasty)
	for _, f := range o.Findings {
		require.Empty(t, f.Missing, "%s of %s", f.Kind, f.Integration)
	}
}

// TestJudge_TellsWhatIsTrue judges a month of three incidents and five issues, made by hand.
func TestJudge_TellsWhatIsTrue(t *testing.T) {
	t.Parallel()
	begin := march.Add(10 * time.Hour)
	incident := func(k town.Kind, integration string) *Incident {
		i := judgement[k]
		apps := []*town.App{{Customer: "ada", Integration: integration, Calls: 600, Webhooks: 600, Steady: true}}
		i.Fault = &town.Fault{Kind: k, Integration: integration, From: begin, To: begin.Add(time.Hour)}
		town.New(town.Options{Seed: 1, Start: begin.Add(-time.Hour), Apps: apps, Faults: []*town.Fault{i.Fault}}).Until(begin.Add(2 * time.Hour))
		return &i
	}
	issue := func(category, integration string, minutes ...int) *Issue {
		i := &Issue{Category: category}
		i.Integration = &struct{ Key string }{integration}
		for n, m := range minutes {
			i.Activity = append(i.Activity, Activity{At: begin.Add(time.Duration(m) * time.Minute), Action: []string{"opened", "resolved", "reopened", "resolved"}[n]})
		}
		return i
	}
	found, silent, missed := incident(town.Revoked, "hubspot"), incident(town.HooksSilent, "shopify"), incident(town.Storm, "jira")
	o := judge([]*Incident{found, silent, missed}, []*Issue{
		issue("auth_token_revoked", "hubspot", 1, 20, 25, 40), // flaps, and hastily
		issue("error_rate_spike", "hubspot", 10, 30),          // an echo
		issue("source_silent", "shopify", 5),
		issue("rate_limited", "xero", 5),             // of no incident
		issue("rate_limited", "jira", -30, -20, 300), // before the fault, and long after
	})
	require.Equal(t, 2, o.Count())
	require.Nil(t, o.Findings[2].Issue)
	require.Len(t, o.False, 3)
	require.Len(t, o.Echoes, 1)
	require.Equal(t, []int{1, 1}, []int{o.Flaps, o.Hasty})
	require.Equal(t, begin.Add(time.Minute).Sub(found.First()), o.Failures())
	require.Len(t, o.silences(), 1)
	require.Len(t, o.Missed(), 4, o.Missed())
}
