package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// aroundField lets no field of a root type begin without a principal that may read (or, in mutations, change)
// anything, and adds each field to the size of the answer. What a principal may read or change in particular is the
// domain's business. Fields that only give what an object holds do without it: see exec.
func (h *handler) aroundField(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	if err := admit(ctx, fc.Object, fc.Field.Name); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	answerOf(ctx).begin()
	if fc.IsResolver {
		// Resolvers read from the database by themselves.
		turn.Yield(ctx)
	}
	var value any
	var err error
	switch {
	case fc.Object == "Mutation":
		value, err = h.audited(ctx, fc, next)
	case unloaded[fc.Field.Name]:
		turn.Wait(ctx, func() { value, err = next(ctx) })
	default:
		value, err = next(ctx)
	}
	if err == nil {
		exec.Count(ctx, fc.Field.Alias, value)
	}
	return value, err
}

// unloaded are the fields that take long and ask no loader: the loaders of other fields need not wait for them.
var unloaded = map[string]bool{"stats": true, "dashboard": true, "overview": true, "landscape": true, "logHistogram": true, "timeline": true}

// admit checks whoever asks for a field of a root type. Introspection and __typename are for everybody.
func admit(ctx context.Context, object, field string) error {
	if object != "Query" && object != "Mutation" && object != "Subscription" || strings.HasPrefix(field, "__") {
		return nil
	}
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	if err := p.RequireRead(); err != nil {
		return err
	}
	if object == "Mutation" && p.CustomerID != uuid.Nil {
		return errs.New(errs.Forbidden, "a credential that is limited to one customer changes nothing")
	}
	if object == "Mutation" && p.Kind == tenant.KindAPIKey && !p.Has(tenant.ScopeAdmin) {
		return errs.New(errs.Forbidden, "changes need an API key with the scope ADMIN")
	}
	return nil
}
