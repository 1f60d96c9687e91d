package isolation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// othersOf is what a customer of a tenant must not learn of: the tenant's other customers, and what is of none.
func (w *world) othersOf(t *testing.T, co *company, all *crawl, mine *crawl) *victim {
	t.Helper()
	v := &victim{w: w, crawl: all, ids: map[string]string{}, marks: []string{}}
	for _, scope := range []string{"C2", "C3", own} {
		v.marks = append(v.marks, strings.ToLower(co.mark(scope, "")))
	}
	for id, name := range all.ids {
		if mine.ids[id] == "" {
			v.ids[id] = name
		}
	}
	return v
}

// customersSeeTheirOwn crawls and asks as a token that is limited to one customer: nothing of the tenant's other
// customers, of the tenant's own entries, of members, keys and policies.
func (w *world) customersSeeTheirOwn(t *testing.T) {
	t.Parallel()
	one := w.a.callers["customer"]
	mine := w.crawl(t, one)
	v := w.othersOf(t, w.a, w.seenOfA, mine)
	require.Len(t, mine.idsOf("Customer"), 1)
	require.Len(t, mine.idsOf("ConnectedApp"), 1)
	for _, name := range w.schema.nodeTypes() {
		guarded := w.schema.types[name].Description
		switch {
		case needs(t, guarded) > 0:
			require.Empty(t, mine.idsOf(name))
		case name != "Tenant":
			require.NotEmpty(t, mine.idsOf(name), "the customer sees no %s of its own", name)
		}
	}
	require.Contains(t, mine.raw.String(), w.a.mark("C1", ""))
	for _, id := range v.crawl.idsOf("FlowRun") {
		if strings.Contains(v.crawl.dump["FlowRun "+id], `"externalId":"run-2"`) {
			v.tied = map[string]bool{id: true} // A request of customer-1's says that it was made in it.
		}
	}
	require.Len(t, v.tied, 1)
	w.fieldsAnswerNothingOfAnother(t, one, v, false)
}
