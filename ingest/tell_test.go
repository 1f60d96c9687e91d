package ingest_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// inbox is whoever is told.
type inbox struct{ got []notify.Payload }

func (i *inbox) Send(_ context.Context, m *notify.Message) notify.Result {
	var p notify.Payload
	if err := json.Unmarshal(m.Payload, &p); err != nil {
		return notify.Result{Error: err.Error()}
	}
	i.got = append(i.got, p)
	return notify.Result{StatusCode: 200}
}

// What ingestion changes is told: once, when it is news, and to whom asks for it.
func TestWhatIngestionChangesIsTold(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	var told *notify.Store
	b := setup(t)
	var err error
	told, err = notify.NewStore(b.door, notify.Options{Key: make([]byte, 32), Sender: in, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	b.start(t, func(d *ingest.Deps) { d.Teller = told })
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(b.tenantID))
	took := func(events ...string) (out []string) {
		for _, e := range events {
			require.Equal(t, 202, b.post(t, e).status)
		}
		_, err := told.Deliver(ctx)
		require.NoError(t, err)
		for _, p := range in.got {
			out = append(out, p.Type+": "+p.Data.Title)
		}
		in.got = nil
		return out
	}
	app := func(status, at string) string {
		return `{"type":"connected_app","customer":"acme","integration":"salesforce","occurred_at":"2026-03-10T` + at + `Z","data":{"status":"` + status + `","reason":"token revoked"}}`
	}
	run := func(id, status string) string {
		return `{"type":"flow_run","id":"` + id + `","customer":"acme","integration":"salesforce","data":{"flow":"create-invoice","status":"` + status + `","error":{"code":"E1","message":"It broke"}}}`
	}
	require.Empty(t, took(app("needs_reauth", "09:00:00"), run("r0", "failed")), "nobody asks yet")
	_, _, err = told.CreateEndpoint(ctx, notify.CreateEndpointInput{
		Channel: notify.Webhook, Target: "https://example.com", Events: []notify.Kind{notify.ConnectedAppStatusChanged, notify.FlowRunFailed},
	})
	require.NoError(t, err)
	require.Empty(t, took(app("connected", "09:01:00")), "the failure was not told, so its end is not")
	require.Equal(t, []string{"connected_app.status_changed: acme must sign in again to Salesforce"}, took(app("needs_reauth", "09:02:00.123456"), app("needs_reauth", "09:03:00"), app("connected", "09:01:30")))
	require.Equal(t, []string{"connected_app.status_changed: acme is connected again to Salesforce"}, took(app("connected", "09:04:00")))
	require.Empty(t, took(app("connected", "09:05:00")))
	require.Equal(t, []string{"flow_run.failed: A run of create-invoice failed"}, took(run("r1", "running"), run("r1", "failed"), run("r1", "failed"), run("r2", "succeeded")))
}
