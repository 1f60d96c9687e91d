package graph

import (
	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
)

// ruleInput is a rule to be, with its ids read.
func ruleInput(in *model.CreateAlarmRuleInput) (out alarm.CreateRuleInput, err error) {
	out = alarm.CreateRuleInput{Name: in.Name, Condition: alarm.Condition{
		Metric: in.Metric, Comparison: in.Comparison, Threshold: in.Threshold, WindowSeconds: in.WindowSeconds, Kinds: in.Kinds,
	}}
	if in.ForSeconds != nil {
		out.ForSeconds = *in.ForSeconds
	}
	for _, id := range []struct {
		kind nodeid.Kind
		text *string
		to   *uuid.UUID
	}{
		{nodeid.Integration, in.IntegrationID, &out.IntegrationID}, {nodeid.Customer, in.CustomerID, &out.CustomerID}, {nodeid.Flow, in.FlowID, &out.FlowID},
	} {
		if id.text == nil {
			continue
		}
		if *id.to, err = nodeid.ParseAs(id.kind, *id.text); err != nil {
			return out, err
		}
	}
	out.EndpointIDs, err = endpointIDs(in.EndpointIds)
	return out, err
}

func ruleUpdate(in *model.UpdateAlarmRuleInput) (out alarm.UpdateRuleInput, err error) {
	out = alarm.UpdateRuleInput{Name: in.Name, Threshold: in.Threshold, WindowSeconds: in.WindowSeconds, ForSeconds: in.ForSeconds, Enabled: in.Enabled}
	if out.ID, err = nodeid.ParseAs(nodeid.AlarmRule, in.ID); err != nil || in.EndpointIds == nil {
		return out, err
	}
	out.EndpointIDs, err = endpointIDs(in.EndpointIds)
	return out, err
}

// endpointIDs reads ids of endpoints; the list is never nil.
func endpointIDs(ids []string) ([]uuid.UUID, error) {
	if len(ids) > maxIDs {
		return nil, errs.Invalid("endpointIds", "has %d items: at most %d are allowed", len(ids), maxIDs)
	}
	out := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = nodeid.ParseAs(nodeid.NotificationEndpoint, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func rulePayload(r *alarm.Rule, err error) (*model.AlarmRulePayload, error) {
	if err != nil {
		userErrors, err := mend(err)
		return &model.AlarmRulePayload{UserErrors: userErrors}, err
	}
	return &model.AlarmRulePayload{AlarmRule: model.NewAlarmRule(r)}, nil
}

func secretPayload(e *notify.Endpoint, secret string, err error) (*model.CreateNotificationEndpointPayload, error) {
	if err != nil {
		userErrors, err := mend(err)
		return &model.CreateNotificationEndpointPayload{UserErrors: userErrors}, err
	}
	out := &model.CreateNotificationEndpointPayload{Endpoint: model.NewNotificationEndpoint(e)}
	if secret != "" {
		out.Secret = &secret
	}
	return out, nil
}

func deliveryPayload(d *notify.Delivery, err error) (*model.DeliveryPayload, error) {
	if err != nil {
		userErrors, err := mend(err)
		return &model.DeliveryPayload{UserErrors: userErrors}, err
	}
	return &model.DeliveryPayload{Delivery: model.NewDelivery(d)}, nil
}

// deleted answers a deletion of the thing with the id.
func deleted(id string, err error) (*model.DeletePayload, error) {
	if err != nil {
		userErrors, err := mend(err)
		return &model.DeletePayload{UserErrors: userErrors}, err
	}
	return &model.DeletePayload{DeletedID: &id}, nil
}

func pointers[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}
