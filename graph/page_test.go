package graph

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// pageApps is how many connected apps the customer of a page has, of which each has more entries than the page shows.
const pageApps, pageEntries = 12, 25

// page adds a customer like that of a console's page, and gives its connected apps.
func (b *bundle) page(tb testing.TB, w *world, customer string, entries int) (apps []directory.Target) {
	tb.Helper()
	for i := range pageApps {
		w.target = b.name(tb, w.tenant.ID, customer, fmt.Sprintf("integration-%02d", i))
		apps = append(apps, w.target)
		var list []*entry.Entry
		for n := range entries {
			e := w.entry(entry.KindAPIRequest, -n*8000-i) // over more than two days
			e.Method, e.URL, e.Endpoint, e.StatusCode = "GET", "https://api.example.com/x", "/x", 200
			list = append(list, e)
		}
		runs := w.runs()[:1]
		runs[0].ID, runs[0].ExternalID = nodeid.New(noon), customer+fmt.Sprint(i)
		b.commit(tb, w.tenant.ID, list, runs, nil)
	}
	return apps
}

const customerPage = `query($id: ID!, $filter: LogFilter, $order: LogOrder) { customer(id: $id) { id name externalId lastActivityAt
  connectedApps(first: 12) { nodes { id externalId status account lastActivityAt
    logs(first: 20, filter: $filter, order: $order) { nodes { id kind occurredAt status summary error { code message } ... on ApiRequest { method url statusCode durationMs } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } } }`

// asked counts the statements that ask for data: not those that begin and end a transaction, and say whose it is.
type asked struct {
	*statements
	n atomic.Int64
}

func (a *asked) TraceQueryStart(ctx context.Context, conn *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	a.count(q.SQL)
	return a.statements.TraceQueryStart(ctx, conn, q)
}

func (a *asked) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	a.count(q.SQL)
}

func (a *asked) count(sql string) {
	if isAsking := strings.HasPrefix(sql, "SELECT") && !strings.HasPrefix(sql, "SELECT enter_tenant"); isAsking {
		a.n.Add(1)
	}
}

// A customer, its 12 connected apps and the last 20 entries of each take six statements, wherever the entries lie.
func TestAPageOfACustomerTakesSixStatements(t *testing.T) {
	t.Parallel()
	counter := &asked{}
	b := setup(t, func(s *statements) pgx.QueryTracer {
		counter.statements = s
		return counter
	})
	w := b.world(t, "acme")
	full, sparse := b.page(t, w, "full", pageEntries), b.page(t, w, "sparse", 3)
	who := w.as(tenant.RoleViewer)
	for _, customer := range []directory.Target{full[0], sparse[0]} {
		id := nodeid.Format(nodeid.Customer, customer.CustomerID)
		b.get(t, who, customerPage, vars{"id": id}) // The journal learns once which days there are.
		counter.n.Store(0)
		r := b.get(t, who, customerPage, vars{"id": id})
		require.LessOrEqual(t, int(counter.n.Load()), 6)
		require.Len(t, r.list(t, "customer.connectedApps.nodes"), pageApps)
	}
}

// What stands below each of many is what a list of its own would give, for everybody.
func TestListsBelowManyAreThoseOfEach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	apps := b.page(t, w, "full", pageEntries)
	b.page(t, w, "other", 3)
	const alone = `query($filter: LogFilter, $order: LogOrder) { logs(first: 20, filter: $filter, order: $order) {
	  nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	own := w.customer(apps[0].CustomerID)
	for _, who := range []*tenant.Principal{w.as(tenant.RoleViewer), own} {
		for _, order := range []string{"NEWEST_FIRST", "OLDEST_FIRST"} {
			for _, filter := range []vars{{}, {"kinds": []string{"FLOW_RUN"}}, {"search": "example"}, {"connectedAppIds": []string{nodeid.Format(nodeid.ConnectedApp, apps[3].ConnectedAppID)}}} {
				r := b.get(t, who, customerPage, vars{"id": nodeid.Format(nodeid.Customer, apps[0].CustomerID), "filter": filter, "order": order})
				found := 0
				for i := range pageApps {
					at := fmt.Sprintf("customer.connectedApps.nodes.%d.", i)
					of := vars{"connectedAppIds": []any{r.at(t, at+"id")}}
					for k, v := range filter {
						if k != "connectedAppIds" {
							of[k] = v
						} else if v.([]string)[0] != r.text(t, at+"id") {
							of["kinds"], of["statuses"] = []string{"TRANSACTION"}, []string{"PENDING"} // nothing
						}
					}
					want := b.get(t, who, alone, vars{"filter": of, "order": order})
					nodes := r.list(t, at+"logs.nodes")
					require.Len(t, nodes, len(want.list(t, "logs.nodes")), "%v", filter)
					for n, node := range want.list(t, "logs.nodes") {
						require.Equal(t, node.(map[string]any)["id"], nodes[n].(map[string]any)["id"])
					}
					require.Equal(t, placed(t, want.at(t, "logs.pageInfo")), placed(t, r.at(t, at+"logs.pageInfo")))
					found += len(nodes)
				}
				require.NotZero(t, found, "%v", filter)
			}
		}
	}
	// A credential of one customer finds nothing of another, by whatever list.
	r := b.get(t, own, `{ integrations { nodes { connectedApps(first: 5) { nodes { customer { externalId } logs(first: 5) { nodes { customer { externalId } } } } } } }
	  customers(first: 9) { nodes { externalId logs { nodes { customer { externalId } } } flowRuns { nodes { customer { externalId } } } } } flows { nodes { runs(first: 20) { nodes { customer { externalId } } } } } }`, nil)
	require.Contains(t, r.raw, `"externalId":"full"`)
	require.NotContains(t, r.raw, `"externalId":"other"`)
	require.NotContains(t, r.raw, `"externalId":"acme"`)
}

// placed is a pageInfo with its cursors read: some also say which commits are in the list.
func placed(t *testing.T, info any) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, value := range info.(map[string]any) {
		if cursor, ok := value.(string); ok {
			at, err := model.ParseLogCursor(cursor)
			require.NoError(t, err)
			value = *at
		}
		out[name] = value
	}
	return out
}
