package graph

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// What goes wrong inside is masked, and logged once with the id that the client was given.
func TestInternalErrorsAreMaskedAndLoggedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	b.exec(t, "ALTER TABLE integration RENAME TO gone")
	r := b.ask(t, w.as(tenant.RoleViewer), `{ logs { nodes { integration { name } } } }`, nil)
	require.Equal(t, http.StatusOK, r.status)
	require.Len(t, r.Errors, len(entry.Kinds), "each entry's integration failed")
	require.NotContains(t, r.raw, "relation")
	require.NotContains(t, r.raw, "SQLSTATE")
	ids := map[any]bool{}
	for _, e := range r.Errors {
		require.Equal(t, "INTERNAL", e.Extensions["code"])
		require.Equal(t, "something went wrong on our side", e.Message)
		ids[e.Extensions["id"]] = true
	}
	require.Len(t, ids, 1)
	logged := b.log.String()
	require.Equal(t, 1, strings.Count(logged, "graphql field failed"), logged)
	require.Contains(t, logged, "does not exist")
	for id := range ids {
		require.Contains(t, logged, id)
	}
	require.Len(t, r.list(t, "logs.nodes"), len(entry.Kinds), "what did not fail is answered")
}

func TestPanicsAreInternalErrors(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	b := &bundle{handler: NewHandler(Deps{Logger: newLogger(log)})}
	p := &tenant.Principal{TenantID: [16]byte{1}, Kind: tenant.KindMember, Role: tenant.RoleOwner}
	r := b.ask(t, p, `{ tenant { slug } }`, nil)
	require.Equal(t, []string{"INTERNAL"}, r.codes())
	require.NotContains(t, r.raw, "nil pointer")
	require.Contains(t, log.String(), "nil pointer")
}

func TestWrongArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	filled := func(s string) string { return b.filled(t, w, s) }
	for query, field := range map[string]string{
		`{ customers(first: 0) { totalCount } }`:                                      "first",
		`{ customers(first: 101) { totalCount } }`:                                    "first",
		`{ logs(first: -1) { nodes { id } } }`:                                        "first",
		`{ flowRun(externalId: "run-1") { logs(first: 201) { nodes { message } } } }`: "first",
		`{ customers(after: "nonsense") { totalCount } }`:                             "after",
		`{ logs(after: "MQBjdXN0b21lcnM") { nodes { id } } }`:                         "after",
		`{ flowRuns(after: "nonsense") { nodes { id } } }`:                            "after",
		`{ customer { id } }`:                                                         "id",
		filled(`{ customer(id: "CUSTOMER", externalId: "acme") { id } }`):             "id",
		`{ flow { id } }`: "id",
		filled(`{ logs(filter: {customerIds: ["FLOW"]}) { nodes { id } } }`):                                     "filter.customerIds",
		`{ logs(filter: {range: {from: "2026-03-02T00:00:00Z", to: "2026-03-01T00:00:00Z"}}) { nodes { id } } }`: "filter.range",
		`{ logs(filter: {range: {from: "2020-03-02T00:00:00Z", to: "2026-03-01T00:00:00Z"}}) { nodes { id } } }`: "filter.range",
		`{ logs(filter: {identifier: {value: ""}}) { nodes { id } } }`:                                           "filter.identifier.value",
		`{ logHistogram(buckets: 1001) { total } }`:                                                              "buckets",
		`{ flows(integrationId: "nonsense") { totalCount } }`:                                                    "integrationId",
		`{ nodes(ids: [` + strings.Repeat(`"x",`, 101) + `]) { id } }`:                                           "ids",
	} {
		r := b.ask(t, w.as(tenant.RoleViewer), query, nil)
		require.Equal(t, []string{"BAD_USER_INPUT"}, r.codes(), "%s: %s", query, r.raw)
		var path []string
		for _, step := range r.Errors[0].Extensions["field"].([]any) {
			path = append(path, step.(string))
		}
		require.Equal(t, field, strings.Join(path, "."), query)
		require.Contains(t, r.Errors[0].Message, path[len(path)-1], "the message names the argument, too")
	}
	for _, query := range []string{
		`{ logs(filter: {range: {from: "yesterday", to: "2026-03-01T00:00:00Z"}}) { nodes { id } } }`,
		`{ logs(first: 3000000000) { nodes { id } } }`,
		`query($n: Int) { logs(first: $n) { nodes { id } } }`,
	} {
		r := b.ask(t, w.as(tenant.RoleViewer), query, vars{"n": "many"})
		require.Equal(t, []string{"BAD_USER_INPUT"}, r.codes(), "%s: %s", query, r.raw)
	}
}

// An answer that takes too long, or grows too large, ends with one error, and a client that has gone hears nothing.
func TestAnswersEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleSupport)

	impatient := b.deps
	impatient.maxTime = time.Nanosecond
	slow := &bundle{handler: NewHandler(impatient)}
	r := slow.ask(t, who, everyKind, nil)
	require.Equal(t, []string{"UNAVAILABLE"}, r.codes(), r.raw)
	require.Nil(t, r.Data)

	var large []*entry.Entry
	for i := range 100 {
		e := w.entry(entry.KindAPIRequest, 100+i)
		e.Method, e.URL, e.Endpoint = "GET", "https://api.example.com", "/"
		e.Detail.ResponseBody = body(`"` + strings.Repeat("x", 60<<10) + `"`)
		large = append(large, e)
	}
	b.commit(t, w.tenant.ID, large, nil, nil)
	const bodies = `logs(first: 100, filter: {kinds: [API_REQUEST]}) { nodes { ... on ApiRequest { responseBody { text } } } }`
	whole := b.get(t, who, `{ `+bodies+` }`, nil)
	require.Greater(t, len(whole.raw), 5<<20)
	r = b.ask(t, who, `{ a: `+bodies+` b: `+bodies+` c: `+bodies+` }`, nil)
	require.Equal(t, []string{"COMPLEXITY_LIMIT_EXCEEDED"}, r.codes(), "%.300s", r.raw)
	require.Nil(t, r.Data)

	ctx, cancel := context.WithCancel(tenant.WithPrincipal(t.Context(), who))
	cancel()
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ tenant { slug } }"}`))
	request.Header.Set("Content-Type", "application/json")
	b.handler.ServeHTTP(httptest.NewRecorder(), request)
	require.NotContains(t, b.log.String(), "graphql field failed")
}

func TestMendTellsWhatCanBeMended(t *testing.T) {
	t.Parallel()
	var fields errs.Fields
	fields.Add("name", "must not be empty")
	fields.Add("policies.0.days", "is too much")
	list, err := mend(fields.Err())
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, []string{"policies", "0", "days"}, list[1].Field)
	for _, other := range []error{errs.New(errs.NotFound, "gone"), errs.New(errs.Forbidden, "no"), errors.New("broken")} {
		list, err := mend(other)
		require.ErrorIs(t, err, other)
		require.Empty(t, list)
	}
}

func TestIDsInTheLogAreRandom(t *testing.T) {
	t.Parallel()
	h := &handler{deps: Deps{Logger: newLogger(&syncBuffer{})}}
	one, two := h.present(t.Context(), errors.New("a")), h.present(t.Context(), errors.New("a"))
	require.NotEqual(t, one.Extensions["id"], two.Extensions["id"])
	require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{16}$`), one.Extensions["id"])
}
