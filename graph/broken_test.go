package graph

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// What has no form in JSON is an internal error of its field, and does not break the answer that it stands in.
func TestValuesThatAreNoJSONAreErrorsOfTheirFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	e := w.entry(entry.KindAPIRequest, 100)
	e.Method, e.URL, e.Endpoint, e.DurationMS = "GET", `https://api.example.com/<"é\u2028>`, "/", math.NaN()
	e.Detail.Metadata = []byte(`{"region":`)
	b.commit(t, w.tenant.ID, []*entry.Entry{e}, nil, nil)

	r := b.ask(t, w.as(tenant.RoleSupport), `{ logs(first: 1, filter: {kinds: [API_REQUEST]}) { nodes { id id metadata ... on ApiRequest { id url durationMs } } } }`, nil)
	require.Equal(t, []string{"INTERNAL", "INTERNAL"}, r.codes(), r.raw)
	paths := [][]any{r.Errors[0].Path, r.Errors[1].Path}
	require.ElementsMatch(t, [][]any{{"logs", "nodes", 0.0, "metadata"}, {"logs", "nodes", 0.0, "durationMs"}}, paths)
	require.Nil(t, r.at(t, "logs.nodes.0.metadata"))
	require.Equal(t, w.id(entry.KindAPIRequest), r.text(t, "logs.nodes.0.id"))
	require.Equal(t, e.URL, r.text(t, "logs.nodes.0.url"))
}
