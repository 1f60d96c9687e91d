package isolation

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// schema is the introspected schema by the names of its types.
type schema struct {
	types map[string]*typeInfo
}

type typeInfo struct {
	Kind, Name, Description string
	Fields                  []*field
	InputFields             []*input
	Interfaces              []struct{ Name string }
	PossibleTypes           []struct{ Name string }
	EnumValues              []struct{ Name string }
}

type field struct {
	Name, Description string
	Args              []*input
	Type              typeRef
}

// input is an argument, or a field of an input object.
type input struct {
	Name         string
	Type         typeRef
	DefaultValue *string
}

func (in *input) required() bool { return in.Type.Kind == "NON_NULL" && in.DefaultValue == nil }

type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

// named is the type without its lists and exclamation marks.
func (r typeRef) named() typeRef {
	for r.OfType != nil {
		r = *r.OfType
	}
	return r
}

func (r typeRef) list() bool {
	return r.Kind == "LIST" || r.OfType != nil && r.OfType.list()
}

const introspection = `{ __schema { types { kind name description
	fields(includeDeprecated: true) { name description args { ...input } type { ...ref } }
	inputFields { ...input } interfaces { name } possibleTypes { name } enumValues { name } } } }
fragment input on __InputValue { name defaultValue type { ...ref } }
fragment ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

// introspect reads the schema as anybody may: without a credential.
func introspect(t *testing.T, c *caller) *schema {
	t.Helper()
	a := c.ask(t, introspection, nil)
	require.Empty(t, a.Errors)
	var data struct {
		Schema struct{ Types []*typeInfo } `json:"__schema"`
	}
	raw, err := json.Marshal(a.Data)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &data))
	s := &schema{types: map[string]*typeInfo{}}
	for _, each := range data.Schema.Types {
		if !strings.HasPrefix(each.Name, "__") {
			s.types[each.Name] = each
		}
	}
	require.Contains(t, s.types, "Query")
	require.Contains(t, s.types, "Mutation")
	return s
}

// names are those of all types, in order.
func (s *schema) names() []string {
	var out []string
	for name := range s.types {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// isNode tells whether things of the type have an id.
func (s *schema) isNode(name string) bool {
	return name == "Node" || slices.ContainsFunc(s.types[name].Interfaces, func(i struct{ Name string }) bool { return i.Name == "Node" })
}

// nodeTypes are the object types that have an id.
func (s *schema) nodeTypes() []string {
	var out []string
	for _, name := range s.names() {
		if s.types[name].Kind == "OBJECT" && s.isNode(name) {
			out = append(out, name)
		}
	}
	return out
}

func (s *schema) field(object, name string) *field {
	for _, f := range s.types[object].Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// isConnection tells whether the type is a page of a list.
func (s *schema) isConnection(name string) bool {
	return s.field(name, "pageInfo") != nil && s.field(name, "edges") != nil
}

// composite tells whether a selection stands behind fields of the type.
func composite(r typeRef) bool {
	return r.Kind == "OBJECT" || r.Kind == "INTERFACE" || r.Kind == "UNION"
}

// isLookup tells whether a field gives one thing by what its arguments name.
func (s *schema) isLookup(f *field) bool {
	return len(f.Args) > 0 && composite(f.Type.named()) && s.isNode(f.Type.named().Name)
}
