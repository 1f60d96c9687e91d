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
