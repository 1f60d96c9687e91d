package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/weirhq/weir/tenant"
)

// walker writes queries that ask for every field of the schema.
type walker struct {
	schema *ast.Schema
	asked  map[string]bool
}

// arguments are values for the arguments that must be given, or that decide what is answered.
var arguments = map[string]string{
	"Query.node": `(id: "CUSTOMER")`, "Query.nodes": `(ids: ["CUSTOMER", "RUN", "LOG", "OWNER", "KEY"])`, "Query.customer": `(id: "CUSTOMER")`,
	"Query.integration": `(id: "INTEGRATION")`, "Query.connectedApp": `(id: "APP")`, "Query.flow": `(id: "FLOW")`, "Query.flowRun": `(id: "RUN")`,
	"Query.overview": "(" + someDays + ")", "Query.landscape": "(" + someDays + ")", "Customer.stats": "(" + someDays + ", granularity: HOUR)",
	"ConnectedApp.stats": "(" + someDays + ", granularity: DAY)", "Flow.stats": "(" + someDays + ", granularity: DAY)",
	"Integration.dashboard": "(" + someDays + `, granularity: DAY, timeZone: "Europe/Helsinki")`,
	"Query.explainRuns":     `(input: {flowId: "FLOW", customerId: "CUSTOMER", ` + someDays + `})`,
	"Query.issue":           `(id: "ISSUE")`, "Issue.timeline": "(" + someDays + ", granularity: DAY)",
	"Query.log": `(id: "LOG")`, "FlowRun.nodeRun": `(nodeKey: "lookup")`,
	"Query.redactionPreview": `(input: {headers: [], fields: ["errorCode"], patterns: []})`,
	"Query.alarmBacktest":    `(input: {name: "x", metric: FAILURES, comparison: ABOVE, threshold: 0, windowSeconds: 60, endpointIds: []}, ` + someDays + ")",
}

const someDays = `range: {from: "2026-03-09T00:00:00Z", to: "2026-03-11T00:00:00Z"}`

// below selects all fields of a type, and what is below them so many levels deep.
func (w *walker) below(name string, depth int) string {
	var out strings.Builder
	out.WriteString("{ __typename")
	definition := w.schema.Types[name]
	for _, f := range definition.Fields {
		of := w.schema.Types[f.Type.Name()]
		if strings.HasPrefix(f.Name, "__") || !of.IsLeafType() && depth == 0 {
			continue
		}
		w.asked[name+"."+f.Name] = true
		// Types of one interface may have fields of one name and different types.
		fmt.Fprintf(&out, " %s_%s: %s%s", strings.ToLower(name), f.Name, f.Name, arguments[name+"."+f.Name])
		if !of.IsLeafType() {
			out.WriteString(" " + w.below(of.Name, depth-1))
		}
	}
	if definition.Kind == ast.Interface && depth > 0 {
		for _, possible := range w.schema.GetPossibleTypes(definition) {
			if possible.IsAbstractType() {
				continue
			}
			fmt.Fprintf(&out, " ... on %s %s", possible.Name, w.below(possible.Name, depth-1))
		}
	}
	return out.String() + " }"
}

// Every field of every type is answered without an error, so that none was forgotten.
func TestEveryFieldIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	walk := &walker{schema: schema(), asked: map[string]bool{}}
	for _, root := range walk.schema.Query.Fields {
		if strings.HasPrefix(root.Name, "__") {
			continue
		}
		query := "{ it: " + root.Name + arguments["Query."+root.Name]
		walk.asked["Query."+root.Name] = true
		if of := walk.schema.Types[root.Type.Name()]; !of.IsLeafType() {
			depth := 2
			if root.Name == "logs" || of.IsAbstractType() {
				depth = 1 // All kinds at once are more than a query may have: they come below, one by one.
			}
			query += " " + walk.below(of.Name, depth)
		}
		r := b.get(t, w.as(tenant.RoleOwner), b.filled(t, w, query+" }"), nil)
		require.NotNil(t, r.at(t, "it"), root.Name)
	}
	nodes := map[string]string{
		"Tenant": "TENANT", "Member": "OWNER", "ApiKey": "KEY", "AuditEntry": "AUDIT", "Customer": "CUSTOMER", "Integration": "INTEGRATION", "ConnectedApp": "APP",
		"DataSource": "SOURCE", "Flow": "FLOW", "NodeRun": "NODE", "FlowRun": "RUN", "ApiRequest": "LOG", "ExternalWebhook": "WEBHOOK",
		"ExternalEventPull": "PULL", "ExternalEvent": "EVENT", "InternalEvent": "INTERNAL", "Issue": "ISSUE", "AlarmRule": "RULE", "Alarm": "ALARM", "NotificationEndpoint": "ENDPOINT", "Delivery": "DELIVERY", "Transaction": "TRANSACTION",
	}
	for _, d := range walk.schema.GetPossibleTypes(walk.schema.Types["Node"]) {
		if d.IsAbstractType() {
			continue
		}
		require.Contains(t, nodes, d.Name)
		query := fmt.Sprintf(`{ it: node(id: %q) { ... on %s %s } }`, nodes[d.Name], d.Name, walk.below(d.Name, 2))
		r := b.get(t, w.as(tenant.RoleOwner), b.filled(t, w, query), nil)
		require.Equal(t, d.Name, r.at(t, "it.__typename"))
	}
	// What lies deeper still.
	for parent, name := range map[string]string{
		"graph": "FlowRunGraph", "logs": "LogLineConnection", "flow { runs": "FlowRunConnection", "apiRequests { edges": "LogEntryEdge", "issue": "Issue",
	} {
		query := `{ flowRun(id: "RUN") { ` + parent + " " + walk.below(name, 2) + strings.Repeat(" }", strings.Count(parent, "{")) + " } }"
		b.get(t, w.as(tenant.RoleOwner), b.filled(t, w, query), nil)
	}
	dashboard := `{ integration(id: "INTEGRATION") { dashboard` + arguments["Integration.dashboard"] + walk.below("IntegrationDashboard", 2) + " } }"
	b.get(t, w.as(tenant.RoleOwner), b.filled(t, w, dashboard), nil)
	deliveries := `{ node(id: "ENDPOINT") { ... on NotificationEndpoint { deliveries ` + walk.below("DeliveryConnection", 2) + " } } }"
	b.get(t, w.as(tenant.RoleOwner), b.filled(t, w, deliveries), nil)
	for name, d := range own(walk.schema) {
		if d.Kind != ast.Object && d.Kind != ast.Interface || strings.HasSuffix(name, "Payload") || name == "Mutation" || name == "Subscription" || name == "UserError" {
			continue
		}
		for _, f := range d.Fields {
			require.True(t, strings.HasPrefix(f.Name, "__") || walk.asked[name+"."+f.Name], "nobody asked for %s.%s", name, f.Name)
		}
	}
	require.NotContains(t, b.log.String(), "graphql field failed")
}

// Whatever takes an id answers another tenant's as if there were no such thing.
func TestEveryIDOfAnotherTenantIsOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs, mine := b.world(t, "acme"), b.world(t, "globex")
	for _, root := range schema().Query.Fields {
		for _, argument := range root.Arguments {
			if argument.Type.Name() != "ID" || argument.Type.Elem != nil || root.Name == "flows" {
				continue
			}
			given, ok := arguments["Query."+root.Name]
			require.True(t, ok, "%s takes an id that no test gives", root.Name)
			r := b.get(t, mine.as(tenant.RoleOwner), b.filled(t, theirs, "{ it: "+root.Name+given+" { __typename } }"), nil)
			require.Nil(t, r.at(t, "it"), root.Name)
		}
	}
	r := b.get(t, mine.as(tenant.RoleOwner), b.filled(t, theirs, `{ nodes`+arguments["Query.nodes"]+` { id } }`), nil)
	for _, n := range r.list(t, "nodes") {
		require.Nil(t, n)
	}
}
