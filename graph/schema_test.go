package graph

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/weirhq/weir/graph/internal/exec"
)

var update = flag.Bool("update", false, "write the golden files of the schema anew")

func schema() *ast.Schema { return exec.NewExecutableSchema(exec.Config{}).Schema() }

// The printed schema is a golden file, so that a change of what clients see is seen in a diff.
func TestTheSchemaIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	formatter.NewFormatter(&printed, formatter.WithIndent("  ")).FormatSchema(schema())
	const golden = "testdata/schema.graphql"
	if *update {
		require.NoError(t, os.WriteFile(golden, printed.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), printed.String(), "run go test ./graph -update, and look at what changed")
}

// What is promised to clients stays: names, types, arguments and their defaults. Lines are only ever added.
func TestTheSchemaKeepsItsPromises(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/promised.txt")
	require.NoError(t, err)
	has := map[string]bool{}
	for _, line := range lines(schema()) {
		has[line] = true
	}
	promises := strings.Split(strings.TrimSpace(string(raw)), "\n")
	require.Greater(t, len(promises), 700)
	for _, promise := range promises {
		require.True(t, has[promise], "promised to clients, and gone or changed: %s", promise)
	}
}

// lines says all that there is in a schema, a line each.
func lines(s *ast.Schema) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for name, d := range own(s) {
		say("%s %s", strings.ToLower(string(d.Kind)), name)
		for _, i := range d.Interfaces {
			say("%s implements %s", name, i)
		}
		for _, v := range d.EnumValues {
			say("%s.%s", name, v.Name)
		}
		for _, f := range d.Fields {
			say("%s.%s%s: %s", name, f.Name, byDefault(f.DefaultValue), f.Type)
			for _, a := range f.Arguments {
				say("%s.%s(%s: %s%s)", name, f.Name, a.Name, a.Type, byDefault(a.DefaultValue))
			}
		}
	}
	return out
}

func byDefault(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return " = " + v.String()
}

// own are the types that are not GraphQL's.
func own(s *ast.Schema) map[string]*ast.Definition {
	out := map[string]*ast.Definition{}
	for name, d := range s.Types {
		if !d.BuiltIn {
			out[name] = d
		}
	}
	return out
}

func TestEverythingInTheSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	described := func(what, description string) {
		require.NotEmpty(t, description, what)
		require.Regexp(t, `[.:;]$`, description, "%s: a description is a sentence", what)
	}
	for name, d := range own(schema()) {
		described(name, d.Description)
		for _, v := range d.EnumValues {
			described(name+"."+v.Name, v.Description)
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(name+"."+f.Name+"."+a.Name, a.Description)
			}
		}
	}
}

// Every list that a client can make longer says how long, and costs something.
func TestEveryConnectionIsBounded(t *testing.T) {
	t.Parallel()
	for name, d := range own(schema()) {
		for _, f := range d.Fields {
			if !strings.HasSuffix(f.Type.Name(), "Connection") {
				continue
			}
			what := name + "." + f.Name
			first := f.Arguments.ForName("first")
			require.NotNil(t, first, what)
			require.Regexp(t, `1 to (100|200)\.`, first.Description, what)
			if name != "Query" || f.Name == "logs" {
				require.Greater(t, ownCost[f.Name], 1, "%s is read for each parent", what)
			}
		}
	}
}
