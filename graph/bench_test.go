package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// BenchmarkLogs asks for the page of 50 entries that the console's list shows, of which none has to be loaded further.
func BenchmarkLogs(b *testing.B) {
	const query = `query($filter: LogFilter) { logs(first: 50, filter: $filter) {
	  nodes { id kind occurredAt status summary identifiers { key value } error { code message kind }
	    ... on ApiRequest { method url endpoint statusCode durationMs } }
	  pageInfo { hasNextPage endCursor } } }`
	benchmarkLogs(b, query)
}

// BenchmarkLogsLoaded asks for the same page with what the loaders have to read.
func BenchmarkLogsLoaded(b *testing.B) {
	const query = `query($filter: LogFilter) { logs(first: 50, filter: $filter) {
	  nodes { id kind occurredAt status summary customer { id name } integration { id name }
	    ... on ApiRequest { method url endpoint statusCode durationMs responseHeaders { name value } responseBody { text } } } } }`
	benchmarkLogs(b, query)
}

func benchmarkLogs(b *testing.B, query string) {
	b.Helper()
	bundle := setup(b)
	w := bundle.world(b, "acme")
	var entries []*entry.Entry
	for i := range 60 {
		e := w.entry(entry.KindAPIRequest, 100+i)
		e.Direction, e.Method, e.Endpoint, e.StatusCode, e.DurationMS = entry.Outbound, "GET", "/sobjects/Account/{id}", 200, 182.5
		e.URL = fmt.Sprintf("https://acme.example.com/sobjects/Account/%03d", i)
		e.Identifiers = append(e.Identifiers, entry.Identifier{Key: "account_id", Value: fmt.Sprint("001", i)})
		if i%2 == 0 {
			e.Status, e.StatusCode, e.ErrorKind, e.ErrorCode, e.Message = entry.StatusFailure, 401, entry.ErrorHTTP, "INVALID_SESSION_ID", "Session expired"
		}
		e.Detail.ResponseBody = body(`{"n":1}`)
		entries = append(entries, e)
	}
	bundle.commit(b, w.tenant.ID, entries, nil, nil)
	sent, err := json.Marshal(map[string]any{"query": query, "variables": vars{"filter": vars{"kinds": []string{"API_REQUEST"}}}})
	require.NoError(b, err)
	benchmark(b, bundle, w, sent)
}

// benchmark sends a query again and again.
func benchmark(b *testing.B, bundle *bundle, w *world, sent []byte) {
	b.Helper()
	ctx := tenant.WithPrincipal(b.Context(), w.as(tenant.RoleSupport))
	ask := func() *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(sent))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		bundle.handler.ServeHTTP(answer, r)
		return answer
	}
	require.NotContains(b, ask().Body.String(), `"errors"`)
	b.ReportAllocs()
	for b.Loop() {
		require.Equal(b, http.StatusOK, ask().Code)
	}
}

// BenchmarkPage asks for a customer, its 12 connected apps and the last 20 entries of each.
func BenchmarkPage(b *testing.B) {
	bundle := setup(b)
	w := bundle.world(b, "acme")
	apps := bundle.page(b, w, "full", pageEntries)
	sent, err := json.Marshal(map[string]any{"query": customerPage, "variables": vars{"id": nodeid.Format(nodeid.Customer, apps[0].CustomerID)}})
	require.NoError(b, err)
	benchmark(b, bundle, w, sent)
}
