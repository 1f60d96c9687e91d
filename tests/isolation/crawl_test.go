package isolation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// batch is how many things a crawl reads at once: what they cost together stays below the limit of one query.
const batch = 10

// crawl is all that a caller can see: every list from the root, then every thing that was found with all of its fields,
// until nothing new is found.
type crawl struct {
	w      *world
	caller *caller
	// raw are the answers, one after another.
	raw strings.Builder
	// dump is what was seen, by "Type id" and "Query.field".
	dump map[string]string
	// ids are the ids that were seen, with the names of their types.
	ids map[string]string
	// texts are the texts that were seen, by the name of the field.
	texts   map[string]map[string]bool
	cursors []string
	// filled are the fields ("Type.field") that had a value somewhere.
	filled map[string]bool
	// forbidden are the fields that were refused.
	forbidden map[string]bool

	waiting map[string][]string
}

func (w *world) crawl(t *testing.T, c *caller) *crawl {
	t.Helper()
	cr := &crawl{
		w: w, caller: c, dump: map[string]string{}, ids: map[string]string{}, texts: map[string]map[string]bool{},
		filled: map[string]bool{}, forbidden: map[string]bool{}, waiting: map[string][]string{},
	}
	for _, f := range w.schema.types["Query"].Fields {
		if !w.schema.isLookup(f) && f.Name != "nodes" {
			cr.root(t, f)
		}
	}
	for len(cr.waiting) > 0 {
		for _, name := range w.schema.nodeTypes() {
			for len(cr.waiting[name]) > 0 {
				n := min(batch, len(cr.waiting[name]))
				ids := cr.waiting[name][:n]
				cr.waiting[name] = cr.waiting[name][n:]
				cr.things(t, name, ids)
			}
			delete(cr.waiting, name)
		}
	}
	return cr
}

// root reads a field of Query, page by page.
func (cr *crawl) root(t *testing.T, f *field) {
	t.Helper()
	place, after := "Query."+f.Name, ""
	for page := 0; ; page++ {
		require.Less(t, page, 100, "%s has no end", place)
		args := cr.args(t, "Query", f)
		if after != "" {
			args = fmt.Sprintf("(first: 100, after: %q)", after)
		}
		a := cr.ask(t, "{ it: "+f.Name+args+cr.selection(t, f.Type.named(), nil)+" }")
		if len(a.Errors) > 0 {
			cr.refused(t, a, place)
			return
		}
		cr.look(place, a.Data["it"])
		cr.dump[fmt.Sprintf("%s page %d", place, page)] = canonical(t, a.Data["it"])
		if after = nextPage(a.Data["it"]); after == "" {
			return
		}
	}
}

func nextPage(value any) string {
	connection, _ := value.(map[string]any)
	info, _ := connection["pageInfo"].(map[string]any)
	if next, _ := info["hasNextPage"].(bool); next {
		return info["endCursor"].(string)
	}
	return ""
}

// things reads things of one type with all of their fields, those that are refused left out.
func (cr *crawl) things(t *testing.T, name string, ids []string) {
	t.Helper()
	quoted, err := json.Marshal(ids)
	require.NoError(t, err)
	for {
		selection := cr.fields(t, name, nil)
		a := cr.ask(t, fmt.Sprintf("{ nodes(ids: %s) { ... on %s %s } }", quoted, name, selection))
		if len(a.Errors) > 0 {
			before := len(cr.forbidden)
			for _, e := range a.Errors {
				require.GreaterOrEqual(t, len(e.Path), 2, "%s: %+v", cr.caller.name, e)
				last, _ := e.Path[len(e.Path)-1].(string)
				cr.refusedField(t, e, name+"."+last)
			}
			require.Greater(t, len(cr.forbidden), before, "the same is refused again: %s", a.raw)
			continue
		}
		found := a.Data["nodes"].([]any)
		require.Len(t, found, len(ids))
		for i, thing := range found {
			require.NotNil(t, thing, "%s was shown %s, and cannot read it by its id", cr.caller.name, ids[i])
			require.Equal(t, ids[i], thing.(map[string]any)["id"])
			require.NotContains(t, canonical(t, thing), `"hasNextPage":true`, "a list of %s is longer than a page: send fewer events", ids[i])
			cr.look(name, thing)
			cr.dump[name+" "+ids[i]] = canonical(t, thing)
		}
		return
	}
}

func (cr *crawl) ask(t *testing.T, query string) *answer {
	t.Helper()
	a := cr.caller.ask(t, query, nil)
	cr.raw.Write(a.raw)
	return a
}

func (cr *crawl) refused(t *testing.T, a *answer, place string) {
	t.Helper()
	for _, e := range a.Errors {
		cr.refusedField(t, e, place)
	}
}

func (cr *crawl) refusedField(t *testing.T, e failure, place string) {
	t.Helper()
	require.Equal(t, "FORBIDDEN", e.code(), "%s asked for %s: %s", cr.caller.name, place, e.Message)
	cr.forbidden[place] = true
}

// selection selects all of a value: of things that have an id of their own only that, for they are read by it.
func (cr *crawl) selection(t *testing.T, named typeRef, above []string) string {
	t.Helper()
	if !composite(named) {
		return ""
	}
	if cr.w.schema.isNode(named.Name) {
		return " { __typename id }"
	}
	return cr.fields(t, named.Name, above)
}

func (cr *crawl) fields(t *testing.T, name string, above []string) string {
	t.Helper()
	require.NotContains(t, above, name, "values of %s hold each other: say in crawl_test.go how deep to look", name)
	require.Equal(t, "OBJECT", cr.w.schema.types[name].Kind, "say in crawl_test.go how to select from %s", name)
	above = append(slices.Clone(above), name)
	parts := []string{"__typename"}
	for _, f := range cr.w.schema.types[name].Fields {
		if place := name + "." + f.Name; !unstable[place] && !cr.forbidden[place] {
			parts = append(parts, f.Name+cr.args(t, name, f)+cr.selection(t, f.Type.named(), above))
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// args are the arguments with which a field shows most.
func (cr *crawl) args(t *testing.T, object string, f *field) string {
	t.Helper()
	hints := cr.w.crawlArgs()
	if args, ok := hints[object+"."+f.Name]; ok {
		return args
	}
	if name := f.Type.named().Name; composite(f.Type.named()) && cr.w.schema.isConnection(name) {
		return hints["default connections"]
	}
	for _, in := range f.Args {
		require.False(t, in.required(), "%s.%s needs %s: add it to crawlArgs in hints_test.go", object, f.Name, in.Name)
	}
	return ""
}

// look takes down what a value shows.
func (cr *crawl) look(typeName string, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			cr.look(typeName, item)
		}
	case map[string]any:
		if named, ok := v["__typename"].(string); ok {
			typeName = named
		}
		if id, ok := v["id"].(string); ok && v["__typename"] != nil && cr.ids[id] == "" {
			cr.ids[id] = typeName
			cr.waiting[typeName] = append(cr.waiting[typeName], id)
		}
		for name, inner := range v {
			cr.note(typeName, name, inner)
			cr.look(typeName+"."+name, inner)
		}
	}
}

func (cr *crawl) note(typeName, name string, value any) {
	if text, ok := value.(string); ok && text != "" {
		if cr.texts[name] == nil {
			cr.texts[name] = map[string]bool{}
		}
		cr.texts[name][text] = true
		if name == "cursor" && !slices.Contains(cr.cursors, text) {
			cr.cursors = append(cr.cursors, text)
		}
	}
	list, isList := value.([]any)
	if value != nil && value != "" && (!isList || len(list) > 0) {
		cr.filled[typeName+"."+name] = true
	}
}

func canonical(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	return string(raw)
}

// idsOf are the ids of a type that were seen, in order.
func (cr *crawl) idsOf(typeName string) []string {
	var out []string
	for id, name := range cr.ids {
		if name == typeName {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
