package isolation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// hidden tells whether a field is kept from the role VIEWER: by its type, or by what its description promises.
func hidden(f *field) bool {
	switch f.Type.named().Name {
	case "Body", "Header":
		return true
	}
	return strings.Contains(f.Description, "Null for VIEWER") || strings.Contains(f.Description, "Empty for VIEWER")
}

// viewersSeeNoPayload crawls as VIEWER: what the schema says is kept from it is null or empty and payloadsHidden says so,
// and no word of a header or a body stands anywhere. SUPPORT sees all of that.
func (w *world) viewersSeeNoPayload(t *testing.T) {
	t.Parallel()
	viewer, support := w.crawl(t, w.b.callers["VIEWER"]), w.crawl(t, w.b.callers["SUPPORT"])
	words := []string{`-payload"`, `-payload\"`, `"payloadsHidden":false`, `"__typename":"Body"`, `"__typename":"Header"`}
	for _, word := range words {
		at := strings.Index(viewer.raw.String(), word)
		require.Negative(t, at, "a VIEWER sees %s", around(viewer.raw.String(), max(at, 0)))
		require.Contains(t, support.raw.String(), word)
	}
	require.NotContains(t, support.raw.String(), `"payloadsHidden":true`)
	fields := 0
	for _, name := range w.schema.nodeTypes() {
		flagged := w.schema.field(name, "payloadsHidden") != nil
		for _, f := range w.schema.types[name].Fields {
			if !hidden(f) {
				continue
			}
			fields++
			place := name + "." + f.Name
			require.True(t, flagged, "%s is hidden from VIEWER, and its type has no payloadsHidden", place)
			require.True(t, support.filled[place], "nothing of %s is sent in events_test.go", place)
			require.False(t, viewer.filled[place], "a VIEWER sees %s", place)
		}
	}
	require.Greater(t, fields, 10)
}

// rolesSeeWhatIsTheirs crawls in every role: a field of which the schema says for whom it is, or whose type does, is
// refused to everybody below.
func (w *world) rolesSeeWhatIsTheirs(t *testing.T) {
	t.Parallel()
	for _, name := range w.b.order {
		if name == "nobody" || name == "key INGEST" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, guarded := w.crawl(t, w.b.callers[name]), 0
			for _, object := range append(w.schema.nodeTypes(), "Query") {
				if readerOf(name) < needs(t, w.schema.types[object].Description) {
					continue // Of what is not seen nothing can be asked.
				}
				for _, f := range w.schema.types[object].Fields {
					role := max(needs(t, f.Description), needs(t, w.schema.types[f.Type.named().Name].Description))
					if role == tenant.RoleNone || object == "Query" && w.schema.isLookup(f) {
						continue
					}
					guarded++
					place := object + "." + f.Name
					if place == "AlarmRule.endpoints" {
						continue // It is empty for the others, as it says.
					}
					require.Equal(t, readerOf(name) < role, seen.forbidden[place], "%s is for %s", place, role)
				}
			}
			require.Greater(t, guarded, 3)
			for _, object := range w.schema.nodeTypes() {
				if role := needs(t, w.schema.types[object].Description); readerOf(name) < role {
					require.Empty(t, seen.idsOf(object))
					a := w.b.callers[name].ask(t, `{ node(id: "`+w.aloneOfB.idsOf(object)[0]+`") { id } }`, nil)
					require.Len(t, a.Errors, 1)
					require.Equal(t, "FORBIDDEN", a.Errors[0].code())
					require.Nil(t, a.Data["node"])
				}
			}
		})
	}
}
