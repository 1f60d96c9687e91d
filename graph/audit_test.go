package graph

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// deeds are mutations, not all of them (tests/isolation sees to that each is told), with what the audit log says of them: the target, and the details.
var deeds = map[string][2]string{
	`createCustomer(input: {externalId: "x-1", name: "X", attributes: {plan: "hidden-word"}})`:                                   {"cus_", `{"externalId":"x-1","name":"X","attributes":"[not kept]"}`},
	`updateCustomer(input: {id: "CUSTOMER", name: "X"})`:                                                                         {"CUSTOMER", `{"id":"CUSTOMER","name":"X"}`},
	`createIntegration(input: {key: "x", name: "X"})`:                                                                            {"int_", `{"key":"x","name":"X"}`},
	`updateIntegration(input: {id: "INTEGRATION", provider: "P"})`:                                                               {"INTEGRATION", `{"id":"INTEGRATION","provider":"P"}`},
	`createApiKey(input: {name: "k", scopes: [READ], expiresAt: "2027-01-01T00:00:00Z"})`:                                        {"key_", `{"name":"k","scopes":["READ"],"expiresAt":"2027-01-01T00:00:00Z"}`},
	`revokeApiKey(input: {id: "KEY"})`:                                                                                           {"KEY", `{"id":"KEY"}`},
	`createCustomerToken(input: {customerId: "CUSTOMER", ttlSeconds: 60})`:                                                       {"CUSTOMER", `{"customerId":"CUSTOMER","ttlSeconds":60}`},
	`inviteMember(input: {email: "new@acme.example", role: VIEWER})`:                                                             {"mem_", `{"email":"new@acme.example","role":"VIEWER"}`},
	`updateMemberRole(input: {id: "MEMBER", role: SUPPORT})`:                                                                     {"MEMBER", `{"id":"MEMBER","role":"SUPPORT"}`},
	`removeMember(input: {id: "MEMBER"})`:                                                                                        {"MEMBER", `{"id":"MEMBER"}`},
	`acknowledgeIssue(input: {id: "ISSUE", note: "hidden-word"})`:                                                                {"ISSUE", `{"id":"ISSUE","note":"[not kept]"}`},
	`assignIssue(input: {id: "ISSUE", memberId: "MEMBER"})`:                                                                      {"ISSUE", `{"id":"ISSUE","memberId":"MEMBER"}`},
	`updateCatalogue(input: {yaml: ""})`:                                                                                         {"TENANT", `{"yaml":"[not kept]"}`},
	`updateRetention(input: {policies: []})`:                                                                                     {"TENANT", `{"policies":[]}`},
	`updateRetention(input: {policies: [{kind: FLOW_RUN, days: 7}]})`:                                                            {"TENANT", `{"policies":[{"kind":"FLOW_RUN","days":7}]}`},
	`updateRedaction(input: {headers: ["X-A"], fields: ["f"], patterns: ["hidden-word"]})`:                                       {"TENANT", `{"headers":["X-A"],"fields":["f"],"patterns":["[not kept]"]}`},
	`createAlarmRule(input: {name: "r", metric: FAILURES, comparison: ABOVE, threshold: 3, windowSeconds: 60, endpointIds: []})`: {"alr_", `{"name":"r","metric":"FAILURES","comparison":"ABOVE","threshold":3,"windowSeconds":60,"endpointIds":[]}`},
	`updateAlarmRule(input: {id: "RULE", threshold: 4})`:                                                                         {"RULE", `{"id":"RULE","threshold":4}`},
	`deleteAlarmRule(input: {id: "RULE"})`:                                                                                       {"RULE", `{"id":"RULE"}`},
	`createNotificationEndpoint(input: {channel: EMAIL, target: "hidden-word@acme.example", events: [ISSUE_OPENED]})`:            {"nep_", `{"channel":"EMAIL","target":"[not kept]","events":["ISSUE_OPENED"]}`},
	`updateNotificationEndpoint(input: {id: "ENDPOINT", enabled: false})`:                                                        {"ENDPOINT", `{"id":"ENDPOINT","enabled":false}`},
	`deleteNotificationEndpoint(input: {id: "ENDPOINT"})`:                                                                        {"ENDPOINT", `{"id":"ENDPOINT"}`},
	`rotateNotificationSecret(input: {id: "ENDPOINT"})`:                                                                          {"ENDPOINT", `{"id":"ENDPOINT"}`},
	`testNotificationEndpoint(input: {id: "ENDPOINT"})`:                                                                          {"ENDPOINT", `{"id":"ENDPOINT"}`},
	`redeliver(input: {deliveryId: "DELIVERY"})`:                                                                                 {"DELIVERY", `{"deliveryId":"DELIVERY"}`},
	`replayNotifications(input: {id: "ENDPOINT", since: "2026-03-09T00:00:00Z"})`:                                                {"ENDPOINT", `{"id":"ENDPOINT","since":"2026-03-09T00:00:00Z"}`},
	`deleteCustomer(input: {id: "CUSTOMER"})`:                                                                                    {"CUSTOMER", `{"id":"CUSTOMER"}`},
}

const auditLog = `{ auditLog(first: 100) { nodes { id at actor action target address details } } }`

func TestEachMutationIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for deed, said := range deeds {
		t.Run(deed, func(t *testing.T) {
			t.Parallel()
			name, _, _ := strings.Cut(deed, "(")
			w := b.world(t, "t-"+strings.ToLower(strings.ReplaceAll(nodeid.New(noon).String(), "-", "")))
			who := w.as(tenant.RoleOwner)
			filled := b.filled(t, w, "mutation { it: "+deed+" { userErrors { code } } }"+said[0]+`"`+said[0]+`"`+said[1])
			ask, rest, _ := strings.Cut(filled, said[0]+`"`)
			target, details, _ := strings.Cut(rest, `"`)
			require.Empty(t, b.get(t, who, ask, nil).list(t, "it.userErrors"))
			r := b.get(t, who, auditLog, nil)
			require.NotContains(t, r.raw, "hidden-word")
			var told []map[string]any
			for _, each := range r.list(t, "auditLog.nodes") {
				if each := each.(map[string]any); each["action"] == name {
					told = append(told, each)
				}
			}
			require.Len(t, told, 1, r.raw)
			require.Equal(t, "somebody", told[0]["actor"])
			require.Equal(t, "2026-03-10T12:00:00Z", told[0]["at"])
			require.True(t, strings.HasPrefix(told[0]["target"].(string), target), "%s: %s", told[0]["target"], target)
			raw, err := json.Marshal(told[0]["details"])
			require.NoError(t, err)
			require.JSONEq(t, details, string(raw))
			again := b.get(t, who, `query($id: ID!) { node(id: $id) { ... on AuditEntry { action } } }`, vars{"id": told[0]["id"]})
			require.Equal(t, name, again.text(t, "node.action"))
		})
	}
}

// What was refused, or could not be told, did not happen; what variables give is told as what the document gives.
func TestOnlyWhatHappenedIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	owner := w.as(tenant.RoleOwner)
	count := func() int { return len(b.get(t, owner, auditLog, nil).list(t, "auditLog.nodes")) }
	b.get(t, owner, `mutation { createCustomer(input: {externalId: "", name: ""}) { userErrors { code } } }`, nil)
	b.ask(t, owner, `mutation { deleteCustomer(input: {id: "cus_00000000000000000000000000"}) { deletedId } }`, nil)
	b.ask(t, w.as(tenant.RoleViewer), `mutation { createCustomer(input: {externalId: "x", name: "X"}) { userErrors { code } } }`, nil)
	require.Zero(t, count())
	b.get(t, w.key(tenant.RoleAdmin, tenant.ScopeAdmin), `mutation($in: InviteMemberInput!) { a: inviteMember(input: $in) { member { id } }
		b: inviteMember(input: {email: "b@acme.example", role: VIEWER}) { member { id } } }`, vars{"in": vars{"email": "a@acme.example", "role": "VIEWER"}})
	r := b.get(t, owner, auditLog, nil)
	require.Len(t, r.list(t, "auditLog.nodes"), 2)
	require.Equal(t, "b@acme.example", r.at(t, "auditLog.nodes.0.details.email"), "the newest first")
	require.Equal(t, "a@acme.example", r.at(t, "auditLog.nodes.1.details.email"))
	require.Equal(t, "key", r.text(t, "auditLog.nodes.1.actor"))

	page := b.get(t, owner, `{ auditLog(first: 1) { edges { cursor } nodes { details } pageInfo { hasNextPage endCursor } } }`, nil)
	require.Equal(t, true, page.at(t, "auditLog.pageInfo.hasNextPage"))
	page = b.get(t, owner, `query($after: String) { auditLog(first: 1, after: $after) { nodes { details } pageInfo { hasNextPage } } }`, vars{"after": page.text(t, "auditLog.pageInfo.endCursor")})
	require.Equal(t, "a@acme.example", page.at(t, "auditLog.nodes.0.details.email"))
	require.Equal(t, false, page.at(t, "auditLog.pageInfo.hasNextPage"))

	b.exec(t, "ALTER TABLE audit_entry ADD CHECK (action <> 'createCustomer')")
	lost := b.ask(t, owner, `mutation { createCustomer(input: {externalId: "lost", name: "X"}) { customer { id } } }`, nil)
	require.Equal(t, []string{"INTERNAL"}, lost.codes())
	require.Nil(t, b.get(t, owner, `{ customer(externalId: "lost") { id } }`, nil).at(t, "customer"))
}
