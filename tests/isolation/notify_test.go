package isolation

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// rule is the id of a rule that each tenant has, and knows of itself.
func (co *company) rule() uuid.UUID { return nodeid.Derive(co.tenant.ID, nodeid.AlarmRule, "rule") }

// watch makes endpoints with a delivery each that was refused, and a rule that fired once and will not again.
func (co *company) watch(t *testing.T) {
	t.Helper()
	co.endpoint(t) // For the one that is deleted.
	id := co.endpoint(t)
	endpoint, err := nodeid.ParseAs(nodeid.NotificationEndpoint, id)
	require.NoError(t, err)
	door := tenant.NewDoor(co.w.db.Pool(t))
	defer func() { require.NoError(t, door.Close()) }()
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID))
	require.NoError(t, door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO alarm_rule (tenant_id, id, name, metric, comparison, threshold, window_seconds, for_seconds, integration_id, customer_id, flow_id,
			kinds, endpoint_ids, enabled, state, evaluated_at, created_at) SELECT $1, $2, $3, 'FAILURES', 'ABOVE', 1e12, 60, 0, (SELECT id FROM integration WHERE tenant_id = $1 LIMIT 1),
			$4, $5, '{1}', ARRAY[$6::uuid], true, '{}', $7, $7`,
			tx.TenantID(), co.rule(), co.mark(own, "rule"), directory.CustomerID(co.tenant.ID, "customer-1"), directory.FlowID(co.tenant.ID, "flow-1"), endpoint, co.w.start)
		if err != nil {
			return err
		}
		_, err = tx.Pgx().Exec(ctx, "INSERT INTO alarm (tenant_id, id, rule_id, value, peak, fired_at, resolved_at) VALUES ($1, $2, $3, 4, 5, $4, $5)",
			tx.TenantID(), nodeid.New(co.w.start), co.rule(), co.w.start, co.w.start.Add(time.Minute))
		if err != nil {
			return err
		}
		return co.deletedRule(ctx, tx)
	}))
	// There are no workers here: this is one.
	store, err := notify.NewStore(door, notify.Options{Key: bytes.Repeat([]byte{'e'}, 32), Sender: refusing(co.mark(own, "answer"))})
	require.NoError(t, err)
	_, err = store.Deliver(ctx)
	require.NoError(t, err)
}

// deletedRule makes a rule that was deleted, which is found through an alarm of it.
func (co *company) deletedRule(ctx context.Context, tx *tenant.Tx) error {
	id := nodeid.New(co.w.start)
	_, err := tx.Pgx().Exec(ctx, `INSERT INTO alarm_rule (tenant_id, id, name, metric, comparison, threshold, window_seconds, for_seconds,
		kinds, endpoint_ids, enabled, state, evaluated_at, created_at, deleted_at) VALUES ($1, $2, $3, 'FAILURES', 'ABOVE', 1, 60, 0, '{1}', '{}', false, '{}', $4, $4, $4)`,
		tx.TenantID(), id, co.mark(own, "deleted rule"), co.w.start)
	if err == nil {
		_, err = tx.Pgx().Exec(ctx, "INSERT INTO alarm (tenant_id, id, rule_id, value, peak, fired_at, resolved_at) VALUES ($1, $2, $3, 4, 5, $4, $4)",
			tx.TenantID(), nodeid.New(co.w.start), id, co.w.start.Add(-time.Hour))
	}
	return err
}

// endpoint makes an endpoint with a delivery that waits, and gives its id.
func (co *company) endpoint(t *testing.T) string {
	t.Helper()
	var made struct {
		CreateNotificationEndpoint struct{ Endpoint struct{ ID string } }
	}
	co.owner.must(t, &made, `mutation($target: String!) { createNotificationEndpoint(input: {channel: WEBHOOK, target: $target, events: [ALARM_FIRING]}) {
		endpoint { id } userErrors { message } } }`, map[string]any{"target": "https://tenant-" + co.letter + ".invalid/" + co.mark(own, "target")})
	id := made.CreateNotificationEndpoint.Endpoint.ID
	co.owner.must(t, nil, `mutation($id: ID!) { testNotificationEndpoint(input: {id: $id}) { userErrors { message } } }`, map[string]any{"id": id})
	return id
}

// refusing is a receiver that says something, and takes nothing.
type refusing string

func (r refusing) Send(context.Context, *notify.Message) notify.Result {
	return notify.Result{StatusCode: 500, Error: string(r), Body: string(r)}
}
