package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// bare is the API without anything behind it: enough for what is refused before a field is resolved.
func bare() *bundle { return &bundle{handler: NewHandler(Deps{})} }

// fragments are a chain of fragments, each of which spreads the next one twice: exponential for whoever expands them.
func fragments(n int) string {
	var s strings.Builder
	s.WriteString("query { ...F0 }")
	for i := range n {
		fmt.Fprintf(&s, " fragment F%d on Query { a%d: node(id: 1) { id } ...F%d ...F%d }", i, i, i+1, i+1)
	}
	fmt.Fprintf(&s, " fragment F%d on Query { __typename }", n)
	return s.String()
}

// nestedFragments spread the next one below two fields each.
func nestedFragments(n int) string {
	var s strings.Builder
	s.WriteString("query { flowRun(id: 1) { ...F0 } }")
	for i := range n {
		fmt.Fprintf(&s, " fragment F%d on FlowRun { a: triggeredBy { ...F%d } b: triggeredBy { ...F%d } }", i, i+1, i+1)
	}
	fmt.Fprintf(&s, " fragment F%d on FlowRun { id }", n)
	return s.String()
}

func attacks() map[string]struct{ query, code string } {
	aliases := func(n int, format string) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, format, i)
		}
		return s.String()
	}
	deep := strings.Repeat("{ flowRun { nodeRun ", 30) + "{ id }" + strings.Repeat(" } }", 30)
	return map[string]struct{ query, code string }{
		"one field again and again":     {"{ " + strings.Repeat("__typename ", 4000) + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"below the limit of tokens":     {"{ " + strings.Repeat("__typename ", 1900) + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"conflicting aliases":           {"{ " + aliases(400, "a: customer(id: %d) { id } ") + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"nested conflicts":              {"{ " + aliases(190, "a: customer { b: connectedApps(first: %d) { c: nodes { id } } } ") + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"fragments side by side":        {fragments(40), "COMPLEXITY_LIMIT_EXCEEDED"},
		"fragments below each other":    {nestedFragments(30), "DEPTH_LIMIT_EXCEEDED"},
		"fragments wide and deep":       {nestedFragments(16), "COMPLEXITY_LIMIT_EXCEEDED"},
		"a cycle of fragments":          {"{ ...A } fragment A on Query { node(id: 1) { ...B } } fragment B on Query { node(id: 1) { ...A } }", "DEPTH_LIMIT_EXCEEDED"},
		"a cycle on one level":          {"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "BAD_USER_INPUT"},
		"many operations":               {strings.Repeat("{ __typename } ", 60), "COMPLEXITY_LIMIT_EXCEEDED"},
		"many directives":               {"{ __typename " + strings.Repeat("@include(if: true) ", 200) + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"many variables":                {"query(" + aliases(200, "$v%d: ID ") + ") { __typename }", "COMPLEXITY_LIMIT_EXCEEDED"},
		"a deep query":                  {deep, "DEPTH_LIMIT_EXCEEDED"},
		"a long document":               {`{ node(id: "` + strings.Repeat("x", maxQuery) + `") { id } }`, "COMPLEXITY_LIMIT_EXCEEDED"},
		"lists in lists in lists":       {"{ customers(first: 100) { nodes { connectedApps(first: 100) { nodes { logs(first: 100) { nodes { id } } } } } } }", "COMPLEXITY_LIMIT_EXCEEDED"},
		"lists in lists by a variable":  {"query($n: Int = 100) { customers(first: $n) { edges { node { logs(first: $n) { edges { cursor node { id kind externalId summary status occurredAt recordedAt traceId } } } } } } }", "COMPLEXITY_LIMIT_EXCEEDED"},
		"one list under many names":     {"{ " + aliases(100, "a%d: customers(first: 100) { nodes { id name createdAt externalId attributes lastActivityAt } } ") + "}", "COMPLEXITY_LIMIT_EXCEEDED"},
		"graphs of runs of many flows":  {"{ flows(first: 100) { nodes { runs(first: 100) { nodes { graph { nodes { id } } } } } } }", "COMPLEXITY_LIMIT_EXCEEDED"},
		"issues of issues' customers":   {"{ issues(first: 100) { nodes { customers(first: 50) { nodes { issues(first: 50) { nodes { id } } } } } } }", "COMPLEXITY_LIMIT_EXCEEDED"},
		"a number that does not fit":    {"{ customers(first: 99999999999999999999) { totalCount } }", "BAD_USER_INPUT"},
		"a number in a filter":          {"{ logs(filter: {statusCode: {in: [1, 99999999999999999999]}}) { nodes { id } } }", "BAD_USER_INPUT"},
		"a deep value":                  {"{ logs(filter: " + strings.Repeat("[", 900) + strings.Repeat("]", 900) + ") { nodes { id } } }", "BAD_USER_INPUT"},
		"unknown fields":                {"{ " + aliases(1800, "f%d ") + "}", "BAD_USER_INPUT"},
		"something that is no document": {"{ customers(first: ", "BAD_USER_INPUT"},
	}
}

// Each of these costs seconds, or megabytes of errors, where nothing stops it before validation.
func TestAttacksAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	b := bare()
	for name, attack := range attacks() {
		start := time.Now()
		r := b.ask(t, nil, attack.query, nil)
		took := time.Since(start)
		require.NotEmpty(t, r.Errors, name)
		require.Equal(t, attack.code, r.codes()[0], "%s: %.300s", name, r.raw)
		require.Less(t, len(r.raw), 64<<10, "%s: a refusal is short", name)
		// Far above the milliseconds that it takes, and far below what it took: the machine may be busy.
		require.Less(t, took, time.Second, name)
		t.Logf("%-32s %8s, %6d bytes sent, %6d answered", name, took.Round(10*time.Microsecond), len(attack.query), len(r.raw))
	}
}

func TestWhatPeopleWriteIsLetThrough(t *testing.T) {
	t.Parallel()
	b := bare()
	for _, query := range []string{
		everyKind,
		`{ customers(first: 100) { nodes { id name connectedApps(first: 50) { totalCount nodes { id status account scopes integration { name } dataSources { key } } } } } }`,
		`{ customers(first: 20) { nodes { id name connectedApps(first: 12) { nodes { id status integration { name } logs(first: 20) { nodes { id kind occurredAt status summary error { code message } } } } } } } }`,
		`{ issues(first: 50) { totalCount nodes { id title category status severity lastSeenAt customerCount occurrences integration { name } assignee { name } customers(first: 10) { nodes { name health } } ` +
			`evidence(first: 3) { nodes { id summary } } timeline(range: {from: "2026-03-09T00:00:00Z", to: "2026-03-10T00:00:00Z"}, granularity: HOUR) { at occurrences } } } }`,
		`{ customers(first: 100) { nodes { id name health issues(first: 5) { totalCount nodes { id title severity } } } } }`,
		`{ flows(first: 100) { nodes { name runs(first: 50, filter: {runStatuses: [FAILED]}) { nodes { id runStatus startedAt error { code message } } } } } }`,
		`{ logs(first: 100) { nodes { id kind summary status customer { id name } integration { id name } connectedApp { id } error { code message } ` +
			`... on ApiRequest { requestBody { text } responseBody { text } requestHeaders { name value } } } } }`,
		`{ flowRun(id: "x") { graph { nodes { id nodeKey input output error { message } logs(first: 200) { nodes { at message data } } } edges { from { id } to { id } } } } }`,
	} {
		require.Subset(t, []string{"UNAUTHENTICATED"}, b.ask(t, nil, query, nil).codes(), query)
	}
	r := b.get(t, nil, introspection, nil)
	require.Contains(t, r.raw, "ExternalEventPull")
}

func TestNothingIsSuggested(t *testing.T) {
	t.Parallel()
	b := bare()
	for _, query := range []string{
		"{ custmers { totalCount } }", "{ customers(frst: 1) { totalCount } }", "{ logs(filter: {kinds: [API_REQUESTS]}) { nodes { id } } }",
		"{ logs(filter: {kids: []}) { nodes { id } } }", "{ logs { nodes { ... on ApiReqest { id } } } }", "query($f: LogFiltr) { logs(filter: $f) { nodes { id } } }", "{ tenant }",
	} {
		r := b.ask(t, nil, query, nil)
		require.Contains(t, r.codes(), "BAD_USER_INPUT", "%s: %s", query, r.raw)
		require.NotContains(t, r.raw, "Did you mean", query)
	}
}

func TestALargeBodyIsRefused(t *testing.T) {
	t.Parallel()
	r := bare().send(t, nil, `{"query":"{ __typename }","variables":{"x":"`+strings.Repeat("x", maxBody)+`"}}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, r.status)
	require.Contains(t, r.raw, "1 MiB")
}

// Whatever the preflight lets through must be validated quickly: this is what it is for.
func FuzzPreflight(f *testing.F) {
	for _, attack := range attacks() {
		f.Add(attack.query)
	}
	f.Add(introspection)
	f.Add(everyKind)
	s := schema()
	f.Fuzz(func(t *testing.T, query string) {
		if inspect(query) != nil {
			return
		}
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
		if err != nil {
			return
		}
		start := time.Now()
		problems := validator.ValidateWithRules(s, doc, rules.NewDefaultRules())
		if took := time.Since(start); took > 2*time.Second {
			t.Fatalf("validated in %s", took)
		}
		if problems != nil {
			return
		}
		for _, operation := range doc.Operations {
			c := counter{fragments: map[string]int{}}
			if total := c.set(operation.SelectionSet); total < 0 {
				t.Fatalf("costs %d", total)
			}
		}
	})
}

// introspection is the query that GraphiQL and code generators send.
const introspection = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
  types { ...FullType } directives { name description locations args { ...InputValue } } } }
fragment FullType on __Type { kind name description
  fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

func TestARequestIsReadAsTheSpecificationSays(t *testing.T) {
	t.Parallel()
	b := bare()
	const json1, graphql1 = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	for _, c := range []struct {
		name, method, target, contentType, accept, body string
		status                                          int
		answer, media                                   string
	}{
		{"a query", "POST", "/", "application/json", "", `{"query":"{ __typename }"}`, 200, `{"data":{"__typename":"Query"}}`, json1},
		{"the new media type", "POST", "/", "application/json", "application/graphql-response+json", `{"query":"{ __typename }"}`, 200, `{"data":{"__typename":"Query"}}`, graphql1},
		{"the one that is liked best", "POST", "/", "application/json", "application/json;q=0.5, application/graphql-response+json", `{"query":"{ __typename }"}`, 200, `"Query"`, graphql1},
		{"none that is known", "POST", "/", "application/json", "image/png", `{"query":"{ __typename }"}`, 406, `BAD_USER_INPUT`, json1},
		{"none at all", "POST", "/", "application/json", "application/json;q=0", `{"query":"{ __typename }"}`, 406, `BAD_USER_INPUT`, json1},
		{"by GET", "GET", "/?query={__typename}", "", "", "", 200, `"Query"`, json1},
		{"by GET with variables", "GET", `/?query=query($a:Boolean!){__typename+@include(if:$a)}&variables={"a":true}`, "", "", "", 200, `"Query"`, json1},
		{"a mutation by GET", "GET", `/?query=mutation{__typename}`, "", "", "", 405, `BAD_USER_INPUT`, json1},
		{"variables that are none by GET", "GET", `/?query={__typename}&variables=[]`, "", "", "", 400, `variables must be an object`, json1},
		{"by PUT", "PUT", "/", "application/json", "", `{"query":"{ __typename }"}`, 405, `BAD_USER_INPUT`, json1},
		{"no media type", "POST", "/", "", "", `{"query":"{ __typename }"}`, 415, `BAD_USER_INPUT`, json1},
		{"a form", "POST", "/", "application/x-www-form-urlencoded", "", `query={__typename}`, 415, `BAD_USER_INPUT`, json1},
		{"another charset", "POST", "/", "application/json; charset=latin1", "", `{"query":"{ __typename }"}`, 415, `BAD_USER_INPUT`, json1},
		{"something behind it", "POST", "/", "application/json", "", `{"query":"{ __typename }"} x`, 400, `no JSON object`, json1},
		{"a batch", "POST", "/", "application/json", "", `[{"query":"{ __typename }"}]`, 400, `no JSON object`, json1},
		{"no query", "POST", "/", "application/json", "", `{}`, 400, `query is missing`, json1},
		{"a query that is no string", "POST", "/", "application/json", "", `{"query":7}`, 400, `query must be a string`, json1},
		{"a document that is none", "POST", "/", "application/json", "", `{"query":"{"}`, 200, `GRAPHQL_PARSE_FAILED`, json1},
		{"and by the new media type", "POST", "/", "application/json", "application/graphql-response+json", `{"query":"{"}`, 400, `GRAPHQL_PARSE_FAILED`, graphql1},
		{"an unknown field", "POST", "/", "application/json", "", `{"query":"{ custmers }"}`, 200, `GRAPHQL_VALIDATION_FAILED`, json1},
		{"an unknown operation", "POST", "/", "application/json", "", `{"query":"query A { __typename }","operationName":"B"}`, 200, `GRAPHQL_VALIDATION_FAILED`, json1},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, strings.ReplaceAll(c.target, " ", "+"), strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.contentType)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, "%s: %s", c.name, w.Body)
		require.Contains(t, w.Body.String(), c.answer, c.name)
		require.Equal(t, c.media, w.Header().Get("Content-Type"), c.name)
		require.Equal(t, "Accept", w.Header().Get("Vary"), c.name)
		require.True(t, json.Valid(w.Body.Bytes()), c.name)
		if w.Code != 200 || strings.Contains(c.answer, "FAILED") {
			require.NotContains(t, w.Body.String(), `"data"`, c.name)
		}
		require.NotContains(t, w.Body.String(), "customers", "%s: nothing is suggested to strangers", c.name)
	}
}
