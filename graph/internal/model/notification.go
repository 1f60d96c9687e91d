package model

import (
	"context"
	"encoding/json"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// AlarmRule is what to watch, and whom to tell.
type AlarmRule struct{ *alarm.Rule }

// NewAlarmRule gives a rule the shape of the API.
func NewAlarmRule(r *alarm.Rule) *AlarmRule { return &AlarmRule{r} }

func (AlarmRule) node() {}

// ID is the rule's id.
func (r AlarmRule) ID() string { return nodeid.Format(nodeid.AlarmRule, r.Rule.ID) }

// Integration is what it is limited to.
func (r AlarmRule) Integration(ctx context.Context) (*Integration, error) {
	return loadIntegration(ctx, r.IntegrationID)
}

// Customer is whom it is limited to.
func (r AlarmRule) Customer(ctx context.Context) (*Customer, error) {
	found, err := load.Optional(ctx, load.From(ctx).Customers, r.CustomerID)
	if err != nil || found == nil {
		return nil, err
	}
	return NewCustomer(found), nil
}

// Flow is what it is limited to.
func (r AlarmRule) Flow(ctx context.Context) (*Flow, error) {
	found, err := load.Optional(ctx, load.From(ctx).Flows, r.FlowID)
	if err != nil || found == nil {
		return nil, err
	}
	return NewFlow(found), nil
}

// Endpoints are whom to tell; none for who may not see them.
func (r AlarmRule) Endpoints(ctx context.Context) ([]*NotificationEndpoint, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil || p.Require(tenant.RoleDeveloper) != nil {
		return []*NotificationEndpoint{}, err
	}
	found, err := load.All(ctx, load.From(ctx).Endpoints, r.EndpointIDs)
	if err != nil {
		return nil, err
	}
	return shaped(found, NewNotificationEndpoint), nil
}

// AlarmRules gives a page of rules the shape of the API.
func AlarmRules(p page.Page[*alarm.Rule]) *AlarmRuleConnection {
	return NewConnection(mapped(p, NewAlarmRule), "")
}

// Alarm is a time in which a rule fired.
type Alarm struct{ *alarm.Alarm }

// NewAlarm gives an alarm the shape of the API.
func NewAlarm(a *alarm.Alarm) *Alarm { return &Alarm{a} }

func (Alarm) node() {}

// ID is the alarm's id.
func (a Alarm) ID() string { return nodeid.Format(nodeid.Alarm, a.Alarm.ID) }

// Rule is the rule that fired.
func (a Alarm) Rule(ctx context.Context) (*AlarmRule, error) {
	found, err := load.One(ctx, load.From(ctx).AlarmRules, a.RuleID)
	return NewAlarmRule(found), err
}

// Alarms gives a page of alarms the shape of the API.
func Alarms(p page.Page[*alarm.Alarm]) *AlarmConnection {
	return NewConnection(mapped(p, NewAlarm), "")
}

// NotificationEndpoint is where the tenant is told.
type NotificationEndpoint struct{ *notify.Endpoint }

// NewNotificationEndpoint gives an endpoint the shape of the API.
func NewNotificationEndpoint(e *notify.Endpoint) *NotificationEndpoint {
	return &NotificationEndpoint{e}
}

func (NotificationEndpoint) node() {}

// ID is the endpoint's id.
func (e NotificationEndpoint) ID() string {
	return nodeid.Format(nodeid.NotificationEndpoint, e.Endpoint.ID)
}

// NotificationEndpoints gives a page of endpoints the shape of the API.
func NotificationEndpoints(p page.Page[*notify.Endpoint]) *NotificationEndpointConnection {
	return NewConnection(mapped(p, NewNotificationEndpoint), "")
}

// Delivery is a notification on its way.
type Delivery struct{ *notify.Delivery }

// NewDelivery gives a delivery the shape of the API.
func NewDelivery(d *notify.Delivery) *Delivery { return &Delivery{d} }

func (Delivery) node() {}

// ID is the delivery's id.
func (d Delivery) ID() string { return nodeid.Format(nodeid.Delivery, d.Delivery.ID) }

// Event is what it tells.
func (d Delivery) Event() notify.Kind { return d.Kind }

// Payload is what is sent.
func (d Delivery) Payload() json.RawMessage { return d.Delivery.Payload }

// Attempts are all attempts, the first one first.
func (d Delivery) Attempts(ctx context.Context) ([]*notify.Attempt, error) {
	return load.Many(ctx, load.From(ctx).AttemptsOf, d.Delivery.ID)
}

// Digest is the delivery that told it with others.
func (d Delivery) Digest(ctx context.Context) (*Delivery, error) {
	found, err := load.Optional(ctx, load.From(ctx).Deliveries, d.DigestID)
	if err != nil || found == nil {
		return nil, err
	}
	return NewDelivery(found), nil
}

// Deliveries gives a page of deliveries the shape of the API.
func Deliveries(p page.Page[*notify.Delivery]) *DeliveryConnection {
	return NewConnection(mapped(p, NewDelivery), "")
}
