package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

func TestCustomersAreMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleDeveloper)
	const create = `mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id externalId name attributes createdAt } userErrors { field message code } } }`
	made := b.get(t, who, create, vars{"in": vars{"externalId": "c-1", "name": "One", "attributes": vars{"plan": "pro", "seats": 12}}})
	require.Empty(t, made.list(t, "createCustomer.userErrors"))
	require.Equal(t, map[string]any{"plan": "pro", "seats": 12.0}, made.at(t, "createCustomer.customer.attributes"))
	id := made.text(t, "createCustomer.customer.id")

	again := b.get(t, who, create, vars{"in": vars{"externalId": "c-1", "name": "One more"}})
	require.Nil(t, again.at(t, "createCustomer.customer"))
	require.Equal(t, "CONFLICT", again.text(t, "createCustomer.userErrors.0.code"))
	require.Equal(t, []any{"externalId"}, again.at(t, "createCustomer.userErrors.0.field"))

	bad := b.get(t, who, create, vars{"in": vars{"externalId": "", "name": "", "attributes": []any{1}}})
	require.Len(t, bad.list(t, "createCustomer.userErrors"), 3, "every bad field is told at once")

	const change = `mutation($in: UpdateCustomerInput!) { updateCustomer(input: $in) { customer { name attributes } userErrors { field code } } }`
	changed := b.get(t, who, change, vars{"in": vars{"id": id, "name": "Uno"}})
	require.Equal(t, "Uno", changed.text(t, "updateCustomer.customer.name"))
	require.Equal(t, map[string]any{"plan": "pro", "seats": 12.0}, changed.at(t, "updateCustomer.customer.attributes"))

	gone := b.get(t, who, `mutation($id: ID!) { deleteCustomer(input: {id: $id}) { deletedId userErrors { code } } }`, vars{"id": id})
	require.Equal(t, id, gone.text(t, "deleteCustomer.deletedId"))
	require.Nil(t, b.get(t, who, `query($id: ID!) { customer(id: $id) { id } }`, vars{"id": id}).at(t, "customer"))
}

func TestMembersKeysAndPolicies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	owner := w.as(tenant.RoleOwner)

	invited := b.get(t, owner, `mutation { inviteMember(input: {email: "Ann@Acme.example", name: "Ann", role: SUPPORT}) { member { id email role } userErrors { code } } }`, nil)
	require.Equal(t, "ann@acme.example", invited.text(t, "inviteMember.member.email"))
	ann := invited.text(t, "inviteMember.member.id")
	twice := b.get(t, owner, `mutation { inviteMember(input: {email: "ann@acme.example", role: ADMIN}) { member { id } userErrors { field code } } }`, nil)
	require.Equal(t, "CONFLICT", twice.text(t, "inviteMember.userErrors.0.code"))
	promoted := b.get(t, owner, `mutation($id: ID!) { updateMemberRole(input: {id: $id, role: ADMIN}) { member { role } } }`, vars{"id": ann})
	require.Equal(t, "ADMIN", promoted.text(t, "updateMemberRole.member.role"))
	members := b.get(t, owner, `{ members(first: 1) { totalCount nodes { id email } pageInfo { hasNextPage endCursor } } }`, nil)
	require.Equal(t, 2.0, members.at(t, "members.totalCount"))
	rest := b.get(t, owner, `query($after: String) { members(after: $after) { nodes { id role } } }`, vars{"after": members.text(t, "members.pageInfo.endCursor")})
	require.Equal(t, "OWNER", rest.text(t, "members.nodes.0.role"))
	last := b.get(t, owner, `mutation($id: ID!) { removeMember(input: {id: $id}) { deletedId userErrors { code message } } }`, vars{"id": rest.text(t, "members.nodes.0.id")})
	require.Equal(t, "CONFLICT", last.text(t, "removeMember.userErrors.0.code"))
	require.Nil(t, last.at(t, "removeMember.deletedId"))

	key := b.get(t, owner, `mutation { createApiKey(input: {name: "agent", scopes: [INGEST, READ], expiresAt: "2027-01-01T01:00:00+01:00"}) {
	  apiKey { id name prefix scopes expiresAt lastUsedAt } secret userErrors { code } } }`, nil)
	secret := key.text(t, "createApiKey.secret")
	require.Regexp(t, `^weir_[0-9A-Za-z]{40,}$`, secret)
	require.Equal(t, "2027-01-01T00:00:00Z", key.at(t, "createApiKey.apiKey.expiresAt"))
	listed := b.get(t, owner, `{ apiKeys { totalCount nodes { id prefix } } }`, nil)
	require.NotContains(t, listed.raw, secret)
	revoked := b.get(t, owner, `mutation($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { revokedAt } } }`, vars{"id": key.text(t, "createApiKey.apiKey.id")})
	require.Equal(t, "2026-03-10T12:00:00Z", revoked.at(t, "revokeApiKey.apiKey.revokedAt"))
	none := b.get(t, owner, `mutation { createApiKey(input: {name: "agent", scopes: []}) { apiKey { id } secret userErrors { field } } }`, nil)
	require.Equal(t, []any{"scopes"}, none.at(t, "createApiKey.userErrors.0.field"))
	require.Nil(t, none.at(t, "createApiKey.secret"))

	const retain = `mutation($in: UpdateRetentionInput!) { updateRetention(input: $in) { tenant { retention { kind days payloadDays } } userErrors { field code } } }`
	kept := b.get(t, owner, retain, vars{"in": vars{"policies": []vars{{"kind": "API_REQUEST", "days": 14, "payloadDays": 7}}}})
	require.Len(t, kept.list(t, "updateRetention.tenant.retention"), 7)
	require.Equal(t, map[string]any{"kind": "API_REQUEST", "days": 14.0, "payloadDays": 7.0}, kept.at(t, "updateRetention.tenant.retention.0"))
	require.Equal(t, map[string]any{"kind": "EXTERNAL_WEBHOOK", "days": 90.0, "payloadDays": 30.0}, kept.at(t, "updateRetention.tenant.retention.1"))
	wrong := b.get(t, owner, retain, vars{"in": vars{"policies": []vars{{"kind": "TRANSACTION", "days": 0}}}})
	require.Equal(t, []any{"policies", "0", "days"}, wrong.at(t, "updateRetention.userErrors.0.field"))
	redacted := b.get(t, owner, `mutation { updateRedaction(input: {headers: ["X-Internal"], fields: ["iban"], patterns: ["DE[0-9]{20}"]}) {
	  tenant { redaction { headers fields patterns } } userErrors { field } } }`, nil)
	require.Equal(t, []any{"iban"}, redacted.at(t, "updateRedaction.tenant.redaction.fields"))
}

func TestIntegrationsAreMadeAndChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleDeveloper)
	made := b.get(t, who, `mutation { createIntegration(input: {key: "hubspot", name: "HubSpot", provider: "HubSpot Inc."}) { integration { id provider } userErrors { code } } }`, nil)
	id := made.text(t, "createIntegration.integration.id")
	changed := b.get(t, who, `mutation($id: ID!) { updateIntegration(input: {id: $id, provider: ""}) { integration { name provider } } }`, vars{"id": id})
	require.Equal(t, map[string]any{"name": "HubSpot", "provider": nil}, changed.at(t, "updateIntegration.integration"))
	found := b.get(t, who, `{ integration(key: "hubspot") { id } integrations { totalCount edges { cursor node { key } } } }`, nil)
	require.Equal(t, id, found.text(t, "integration.id"))
	require.Equal(t, 2.0, found.at(t, "integrations.totalCount"))
}
