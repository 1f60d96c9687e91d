package isolation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// probed counts what was asked, for the report at the end.
var probed atomic.Int64

// leaf is one place where a value can be given to a field: an argument, or a field of an input object in one.
type leaf struct {
	object string
	field  *field
	path   []*input
	// owners are the names of what the inputs of the path are of.
	owners []string
}

func (l leaf) last() *input { return l.path[len(l.path)-1] }

func (l leaf) owner() string { return l.owners[len(l.owners)-1] }

// place names the leaf, for the tables of hints.
func (l leaf) place() string { return l.owner() + "." + l.last().Name }

func (l leaf) String() string {
	s := l.object + "." + l.field.Name
	for _, in := range l.path {
		s += "." + in.Name
	}
	return s
}

// leaves are all places where values can be given to the fields of a type.
func (s *schema) leaves(object string) []leaf {
	var out []leaf
	for _, f := range s.types[object].Fields {
		for _, arg := range f.Args {
			out = append(out, s.below(leaf{object: object, field: f, path: []*input{arg}, owners: []string{object + "." + f.Name}})...)
		}
	}
	return out
}

func (s *schema) below(l leaf) []leaf {
	named := l.last().Type.named()
	if named.Kind != "INPUT_OBJECT" {
		return []leaf{l}
	}
	var out []leaf
	for _, in := range s.types[named.Name].InputFields {
		deeper := l
		deeper.path = append(slices.Clone(l.path), in)
		deeper.owners = append(slices.Clone(l.owners), named.Name)
		out = append(out, s.below(deeper)...)
	}
	return out
}

// small are arguments that keep answers small.
var small = map[string]string{"first": "5", "buckets": "3"}

// args are a field's arguments with the value at the leaf, and besides it what the field cannot do without; with all,
// everything else too.
func (w *world) args(t *testing.T, l leaf, value, id string, all bool) string {
	t.Helper()
	return "(" + w.inputs(t, l, 0, l.field.Args, value, id, all) + ")"
}

func (w *world) inputs(t *testing.T, l leaf, depth int, of []*input, value, id string, all bool) string {
	t.Helper()
	var parts []string
	for _, in := range of {
		var text string
		switch {
		case in != l.path[depth] && small[in.Name] != "":
			text = small[in.Name]
		case in != l.path[depth] && (all || in.required()):
			text = w.literal(t, l.owners[depth], in, id)
		case in != l.path[depth]:
			continue
		case depth == len(l.path)-1:
			text = value
			if in.Type.list() {
				text = "[" + value + "]"
			}
		default:
			text = "{" + w.inputs(t, l, depth+1, w.schema.types[in.Type.named().Name].InputFields, value, id, all) + "}"
			if in.Type.list() {
				text = "[" + text + "]"
			}
		}
		parts = append(parts, in.Name+": "+text)
	}
	return strings.Join(parts, ", ")
}

// glance selects what tells whether anything was found: ids, and numbers.
func (s *schema) glance(named typeRef) string {
	switch {
	case !composite(named):
		return ""
	case s.isNode(named.Name):
		return " { __typename id }"
	case s.isConnection(named.Name):
		total := ""
		if s.field(named.Name, "totalCount") != nil {
			total = " totalCount"
		}
		edge := s.field(named.Name, "edges").Type.named()
		return " { edges { cursor node" + s.glance(s.field(edge.Name, "node").Type.named()) + " }" + total + " }"
	}
	var parts []string
	for _, f := range s.types[named.Name].Fields {
		// Moments tell when it was asked, and not what was found.
		if named := f.Type.named(); !composite(named) && named.Name != "Time" {
			parts = append(parts, f.Name)
		}
	}
	if len(parts) == 0 { // All that it has lies below.
		for _, f := range s.types[named.Name].Fields {
			parts = append(parts, f.Name+s.glance(f.Type.named()))
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// probe is one field to be asked for, and its answer.
type probe struct {
	what string
	// text is the field as it stands in the document, below on (a thing of the caller's own) or the root.
	text, on, onType string
	asked            string
	data             any
	errors           []failure
}

func (p *probe) document(alias string) string {
	if p.on == "" {
		return alias + ": " + p.text
	}
	return fmt.Sprintf("%s: node(id: %q) { ... on %s { it: %s } }", alias, p.on, p.onType, p.text)
}

// same is the answer without the value that was asked with, to compare two.
func (p *probe) same(t *testing.T) string {
	t.Helper()
	type told struct {
		Message string
		Code    string
		Field   any
	}
	var errors []told
	for _, e := range p.errors {
		errors = append(errors, told{e.Message, e.code(), e.Extensions["field"]})
	}
	raw, err := json.Marshal(map[string]any{"data": p.data, "errors": errors})
	require.NoError(t, err)
	value := strings.Trim(p.asked, `"`)
	text := strings.ReplaceAll(string(raw), value, "…")
	return strings.ReplaceAll(text, strings.Trim(strconv.Quote(value), `"`), "…")
}

// The sizes of one document: below the limits on tokens and fields, and on the errors that one answer tells.
const (
	maxProbes = 80
	maxTokens = 1700
)

// heavy are fields that count as so many tokens, so that what a document costs stays below its limit.
var heavy = map[string]int{"explainRuns": 100, "redactionPreview": 1000}

// run asks for all probes, in as few documents as there may be.
func (w *world) run(t *testing.T, c *caller, operation string, probes []*probe, check func(raw string, asked []string)) {
	t.Helper()
	for len(probes) > 0 {
		var doc strings.Builder
		var asked []string
		tokens, n := 4, 0
		for ; n < min(maxProbes, len(probes)); n++ {
			text := probes[n].document(fmt.Sprintf("p%d", n))
			name, _, _ := strings.Cut(probes[n].text, "(")
			if tokens += len(wordForm.FindAllString(text, -1)) + heavy[name]; tokens > maxTokens && n > 0 {
				break
			}
			doc.WriteString(text + "\n")
			asked = append(asked, probes[n].asked)
		}
		a := c.ask(t, operation+" {\n"+doc.String()+"}", nil)
		probed.Add(int64(n))
		for _, e := range a.Errors {
			require.NotEmpty(t, e.Path, "%s: %s (%s)\n%s", c.name, e.Message, e.code(), doc.String())
			i, err := strconv.Atoi(strings.TrimPrefix(e.Path[0].(string), "p"))
			require.NoError(t, err)
			probes[i].errors = append(probes[i].errors, e)
		}
		for i, p := range probes[:n] {
			p.data = a.Data[fmt.Sprintf("p%d", i)]
		}
		check(string(a.raw), asked)
		probes = probes[n:]
	}
}
