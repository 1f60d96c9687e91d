package graph

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// rights says from which role on an operation works.
var rights = map[string]tenant.Role{
	`{ viewer { kind role } tenant { slug } }`:                                                                                     tenant.RoleViewer,
	`{ customers { totalCount } integrations { totalCount } flows { totalCount } }`:                                                tenant.RoleViewer,
	`{ logs { nodes { id } } flowRuns { nodes { id } } logHistogram { total } }`:                                                   tenant.RoleViewer,
	`mutation { createCustomer(input: {externalId: "x", name: "X"}) { customer { id } } }`:                                         tenant.RoleDeveloper,
	`mutation { updateCustomer(input: {id: "CUSTOMER", name: "X"}) { customer { id } } }`:                                          tenant.RoleDeveloper,
	`mutation { createIntegration(input: {key: "x", name: "X"}) { integration { id } } }`:                                          tenant.RoleDeveloper,
	`mutation { updateIntegration(input: {id: "INTEGRATION", name: "X"}) { integration { id } } }`:                                 tenant.RoleDeveloper,
	`{ tenant { retention { days } } }`:                                                                                            tenant.RoleAdmin,
	`{ tenant { redaction { headers } } }`:                                                                                         tenant.RoleAdmin,
	`{ issues { nodes { title diagnosis { cause } activity { note } } } customers { nodes { health } } }`:                          tenant.RoleViewer,
	`mutation { acknowledgeIssue(input: {id: "ISSUE"}) { issue { status } } }`:                                                     tenant.RoleSupport,
	`mutation { resolveIssue(input: {id: "ISSUE", note: "done"}) { issue { status } } }`:                                           tenant.RoleSupport,
	`mutation { reopenIssue(input: {id: "ISSUE"}) { issue { status } userErrors { code } } }`:                                      tenant.RoleSupport,
	`mutation { ignoreIssue(input: {id: "ISSUE"}) { issue { status } } }`:                                                          tenant.RoleSupport,
	`mutation { snoozeIssue(input: {id: "ISSUE", until: "2026-03-12T00:00:00Z"}) { issue { status } } }`:                           tenant.RoleSupport,
	`mutation { assignIssue(input: {id: "ISSUE", memberId: "MEMBER"}) { issue { assignee { email } } } }`:                          tenant.RoleSupport,
	`{ issues(filter: {assigneeId: "MEMBER"}) { totalCount } }`:                                                                    tenant.RoleSupport,
	`{ node(id: "MEMBER") { id } }`:                                                                                                tenant.RoleSupport,
	`{ tenant { catalogue } }`:                                                                                                     tenant.RoleDeveloper,
	`mutation { updateCatalogue(input: {yaml: ""}) { tenant { id } } }`:                                                            tenant.RoleAdmin,
	`{ members { totalCount } }`:                                                                                                   tenant.RoleAdmin,
	`{ apiKeys { totalCount } }`:                                                                                                   tenant.RoleAdmin,
	`mutation { createApiKey(input: {name: "k", scopes: [READ]}) { apiKey { id } } }`:                                              tenant.RoleAdmin,
	`mutation { inviteMember(input: {email: "new@acme.example", role: VIEWER}) { member { id } } }`:                                tenant.RoleAdmin,
	`mutation { updateRetention(input: {policies: []}) { tenant { id } } }`:                                                        tenant.RoleAdmin,
	`mutation { updateRedaction(input: {headers: [], fields: [], patterns: []}) { tenant { id } } }`:                               tenant.RoleAdmin,
	`mutation { inviteMember(input: {email: "boss@acme.example", role: OWNER}) { member { id } userErrors { code } } }`:            tenant.RoleOwner,
	`mutation { updateMemberRole(input: {id: "OWNER", role: OWNER}) { member { id } } }`:                                           tenant.RoleOwner,
	`mutation { deleteCustomer(input: {id: "CUSTOMER"}) { deletedId } }`:                                                           tenant.RoleDeveloper,
	`mutation { revokeApiKey(input: {id: "KEY"}) { apiKey { revokedAt } } }`:                                                       tenant.RoleAdmin,
	`mutation { removeMember(input: {id: "MEMBER"}) { deletedId } }`:                                                               tenant.RoleAdmin,
	`{ customer(externalId: "acme") { connectedApps { nodes { customer { name } dataSources { key } } } } log(id: "LOG") { id } }`: tenant.RoleViewer,
}

func TestWhatEachRoleMayDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for operation, least := range rights {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := b.world(t, "t-"+strings.ReplaceAll(uuid.NewString(), "-", ""))
			operation := b.filled(t, w, operation)
			for role := tenant.RoleViewer; role <= tenant.RoleOwner; role++ {
				r := b.ask(t, w.as(role), operation, nil)
				if role < least {
					require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s: %s", role, r.raw)
					continue
				}
				require.NotContains(t, r.codes(), "FORBIDDEN", "%s: %s", role, r.raw)
			}
		})
	}
}

func TestNobodyAndKeysThatMayNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	ingest := w.key(tenant.RoleNone, tenant.ScopeIngest)
	reading := w.key(tenant.RoleDeveloper, tenant.ScopeRead)
	managing := w.key(tenant.RoleAdmin, tenant.ScopeAdmin)
	const change = `mutation { createCustomer(input: {externalId: "new", name: "New"}) { customer { id } userErrors { code } } }`
	for _, c := range []struct {
		who   *tenant.Principal
		query string
		codes []string
	}{
		{nil, `{ tenant { id } }`, []string{"UNAUTHENTICATED"}},
		{nil, `{ node(id: "cus_1") { id } a: viewer { kind } }`, []string{"UNAUTHENTICATED", "UNAUTHENTICATED"}},
		{nil, change, []string{"UNAUTHENTICATED"}},
		{nil, `{ __typename __schema { queryType { name } } __type(name: "Customer") { name } }`, nil},
		{ingest, `{ tenant { id } }`, []string{"FORBIDDEN"}},
		{ingest, change, []string{"FORBIDDEN"}},
		{reading, `{ tenant { id } logs { nodes { id } } }`, nil},
		{reading, change, []string{"FORBIDDEN"}},
		{managing, `{ members { totalCount } }`, nil},
		{managing, change, nil},
	} {
		r := b.ask(t, c.who, c.query, nil)
		require.Equal(t, http.StatusOK, r.status)
		require.ElementsMatch(t, c.codes, r.codes(), "%s: %s", c.query, r.raw)
	}
}

func TestViewersSeeNoPayloadsAndAreToldSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	const query = `{ logs { nodes { payloadsHidden metadata
	    ... on ApiRequest { requestHeaders { name } requestBody { text } responseHeaders { name } responseBody { text } }
	    ... on ExternalWebhook { headers { name } body { text } } ... on ExternalEvent { payload { text } } ... on InternalEvent { payload { text } }
	    ... on FlowRun { input output } } }
	  flowRuns { nodes { graph { nodes { payloadsHidden input output } } } } }`
	hidden := b.get(t, w.as(tenant.RoleViewer), query, nil)
	shown := b.get(t, w.as(tenant.RoleSupport), query, nil)
	for _, secret := range []string{"secret of a webhook", "errorCode", "amount", "006xx", "lookup"} {
		require.NotContains(t, hidden.raw, secret)
		require.Contains(t, shown.raw, secret)
	}
	for _, n := range hidden.list(t, "logs.nodes") {
		require.Equal(t, true, n.(map[string]any)["payloadsHidden"])
		require.NotEmpty(t, n.(map[string]any)["metadata"])
	}
	require.Equal(t, true, hidden.at(t, "flowRuns.nodes.0.graph.nodes.0.payloadsHidden"))
	require.Equal(t, false, shown.at(t, "flowRuns.nodes.0.graph.nodes.0.payloadsHidden"))
}

func TestACustomersCredentialSeesThatCustomerOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	other := b.name(t, w.tenant.ID, "globex", "hubspot")
	acme, globex := w.customer(w.target.CustomerID), w.customer(other.CustomerID)
	const query = `query($id: ID!, $run: ID!) { viewer { kind customer { name } } customers { totalCount } logs { nodes { id } } flowRuns { nodes { id } }
	  connectedApps { totalCount } log(id: $id) { id } flowRun(id: $run) { id } }`
	v := vars{"id": w.id(entry.KindAPIRequest), "run": w.id(entry.KindFlowRun)}
	mine := b.get(t, acme, query, v)
	require.Equal(t, "CUSTOMER", mine.text(t, "viewer.kind"))
	require.Equal(t, "acme", mine.text(t, "viewer.customer.name"))
	require.Len(t, mine.list(t, "logs.nodes"), len(entry.Kinds))
	require.NotNil(t, mine.at(t, "log"))

	theirs := b.get(t, globex, query, v)
	require.Equal(t, 1.0, theirs.at(t, "customers.totalCount"))
	require.Equal(t, 1.0, theirs.at(t, "connectedApps.totalCount"))
	require.Empty(t, theirs.list(t, "logs.nodes"))
	require.Empty(t, theirs.list(t, "flowRuns.nodes"))
	require.Nil(t, theirs.at(t, "log"))
	require.Nil(t, theirs.at(t, "flowRun"))
	for _, operation := range []string{`{ members { totalCount } }`, `{ apiKeys { totalCount } }`, `{ tenant { redaction { fields } } }`,
		`mutation { createCustomer(input: {externalId: "x", name: "X"}) { customer { id } } }`} {
		require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, acme, operation, nil).codes(), operation)
	}
}

// What is another tenant's does not exist: look-ups answer null, lists nothing, changes NOT_FOUND.
func TestAnotherTenantDoesNotExist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs, mine := b.world(t, "acme"), b.world(t, "globex")
	me := mine.as(tenant.RoleOwner)
	require.NotNil(t, b.get(t, theirs.as(tenant.RoleViewer), b.filled(t, theirs, `{ customer(id: "CUSTOMER") { id } }`), nil).at(t, "customer"))
	for _, query := range []string{`customer(id: "CUSTOMER")`, `integration(id: "INTEGRATION")`, `connectedApp(id: "APP")`, `flow(id: "FLOW")`,
		`flowRun(id: "RUN")`, `log(id: "LOG")`, `log(id: "RUN")`, `customer(id: "FLOW")`, `node(id: "OWNER")`, `node(id: "KEY")`, `flow(id: "nonsense")`, `issue(id: "ISSUE")`, `node(id: "ISSUE")`} {
		r := b.get(t, me, b.filled(t, theirs, `{ it: `+query+` { __typename } }`), nil)
		require.Nil(t, r.at(t, "it"), query)
	}
	for _, list := range []string{`logs(filter: {customerIds: ["CUSTOMER"]})`, `logs(filter: {flowRunId: "RUN"})`, `flowRuns(filter: {flowIds: ["FLOW"]})`,
		`customers(filter: {integrationId: "INTEGRATION"})`, `connectedApps(filter: {customerId: "CUSTOMER"})`, `flows(integrationId: "INTEGRATION")`,
		`issues(filter: {customerIds: ["CUSTOMER"]})`, `issues(filter: {integrationIds: ["INTEGRATION"]})`, `issues(filter: {assigneeId: "OWNER"})`} {
		r := b.get(t, me, b.filled(t, theirs, `{ it: `+list+` { nodes { id } } }`), nil)
		require.Empty(t, r.list(t, "it.nodes"), list)
	}
	for _, change := range []string{`updateCustomer(input: {id: "CUSTOMER", name: "X"})`, `deleteCustomer(input: {id: "CUSTOMER"})`,
		`updateIntegration(input: {id: "INTEGRATION", name: "X"})`, `revokeApiKey(input: {id: "KEY"})`, `removeMember(input: {id: "OWNER"})`,
		`updateMemberRole(input: {id: "OWNER", role: VIEWER})`, `updateCustomer(input: {id: "FLOW", name: "X"})`,
		`acknowledgeIssue(input: {id: "ISSUE"})`, `resolveIssue(input: {id: "ISSUE"})`, `reopenIssue(input: {id: "ISSUE"})`, `ignoreIssue(input: {id: "ISSUE"})`,
		`snoozeIssue(input: {id: "ISSUE", until: "2026-03-12T00:00:00Z"})`, `assignIssue(input: {id: "ISSUE"})`} {
		r := b.ask(t, me, b.filled(t, theirs, `mutation { it: `+change+` { userErrors { code } } }`), nil)
		require.Equal(t, []string{"NOT_FOUND"}, r.codes(), "%s: %s", change, r.raw)
	}
}
