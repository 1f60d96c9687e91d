package isolation

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// untold is what a crawl saw without the audit log, which grows while tenant b's credentials are tried.
func untold(dump map[string]string) map[string]string {
	out := maps.Clone(dump)
	maps.DeleteFunc(out, func(name, _ string) bool {
		return strings.HasPrefix(name, "AuditEntry ") || strings.HasPrefix(name, "Query.auditLog ")
	})
	return out
}

// mutationsAreTold shows that the audit log of tenant c tells of each mutation of the schema: all of them went well for
// c's owner with ids of its own.
func (w *world) mutationsAreTold(t *testing.T) {
	told := map[string]bool{}
	after := ""
	for {
		var found struct {
			AuditLog struct {
				Nodes    []struct{ Actor, Action, Target string }
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		w.c.owner.must(t, &found, `query($after: String) { auditLog(first: 100, after: $after) { nodes { actor action target } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"after": after})
		for _, e := range found.AuditLog.Nodes {
			require.NotEmpty(t, e.Actor)
			told[e.Action] = told[e.Action] || e.Target != ""
		}
		if !found.AuditLog.PageInfo.HasNextPage {
			break
		}
		after = found.AuditLog.PageInfo.EndCursor
	}
	for _, f := range w.schema.types["Mutation"].Fields {
		require.True(t, told[f.Name], "the audit log does not tell of %s, or not what it was done to", f.Name)
	}
	require.True(t, told["useApiKey"])
}
