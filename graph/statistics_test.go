package graph

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

const figures = `fragment t on StatTotals { total failed errorRate p50Ms p95Ms p99Ms }
query($app: ID!, $customer: ID!, $flow: ID!, $range: TimeRange!) {
  logHistogram(filter: {range: $range}, buckets: 1) { total failed }
  overview(range: $range) { totals { ...t } integrations { integration { key } totals { ...t } trend adoption { connected active added } } }
  customer(id: $customer) { stats(range: $range, granularity: HOUR) { totals { ...t } series { at total failed } } }
  connectedApp(id: $app) { stats(range: $range, granularity: DAY, timeZone: "Asia/Kolkata") { totals { ...t } series { at total } } }
  flow(id: $flow) { stats(range: $range, granularity: DAY) { totals { ...t } } }
  integration(key: "salesforce") { dashboard(range: $range, granularity: HOUR) { totals { ...t } previous { total } series { total }
    statusCodes { statusCode total } endpoints { method endpoint totals { total failed } } customers { customer { externalId } totals { total } }
    errors { category total customerCount example { __typename ... on ApiRequest { id statusCode } } } adoption { connected active series { at connected active } } } }
  landscape(range: $range) { applications { name integration { key } total failed } links { from to operations total failed lastSeenAt } }
}`

func (w *world) statVars() vars {
	return vars{
		"customer": nodeid.Format(nodeid.Customer, w.target.CustomerID), "app": nodeid.Format(nodeid.ConnectedApp, w.target.ConnectedAppID),
		"flow": nodeid.Format(nodeid.Flow, w.target.FlowID), "range": vars{"from": "2026-03-09T12:00:00Z", "to": "2026-03-10T12:00:00Z"},
	}
}

// What dashboards say is what the lists hold, however it is split.
func TestFiguresOfDashboards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	b.commit(t, other.tenant.ID, other.entries(), nil, nil)
	r := b.get(t, w.as(tenant.RoleViewer), figures, w.statVars())

	total, failed := r.at(t, "logHistogram.0.total"), r.at(t, "logHistogram.0.failed")
	require.NotZero(t, total)
	for _, path := range []string{"overview.totals", "overview.integrations.0.totals", "customer.stats.totals", "connectedApp.stats.totals", "integration.dashboard.totals"} {
		require.Equal(t, total, r.at(t, path+".total"), path)
		require.Equal(t, failed, r.at(t, path+".failed"), path)
	}
	require.Len(t, r.at(t, "customer.stats.series"), 24, "no gaps")
	require.Len(t, r.at(t, "connectedApp.stats.series"), 2, "the range lies in two days of Kolkata")
	require.Equal(t, "2026-03-08T18:30:00Z", r.at(t, "connectedApp.stats.series.0.at"))
	require.Equal(t, float64(len(w.runs())), r.at(t, "flow.stats.totals.total"))

	require.Equal(t, "HTTP 401 INVALID_SESSION_ID", r.at(t, "integration.dashboard.errors.0.category"))
	require.Equal(t, "ApiRequest", r.at(t, "integration.dashboard.errors.0.example.__typename"))
	require.Equal(t, "acme", r.at(t, "integration.dashboard.customers.0.customer.externalId"))
	require.Equal(t, total, r.at(t, "integration.dashboard.customers.0.totals.total"))
	require.Equal(t, "/sobjects/Account/{id}", r.at(t, "integration.dashboard.endpoints.0.endpoint"))
	require.InDelta(t, 1, r.at(t, "integration.dashboard.adoption.active"), 0)
	require.InDelta(t, 0, r.at(t, "integration.dashboard.adoption.connected"), 0, "it was made at noon, which the range does not hold")

	names := map[string]bool{}
	for _, a := range r.at(t, "landscape.applications").([]any) {
		names[a.(map[string]any)["name"].(string)] = true
	}
	require.True(t, names[w.tenant.Name], "%v", names)
	require.True(t, names["Salesforce"], "%v", names)

	theirs := b.get(t, b.world(t, "initech").as(tenant.RoleViewer), `{ overview(range: {from: "2026-03-09T12:00:00Z", to: "2026-03-09T13:00:00Z"}) { totals { total p50Ms } } }`, nil)
	require.InDelta(t, 0, theirs.at(t, "overview.totals.total"), 0)
	require.Nil(t, theirs.at(t, "overview.totals.p50Ms"))
}

// A dashboard's figures are one statement, and a series is read without what else there is. Rolled up, they are the same.
func TestADashboardIsOneStatement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	const series = `totals { total } series { at total failed p50Ms p95Ms p99Ms }`
	const all = series + ` previous { total } statusCodes { statusCode total } endpoints { endpoint totals { total } } errors { category total customerCount }`
	ask := func(fields string) (*reply, int) {
		var r *reply
		n := b.statements.during(func() {
			r = b.get(t, w.as(tenant.RoleViewer), `query($range: TimeRange!) { integration(key: "salesforce") { dashboard(range: $range, granularity: HOUR) {`+fields+`} } }`,
				vars{"range": w.statVars()["range"]})
		})
		return r, n
	}
	_, bare := ask("__typename")
	seriesBefore, n := ask(series)
	require.Equal(t, bare, n)
	before, n := ask("... on IntegrationDashboard { " + all + " }")
	require.Equal(t, bare, n)
	require.NotEmpty(t, before.at(t, "integration.dashboard.errors"))
	_, n = ask(all + " adoption { active }")
	require.Equal(t, bare+1, n, "and when customers connected it")

	_, err := b.deps.Statistics.Compact(tenant.WithPrincipal(t.Context(), tenant.System(w.tenant.ID)), noon.AddDate(0, 0, 2))
	require.NoError(t, err)
	after, n := ask(all)
	require.Equal(t, bare, n)
	require.Equal(t, before.at(t, "integration.dashboard"), after.at(t, "integration.dashboard"))
	seriesAfter, _ := ask(series)
	require.Equal(t, seriesBefore.at(t, "integration.dashboard"), seriesAfter.at(t, "integration.dashboard"))
}

// A run counts once, as it is now.
func TestRunsCountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	started, finished := at(0), at(30)
	message := func(status run.Status, said time.Time) run.FlowRunEvent {
		return run.FlowRunEvent{
			ID: run.FlowRunID(w.tenant.ID, "run-2"), ExternalID: "run-2", At: said, RecordedAt: noon, FlowID: w.target.FlowID,
			CustomerID: w.target.CustomerID, IntegrationID: w.target.IntegrationID, Status: status, StartedAt: &started,
		}
	}
	ask := func() *reply {
		return b.get(t, w.as(tenant.RoleViewer), `query($flow: ID!, $range: TimeRange!) {
  flow(id: $flow) { stats(range: $range, granularity: HOUR) { totals { total failed p50Ms } } } }`,
			vars{"flow": w.statVars()["flow"], "range": w.statVars()["range"]})
	}
	before := ask().at(t, "flow.stats.totals.total").(float64)
	b.commit(t, w.tenant.ID, nil, []run.FlowRunEvent{message(run.Running, started)}, nil)
	r := ask()
	require.InDelta(t, before+1, r.at(t, "flow.stats.totals.total"), 0)
	failedBefore := r.at(t, "flow.stats.totals.failed").(float64)
	ended := message(run.Failed, finished)
	ended.FinishedAt, ended.Error = &finished, &run.Error{Code: "BOOM", Message: "it broke"}
	b.commit(t, w.tenant.ID, nil, []run.FlowRunEvent{ended}, nil)
	b.commit(t, w.tenant.ID, nil, []run.FlowRunEvent{ended}, nil)
	r = ask()
	require.InDelta(t, before+1, r.at(t, "flow.stats.totals.total"), 0)
	require.InDelta(t, failedBefore+1, r.at(t, "flow.stats.totals.failed"), 0)
}

func TestWrongRangesOfFigures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	for name, c := range map[string]struct{ arguments, says string }{
		"too many parts": {`range: {from: "2026-03-01T00:00:00Z", to: "2026-03-09T00:00:00Z"}, granularity: MINUTE`, "granularity HOUR"},
		"too long":       {`range: {from: "2024-03-01T00:00:00Z", to: "2026-03-09T00:00:00Z"}, granularity: DAY`, "400 days"},
		"empty":          {`range: {from: "2026-03-09T00:00:00Z", to: "2026-03-09T00:00:00Z"}, granularity: DAY`, "earlier"},
		"no zone":        {`range: {from: "2026-03-01T00:00:00Z", to: "2026-03-09T00:00:00Z"}, granularity: DAY, timeZone: "Nowhere/Land"`, "time zone"},
		"server's zone":  {`range: {from: "2026-03-01T00:00:00Z", to: "2026-03-09T00:00:00Z"}, granularity: DAY, timeZone: "Local"`, "time zone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := b.ask(t, w.as(tenant.RoleViewer), `{ customer(id: "`+nodeid.Format(nodeid.Customer, w.target.CustomerID)+`") { stats(`+c.arguments+`) { totals { total } } } }`, nil)
			require.Len(t, r.Errors, 1, r.raw)
			require.Equal(t, "BAD_USER_INPUT", r.Errors[0].Extensions["code"])
			require.Contains(t, r.Errors[0].Message, c.says)
		})
	}
}
