package graph

import (
	"context"
	"reflect"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// audited runs a mutation as an act that the audit log tells of: with the first transaction that it commits or, where it
// changes no row, in one of its own. So no mutation can be forgotten.
func (h *handler) audited(ctx context.Context, fc *graphql.FieldContext, next graphql.Resolver) (any, error) {
	act := h.act(ctx, fc.Field)
	ctx = tenant.WithAct(ctx, act)
	value, err := next(ctx)
	if err != nil || refusedByInput(value) {
		return value, err
	}
	if err := h.deps.Tenants.Tell(ctx); err != nil {
		return nil, err
	}
	return value, nil
}

// refusedByInput tells whether a payload says what the caller has to mend, so that nothing changed.
func refusedByInput(payload any) bool {
	v := reflect.Indirect(reflect.ValueOf(payload))
	if v.Kind() != reflect.Struct {
		return false
	}
	list := v.FieldByName("UserErrors")
	return list.IsValid() && list.Kind() == reflect.Slice && list.Len() > 0
}

// act is what the audit log is told of a mutation. What it is done to is what its input names by an id, else what the
// domain says that it made, else the tenant.
func (h *handler) act(ctx context.Context, field graphql.CollectedField) *tenant.Act {
	act := &tenant.Act{Action: field.Name, At: h.deps.Now()}
	if p, err := tenant.FromContext(ctx); err == nil {
		act.Target = nodeid.Format(nodeid.Tenant, p.TenantID)
	}
	argument := field.Definition.Arguments.ForName("input")
	if argument == nil {
		return act
	}
	input, _ := field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)["input"].(map[string]any)
	definition := h.schema.Types[argument.Type.Name()]
	for _, f := range definition.Fields {
		if id, ok := input[f.Name].(string); ok && f.Type.Name() == "ID" {
			act.Target = id
			break
		}
	}
	act.Details, _ = h.shown(definition, input).(map[string]any)
	return act
}

// notKept stands in the audit log for texts that may be secrets.
const notKept = "[not kept]"

// kept are the fields of inputs, by name, whose texts are names: of all others the audit log only has that they were
// given. A pattern of redaction may be the secret itself, and the address of a webhook is one often.
var kept = map[string]bool{"name": true, "email": true, "externalId": true, "key": true, "provider": true, "headers": true, "fields": true}

// shown is what the audit log has of an input.
func (h *handler) shown(definition *ast.Definition, input map[string]any) any {
	out := map[string]any{}
	for _, f := range definition.Fields {
		if value, given := input[f.Name]; given && value != nil {
			out[f.Name] = h.shownValue(f, value)
		}
	}
	return out
}

func (h *handler) shownValue(f *ast.FieldDefinition, value any) any {
	if list, ok := value.([]any); ok {
		out := make([]any, len(list))
		for i, item := range list {
			out[i] = h.shownValue(f, item)
		}
		return out
	}
	definition := h.schema.Types[f.Type.Name()]
	if definition.Kind == ast.InputObject {
		if inner, ok := value.(map[string]any); ok {
			return h.shown(definition, inner)
		}
		return notKept
	}
	switch definition.Name {
	case "ID", "Int", "Float", "Boolean", "Time":
		return value
	}
	if definition.Kind == ast.Enum || kept[f.Name] && definition.Name == "String" {
		return value
	}
	return notKept
}
