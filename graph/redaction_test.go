package graph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

func TestARedactionPolicyIsTriedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	const ask = `query($in: UpdateRedactionInput!) { it: redactionPreview(input: $in) { entriesLooked entriesChanged complete
		examples { entry { id kind } where before after } } }`
	try := func(who *tenant.Principal, headers, fields, patterns []string) *reply {
		return b.get(t, who, ask, vars{"in": vars{"headers": headers, "fields": fields, "patterns": patterns}})
	}
	none := []string{}
	r := try(w.as(tenant.RoleAdmin), none, none, none)
	require.Equal(t, map[string]any{"entriesLooked": 7.0, "entriesChanged": 0.0, "complete": true, "examples": []any{}}, r.at(t, "it"))

	r = try(w.as(tenant.RoleAdmin), []string{"x-hook"}, []string{"amount", "region"}, []string{"Session", "begin lookup"})
	require.Equal(t, 7.0, r.at(t, "it.entriesLooked"))
	require.Equal(t, 7.0, r.at(t, "it.entriesChanged"), "each entry but the run has metadata of the region, and the run a session")
	places := map[string][2]any{}
	for _, each := range r.list(t, "it.examples") {
		e := each.(map[string]any)
		kind := e["entry"].(map[string]any)["kind"].(string)
		places[kind+" "+e["where"].(string)] = [2]any{e["before"], e["after"]}
	}
	require.Equal(t, [2]any{"yes", "[redacted]"}, places["EXTERNAL_WEBHOOK requestHeaders.X-Hook"])
	require.Equal(t, [2]any{`{"amount":1200}`, `{"amount":"[redacted]"}`}, places["EXTERNAL_EVENT requestBody"])
	require.Equal(t, [2]any{"Session expired", "[redacted] expired"}, places["FLOW_RUN error"])
	require.Equal(t, [2]any{`{"region":"eu"}`, `{"region":"[redacted]"}`}, places["TRANSACTION metadata"])
	require.Equal(t, [2]any{"begin lookup", "[redacted]"}, places["FLOW_RUN nodes.lookup.logs"])

	// It saves nothing, and looks at nobody else's.
	saved := b.get(t, w.as(tenant.RoleAdmin), `{ tenant { redaction { headers fields patterns } } }`, nil)
	require.Equal(t, map[string]any{"headers": []any{}, "fields": []any{}, "patterns": []any{}}, saved.at(t, "tenant.redaction"))
	theirs := try(other.as(tenant.RoleOwner), none, []string{"region"}, none)
	for _, each := range theirs.list(t, "it.examples") {
		require.NotContains(t, r.raw, each.(map[string]any)["entry"].(map[string]any)["id"])
	}
	bad := b.ask(t, w.as(tenant.RoleAdmin), ask, vars{"in": vars{"headers": none, "fields": none, "patterns": []string{"("}}})
	require.Equal(t, []string{"BAD_USER_INPUT"}, bad.codes())
	require.Equal(t, []any{"patterns", "0"}, bad.Errors[0].Extensions["field"])
}
