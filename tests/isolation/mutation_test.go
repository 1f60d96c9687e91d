package isolation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

// roleOf are the roles by what kinds of callers they are; a caller that is not here has none.
var roleOf = map[string]tenant.Role{
	"OWNER": tenant.RoleOwner, "ADMIN": tenant.RoleAdmin, "DEVELOPER": tenant.RoleDeveloper, "SUPPORT": tenant.RoleSupport,
	"VIEWER": tenant.RoleViewer, "key ADMIN": tenant.RoleAdmin,
}

// readerOf is the role with which a kind of caller reads. A key with the scope READ reads, and changes nothing.
func readerOf(name string) tenant.Role {
	if name == "key READ" {
		return tenant.RoleDeveloper
	}
	return roleOf[name]
}

// textForm is a text in a document.
var textForm = regexp.MustCompile(`"[^"]+"`)

var forRole = regexp.MustCompile(`For ([A-Z]+) and up`)

// needs is the role that a description asks for.
func needs(t *testing.T, description string) tenant.Role {
	t.Helper()
	said := forRole.FindStringSubmatch(description)
	if said == nil {
		return tenant.RoleNone
	}
	role, err := tenant.ParseRole(said[1])
	require.NoError(t, err)
	return role
}

// mutations change nothing of tenant a, whatever tenant c's callers give them: an id of a is not found by those who may
// change what is their own, and everybody else is refused, whatever the id.
func (w *world) mutations(t *testing.T) {
	t.Parallel()
	v := &victim{w: w, crawl: w.seenOfA, ids: w.seenOfA.ids, marks: []string{"tenant-a-"}}
	for _, f := range w.schema.types["Mutation"].Fields {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			role := needs(t, f.Description)
			require.NotEqual(t, tenant.RoleNone, role, "the description of %s does not say for whom it is", f.Name)
			// The owner comes last: it changes what is its own.
			for _, name := range slices.Backward(w.c.order) {
				w.mutate(t, w.c.callers[name], v, f, roleOf[name] >= role)
			}
		})
	}
}

// mutate asks for one mutation, with each kind of id of the victim at each place that takes one.
func (w *world) mutate(t *testing.T, c *caller, v *victim, f *field, may bool) {
	t.Helper()
	want := "FORBIDDEN"
	switch {
	case c.credential == "":
		want = "UNAUTHENTICATED"
	case may:
		want = "NOT_FOUND"
	}
	named := false
	for _, l := range w.schema.leavesOf("Mutation", f) {
		if l.last().Type.named().Name != "ID" {
			continue
		}
		named = true
		var probes []*probe
		as := 0
		for _, q := range v.idQuestions(2) {
			probes = append(probes, w.mutation(t, l, q.literal), w.mutation(t, l, q.control))
		}
		w.run(t, c, "mutation", probes, func(raw string, asked []string) { v.unharmed(t, raw, asked...) })
		for i, p := range probes {
			require.Len(t, p.errors, 1, "%s by %s with %s: %v", c.name, l, p.asked, p.data)
			// The id of something of another type is the id of nothing, for everybody who has a credential.
			require.Contains(t, []string{want, "NOT_FOUND"}, p.errors[0].code(), "%s by %s with %s: %s", c.name, l, p.asked, p.errors[0].Message)
			as += strings.Count(p.errors[0].code(), want)
			if i%2 == 1 {
				require.Equal(t, p.same(t), probes[i-1].same(t), "%s by %s with %s: it tells whether another has that", c.name, l, probes[i-1].asked)
			}
		}
		require.Positive(t, as, "%s by %s: nothing was refused as %s", c.name, l, want)
	}
	if named {
		return
	}
	// What names nothing by id makes or changes what is the caller's own, with names that tenant a has.
	l := leaf{object: "Mutation", field: f, path: f.Args[:1], owners: []string{"Mutation." + f.Name}}
	p := w.mutation(t, l, w.literal(t, "Mutation."+f.Name, f.Args[0], ""))
	w.run(t, c, "mutation", []*probe{p}, func(raw string, _ []string) { v.unharmed(t, raw, textForm.FindAllString(p.text, -1)...) })
	if may {
		for _, e := range p.errors {
			// Only an OWNER makes an OWNER, and that is the first role in the schema.
			require.Equal(t, "FORBIDDEN", e.code(), "%s by %s: %s", c.name, f.Name, e.Message)
		}
		return
	}
	require.Len(t, p.errors, 1)
	require.Equal(t, want, p.errors[0].code(), "%s by %s: %s", c.name, f.Name, p.errors[0].Message)
}

// mutation is a mutation with the value at the leaf and all else valid.
func (w *world) mutation(t *testing.T, l leaf, value string) *probe {
	t.Helper()
	return &probe{what: l.String(), text: l.field.Name + w.args(t, l, value, "", true) + w.payload(l.field), asked: value}
}

// payload selects all that a mutation answers, two levels deep.
func (w *world) payload(f *field) string {
	text := ""
	for _, of := range w.schema.types[f.Type.named().Name].Fields {
		inner := ""
		if named := of.Type.named(); composite(named) {
			inner = " { __typename"
			for _, deep := range w.schema.types[named.Name].Fields {
				if !composite(deep.Type.named()) {
					inner += " " + deep.Name
				}
			}
			inner += " }"
		}
		text += " " + of.Name + inner
	}
	return " {" + text + " }"
}

// leavesOf are the places of one field.
func (s *schema) leavesOf(object string, f *field) []leaf {
	return slices.DeleteFunc(s.leaves(object), func(l leaf) bool { return l.field != f })
}

// mutationsAreMeant shows that what mutations answer tenant c is because of the id: with ids of its own, the same input
// does what it says.
func (w *world) mutationsAreMeant(t *testing.T) {
	mine := w.crawl(t, w.c.owner)
	for _, f := range w.schema.types["Mutation"].Fields {
		for _, l := range w.schema.leavesOf("Mutation", f) {
			if l.last().Type.named().Name != "ID" {
				continue
			}
			done := 0
			for _, name := range w.schema.nodeTypes() {
				// What an earlier mutation removed is not tried again, nor what it must not do to itself.
				for _, id := range mine.idsOf(name) {
					p := w.mutation(t, l, strconv.Quote(id))
					w.run(t, w.c.owner, "mutation", []*probe{p}, func(string, []string) {})
					if len(p.errors) == 0 && fmt.Sprint(p.data.(map[string]any)["userErrors"]) == "[]" {
						done++
						break
					}
				}
			}
			require.Equal(t, 1, done, "%s takes the ids of %d types: its input is not valid, or its id of anything", l, done)
		}
	}
}
