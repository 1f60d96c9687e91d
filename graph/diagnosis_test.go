package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

const diagnosisQuery = `query($id: ID!) { log(id: $id) { kind diagnosis { category title cause confidence resolvedBy references signals
  steps { position actor text url } } } }`

func TestAFailedRequestIsDiagnosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	a := b.get(t, w.as(tenant.RoleSupport), diagnosisQuery, vars{"id": w.id(entry.KindAPIRequest)})
	require.Contains(t, []any{"AUTH_TOKEN_EXPIRED", "AUTH_INVALID_CREDENTIALS"}, a.at(t, "log.diagnosis.category"))
	require.Contains(t, []any{"TENANT", "CUSTOMER"}, a.at(t, "log.diagnosis.resolvedBy"))
	require.Contains(t, a.text(t, "log.diagnosis.title")+a.text(t, "log.diagnosis.cause"), "Salesforce")
	require.NotEmpty(t, a.list(t, "log.diagnosis.signals"))
	steps := a.list(t, "log.diagnosis.steps")
	require.NotEmpty(t, steps)
	for i, s := range steps {
		require.EqualValues(t, i+1, s.(map[string]any)["position"])
		require.NotEmpty(t, s.(map[string]any)["text"])
	}

	viewer := b.get(t, w.as(tenant.RoleViewer), diagnosisQuery, vars{"id": w.id(entry.KindAPIRequest)})
	require.Equal(t, a.at(t, "log.diagnosis.category"), viewer.at(t, "log.diagnosis.category"))
	require.Empty(t, viewer.list(t, "log.diagnosis.signals"))
}

func TestAFailedRunIsDiagnosedAndSuccessesAreNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	a := b.get(t, w.as(tenant.RoleSupport), diagnosisQuery, vars{"id": w.id(entry.KindFlowRun)})
	require.NotEmpty(t, a.text(t, "log.diagnosis.category"))
	for _, k := range []entry.Kind{entry.KindExternalWebhook, entry.KindExternalEventPull, entry.KindExternalEvent, entry.KindInternalEvent, entry.KindTransaction} {
		a := b.get(t, w.as(tenant.RoleSupport), diagnosisQuery, vars{"id": w.id(k)})
		require.Nil(t, a.at(t, "log.diagnosis"), k)
	}
}

const updateCatalogue = `mutation($yaml: String!) { updateCatalogue(input: {yaml: $yaml}) { tenant { catalogue } userErrors { field message code } } }`

func TestATenantsOwnEntriesDiagnoseItsCalls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	const text = `version: 1
provider: salesforce
entries:
  - id: ours.session
    when: {status: [4xx]}
    category: account_plan_limit
    confidence: 0.4
    title: Somebody at Acme must look at this
    steps: [{actor: TENANT, text: Call Ann., url: "https://wiki.acme.example/salesforce"}]
`
	before := b.get(t, w.as(tenant.RoleSupport), diagnosisQuery, vars{"id": w.id(entry.KindAPIRequest)})
	saved := b.get(t, w.as(tenant.RoleAdmin), updateCatalogue, vars{"yaml": text})
	require.Empty(t, saved.list(t, "updateCatalogue.userErrors"))
	require.Equal(t, text, saved.text(t, "updateCatalogue.tenant.catalogue"))
	require.Equal(t, text, b.get(t, w.as(tenant.RoleDeveloper), `{ tenant { catalogue } }`, nil).text(t, "tenant.catalogue"))

	for _, who := range []*tenant.Principal{w.as(tenant.RoleSupport), w.customer(w.target.CustomerID)} {
		a := b.get(t, who, diagnosisQuery, vars{"id": w.id(entry.KindAPIRequest)})
		require.Equal(t, "ACCOUNT_PLAN_LIMIT", a.text(t, "log.diagnosis.category"))
		require.Equal(t, "Somebody at Acme must look at this", a.text(t, "log.diagnosis.title"))
		require.Equal(t, "https://wiki.acme.example/salesforce", a.text(t, "log.diagnosis.steps.0.url"))
	}
	theirs := b.get(t, other.as(tenant.RoleSupport), diagnosisQuery, vars{"id": other.id(entry.KindAPIRequest)})
	require.Equal(t, before.at(t, "log.diagnosis.category"), theirs.at(t, "log.diagnosis.category"))
	require.Empty(t, b.get(t, other.as(tenant.RoleOwner), `{ tenant { catalogue } }`, nil).text(t, "tenant.catalogue"))

	wrong := b.get(t, w.as(tenant.RoleAdmin), updateCatalogue, vars{"yaml": text + "  - {id: ours.session, category: nonsense}\n"})
	require.Nil(t, wrong.at(t, "updateCatalogue.tenant"))
	require.Len(t, wrong.list(t, "updateCatalogue.userErrors"), 4)
	for _, e := range wrong.list(t, "updateCatalogue.userErrors") {
		require.Equal(t, []any{"yaml"}, e.(map[string]any)["field"])
		require.Equal(t, "BAD_USER_INPUT", e.(map[string]any)["code"])
		require.Contains(t, e.(map[string]any)["message"], `line 10: entry "ours.session": `)
	}
	require.Equal(t, text, b.get(t, w.as(tenant.RoleDeveloper), `{ tenant { catalogue } }`, nil).text(t, "tenant.catalogue"), "nothing was saved")

	gone := b.get(t, w.as(tenant.RoleAdmin), updateCatalogue, vars{"yaml": ""})
	require.Empty(t, gone.text(t, "updateCatalogue.tenant.catalogue"))
	after := b.get(t, w.as(tenant.RoleSupport), diagnosisQuery, vars{"id": w.id(entry.KindAPIRequest)})
	require.Equal(t, before.raw, after.raw)
}
