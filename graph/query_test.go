package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

const everyKind = `query($first: Int, $after: String, $order: LogOrder) { logs(first: $first, after: $after, order: $order) {
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor }
  nodes {
    __typename id kind externalId occurredAt recordedAt status summary payloadsHidden metadata traceId
    customer { name } integration { key } connectedApp { externalId status } identifiers { key value } error { code message kind }
    ... on ApiRequest { direction method url endpoint statusCode durationMs respondedAt attempt requestHeaders { name value }
      requestBody { text } responseHeaders { name } responseBody { text contentType sizeBytes redacted truncated base64 }
      flowRun { externalId } nodeRun { nodeKey } }
    ... on ExternalWebhook { method url headers { name value } body { text } signatureValid responseStatusCode rejection
      dataSource { key mode connectedApp { id } } events { externalId } }
    ... on ExternalEventPull { strategy pages recordsScanned cursorBefore cursorAfter eventCount events { id } }
    ... on ExternalEvent { eventType recordId payload { text } source { __typename externalId } launchedRuns { externalId } skip { code } }
    ... on InternalEvent { eventType payload { text } via skip { code message } launchedRuns { id } }
    ... on Transaction { from to operation payloadType message businessFlowId durationMs }
    ... on FlowRun { flow { key } runStatus trigger triggeredBy { externalId } startedAt finishedAt durationMs input output }
  } } }`

func TestLogsShowEveryKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r := b.get(t, w.as(tenant.RoleSupport), everyKind, nil)
	byKind := map[string]map[string]any{}
	for _, n := range r.list(t, "logs.nodes") {
		node := n.(map[string]any)
		byKind[node["kind"].(string)] = node
		require.Equal(t, "acme", node["customer"].(map[string]any)["name"])
		require.Equal(t, "salesforce", node["integration"].(map[string]any)["key"])
		require.Equal(t, false, node["payloadsHidden"])
		require.NotEmpty(t, node["metadata"])
	}
	require.Len(t, byKind, len(entry.Kinds))

	request := byKind["API_REQUEST"]
	require.Equal(t, "GET /sobjects/Account/{id} → 401", request["summary"])
	require.Equal(t, "2026-03-10T11:00:12Z", request["occurredAt"])
	require.Equal(t, "2026-03-10T11:00:12.1825Z", request["respondedAt"])
	require.Equal(t, map[string]any{"externalId": "run-1"}, request["flowRun"])
	require.Equal(t, map[string]any{"nodeKey": "lookup"}, request["nodeRun"])
	require.Nil(t, request["requestBody"])
	require.Equal(t, map[string]any{
		"text": `[{"errorCode":"INVALID_SESSION_ID"}]`, "contentType": "application/json", "sizeBytes": 36.0,
		"redacted": false, "truncated": false, "base64": false,
	}, request["responseBody"])
	require.Equal(t, map[string]any{"code": "INVALID_SESSION_ID", "message": "Session expired", "kind": "HTTP"}, request["error"])

	webhook := byKind["EXTERNAL_WEBHOOK"]
	require.Equal(t, []any{map[string]any{"externalId": "ev-1"}}, webhook["events"])
	require.Equal(t, true, webhook["signatureValid"])
	require.Equal(t, "hooks", webhook["dataSource"].(map[string]any)["key"])

	pull := byKind["EXTERNAL_EVENT_PULL"]
	require.Equal(t, "Pull found 0 events", pull["summary"])
	require.Equal(t, 40.0, pull["recordsScanned"])
	require.Empty(t, pull["events"])

	event := byKind["EXTERNAL_EVENT"]
	require.Equal(t, map[string]any{"__typename": "ExternalWebhook", "externalId": "wh-1"}, event["source"])
	require.Equal(t, []any{map[string]any{"externalId": "run-1"}}, event["launchedRuns"])

	require.Equal(t, map[string]any{"code": "flow_disabled", "message": "switched off"}, byKind["INTERNAL_EVENT"]["skip"])
	require.Equal(t, "shop → erp: create order (done)", byKind["TRANSACTION"]["summary"])

	flowRun := byKind["FLOW_RUN"]
	require.Equal(t, "Create the invoice failed: Session expired", flowRun["summary"])
	require.Equal(t, map[string]any{"externalId": "ev-1"}, flowRun["triggeredBy"])
	require.Equal(t, 4000.0, flowRun["durationMs"])
	require.Equal(t, map[string]any{"deal": "006xx"}, flowRun["input"])
	require.Equal(t, "FAILURE", flowRun["status"])
}

func TestLogsArePagedInBothOrders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleViewer)
	walk := func(order string) (ids []string) {
		after := any(nil)
		for range 10 {
			r := b.get(t, who, everyKind, vars{"first": 2, "order": order, "after": after})
			require.Equal(t, after != nil, r.at(t, "logs.pageInfo.hasPreviousPage"))
			for _, n := range r.list(t, "logs.nodes") {
				ids = append(ids, n.(map[string]any)["id"].(string))
			}
			if r.at(t, "logs.pageInfo.hasNextPage") == false {
				return ids
			}
			after = r.text(t, "logs.pageInfo.endCursor")
		}
		return ids
	}
	newest, oldest := walk("NEWEST_FIRST"), walk("OLDEST_FIRST")
	require.Len(t, newest, len(entry.Kinds))
	for i, id := range newest {
		require.Equal(t, id, oldest[len(oldest)-1-i])
	}
	require.Equal(t, w.id(entry.KindTransaction), newest[0])
}

func TestEveryNodeIsFoundByItsID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	owner := w.as(tenant.RoleOwner)
	r := b.get(t, owner, `mutation { createApiKey(input: {name: "agent", scopes: [INGEST]}) { apiKey { id prefix } secret userErrors { code } } }`, nil)
	ids := []string{r.text(t, "createApiKey.apiKey.id")}
	r = b.get(t, owner, `{ tenant { id } members { nodes { id } } customers { nodes { id connectedApps { nodes { id dataSources { id } } } } }
	  issues { nodes { id } } integrations { nodes { id flows { nodes { id } } } } flowRuns { nodes { graph { nodes { id } } } } logs { nodes { id } } flows { nodes { id } } }`, nil)
	var collect func(v any)
	collect = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			for _, child := range x {
				collect(child)
			}
			if id, ok := x["id"].(string); ok {
				ids = append(ids, id)
			}
		case []any:
			for _, child := range x {
				collect(child)
			}
		}
	}
	collect(r.Data)
	kinds := map[string]bool{}
	for _, id := range ids {
		kinds[id[:4]] = true
	}
	require.Len(t, kinds, 17, "one of each kind of id: %v", kinds)

	found := b.get(t, owner, `query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }`, vars{"ids": append(ids, "cus_nonsense", "")})
	list := found.list(t, "nodes")
	for i, id := range ids {
		require.NotNil(t, list[i], id)
		require.Equal(t, id, list[i].(map[string]any)["id"])
	}
	require.Nil(t, list[len(ids)])
	require.Nil(t, list[len(ids)+1])

	other := b.world(t, "globex")
	for _, id := range ids {
		r := b.get(t, other.as(tenant.RoleOwner), `query($id: ID!) { node(id: $id) { id } }`, vars{"id": id})
		require.Nil(t, r.at(t, "node"), "%s is of another tenant", id)
	}
}

func TestARunShowsWhereItWentWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r := b.get(t, w.as(tenant.RoleSupport), `{ flowRun(externalId: "run-1") {
	  graph { nodes { nodeKey iterations attempt runStatus input error { code } flowRun { id } } edges { from { nodeKey } to { nodeKey } label }
	    failurePath { nodeKey } criticalPath { nodeKey } gaps }
	  nodeRun(nodeKey: "lookup") { name apiRequests { nodes { ... on ApiRequest { statusCode } } } logs { nodes { message } } }
	  none: nodeRun(nodeKey: "no such node") { name }
	  apiRequests { nodes { kind } } } }`, nil)
	require.Equal(t, []any{map[string]any{"nodeKey": "trigger"}, map[string]any{"nodeKey": "lookup"}}, r.at(t, "flowRun.graph.failurePath"))
	require.Equal(t, "trigger", r.text(t, "flowRun.graph.edges.0.from.nodeKey"))
	require.Equal(t, []any{"never-heard-of"}, r.at(t, "flowRun.graph.gaps"))
	require.Equal(t, 1.0, r.at(t, "flowRun.graph.nodes.1.iterations"))
	require.Equal(t, map[string]any{"in": "lookup"}, r.at(t, "flowRun.graph.nodes.1.input"))
	require.Equal(t, 401.0, r.at(t, "flowRun.nodeRun.apiRequests.nodes.0.statusCode"))
	require.Len(t, r.list(t, "flowRun.nodeRun.logs.nodes"), 3)
	require.Nil(t, r.at(t, "flowRun.none"))
	require.Len(t, r.list(t, "flowRun.apiRequests.nodes"), 1)
}

// Lines come as events of their own and inside the messages of node runs: pages of any size merge both.
func TestLinesAreMergedByTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	const query = `query($first: Int, $after: String, $min: LogLevel) { flowRun(externalId: "run-1") { logs(first: $first, after: $after, minLevel: $min) {
	  pageInfo { hasNextPage endCursor } nodes { at level message data nodeRun { nodeKey } } } } }`
	want := []string{"begin trigger", "end trigger", "begin lookup", "401 from Salesforce", "end lookup"}
	for size := 1; size <= 6; size++ {
		var got []string
		after := any(nil)
		for range 10 {
			r := b.get(t, w.as(tenant.RoleSupport), query, vars{"first": size, "after": after})
			for _, n := range r.list(t, "flowRun.logs.nodes") {
				got = append(got, n.(map[string]any)["message"].(string))
			}
			if r.at(t, "flowRun.logs.pageInfo.hasNextPage") == false {
				break
			}
			after = r.text(t, "flowRun.logs.pageInfo.endCursor")
		}
		require.ElementsMatch(t, want, got, "in pages of %d", size)
		require.Equal(t, "401 from Salesforce", got[3])
	}
	r := b.get(t, w.as(tenant.RoleSupport), query, vars{"min": "ERROR"})
	require.Len(t, r.list(t, "flowRun.logs.nodes"), 1)
	require.Equal(t, map[string]any{"try": 1.0}, r.at(t, "flowRun.logs.nodes.0.data"))
	require.Equal(t, "lookup", r.text(t, "flowRun.logs.nodes.0.nodeRun.nodeKey"))
	r = b.get(t, w.as(tenant.RoleViewer), query, vars{"min": "ERROR"})
	require.Nil(t, r.at(t, "flowRun.logs.nodes.0.data"))
}
