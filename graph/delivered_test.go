package graph

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// endpointOf makes a webhook that asks for events, and gives its id.
func (l *lived) endpointOf(t *testing.T, path string, events ...string) string {
	t.Helper()
	return l.endpointAt(t, "https://hooks.acme.example/"+path, events...)
}

func (l *lived) endpointAt(t *testing.T, target string, events ...string) string {
	t.Helper()
	made := l.get(t, l.who, `mutation($in: CreateNotificationEndpointInput!) { createNotificationEndpoint(input: $in) { endpoint { id } userErrors { message } } }`,
		vars{"in": vars{"channel": "WEBHOOK", "target": target, "events": events}})
	require.Empty(t, made.list(t, "createNotificationEndpoint.userErrors"))
	return made.text(t, "createNotificationEndpoint.endpoint.id")
}

// fail tells that a flow run failed.
func (l *lived) fail(t *testing.T, times int) {
	t.Helper()
	require.NoError(t, l.door.Write(l.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		for range times {
			if err := l.deps.Notifications.Tell(ctx, tx, notify.OfFlowRun(&notify.FlowRun{ID: uuid.New(), ExternalID: "run", FailedAt: l.clock()})); err != nil {
				return err
			}
		}
		return nil
	}))
}

// seen is an endpoint with its deliveries, as the API shows them.
func (l *lived) seen(t *testing.T, id string) *reply {
	t.Helper()
	return l.get(t, l.who, `query($id: ID!) { node(id: $id) { ... on NotificationEndpoint { enabled disabledReason failingSince deliveries(first: 100) {
		nodes { id event status nextAttemptAt createdAt attempts { at statusCode error durationMs responseBody } digest { id } } } } } }`, vars{"id": id})
}

// More than twenty in a minute come as one, which the API shows with what is in it.
func TestADigestByTheAPI(t *testing.T) {
	t.Parallel()
	l := living(t)
	id := l.endpointOf(t, "x", "FLOW_RUN_FAILED")
	l.fail(t, 30)
	l.deliver(t)
	require.Len(t, l.sent, 21)
	seen := l.seen(t, id)
	digest := seen.text(t, "node.deliveries.nodes.0.id")
	require.Equal(t, "DIGEST", seen.text(t, "node.deliveries.nodes.0.event"))
	in := 0
	for _, d := range seen.list(t, "node.deliveries.nodes") {
		if with, ok := d.(map[string]any)["digest"].(map[string]any); ok {
			require.Equal(t, digest, with["id"])
			in++
		}
	}
	require.Equal(t, 10, in)
}

// A rule whose only endpoint is deleted names none, and so tells all that ask for alarms: nothing of it is lost.
func TestARuleWhoseEndpointIsDeletedTellsAll(t *testing.T) {
	t.Parallel()
	l := living(t)
	deleted := l.endpointOf(t, "deleted", "ALARM_FIRING")
	kept := l.endpointOf(t, "kept", "ALARM_FIRING")
	l.rule(t, "Failures", "FAILURES", "ABOVE", 2, vars{"endpointIds": []string{deleted}})
	l.get(t, l.who, `mutation($id: ID!) { deleteNotificationEndpoint(input: {id: $id}) { deletedId } }`, vars{"id": deleted})
	require.Empty(t, l.get(t, l.who, `{ alarmRules { nodes { endpoints { id } } } }`, nil).list(t, "alarmRules.nodes.0.endpoints"))
	l.put(t, noon.Add(time.Second), 5, 5, 1, uuid.Nil)
	l.evaluate(t, noon.Add(70*time.Second))
	l.deliver(t)
	require.Equal(t, "ALARM_FIRING", l.seen(t, kept).text(t, "node.deliveries.nodes.0.event"))
	require.Contains(t, string(l.sent[0].Payload), "FAILURES is 5: more than 2.")
}

// A rule that is deleted while its alarm is on: whoever was told that it fires is told that it is over and why, and nobody
// else. The alarm stays, and with it the rule; for changes the rule is gone.
func TestADeletedRuleIsToldToBeOver(t *testing.T) {
	t.Parallel()
	l := living(t)
	told := l.endpointOf(t, "told", "ALARM_FIRING", "ALARM_RESOLVED")
	_, id := l.rule(t, "Failures", "FAILURES", "ABOVE", 2, nil)
	l.put(t, noon.Add(time.Second), 5, 5, 1, uuid.Nil)
	l.evaluate(t, noon.Add(70*time.Second))
	l.deliver(t)
	require.Len(t, l.sent, 1)
	late := l.endpointOf(t, "late", "ALARM_FIRING", "ALARM_RESOLVED")
	l.pass(5 * time.Minute)
	gone := l.get(t, l.who, `mutation($id: ID!) { deleteAlarmRule(input: {id: $id}) { deletedId userErrors { code } } }`, vars{"id": id})
	require.Equal(t, id, gone.text(t, "deleteAlarmRule.deletedId"))
	l.deliver(t)
	require.Len(t, l.sent, 2)
	require.Contains(t, string(l.sent[1].Payload), `"alarm.resolved"`)
	require.Contains(t, string(l.sent[1].Payload), "The rule was deleted.")
	require.Equal(t, "ALARM_RESOLVED", l.seen(t, told).text(t, "node.deliveries.nodes.0.event"))
	require.Empty(t, l.seen(t, late).list(t, "node.deliveries.nodes"))

	seen := l.get(t, l.who, `{ alarmRules { totalCount nodes { id } } alarms { nodes { status resolvedAt rule { id name enabled deletedAt } } } }`, nil)
	require.Equal(t, 0.0, seen.at(t, "alarmRules.totalCount"))
	require.Empty(t, seen.list(t, "alarmRules.nodes"))
	at := l.clock().Format(time.RFC3339)
	require.Equal(t, map[string]any{"status": "RESOLVED", "resolvedAt": at, "rule": map[string]any{"id": id, "name": "Failures", "enabled": false, "deletedAt": at}}, seen.at(t, "alarms.nodes.0"))
	for _, mutation := range []string{"updateAlarmRule(input: {id: $id, enabled: true}) { alarmRule { id } }", "deleteAlarmRule(input: {id: $id}) { deletedId }"} {
		require.Equal(t, []string{"NOT_FOUND"}, l.ask(t, l.who, "mutation($id: ID!) { "+mutation+" }", vars{"id": id}).codes())
	}
	l.evaluate(t, l.clock().Add(time.Hour))
	require.Empty(t, l.firing(t))
	require.Len(t, l.sent, 2)
}

// However a target is written that leads to where nothing may go, making it says so by its field.
func TestTargetsThatAreRefusedByTheAPI(t *testing.T) {
	t.Parallel()
	l := living(t)
	id := l.endpointOf(t, "good", "ISSUE_OPENED")
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1", "172.16.0.1", "192.168.1.1",
		"169.254.169.254", "0xa9fea9fe", "[fe80::1]", "[fd00:ec2::254]", "224.0.0.1", "[ff02::1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "100.64.0.1",
		"localhost", "foo.localhost.", "metadata.google.internal", "db",
	} {
		for _, channel := range []string{"WEBHOOK", "SLACK"} {
			bad := l.get(t, l.who, `mutation($in: CreateNotificationEndpointInput!) { createNotificationEndpoint(input: $in) { endpoint { id } userErrors { field } } }`,
				vars{"in": vars{"channel": channel, "target": "https://" + host + "/x", "events": []string{"ISSUE_OPENED"}}})
			require.Nil(t, bad.at(t, "createNotificationEndpoint.endpoint"), host)
			require.Equal(t, []any{"target"}, bad.at(t, "createNotificationEndpoint.userErrors.0.field"), host)
		}
		bad := l.get(t, l.who, `mutation($id: ID!, $target: String) { updateNotificationEndpoint(input: {id: $id, target: $target}) { endpoint { id } userErrors { field } } }`,
			vars{"id": id, "target": "https://" + host + "/x"})
		require.Equal(t, []any{"target"}, bad.at(t, "updateNotificationEndpoint.userErrors.0.field"), host)
	}
}
