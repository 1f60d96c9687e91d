package graph

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// alarms makes a rule that fired, an endpoint, and a delivery that arrived there.
func (b *bundle) alarms(t *testing.T, ctx context.Context, w *world) (rule, fired, endpoint, delivery uuid.UUID) { //nolint:revive // A test's context comes second.
	t.Helper()
	e, _, err := b.deps.Notifications.CreateEndpoint(ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: "https://hooks.acme.example/x", Events: []notify.Kind{notify.AlarmFiring}})
	require.NoError(t, err)
	r, err := b.deps.Alarms.CreateRule(ctx, alarm.CreateRuleInput{Name: "Failures", EndpointIDs: []uuid.UUID{e.ID}, Condition: alarm.Condition{
		Metric: alarm.Failures, Comparison: alarm.Above, Threshold: 1, WindowSeconds: 60, CustomerID: w.target.CustomerID, IntegrationID: w.target.IntegrationID, FlowID: w.target.FlowID,
	}})
	require.NoError(t, err)
	fired = nodeid.New(noon)
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "INSERT INTO alarm (tenant_id, id, rule_id, value, peak, fired_at) VALUES ($1, $2, $3, 4, 5, $4)", tx.TenantID(), fired, r.ID, noon); err != nil {
			return err
		}
		return b.deps.Notifications.Tell(ctx, tx, notify.OfAlarm(&notify.Alarm{ID: fired, RuleID: r.ID, Name: r.Name, FiredAt: noon, EndpointIDs: r.EndpointIDs}))
	}))
	_, err = b.deps.Notifications.Deliver(ctx)
	require.NoError(t, err)
	list, err := b.deps.Notifications.Deliveries(ctx, e.ID, page.Request{Size: 1})
	require.NoError(t, err)
	return r.ID, fired, e.ID, list.Items[0].ID
}

func TestEndpointsByTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleDeveloper)
	const create = `mutation($in: CreateNotificationEndpointInput!) { createNotificationEndpoint(input: $in) { endpoint { id channel target events enabled disabledReason } secret userErrors { field code message } } }`
	made := b.get(t, who, create, vars{"in": vars{"channel": "WEBHOOK", "target": "https://hooks.acme.example/x", "events": []string{"ISSUE_OPENED", "ALARM_FIRING"}}})
	require.Empty(t, made.list(t, "createNotificationEndpoint.userErrors"))
	require.Regexp(t, "^whsec_", made.text(t, "createNotificationEndpoint.secret"))
	id := made.text(t, "createNotificationEndpoint.endpoint.id")
	require.Regexp(t, "^nep_", id)
	for _, target := range []string{"https://127.0.0.1/", "https://0x7f.1/", "http://hooks.acme.example/", "https://metadata.google.internal/"} {
		bad := b.get(t, who, create, vars{"in": vars{"channel": "WEBHOOK", "target": target, "events": []string{"TEST"}}})
		require.Nil(t, bad.at(t, "createNotificationEndpoint.endpoint"))
		require.Equal(t, []any{"target"}, bad.at(t, "createNotificationEndpoint.userErrors.0.field"), target)
		require.Equal(t, []any{"events"}, bad.at(t, "createNotificationEndpoint.userErrors.1.field"))
	}
	rotated := b.get(t, who, `mutation($id: ID!) { rotateNotificationSecret(input: {id: $id}) { secret endpoint { id } userErrors { code } } }`, vars{"id": id})
	require.NotEqual(t, made.text(t, "createNotificationEndpoint.secret"), rotated.text(t, "rotateNotificationSecret.secret"))

	tested := b.get(t, who, `mutation($id: ID!) { testNotificationEndpoint(input: {id: $id}) { delivery { id event status payload } userErrors { code } } }`, vars{"id": id})
	require.Equal(t, "TEST", tested.text(t, "testNotificationEndpoint.delivery.event"))
	require.Equal(t, "PENDING", tested.text(t, "testNotificationEndpoint.delivery.status"))
	_, err := b.deps.Notifications.Deliver(b.system(t, w.tenant.ID))
	require.NoError(t, err)
	listed := b.get(t, who, `{ notificationEndpoints { totalCount nodes { id deliveries(first: 5) { nodes { id event status payload attempts { at statusCode error durationMs responseBody } } pageInfo { hasNextPage } } } } }`, nil)
	require.Equal(t, 1.0, listed.at(t, "notificationEndpoints.totalCount"))
	require.Equal(t, "DELIVERED", listed.text(t, "notificationEndpoints.nodes.0.deliveries.nodes.0.status"))
	require.Equal(t, "test", listed.text(t, "notificationEndpoints.nodes.0.deliveries.nodes.0.payload.type"))
	require.Equal(t, map[string]any{"at": "2026-03-10T12:00:00Z", "statusCode": 202.0, "error": nil, "durationMs": 1.0, "responseBody": "thanks"},
		listed.at(t, "notificationEndpoints.nodes.0.deliveries.nodes.0.attempts.0"))
	require.NotContains(t, listed.raw, "whsec_")
	again := b.get(t, who, `mutation($id: ID!) { redeliver(input: {deliveryId: $id}) { delivery { status } userErrors { code } } }`,
		vars{"id": tested.text(t, "testNotificationEndpoint.delivery.id")})
	require.Equal(t, "PENDING", again.text(t, "redeliver.delivery.status"))
	replayed := b.get(t, who, `mutation($id: ID!) { replayNotifications(input: {id: $id, since: "2026-03-01T00:00:00Z"}) { count userErrors { code } } }`, vars{"id": id})
	require.Equal(t, 0.0, replayed.at(t, "replayNotifications.count"))

	changed := b.get(t, who, `mutation($id: ID!) { updateNotificationEndpoint(input: {id: $id, enabled: false, events: [FLOW_RUN_FAILED]}) { endpoint { enabled events target } userErrors { code } } }`, vars{"id": id})
	require.Equal(t, map[string]any{"enabled": false, "events": []any{"FLOW_RUN_FAILED"}, "target": "https://hooks.acme.example/x"}, changed.at(t, "updateNotificationEndpoint.endpoint"))
	gone := b.get(t, who, `mutation($id: ID!) { deleteNotificationEndpoint(input: {id: $id}) { deletedId } }`, vars{"id": id})
	require.Equal(t, id, gone.text(t, "deleteNotificationEndpoint.deletedId"))
	require.Equal(t, []string{"NOT_FOUND"}, b.ask(t, who, `mutation($id: ID!) { testNotificationEndpoint(input: {id: $id}) { delivery { id } } }`, vars{"id": id}).codes())
}

func TestAlarmRulesByTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleDeveloper)
	const create = `mutation($in: CreateAlarmRuleInput!) { createAlarmRule(input: $in) { alarmRule { id name forSeconds kinds enabled integration { key } customer { externalId } flow { key } endpoints { id } } userErrors { field code } } }`
	input := vars{"name": "Errors", "metric": "ERROR_RATE", "comparison": "ABOVE", "threshold": 0.1, "windowSeconds": 300, "kinds": []string{"API_REQUEST"}, "endpointIds": []string{},
		"integrationId": nodeid.Format(nodeid.Integration, w.target.IntegrationID), "customerId": nodeid.Format(nodeid.Customer, w.target.CustomerID)}
	made := b.get(t, who, create, vars{"in": input})
	require.Empty(t, made.list(t, "createAlarmRule.userErrors"))
	require.Equal(t, "salesforce", made.text(t, "createAlarmRule.alarmRule.integration.key"))
	require.Equal(t, 0.0, made.at(t, "createAlarmRule.alarmRule.forSeconds"))
	require.Nil(t, made.at(t, "createAlarmRule.alarmRule.flow"))
	id := made.text(t, "createAlarmRule.alarmRule.id")
	bad := b.get(t, who, create, vars{"in": vars{"name": "", "metric": "ERROR_RATE", "comparison": "ABOVE", "threshold": 10, "windowSeconds": 0, "endpointIds": []string{}}})
	require.Len(t, bad.list(t, "createAlarmRule.userErrors"), 3)
	require.Nil(t, bad.at(t, "createAlarmRule.alarmRule"))

	// The world's one failed request was an hour before noon.
	const backtest = `query($in: CreateAlarmRuleInput!, $r: TimeRange!) { alarmBacktest(input: $in, range: $r) { firedAt resolvedAt peak } }`
	past := vars{"from": noon.Add(-2 * time.Hour), "to": noon}
	would := b.get(t, who, backtest, vars{"in": input, "r": past})
	require.Equal(t, []any{map[string]any{"firedAt": "2026-03-10T11:01:00Z", "resolvedAt": "2026-03-10T11:08:00Z", "peak": 1.0}}, would.at(t, "alarmBacktest"))
	require.Equal(t, []string{"BAD_USER_INPUT"}, b.ask(t, who, backtest, vars{"in": input, "r": vars{"from": noon, "to": noon}}).codes())

	changed := b.get(t, who, `mutation($id: ID!) { updateAlarmRule(input: {id: $id, threshold: 0.5, enabled: false}) { alarmRule { threshold enabled windowSeconds } userErrors { code } } }`, vars{"id": id})
	require.Equal(t, map[string]any{"threshold": 0.5, "enabled": false, "windowSeconds": 300.0}, changed.at(t, "updateAlarmRule.alarmRule"))
	ids := b.filled(t, w, `{ alarms(status: FIRING) { nodes { id value peak status resolvedAt rule { name endpoints { id } } } } node(id: "ALARM") { ... on Alarm { firedAt } } }`)
	seen := b.get(t, who, ids, nil)
	require.Equal(t, "FIRING", seen.text(t, "alarms.nodes.0.status"))
	require.Len(t, seen.list(t, "alarms.nodes.0.rule.endpoints"), 1)
	require.Empty(t, b.get(t, w.as(tenant.RoleViewer), ids, nil).list(t, "alarms.nodes.0.rule.endpoints"), "who may not see endpoints sees none")
	require.Empty(t, b.get(t, who, `{ alarms(status: RESOLVED) { nodes { id } } }`, nil).list(t, "alarms.nodes"))

	gone := b.get(t, who, `mutation($id: ID!) { deleteAlarmRule(input: {id: $id}) { deletedId userErrors { code } } }`, vars{"id": id})
	require.Equal(t, id, gone.text(t, "deleteAlarmRule.deletedId"))
	require.Equal(t, []string{"NOT_FOUND"}, b.ask(t, who, `mutation($id: ID!) { deleteAlarmRule(input: {id: $id}) { deletedId } }`, vars{"id": id}).codes())
}

func TestWhoMaySeeAndChangeAlarmsAndEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	for operation, least := range map[string]tenant.Role{
		`{ alarmRules { nodes { id } } }`: tenant.RoleViewer, `{ alarms { nodes { id } } }`: tenant.RoleViewer, `{ notificationEndpoints { nodes { id } } }`: tenant.RoleDeveloper,
		`mutation { createNotificationEndpoint(input: {channel: SLACK, target: "https://hooks.slack.com/x", events: [ISSUE_OPENED]}) { endpoint { id } } }`:          tenant.RoleDeveloper,
		`mutation { createAlarmRule(input: {name: "x", metric: VOLUME, comparison: BELOW, threshold: 1, windowSeconds: 60, endpointIds: []}) { alarmRule { id } } }`: tenant.RoleDeveloper,
		`{ alarmBacktest(input: {name: "x", metric: VOLUME, comparison: BELOW, threshold: 1, windowSeconds: 60, endpointIds: []}, ` + someDays + `) { peak } }`:      tenant.RoleDeveloper,
		`mutation { updateAlarmRule(input: {id: "RULE"}) { alarmRule { id } } }`:                                                                                     tenant.RoleDeveloper, `mutation { redeliver(input: {deliveryId: "DELIVERY"}) { delivery { id } } }`: tenant.RoleDeveloper,
		`mutation { testNotificationEndpoint(input: {id: "ENDPOINT"}) { delivery { id } } }`: tenant.RoleDeveloper, `mutation { deleteNotificationEndpoint(input: {id: "ENDPOINT"}) { deletedId } }`: tenant.RoleDeveloper,
	} {
		filled := b.filled(t, w, operation)
		require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, w.customer(w.target.CustomerID), filled, nil).codes(), operation)
		if least > tenant.RoleViewer {
			require.Equal(t, []string{"FORBIDDEN"}, b.ask(t, w.as(least-1), filled, nil).codes(), operation)
		}
		require.Empty(t, b.get(t, w.as(least), filled, nil).Errors)
	}
}
