package journal

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// A search must not tell what is in a body to somebody who may not read it.
func TestWhoMayNotReadBodiesCannotSearchThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID := uuid.New()
	e := &entry.Entry{Head: entry.Head{ID: nodeid.New(noon), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Method: "GET", DurationMS: -1}}
	e.URL = "https://api.example.com/visible"
	e.Detail = &entry.Detail{
		RequestHeaders: []entry.Header{{Name: "X-Note", Value: "headword"}},
		ResponseBody:   &entry.Body{Text: `{"note":"bodyword"}`}, Metadata: []byte(`{"note":"metaword"}`),
	}
	put(as(t, tenantID), t, b.store, []*entry.Entry{e})

	for word, needs := range map[string]tenant.Role{
		"visible": tenant.RoleViewer, "metaword": tenant.RoleViewer, "bodyword": tenant.RoleSupport, "headword": tenant.RoleSupport,
	} {
		for role := tenant.RoleViewer; role <= tenant.RoleOwner; role++ {
			ctx := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: tenantID, Kind: tenant.KindMember, Role: role})
			p, err := b.store.Entries(ctx, Query{First: 1, Filter: entry.Filter{Search: word}})
			require.NoError(t, err)
			require.Equal(t, role >= needs, len(p.Items) == 1, "%s as %s", word, role)
		}
	}
}
