package detection

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// TestIncident_IsOneIssueForAThousandCustomers expires the token of a thousand customers at once.
func TestIncident_IsOneIssueForAThousandCustomers(t *testing.T) {
	t.Parallel()
	s := open(t)
	who := names(1000)
	s.pass(2, "salesforce", fine, who...)
	require.Empty(t, s.issues())
	s.pass(4, "salesforce", expired, who...)

	i := s.only()
	require.Equal(t, "auth_token_expired", i.Category)
	require.Equal(t, "OPEN", i.Status)
	require.Equal(t, "CRITICAL", i.Severity, "credentials are an ERROR, and it hits more than ten")
	require.Equal(t, []int{1000, 1000}, []int{i.CustomerCount, i.ConnectedAppCount})
	require.Equal(t, "salesforce", i.Of())
	require.NotEmpty(t, i.Diagnosis.Steps)
	require.NotEmpty(t, i.Evidence.Nodes)
	require.Equal(t, 1000, s.apps("NEEDS_REAUTH"))
	require.Equal(t, who, s.hitBy(i.ID))
}

// apps counts connected apps with a status.
func (s *scenario) apps(status string) int {
	s.t.Helper()
	var got struct{ ConnectedApps struct{ TotalCount int } }
	require.NoError(s.t, s.Query(s.t.Context(), tenant.RoleViewer, `query($s: [ConnectedAppStatus!]) { connectedApps(filter: {statuses: $s}) { totalCount } }`, map[string]any{"s": []string{status}}, &got))
	return got.ConnectedApps.TotalCount
}

// hitBy lists all customers of an issue, page by page, sorted.
func (s *scenario) hitBy(id string) (out []string) {
	s.t.Helper()
	variables := map[string]any{"id": id}
	for {
		var got struct {
			Issue struct {
				Customers struct {
					Nodes    []struct{ ExternalID string }
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		require.NoError(s.t, s.Query(s.t.Context(), tenant.RoleViewer, `query($id: ID!, $after: String) { issue(id: $id) { customers(first: 100, after: $after) { nodes { externalId } pageInfo { hasNextPage endCursor } } } }`, variables, &got))
		for _, c := range got.Issue.Customers.Nodes {
			out = append(out, c.ExternalID)
		}
		if !got.Issue.Customers.PageInfo.HasNextPage {
			slices.Sort(out)
			return out
		}
		variables["after"] = got.Issue.Customers.PageInfo.EndCursor
	}
}

// healths are those of the customers, by their ids.
func (s *scenario) healths() map[string]string {
	s.t.Helper()
	var got struct {
		Customers struct {
			Nodes []struct{ ExternalID, Health string }
		}
	}
	require.NoError(s.t, s.Query(s.t.Context(), tenant.RoleViewer, `{ customers { nodes { externalId health } } }`, nil, &got))
	out := map[string]string{}
	for _, c := range got.Customers.Nodes {
		out[c.ExternalID] = c.Health
	}
	return out
}

// TestReconnecting_ResolvesAtOnce revokes the tokens of three customers, who connect again one after the other.
func TestReconnecting_ResolvesAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	who := []string{"ada", "bob", "cyd"}
	s.pass(3, "hubspot", fine, append(who, "dan")...)
	s.pass(1, "hubspot", revoked, who...)
	require.Equal(t, "auth_token_revoked", s.only().Category)
	require.Equal(t, who, s.only().Who())
	require.Equal(t, 3, s.apps("NEEDS_REAUTH"))
	require.Equal(t, map[string]string{"ada": "FAILING", "bob": "FAILING", "cyd": "FAILING", "dan": "HEALTHY"}, s.healths())
	s.pass(14, "hubspot", revoked, who...)

	at := s.Now().Add(time.Minute)
	s.At(at)
	s.send(connected(at, "ada", "hubspot"))
	require.Equal(t, "OPEN", s.only().Status)
	require.Equal(t, map[string]string{"ada": "HEALTHY", "bob": "FAILING", "cyd": "FAILING", "dan": "HEALTHY"}, s.healths())
	require.Equal(t, 2, s.apps("NEEDS_REAUTH"))
	s.send(connected(at, "bob", "hubspot"), connected(at, "cyd", "hubspot"))

	i := s.only()
	require.Equal(t, "RESOLVED", i.Status)
	require.Equal(t, at, *i.ResolvedAt)
	last := i.Activity[len(i.Activity)-1]
	require.Equal(t, []string{"resolved", "weir"}, []string{last.Action, last.Actor})
	require.NotEmpty(t, last.Note)
	require.Equal(t, 0, s.apps("NEEDS_REAUTH"))
	require.Equal(t, 4, s.apps("CONNECTED"))
	require.Equal(t, map[string]string{"ada": "HEALTHY", "bob": "HEALTHY", "cyd": "HEALTHY", "dan": "HEALTHY"}, s.healths())
}

// TestSuccesses_TurnAnAppBack lets calls succeed again, without a word of a new connection.
func TestSuccesses_TurnAnAppBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.pass(2, "hubspot", fine, "ada")
	s.pass(15, "hubspot", revoked, "ada")
	require.Equal(t, 1, s.apps("NEEDS_REAUTH"))
	s.pass(9, "hubspot", fine, "ada")
	require.Equal(t, "OPEN", s.only().Status, "not quiet for ten minutes yet")
	s.pass(6, "hubspot", fine, "ada")
	require.Equal(t, "RESOLVED", s.only().Status)
	require.Equal(t, 1, s.apps("CONNECTED"))
}

// TestPeople_DecideAboutIssues acknowledges, ignores, snoozes and resolves what goes on.
func TestPeople_DecideAboutIssues(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.pass(3, "hubspot", fine, "ada")
	s.pass(2, "hubspot", revoked, "ada")
	id := s.only().ID
	note := map[string]any{"input": map[string]any{"id": id, "note": "we called them"}}

	require.Equal(t, "ACKNOWLEDGED", s.mutate(`mutation($input: IssueActionInput!) { did: acknowledgeIssue(input: $input) { issue { status } } }`, note))
	s.pass(5, "hubspot", revoked, "ada")
	require.Equal(t, "ACKNOWLEDGED", s.only().Status, "what is seen again stays as it is")

	require.Equal(t, "SNOOZED", s.mutate(`mutation($input: SnoozeIssueInput!) { did: snoozeIssue(input: $input) { issue { status } } }`,
		map[string]any{"input": map[string]any{"id": id, "until": s.Now().Add(30 * time.Minute)}}))
	s.pass(29, "hubspot", revoked, "ada")
	require.Equal(t, "SNOOZED", s.only().Status)
	s.pass(2, "hubspot", revoked, "ada")
	require.Equal(t, "OPEN", s.only().Status, "it goes on, and the time is over")

	require.Equal(t, "IGNORED", s.mutate(`mutation($input: IssueActionInput!) { did: ignoreIssue(input: $input) { issue { status } } }`, note))
	seen := s.only().Occurrences
	s.pass(20, "hubspot", revoked, "ada")
	require.Equal(t, "IGNORED", s.only().Status)
	require.Equal(t, seen+20, s.only().Occurrences, "counting goes on")

	require.Equal(t, "OPEN", s.mutate(`mutation($input: IssueActionInput!) { did: reopenIssue(input: $input) { issue { status } } }`, note))
	require.Equal(t, "RESOLVED", s.mutate(`mutation($input: IssueActionInput!) { did: resolveIssue(input: $input) { issue { status } } }`, note))
	s.idle(15)
	require.Equal(t, "RESOLVED", s.only().Status)
	s.pass(1, "hubspot", revoked, "ada")
	require.Equal(t, "OPEN", s.only().Status, "what a person resolved opens at the first sighting")
	require.Equal(t, []string{"opened", "acknowledged", "snoozed", "woken", "ignored", "reopened", "resolved", "reopened"}, s.only().actions())
	for _, a := range s.only().Activity {
		if slices.Contains([]string{"acknowledged", "snoozed", "ignored"}, a.Action) {
			require.Equal(t, "sam", a.Actor)
		}
	}
}

// TestSnooze_EndsInSilence snoozes what is over before the time is.
func TestSnooze_EndsInSilence(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.pass(2, "hubspot", fine, "ada")
	s.pass(2, "hubspot", revoked, "ada")
	require.Equal(t, "SNOOZED", s.mutate(`mutation($input: SnoozeIssueInput!) { did: snoozeIssue(input: $input) { issue { status } } }`,
		map[string]any{"input": map[string]any{"id": s.only().ID, "until": s.Now().Add(2 * time.Hour)}}))
	for range 13 {
		s.At(s.Now().Add(10 * time.Minute))
		s.send()
	}
	require.Equal(t, "RESOLVED", s.only().Status, "it was not seen within the hour before")
}

func (s *scenario) mutate(mutation string, variables map[string]any) string {
	s.t.Helper()
	var got struct {
		Did struct{ Issue struct{ Status string } }
	}
	require.NoError(s.t, s.Query(s.t.Context(), tenant.RoleSupport, mutation, variables, &got))
	return got.Did.Issue.Status
}

// TestOscillation_DoesNotFlap has a provider that is up and down in turns of some minutes, for three hours.
func TestOscillation_DoesNotFlap(t *testing.T) {
	lasts(t)
	t.Parallel()
	for _, turn := range []int{2, 5, 9, 14} {
		t.Run(fmt.Sprintf("turns of %d minutes", turn), func(t *testing.T) {
			t.Parallel()
			oscillate(t, turn)
		})
	}
}

func oscillate(t *testing.T, turn int) {
	t.Helper()
	s := open(t)
	who := names(5)
	s.pass(20, "zendesk", fine, who...)
	for s.Now().Before(monday.Add(3 * time.Hour)) {
		s.pass(turn, "zendesk", down, who...)
		s.pass(turn, "zendesk", fine, who...)
	}
	s.pass(90, "zendesk", fine, who...)
	all := s.issues()
	require.NotEmpty(t, all)
	for _, i := range all {
		episodes := i.Episodes()
		for n, e := range episodes {
			require.NotNil(t, e.ResolvedAt, "it is over: %s", i)
			require.GreaterOrEqual(t, e.ResolvedAt.Sub(e.OpenedAt), 10*time.Minute, i)
			if n > 0 {
				require.GreaterOrEqual(t, e.OpenedAt.Sub(*episodes[n-1].ResolvedAt), 10*time.Minute, i)
			}
		}
	}
}

// TestHealth_FollowsSeverity has a customer with a warning, one with an error, one who is well, and one who is silent.
func TestHealth_FollowsSeverity(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.pass(1, "jira", fine, "dan")
	s.At(monday.Add(8 * day))
	s.pass(10, "jira", fine, "ada", "bob", "cyd")
	for range 12 {
		at := s.Now().Add(time.Minute)
		s.At(at)
		s.send(call(at, "ada", "jira", limited), call(at, "bob", "jira", revoked), call(at, "cyd", "jira", fine))
	}
	require.Equal(t, map[string]string{"ada": "DEGRADED", "bob": "FAILING", "cyd": "HEALTHY", "dan": "IDLE"}, s.healths())
	var got struct {
		Integrations struct {
			Nodes []struct{ Key, Health string }
		}
		Overview struct{ OpenIssues, FailingCustomers int }
	}
	require.NoError(t, s.Query(t.Context(), tenant.RoleViewer, `query($r: TimeRange!) { integrations { nodes { key health } } overview(range: $r) { openIssues failingCustomers } }`, s.whole(), &got))
	require.Equal(t, "FAILING", got.Integrations.Nodes[0].Health)
	require.Equal(t, []int{2, 1}, []int{got.Overview.OpenIssues, got.Overview.FailingCustomers})
}

// whole is all of the time so far, as a variable.
func (s *scenario) whole() map[string]any {
	return map[string]any{"r": map[string]any{"from": monday, "to": s.Now().Add(time.Minute)}}
}

// TestDashboard_CountsErrorsByCategory has eight of one category at two customers, and three of another at one.
func TestDashboard_CountsErrorsByCategory(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.pass(2, "hubspot", fine, "ada", "bob")
	s.pass(4, "hubspot", revoked, "ada", "bob")
	s.pass(3, "hubspot", limited, "cyd")
	var got struct {
		Integrations struct {
			Nodes []struct {
				Dashboard struct {
					Errors []struct {
						Category             string
						Total, CustomerCount int
						Example              struct{ Issue *struct{ ID string } }
					}
				}
			}
		}
	}
	require.NoError(t, s.Query(t.Context(), tenant.RoleViewer, `query($r: TimeRange!) { integrations(first: 1) { nodes { dashboard(range: $r, granularity: HOUR) { errors(first: 5) { category total customerCount example { issue { id } } } } } } }`, s.whole(), &got))
	errors := got.Integrations.Nodes[0].Dashboard.Errors
	require.Len(t, errors, 2)
	require.Equal(t, "AUTH_TOKEN_REVOKED", errors[0].Category)
	require.Equal(t, []int{8, 2}, []int{errors[0].Total, errors[0].CustomerCount})
	require.Equal(t, s.only().ID, errors[0].Example.Issue.ID)
	require.Equal(t, "RATE_LIMITED", errors[1].Category)
	require.Equal(t, []int{3, 1}, []int{errors[1].Total, errors[1].CustomerCount})
	require.Nil(t, errors[1].Example.Issue, "three are no issue")
}
