package exec

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/weirhq/weir/graph/internal/turn"
)

// What stands in this file is called by the generated code in place of gqlgen's own, which does more than is needed
// here: see graph/internal/generate.

// marshalList stands for graphql.MarshalSliceConcurrently.
func marshalList(ctx context.Context, n int, item func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	return turn.List(ctx, n, item)
}

// concurrent stands before the fields of an object that have resolvers.
type concurrent = turn.Fields

// resolveLeaf stands for graphql.ResolveField where the value is at hand, is never an error, and has no fields. Most
// fields of a page are such: so they get a field context, which says where in the answer an error is, when they have
// panicked and not before.
func resolveLeaf[T any](
	ctx context.Context, ec *executionContext, field graphql.CollectedField,
	describe func(context.Context, graphql.CollectedField) (*graphql.FieldContext, error),
	value func() T, marshal func(context.Context, ast.SelectionSet, T) graphql.Marshaler,
) (out graphql.Marshaler) {
	defer func() {
		if r := recover(); r != nil {
			if fc, err := describe(ctx, field); err == nil {
				ctx = graphql.WithFieldContext(ctx, fc)
			}
			ec.Error(ctx, ec.Recover(ctx, r))
			out = graphql.Null
		}
	}()
	v := value()
	Count(ctx, field.Alias, v)
	return marshal(ctx, nil, v)
}

// object stands for a graphql.FieldSet once its fields have values.
type object struct {
	fields []graphql.CollectedField
	values []graphql.Marshaler
}

// MarshalGQL writes the object, and of fields that stand in it twice the first.
func (o *object) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, "{")
	for i, value := range o.values {
		name := o.fields[i].Alias
		if o.has(name, i) {
			continue
		}
		if i > 0 {
			_, _ = io.WriteString(w, ",")
		}
		// A name needs no escapes.
		_, _ = io.WriteString(w, `"`)
		_, _ = io.WriteString(w, name)
		_, _ = io.WriteString(w, `":`)
		value.MarshalGQL(w)
	}
	_, _ = io.WriteString(w, "}")
}

// has tells whether one of the first n fields has the name.
func (o *object) has(name string, n int) bool {
	for i := range n {
		if o.fields[i].Alias == name {
			return true
		}
	}
	return false
}

// deferred is where deferred fields go: nowhere when there are none.
func deferred(fields []graphql.CollectedField) (*graphql.FieldSet, map[string]*graphql.FieldSetView) {
	for i := range fields {
		if fields[i].IsDeferred() {
			return graphql.NewFieldSet(nil), make(map[string]*graphql.FieldSetView)
		}
	}
	return nil, nil
}

// deferredPath is graphql.GetPath for what is deferred.
func deferredPath(ctx context.Context, deferred map[string]*graphql.FieldSetView) ast.Path {
	if len(deferred) == 0 {
		return nil
	}
	return graphql.GetPath(ctx)
}
