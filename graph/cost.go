package graph

import (
	"context"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxCost is what answering one operation may cost: about the number of fields in the answer, with what a statement
// costs beside. It leaves room for a full page of customers with a full page of connected apps each.
const maxCost = 100_000

// statement is what a list costs that is read by statements of its own, as those that stand for themselves are, and
// below other things those that cannot be read for all parents at once. together is what one costs that can be. A
// histogram reads through all that matches, and an explanation asks some fifteen questions.
const (
	statement      = 500
	together       = 10
	histogram      = 1000
	explanation    = 10 * statement
	unsizedList    = 10
	maxSizedList   = 1000
	sizedByDefault = 50
)

// ownCost is what fields cost beside what is below them, where that is not 1.
var ownCost = map[string]int{
	"logs": statement, "apiRequests": statement, "flowRuns": together, "runs": together, "graph": together,
	"connectedApps": together, "flows": together, "customers": together, "integrations": together,
	"events": together, "launchedRuns": together, "logHistogram": histogram,
	"diagnosis": together, "stats": statement / 10, "dashboard": statement / 5, "example": statement / 5, "overview": histogram, "landscape": histogram,
	"explainRuns": explanation, "catalogue": statement, "redactionPreview": maxCost / 2,
	"issues": together, "health": 1, "evidence": statement, "timeline": statement / 10, "failingCustomers": together,
	"logAdded": statement, "flowRunsUpdated": statement, "flowRunUpdated": together, "issueChanged": statement, "alarmChanged": statement,
	"alarmBacktest": histogram, "deliveries": statement, "attempts": together, "digest": together,
}

// cost counts what an operation would cost to answer, before it is.
type cost struct{}

var (
	_ graphql.HandlerExtension        = cost{}
	_ graphql.OperationContextMutator = cost{}
)

// ExtensionName names the extension for gqlgen.
func (cost) ExtensionName() string { return "Cost" }

// Validate finds nothing wrong with any schema.
func (cost) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses operations that cost too much.
func (cost) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	c := counter{variables: operation.Variables, fragments: map[string]int{}}
	if total := c.set(operation.Operation.SelectionSet); total > maxCost {
		err := tooComplex("the query would cost %d, and at most %d is allowed: ask for fewer items or fields", total, maxCost)
		err.Extensions["cost"], err.Extensions["limit"] = total, maxCost
		return err
	}
	return nil
}

// counter counts costs. What a fragment costs does not depend on where it is spread, so it is counted once.
type counter struct {
	variables map[string]any
	fragments map[string]int
}

func (c *counter) set(set ast.SelectionSet) int {
	total := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			total = plus(total, c.field(s))
		case *ast.InlineFragment:
			total = plus(total, c.set(s.SelectionSet))
		case *ast.FragmentSpread:
			known, ok := c.fragments[s.Name]
			if !ok {
				known = c.set(s.Definition.SelectionSet)
				c.fragments[s.Name] = known
			}
			total = plus(total, known)
		}
	}
	return total
}

func (c *counter) field(f *ast.Field) int {
	own, ok := ownCost[f.Name]
	switch {
	case below(f):
		own = together
	case f.Name != "logHistogram" && sizes(f) != "" && alone(f):
		own = statement
	case !ok:
		own = 1
	}
	return plus(own, times(c.items(f), c.set(f.SelectionSet)))
}

// items is how often what is below a field may be answered. A connection's size counts at the field that has the
// argument, not again at its nodes.
func (c *counter) items(f *ast.Field) int {
	if f.Definition == nil || len(f.SelectionSet) == 0 {
		return 1
	}
	arguments := f.ArgumentMap(c.variables)
	if name := sizes(f); name != "" {
		return sized(arguments[name])
	}
	if ids, ok := arguments["ids"].([]any); ok {
		return min(max(len(ids), 1), maxSizedList)
	}
	list := f.Definition.Type.Elem != nil
	paged := f.Name == "nodes" || f.Name == "edges"
	if list && (!paged || f.ObjectDefinition != nil && f.ObjectDefinition.Fields.ForName("pageInfo") == nil) {
		return unsizedList
	}
	return 1
}

// below tells whether a list is one of logs, runs or issues that is read for all parents at once, whatever its filter is.
func below(f *ast.Field) bool {
	if f.ObjectDefinition == nil {
		return false
	}
	switch f.ObjectDefinition.Name {
	case "Customer", "ConnectedApp", "Flow", "Integration":
		return f.Name == "logs" || f.Name == "flowRuns" || f.Name == "runs" || f.Name == "issues" && f.Arguments.ForName("after") == nil
	}
	return false
}

// alone tells whether another list is read by a statement of its own: one at the top, and one that begins after a cursor
// or has a filter.
func alone(f *ast.Field) bool {
	return f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Query" ||
		f.Arguments.ForName("after") != nil || f.Arguments.ForName("filter") != nil
}

// sizes is the name of the argument that says how many items the field's list has, or "".
func sizes(f *ast.Field) string {
	for _, name := range []string{"first", "buckets"} {
		if f.Definition != nil && f.Definition.Arguments.ForName(name) != nil {
			return name
		}
	}
	return ""
}

func sized(value any) int {
	switch n := value.(type) {
	case int64:
		return int(min(max(n, 1), maxSizedList))
	case int:
		return min(max(n, 1), maxSizedList)
	case interface{ Int64() (int64, error) }:
		if i, err := n.Int64(); err == nil {
			return int(min(max(i, 1), maxSizedList))
		}
	}
	return sizedByDefault
}

// plus and times stop at a number that is far over the limit, so that nothing overflows.
func plus(a, b int) int { return min(a+b, math.MaxInt32) }

func times(a, b int) int { return min(a*b, math.MaxInt32) }
