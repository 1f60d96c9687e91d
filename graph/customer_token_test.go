package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

func TestCustomerTokensReadOneCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	other := b.name(t, w.tenant.ID, "globex", "hubspot")
	const create = `mutation($in: CreateCustomerTokenInput!) { it: createCustomerToken(input: $in) { token expiresAt userErrors { field code } } }`
	id := nodeid.Format(nodeid.Customer, w.target.CustomerID)
	made := b.get(t, w.as(tenant.RoleAdmin), create, vars{"in": vars{"customerId": id}})
	require.Equal(t, "2026-03-10T13:00:00Z", made.text(t, "it.expiresAt"))
	verifier, err := token.New(tokenConfig(t))
	require.NoError(t, err)
	auth := tenant.NewAuthenticator(b.door, verifier, clock, newLogger(b.log))
	t.Cleanup(auth.Stop)
	p, err := auth.Authenticate(t.Context(), "Bearer "+made.text(t, "it.token"))
	require.NoError(t, err)
	viewer := b.get(t, p, `{ viewer { kind role scopes customer { externalId } tenant { slug } } customers { totalCount } }`, nil)
	require.Equal(t, map[string]any{
		"kind": "CUSTOMER", "role": nil, "scopes": []any{}, "customer": map[string]any{"externalId": "acme"}, "tenant": map[string]any{"slug": "acme"},
	}, viewer.at(t, "viewer"))
	require.Equal(t, 1.0, viewer.at(t, "customers.totalCount"))
	require.Nil(t, b.get(t, p, `query($id: ID!) { customer(id: $id) { id } }`, vars{"id": nodeid.Format(nodeid.Customer, other.CustomerID)}).at(t, "customer"))

	for ttl, ok := range map[int]bool{0: false, -5: false, 59: false, 60: true, 86400: true, 86401: false, 2147483647: false} {
		r := b.get(t, w.key(tenant.RoleAdmin, tenant.ScopeAdmin), create, vars{"in": vars{"customerId": id, "ttlSeconds": ttl}})
		if ok {
			require.Equal(t, noon.Add(time.Duration(ttl)*time.Second).Format(time.RFC3339), r.text(t, "it.expiresAt"))
			continue
		}
		require.Equal(t, []any{map[string]any{"field": []any{"ttlSeconds"}, "code": "BAD_USER_INPUT"}}, r.at(t, "it.userErrors"), ttl)
		require.Nil(t, r.at(t, "it.token"))
	}
	for _, nobody := range []string{nodeid.Format(nodeid.Customer, nodeid.New(noon)), nodeid.Format(nodeid.Flow, w.target.FlowID), "nonsense"} {
		require.Equal(t, []string{"NOT_FOUND"}, b.ask(t, w.as(tenant.RoleAdmin), create, vars{"in": vars{"customerId": nobody}}).codes())
	}
	require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, p, create, vars{"in": vars{"customerId": id}}).codes(), "a customer makes no tokens")
	require.NotContains(t, b.get(t, w.as(tenant.RoleAdmin), auditLog, nil).raw, made.text(t, "it.token"))

	b.get(t, w.as(tenant.RoleOwner), `mutation($id: ID!) { deleteCustomer(input: {id: $id}) { deletedId } }`, vars{"id": id})
	later := tenant.NewAuthenticator(b.door, verifier, clock, newLogger(b.log))
	t.Cleanup(later.Stop)
	_, err = later.Authenticate(t.Context(), "Bearer "+made.text(t, "it.token"))
	require.ErrorContains(t, err, "customer does not exist")
}

// A customer does not see what is meant for the tenant.
func TestWhatIsMeantForTheTenantIsHiddenFromCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	owner, customer := w.as(tenant.RoleOwner), w.customer(w.target.CustomerID)
	customer.Role = tenant.RoleNone
	b.get(t, owner, b.filled(t, w, `mutation { updateCustomer(input: {id: "CUSTOMER", attributes: {plan: "pro"}}) { customer { id } } }`), nil)
	b.exec(t, "ALTER TABLE flow DISABLE ROW LEVEL SECURITY")
	b.exec(t, "UPDATE flow SET filter = 'stage = won'")
	b.exec(t, "ALTER TABLE flow ENABLE ROW LEVEL SECURITY")
	ask := b.filled(t, w, `{ customer(id: "CUSTOMER") { attributes } flow(id: "FLOW") { trigger { kind filter } }
		flowRun(id: "RUN") { metadata input logs { nodes { level message } } diagnosis { steps { actor position } } }
		log(id: "LOG") { metadata diagnosis { title signals steps { actor position } } ... on ApiRequest { requestHeaders { name } responseBody { text } } } }`)
	all, own := b.get(t, owner, ask, nil), b.get(t, customer, ask, nil)
	require.Equal(t, map[string]any{"plan": "pro"}, all.at(t, "customer.attributes"))
	require.Empty(t, own.at(t, "customer.attributes"))
	require.Equal(t, "stage = won", all.at(t, "flow.trigger.filter"))
	require.Equal(t, map[string]any{"kind": "EXTERNAL_EVENT", "filter": nil}, own.at(t, "flow.trigger"))
	for _, hidden := range []string{"flowRun.metadata", "flowRun.input", "log.metadata", "log.responseBody"} {
		require.NotNil(t, all.at(t, hidden), hidden)
		require.Nil(t, own.at(t, hidden), hidden)
	}
	require.Contains(t, all.raw, `"DEBUG"`)
	require.NotContains(t, own.raw, `"DEBUG"`)
	require.Contains(t, own.raw, "401 from Salesforce")
	require.NotEmpty(t, all.list(t, "log.diagnosis.signals"))
	require.Empty(t, own.list(t, "log.diagnosis.signals"))
	require.Equal(t, all.at(t, "log.diagnosis.title"), own.at(t, "log.diagnosis.title"))
	steps, left := all.list(t, "log.diagnosis.steps"), own.list(t, "log.diagnosis.steps")
	require.Contains(t, all.raw, `"actor":"TENANT"`)
	require.NotContains(t, own.raw, `"actor":"TENANT"`)
	require.Less(t, len(left), len(steps))
	for i, step := range left {
		require.Equal(t, float64(i+1), step.(map[string]any)["position"])
	}
	// What the whole schema has for administrators is refused, changes too.
	for _, query := range []string{`{ apiKeys { nodes { id } } }`, `{ members { nodes { id } } }`, `{ auditLog { nodes { id } } }`, `{ tenant { retention { days } } }`,
		`{ tenant { redaction { fields } } }`, `{ redactionPreview(input: {headers: [], fields: [], patterns: []}) { complete } }`, `{ node(id: "AUDIT") { id } }`, `{ node(id: "KEY") { id } }`} {
		require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, customer, b.filled(t, w, query), nil).codes(), query)
	}
	for deed := range deeds {
		r := b.ask(t, customer, b.filled(t, w, "mutation { "+deed+" { userErrors { code } } }"), nil)
		require.Equal(t, []string{"FORBIDDEN"}, r.codes(), deed)
	}
	require.False(t, strings.Contains(own.raw, "[redacted]"))
}
