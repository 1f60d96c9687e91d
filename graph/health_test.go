package graph

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// ward is a tenant with customers of each health: two of each, of which one has an issue that does not count.
func (b *bundle) ward(t *testing.T) *world {
	t.Helper()
	w := b.world(t, "acme")
	var conditions []issues.Condition
	sick := func(c directory.Target, severity issues.Severity) {
		w.target = c
		key := issues.Key{Category: diagnostics.ErrorRateSpike, IntegrationID: c.IntegrationID, Cause: fmt.Sprintf("%s-%d", severity, len(conditions))}
		conditions = append(conditions, w.condition(&key, severity))
	}
	mine := w.target
	for i, severity := range []issues.Severity{issues.Error, issues.Warning, issues.Info} {
		sick(b.name(t, w.tenant.ID, fmt.Sprintf("%d %s", i, severity), "hubspot"), severity)
	}
	sick(b.name(t, w.tenant.ID, "3 ERROR and WARNING", "hubspot"), issues.Error)
	sick(w.target, issues.Warning)
	b.raise(t, w.tenant.ID, conditions...)
	b.name(t, w.tenant.ID, "4 well", "pipedrive")
	_, err := b.deps.Directory.CreateCustomer(b.system(t, w.tenant.ID), directory.CreateCustomerInput{ExternalID: "never", Name: "5 never"})
	require.NoError(t, err)
	w.target = mine
	return w
}

func TestHealthFollowsFromIssues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.ward(t)
	r := b.get(t, w.as(tenant.RoleViewer), `{ customers { nodes { name health connectedApps { nodes { health } } } } integrations { nodes { key health } } }`, nil)
	got := map[string]string{}
	for _, n := range r.list(t, "customers.nodes") {
		node := n.(map[string]any)
		name := node["name"].(string)
		got[name] = node["health"].(string)
		for _, a := range node["connectedApps"].(map[string]any)["nodes"].([]any) {
			require.Equal(t, node["health"], a.(map[string]any)["health"], "its only app of %s", name)
		}
	}
	require.Equal(t, map[string]string{
		"acme": "FAILING", "0 ERROR": "FAILING", "1 WARNING": "DEGRADED", "2 INFO": "HEALTHY", "3 ERROR and WARNING": "FAILING", "4 well": "HEALTHY", "5 never": "IDLE",
	}, got)
	require.ElementsMatch(t, []any{
		map[string]any{"key": "salesforce", "health": "FAILING"}, map[string]any{"key": "hubspot", "health": "FAILING"}, map[string]any{"key": "pipedrive", "health": "HEALTHY"},
	}, r.at(t, "integrations.nodes"))
}

// Each health, and each set of them, lists exactly those that have it, on pages of any size.
func TestListsByHealth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.ward(t)
	who := w.as(tenant.RoleViewer)
	type unit struct{ name, health string }
	const query = `query($health: [Health!], $after: String, $first: Int) {
	  customers(first: $first, after: $after, filter: {health: $health}) { totalCount nodes { name health } pageInfo { hasNextPage endCursor } } }`
	list := func(health []string, first int) (out []unit) {
		after := any(nil)
		for range 20 {
			r := b.get(t, who, query, vars{"health": health, "first": first, "after": after})
			for _, n := range r.list(t, "customers.nodes") {
				node := n.(map[string]any)
				out = append(out, unit{node["name"].(string), node["health"].(string)})
			}
			if r.at(t, "customers.pageInfo.hasNextPage") == false {
				require.InDelta(t, len(out), r.at(t, "customers.totalCount"), 0, "%v", health)
				return out
			}
			after = r.at(t, "customers.pageInfo.endCursor")
		}
		return nil
	}
	all := list(nil, 100)
	require.Len(t, all, 7)
	healths := []string{"HEALTHY", "DEGRADED", "FAILING", "IDLE"}
	for set := range 1 << len(healths) {
		var asked []string
		for i, h := range healths {
			if set&(1<<i) != 0 {
				asked = append(asked, h)
			}
		}
		var want []unit
		for _, u := range all {
			if len(asked) == 0 || slices.Contains(asked, u.health) {
				want = append(want, u)
			}
		}
		require.Equal(t, want, list(asked, 2), "%v", asked)
	}

	hubspot := nodeid.Format(nodeid.Integration, directory.IntegrationID(w.tenant.ID, "hubspot"))
	r := b.get(t, who, `query($in: ID!) { apps: connectedApps(filter: {health: [FAILING]}) { totalCount nodes { health } } of: connectedApps(filter: {health: [FAILING, DEGRADED], integrationId: $in}) { totalCount }
	  integration(id: $in) { connectedApps(filter: {health: [HEALTHY]}) { totalCount nodes { customer { name } } } } customers(filter: {health: [FAILING], search: "warn"}) { totalCount nodes { name } } }`, vars{"in": hubspot})
	require.InDelta(t, 3, r.at(t, "apps.totalCount"), 0)
	require.InDelta(t, 3, r.at(t, "of.totalCount"), 0)
	require.InDelta(t, 1, r.at(t, "integration.connectedApps.totalCount"), 0)
	require.Equal(t, "2 INFO", r.text(t, "integration.connectedApps.nodes.0.customer.name"))
	require.Equal(t, "3 ERROR and WARNING", r.text(t, "customers.nodes.0.name"))
}

// The bound between HEALTHY and IDLE is the same in lists as in what they show.
func TestAWeekWithoutActivityIsIdle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	b.get(t, w.as(tenant.RoleSupport), `mutation { a: resolveIssue(input: {id: "`+issueID(w.sessions(), w)+`"}) { issue { id } } b: resolveIssue(input: {id: "`+issueID(w.failing(), w)+`"}) { issue { id } } }`, nil)
	deps := b.deps
	for after, want := range map[time.Duration]string{0: "HEALTHY", issues.IdleAfter - 2*time.Minute: "HEALTHY", issues.IdleAfter + 2*time.Minute: "IDLE"} {
		deps.Now = func() time.Time { return noon.Add(after) }
		b.handler = NewHandler(deps)
		r := b.get(t, w.as(tenant.RoleViewer), `{ customers(filter: {health: [`+want+`]}) { totalCount nodes { health } } connectedApps(filter: {health: [`+want+`]}) { nodes { health } } integrations { nodes { health } } }`, nil)
		require.Equal(t, want, r.text(t, "customers.nodes.0.health"), after)
		require.Equal(t, want, r.text(t, "connectedApps.nodes.0.health"), after)
		require.Equal(t, want, r.text(t, "integrations.nodes.0.health"), after)
	}
}

func TestWhatIsOpenOnDashboards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.ward(t)
	const query = `{ overview(` + someDays + `) { openIssues failingCustomers integrations { integration { key } openIssues } }
	  integration(key: "salesforce") { dashboard(` + someDays + `, granularity: DAY) { openIssues } } quiet: integration(key: "pipedrive") { dashboard(` + someDays + `, granularity: DAY) { openIssues } } }`
	r := b.get(t, w.as(tenant.RoleViewer), query, nil)
	require.InDelta(t, 7, r.at(t, "overview.openIssues"), 0)
	require.InDelta(t, 3, r.at(t, "overview.failingCustomers"), 0)
	require.Equal(t, []any{map[string]any{"integration": map[string]any{"key": "salesforce"}, "openIssues": 2.0}}, r.at(t, "overview.integrations"))
	require.InDelta(t, 2, r.at(t, "integration.dashboard.openIssues"), 0)
	require.InDelta(t, 0, r.at(t, "quiet.dashboard.openIssues"), 0)
	b.get(t, w.as(tenant.RoleSupport), b.filled(t, w, `mutation { acknowledgeIssue(input: {id: "ISSUE"}) { issue { id } } }`), nil)
	require.InDelta(t, 7, b.get(t, w.as(tenant.RoleViewer), query, nil).at(t, "overview.openIssues"), 0, "what is acknowledged is open")
	b.get(t, w.as(tenant.RoleSupport), b.filled(t, w, `mutation { resolveIssue(input: {id: "ISSUE"}) { issue { id } } }`), nil)
	r = b.get(t, w.as(tenant.RoleViewer), query, nil)
	require.InDelta(t, 6, r.at(t, "overview.openIssues"), 0)
	require.InDelta(t, 2, r.at(t, "overview.failingCustomers"), 0)
}
