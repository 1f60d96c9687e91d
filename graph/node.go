package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
)

// node gives anything by its id, and nil when there is no such thing in the principal's tenant.
func (r *Resolver) node(ctx context.Context, id string) (model.Node, error) {
	kind, key, err := nodeid.Parse(id)
	if err != nil {
		return nil, nil //nolint:nilerr // What is no id is the id of nothing.
	}
	l := load.From(ctx)
	switch kind {
	case nodeid.Tenant:
		return r.tenantNode(ctx, key)
	case nodeid.Member:
		return found(ctx, l.Members, key, model.NewMember)
	case nodeid.APIKey:
		return found(ctx, l.APIKeys, key, model.NewAPIKey)
	case nodeid.AuditEntry:
		return found(ctx, l.AuditEntries, key, model.NewAuditEntry)
	case nodeid.Customer:
		return found(ctx, l.Customers, key, model.NewCustomer)
	case nodeid.Integration:
		return found(ctx, l.Integrations, key, model.NewIntegration)
	case nodeid.ConnectedApp:
		return found(ctx, l.ConnectedApps, key, model.NewConnectedApp)
	case nodeid.DataSource:
		return found(ctx, l.DataSources, key, model.NewDataSource)
	case nodeid.Flow:
		return found(ctx, l.Flows, key, model.NewFlow)
	case nodeid.AlarmRule:
		return found(ctx, l.AlarmRules, key, model.NewAlarmRule)
	case nodeid.Alarm:
		return found(ctx, l.Alarms, key, model.NewAlarm)
	case nodeid.NotificationEndpoint:
		return found(ctx, l.Endpoints, key, model.NewNotificationEndpoint)
	case nodeid.Delivery:
		return found(ctx, l.Deliveries, key, model.NewDelivery)
	case nodeid.FlowRun:
		return found(ctx, l.FlowRuns, key, model.NewFlowRun)
	case nodeid.Issue:
		return found(ctx, l.Issues, key, model.NewIssue)
	case nodeid.NodeRun:
		return found(ctx, l.NodeRuns, key, model.NewNodeRun)
	}
	if kind.IsLogEntry() {
		return logEntry(ctx, kind, key)
	}
	return nil, nil // Null is what the API answers.
}

// tenantNode gives the principal's own tenant; any other does not exist.
func (r *Resolver) tenantNode(ctx context.Context, id uuid.UUID) (model.Node, error) {
	t, err := r.deps.Tenants.Current(ctx)
	if err != nil || t.ID != id {
		return nil, err
	}
	return model.NewTenant(t), nil
}

func found[V any, N model.Node](ctx context.Context, l *load.Loader[uuid.UUID, *V], id uuid.UUID, shape func(*V) N) (model.Node, error) {
	v, err := load.Optional(ctx, l, id)
	if err != nil || v == nil {
		return nil, err
	}
	return shape(v), nil
}

// logEntry gives an entry whose kind is the one that the id's prefix says.
func logEntry(ctx context.Context, kind nodeid.Kind, id uuid.UUID) (model.Node, error) {
	e, err := load.Optional(ctx, load.From(ctx).Entries, id)
	if err != nil || e == nil || e.Kind.NodeKind() != kind {
		return nil, err
	}
	return model.NewLogEntry(e), nil
}

// nodeAs gives the thing of one type by its id; the id of anything else is the id of nothing.
func nodeAs[N model.Node](ctx context.Context, r *Resolver, id string) (none N, err error) {
	n, err := r.node(ctx, id)
	if err != nil || n == nil {
		return none, err
	}
	if typed, ok := n.(N); ok {
		return typed, nil
	}
	return none, nil
}

// nodes reads all ids at once, so that the loaders take them together. What cannot be read is null, and an error says
// why.
func (r *Resolver) nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxIDs {
		return nil, errs.Invalid("ids", "has %d items: at most %d are allowed", len(ids), maxIDs)
	}
	out := make([]model.Node, len(ids))
	turn.Each(ctx, len(ids), func(i int) {
		if err := errs.Catch(func() (err error) {
			out[i], err = r.node(ctx, ids[i])
			return err
		}); err != nil {
			graphql.AddError(graphql.WithPathContext(ctx, graphql.NewPathWithIndex(i)), err)
		}
	})
	return out, nil
}
