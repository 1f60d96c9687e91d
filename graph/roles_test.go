package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// Nobody gives more than they have, and a tenant keeps an owner.
func TestNobodyRaisesARoleAboveTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	owner, admin, key := w.as(tenant.RoleOwner), w.as(tenant.RoleAdmin), w.key(tenant.RoleAdmin, tenant.ScopeAdmin)
	me := b.get(t, owner, `query { members(first: 100) { nodes { id role email } } }`, nil)
	id := ""
	for _, m := range me.list(t, "members.nodes") {
		if m := m.(map[string]any); m["role"] == "OWNER" {
			require.Empty(t, id)
			id = m["id"].(string)
		}
	}
	for _, who := range []*tenant.Principal{admin, key} {
		for _, change := range []string{
			`inviteMember(input: {email: "boss@acme.example", role: OWNER})`, `updateMemberRole(input: {id: "MEMBER", role: OWNER})`,
			`updateMemberRole(input: {id: "` + id + `", role: VIEWER})`, `removeMember(input: {id: "` + id + `"})`,
		} {
			r := b.ask(t, who, b.filled(t, w, "mutation { it: "+change+" { userErrors { code } } }"), nil)
			require.Equal(t, []string{"FORBIDDEN"}, r.codes(), change)
		}
		r := b.get(t, who, b.filled(t, w, `mutation { updateMemberRole(input: {id: "MEMBER", role: ADMIN}) { member { role } } }`), nil)
		require.Equal(t, "ADMIN", r.text(t, "updateMemberRole.member.role"))
	}
	demote := func() *reply {
		return b.get(t, owner, `mutation($id: ID!) { it: updateMemberRole(input: {id: $id, role: ADMIN}) { member { role } userErrors { code message } } }`, vars{"id": id})
	}
	last := demote()
	require.Equal(t, "CONFLICT", last.text(t, "it.userErrors.0.code"))
	require.Nil(t, last.at(t, "it.member"))
	b.get(t, owner, `mutation { inviteMember(input: {email: "two@acme.example", role: OWNER}) { member { id } } }`, nil)
	require.Equal(t, "ADMIN", demote().text(t, "it.member.role"))
	bad := b.get(t, owner, `mutation { it: createApiKey(input: {name: "", scopes: [], expiresAt: "2026-03-10T11:59:59Z"}) { secret userErrors { field code } } }`, nil)
	require.Len(t, bad.list(t, "it.userErrors"), 3)
	require.Nil(t, bad.at(t, "it.secret"))
}
