package isolation

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wordForm is a token of GraphQL, about.
var wordForm = regexp.MustCompile(`"[^"]*"|\w+|\.\.\.|[(){}\[\]:!$=]`)

// fieldsAnswerNothingOfAnother asks as the caller, through every argument of every field, with everything of the victim's.
// An id and a text that only the victim has find nothing, and the answer is that to a value which nobody has.
func (w *world) fieldsAnswerNothingOfAnother(t *testing.T, c *caller, v *victim, few bool) {
	t.Helper()
	mine := w.crawlOrNothing(t, c)
	v.unharmed(t, mine.raw.String())
	for _, object := range append([]string{"Query"}, w.withArguments(t)...) {
		on := ""
		if object != "Query" {
			ids := mine.idsOf(object)
			if len(ids) == 0 {
				continue // This caller sees none: for others it is asked.
			}
			on = ids[0]
		}
		for _, l := range w.schema.leaves(object) {
			refused := w.askThrough(t, c, v, l, on, w.questions(t, v, l, few))
			if few || l.last().Type.named().Name != "ID" {
				continue
			}
			// Ids of a type that the argument does not take need not be tried one by one.
			rest := slices.DeleteFunc(v.idQuestions(0), func(q question) bool { return refused[prefix(q.literal)] })
			if len(rest) > 0 {
				w.askThrough(t, c, v, l, on, rest)
			}
		}
	}
}

// prefix is what the ids of one type begin with.
func prefix(literal string) string {
	before, _, _ := strings.Cut(literal, "_")
	return before
}

// crawlOrNothing crawls as the caller; one that may ask for nothing finds nothing.
func (w *world) crawlOrNothing(t *testing.T, c *caller) *crawl {
	t.Helper()
	if a := c.ask(t, "{ viewer { kind } }", nil); len(a.Errors) > 0 {
		require.Contains(t, []string{"FORBIDDEN", "UNAUTHENTICATED"}, a.Errors[0].code())
		return &crawl{}
	}
	return w.crawl(t, c)
}

// sized are types that have no id, and of which the arguments say no more than how many there are to be.
var sized = map[string]bool{"IntegrationDashboard": true}

// withArguments are the types, beside the roots, of which fields have arguments.
func (w *world) withArguments(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range w.schema.names() {
		kind := w.schema.types[name].Kind
		if kind != "OBJECT" || name == "Query" || name == "Mutation" || name == "Subscription" || len(w.schema.leaves(name)) == 0 {
			continue
		}
		if sized[name] {
			continue
		}
		require.True(t, w.schema.isNode(name), "%s has fields with arguments, but no id to reach it by: say in query_test.go how to", name)
		out = append(out, name)
	}
	return out
}

// questions are what to ask with at a leaf, ids not all at first.
func (w *world) questions(t *testing.T, v *victim, l leaf, few bool) []question {
	t.Helper()
	named := l.last().Type.named()
	switch {
	case named.Name == "ID":
		if few {
			return v.idQuestions(1)
		}
		return v.idQuestions(2)
	case named.Name == "String":
		all := v.textQuestions(t, l.place(), l.last().Name)
		switch {
		case few:
			return sample(all, 3)
		case w.schema.isLookup(l.field):
			return all
		}
		return sample(all, 10)
	case named.Kind == "ENUM":
		var all []question
		for _, each := range w.schema.types[named.Name].EnumValues {
			all = append(all, question{literal: each.Name})
		}
		return all
	}
	return []question{{literal: w.bare(t, l.place(), named, "")}}
}

// sample takes n of a list, spread over it.
func sample[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	if n == 1 {
		return list[:1]
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(n-1)]
	}
	return out
}

// askThrough asks through one argument. It gives the prefixes of ids that were refused as none that it takes.
func (w *world) askThrough(t *testing.T, c *caller, v *victim, l leaf, on string, questions []question) map[string]bool {
	t.Helper()
	require.NotEmpty(t, questions, "the victim has nothing to ask %s with: send it in events_test.go", l)
	selection := w.schema.glance(l.field.Type.named())
	ask := func(value string) *probe {
		return &probe{
			what: l.String(), text: l.field.Name + w.args(t, l, value, "", false) + selection, on: on, onType: l.object, asked: value,
		}
	}
	var probes, controls []*probe
	for _, q := range questions {
		p := ask(q.literal)
		probes, controls = append(probes, p), append(controls, p)
		if q.exclusive {
			controls[len(controls)-1] = ask(q.control)
			probes = append(probes, controls[len(controls)-1])
		}
	}
	w.run(t, c, "query", probes, func(raw string, asked []string) { v.unharmed(t, raw, asked...) })
	i, refused := 0, map[string]bool{}
	for k, q := range questions {
		p := probes[i]
		i++
		for _, e := range p.errors {
			require.Contains(t, []string{"NOT_FOUND", "BAD_USER_INPUT", "FORBIDDEN", "UNAUTHENTICATED"}, e.code(), "%s by %s with %s: %s", c.name, l, q.literal, e.Message)
			if e.code() == "BAD_USER_INPUT" {
				refused[prefix(q.literal)] = true
			}
		}
		if q.exclusive {
			i++
			require.Equal(t, controls[k].same(t), p.same(t), "%s by %s with %s: it tells whether another has that", c.name, l, q.literal)
			require.True(t, barren(p.data), "%s by %s with %s: %v", c.name, l, q.literal, p.data)
		}
	}
	return refused
}

// barren tells whether an answer has nothing in it: no id, and no number but 0.
func barren(value any) bool {
	switch v := value.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !barren(item) })
	case map[string]any:
		for name, inner := range v {
			if name == "id" || name == "cursor" || !barren(inner) {
				return false
			}
		}
	case json.Number:
		return v == "0"
	}
	return true
}

// everyNodeResolves asks for all ids of a tenant: for itself each is the thing that it is, for another nothing.
func (w *world) everyNodeResolves(t *testing.T) {
	t.Parallel()
	for _, name := range w.schema.nodeTypes() {
		require.NotEmpty(t, w.seenOfA.idsOf(name), "tenant a has no %s: send one in events_test.go, or make one in world_test.go", name)
	}
	v := w.tenantA()
	var singly []*probe
	var ids []string
	for _, name := range w.schema.nodeTypes() {
		for _, id := range w.seenOfA.idsOf(name) {
			singly = append(singly, &probe{what: name, text: `node(id: "` + id + `") { __typename id }`, asked: id})
			ids = append(ids, id)
		}
	}
	w.run(t, w.a.owner, "query", singly, func(string, []string) {})
	for _, p := range singly {
		require.Equal(t, map[string]any{"__typename": p.what, "id": p.asked}, p.data)
		p.data = nil
	}
	w.run(t, w.b.owner, "query", singly, func(raw string, asked []string) { v.unharmed(t, raw, asked...) })
	for _, p := range singly {
		require.Nil(t, p.data)
		require.Empty(t, p.errors)
	}
	for some := range slices.Chunk(ids, 100) {
		query := `{ nodes(ids: ["` + strings.Join(some, `", "`) + `"]) { __typename id } }`
		a := w.a.owner.ask(t, query, nil)
		require.Empty(t, a.Errors)
		for i, thing := range a.Data["nodes"].([]any) {
			require.Equal(t, map[string]any{"__typename": w.seenOfA.ids[some[i]], "id": some[i]}, thing)
		}
		a = w.b.owner.ask(t, query, nil)
		require.Empty(t, a.Errors)
		require.Equal(t, make([]any, len(some)), a.Data["nodes"])
		probed.Add(2 * int64(len(some)))
	}
}
