package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// Each filter finds what it names, and an otherwise equal one that names something else finds nothing.
func TestLogFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	b.name(t, w.tenant.ID, "globex", "hubspot")
	who := w.as(tenant.RoleSupport)
	for filter, kinds := range map[string][]any{
		`kinds: [TRANSACTION, EXTERNAL_EVENT]`: {"TRANSACTION", "EXTERNAL_EVENT"},
		`statuses: [FAILURE]`:                  {"API_REQUEST", "FLOW_RUN"},
		`statuses: [PENDING]`:                  {},
		`statusCode: {eq: 401}`:                {"API_REQUEST"},
		`statusCode: {gte: 200, lte: 299}`:     {"EXTERNAL_WEBHOOK"},
		`statusCode: {in: [401, 202]}`:         {"API_REQUEST", "EXTERNAL_WEBHOOK"},
		`methods: ["get"]`:                     {"API_REQUEST"},
		`endpoint: "/sobjects/Account"`:        {"API_REQUEST"},
		`endpoint: "/sobjects/Contact"`:        {},
		`direction: OUTBOUND`:                  {"API_REQUEST"},
		`errorCodes: ["INVALID_SESSION_ID"]`:   {"API_REQUEST", "FLOW_RUN"},
		`errorKinds: [HTTP]`:                   {"API_REQUEST"},
		`durationMs: {gte: 100, lte: 200}`:     {"API_REQUEST"},
		`eventTypes: ["order.created"]`:        {"INTERNAL_EVENT"},
		`flowRunId: "RUN"`:                     {"API_REQUEST", "FLOW_RUN"},
		`identifier: {value: "A-1002"}`:        {},
		`identifier: {key: "order_id", value: "A-1001"}, kinds: [API_REQUEST]`: {"API_REQUEST"},
		`search: "expired", kinds: [API_REQUEST]`:                              {"API_REQUEST"},
		`search: "\"secret of a webhook\""`:                                    {"EXTERNAL_WEBHOOK"},
		`range: {from: "2026-03-10T11:00:20Z", to: "2026-03-10T11:00:21Z"}`:    {"TRANSACTION"},
		`connectedAppIds: ["APP"], kinds: [TRANSACTION]`:                       {"TRANSACTION"},
		`traceId: "00000000000000000000000000000001"`:                          {},
	} {
		r := b.get(t, who, b.filled(t, w, `{ logs(filter: {`+filter+`}) { nodes { kind } } }`), nil)
		found := []any{}
		for _, n := range r.list(t, "logs.nodes") {
			found = append(found, n.(map[string]any)["kind"])
		}
		require.ElementsMatch(t, kinds, found, filter)
	}
}

// A list below a thing is of that thing only, whatever its filter says.
func TestNestedListsStayBelowTheirParent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	other := b.name(t, w.tenant.ID, "globex", "hubspot")
	w.target = other
	b.commit(t, w.tenant.ID, w.entries()[:1], nil, nil)
	who := w.as(tenant.RoleViewer)
	const query = `query($filter: LogFilter) { customer(externalId: "globex") { id logs(filter: $filter) { nodes { kind } } flowRuns { nodes { id } }
	  connectedApps { totalCount nodes { logs { nodes { kind } } integration { key connectedApps(first: 1) { totalCount } flows { totalCount } } } } } }`
	r := b.get(t, who, query, nil)
	require.Len(t, r.list(t, "customer.logs.nodes"), 1)
	require.Empty(t, r.list(t, "customer.flowRuns.nodes"))
	require.Len(t, r.list(t, "customer.connectedApps.nodes.0.logs.nodes"), 1)
	require.Equal(t, 1.0, r.at(t, "customer.connectedApps.nodes.0.integration.connectedApps.totalCount"))
	acme := b.get(t, who, `{ customer(externalId: "acme") { id } }`, nil).text(t, "customer.id")
	r = b.get(t, who, query, vars{"filter": vars{"customerIds": []string{acme}}})
	require.Empty(t, r.list(t, "customer.logs.nodes"))
	r = b.get(t, who, query, vars{"filter": vars{"customerIds": []string{acme, r.text(t, "customer.id")}}})
	require.Len(t, r.list(t, "customer.logs.nodes"), 1)
}

func TestHistogramCountsEntriesAndRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r := b.get(t, w.as(tenant.RoleViewer), `{ logHistogram(buckets: 24) { from to total failed } }`, nil)
	total, failed := 0.0, 0.0
	buckets := r.list(t, "logHistogram")
	for _, v := range buckets {
		total += v.(map[string]any)["total"].(float64)
		failed += v.(map[string]any)["failed"].(float64)
	}
	require.Len(t, buckets, 24)
	require.Equal(t, "2026-03-09T12:00:00Z", r.text(t, "logHistogram.0.from"))
	require.Equal(t, "2026-03-10T12:00:00Z", r.text(t, "logHistogram.23.to"))
	require.Equal(t, 7.0, total)
	require.Equal(t, 2.0, failed)
}

func TestDirectoryFiltersAndPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	b.crowd(t, w, 5)
	who := w.as(tenant.RoleViewer)
	r := b.get(t, who, b.filled(t, w, `{ all: customers { totalCount } found: customers(filter: {search: "MER-00"}) { totalCount } of: customers(filter: {integrationId: "INTEGRATION"}) { totalCount }
	  apps: connectedApps(filter: {statuses: [CONNECTED]}) { totalCount } off: connectedApps(filter: {statuses: [DISCONNECTED]}) { totalCount }
	  flows(integrationId: "INTEGRATION") { totalCount nodes { key trigger { kind eventTypes schedule } runs(first: 2) { nodes { externalId } pageInfo { hasNextPage endCursor } } } } }`), nil)
	require.Equal(t, 6.0, r.at(t, "all.totalCount"))
	require.Equal(t, 5.0, r.at(t, "found.totalCount"))
	require.Equal(t, 6.0, r.at(t, "of.totalCount"))
	require.Equal(t, 6.0, r.at(t, "apps.totalCount"))
	require.Equal(t, 0.0, r.at(t, "off.totalCount"))
	require.Equal(t, map[string]any{"kind": "EXTERNAL_EVENT", "eventTypes": []any{"deal.won"}, "schedule": nil}, r.at(t, "flows.nodes.0.trigger"))
	require.Equal(t, true, r.at(t, "flows.nodes.0.runs.pageInfo.hasNextPage"))

	var names []string
	after := any(nil)
	for range 4 {
		r := b.get(t, who, `query($after: String) { customers(first: 2, after: $after) { nodes { name } pageInfo { hasNextPage hasPreviousPage endCursor } } }`, vars{"after": after})
		for _, n := range r.list(t, "customers.nodes") {
			names = append(names, n.(map[string]any)["name"].(string))
		}
		if r.at(t, "customers.pageInfo.hasNextPage") == false {
			break
		}
		after = r.text(t, "customers.pageInfo.endCursor")
	}
	require.Equal(t, []string{"acme", "customer-000", "customer-001", "customer-002", "customer-003", "customer-004"}, names)
	r = b.get(t, who, `{ integration(key: "salesforce") { connectedApps(first: 2) { totalCount nodes { id } pageInfo { endCursor } } } }`, nil)
	rest := b.get(t, who, `query($after: String) { integration(key: "salesforce") { connectedApps(after: $after) { nodes { id } } } }`,
		vars{"after": r.text(t, "integration.connectedApps.pageInfo.endCursor")})
	require.Len(t, rest.list(t, "integration.connectedApps.nodes"), 4)
}
