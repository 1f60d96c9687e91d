// Command generate generates the GraphQL server from the schema: it runs gqlgen, and then has what gqlgen wrote call
// the helpers of package exec in place of gqlgen's own, for which gqlgen has no setting. Run it in the module's
// directory.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
)

// replacements are what is turned to the helpers, in all generated files.
var replacements = []struct {
	gqlgen *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), 0, false, `), "marshalList(ctx, len(v), "},
	{regexp.MustCompile(`(?m)^\treturn out$`), "\treturn &object{fields, out.Values}"},
	{regexp.MustCompile(`(?m)^\tout := graphql\.NewFieldSet\(fields\)$`), "\tout, later := graphql.NewFieldSet(fields), new(concurrent)"},
	{
		regexp.MustCompile(`deferredFieldSet := graphql\.NewFieldSet\(nil\)\n\tdeferLabelToView := make\(map\[string\]\*graphql\.FieldSetView\)`),
		"deferredFieldSet, deferLabelToView := deferred(fields)",
	},
	{regexp.MustCompile(`\bout\.Concurrently\(i, `), "later.Later(ctx, out, i, "},
	{regexp.MustCompile(`\bout\.Dispatch\(ctx\)`), "later.Dispatch(ctx, out)"},
	{regexp.MustCompile(`graphql\.GetPath\(ctx\),\n\t\tFieldSet: deferredFieldSet`), "deferredPath(ctx, deferLabelToView),\n\t\tFieldSet: deferredFieldSet"},
}

// plain is a field that gives what an object holds.
var plain = regexp.MustCompile(`return graphql\.ResolveField\(
		ctx,
		ec\.OperationContext,
		field,
		func\(ctx context\.Context, field graphql\.CollectedField\) \(\*graphql\.FieldContext, error\) \{
			return ec\.(fieldContext_\w+)\(ctx, field\)
		\},
		func\(ctx context\.Context\) \(any, error\) \{
			return (obj\.\w+(?:\(\))?), nil
		\},
		nil,
		func\(ctx context\.Context, selections ast\.SelectionSet, v (\S+)\) graphql\.Marshaler \{
			return ec\.([^\s(]+)\(ctx, selections, v\)
		\},
		true,
		(true|false),
	\)`)

// scalar is how the description of a field without fields of its own begins.
const scalar = `) %s(_ context.Context, field graphql.CollectedField) (fc *graphql.FieldContext, err error) {
	return graphql.NewScalarFieldContext(`

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	settings, err := config.LoadConfigFromDefaultLocations()
	if err != nil {
		return fmt.Errorf("read gqlgen.yml: %w", err)
	}
	if err := api.Generate(settings); err != nil {
		return fmt.Errorf("run gqlgen: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(settings.Exec.DirName, "*.generated.go"))
	if err != nil {
		return err
	}
	found := make([]int, len(replacements)+1)
	for _, file := range files {
		if err := rewrite(file, found); err != nil {
			return err
		}
	}
	if i := slices.Index(found, 0); i >= 0 {
		// An update of gqlgen must not quietly bring its own calls back.
		return fmt.Errorf("gqlgen no longer writes what replacement %d is of", i)
	}
	return nil
}

// rewrite makes the replacements in a file, and adds how many of each there were.
func rewrite(file string, found []int) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(source)
	for i, r := range replacements {
		found[i] += len(r.gqlgen.FindAllString(text, -1))
		text = r.gqlgen.ReplaceAllString(text, r.ours)
	}
	text = plain.ReplaceAllStringFunc(text, func(call string) string {
		m := plain.FindStringSubmatch(call)
		describe, value, kind, marshal, required := m[1], m[2], m[3], m[4], m[5] == "true"
		// Lists, and what may be null where it must not, are errors at a place that a leaf does not know.
		null := strings.HasPrefix(kind, "*") || kind == "json.RawMessage"
		if !strings.Contains(text, fmt.Sprintf(scalar, describe)) || strings.HasPrefix(kind, "[]") || null && required {
			return call
		}
		found[len(replacements)]++
		return fmt.Sprintf("return resolveLeaf(ctx, ec, field, ec.%s, func() %s { return %s }, ec.%s)", describe, kind, value, marshal)
	})
	if text == string(source) {
		return nil
	}
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // Source, as readable as the rest.
}
