package ingest_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
)

func TestStatesInAnyOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := b.as(t)
	node := `{"type":"node_run","id":"nr","flow_run":"run","data":{"node":"lookup","status":"failed","error":{"code":"X","message":"Y"}}}`
	a := b.post(t, node)
	require.Equal(t, 1, a.Accepted)
	flow := func(at, status string) string {
		return `{"type":"flow_run","id":"run","occurred_at":"2026-03-10T11:00:0` + at + `Z","customer":"acme","integration":"crm","data":{"flow":"sync","status":"` + status + `"}}`
	}
	a = b.post(t, flow("5", "failed"), flow("1", "running"), flow("0", "queued"), flow("5", "failed"))
	require.Equal(t, 4, a.Accepted+a.Duplicates)
	require.GreaterOrEqual(t, a.Duplicates, 1)
	require.Equal(t, 1, b.post(t, flow("5", "failed")).Duplicates)
	got, err := b.runs.ByExternalID(ctx, "run")
	require.NoError(t, err)
	require.Equal(t, run.Failed, got.Status)
	require.Equal(t, directory.CustomerID(b.tenantID, "acme"), got.CustomerID)
	nodes, err := b.runs.NodeRuns(ctx, []uuid.UUID{got.ID})
	require.NoError(t, err)
	require.Equal(t, "Y", nodes[got.ID][0].Error.Message)

	name := func(at, name string) string {
		return `{"type":"customer","id":"acme","occurred_at":"2026-03-10T11:00:0` + at + `Z","data":{"name":"` + name + `"}}`
	}
	require.Equal(t, 1, b.post(t, name("5", "New")).Accepted)
	require.Equal(t, 1, b.post(t, name("1", "Old")).Duplicates)
	customers, err := b.dir.CustomersByIDs(ctx, []uuid.UUID{directory.CustomerID(b.tenantID, "acme")})
	require.NoError(t, err)
	require.Equal(t, "New", customers[directory.CustomerID(b.tenantID, "acme")].Name)
	// The first that is heard of something is news, even if it says nothing of it.
	a = b.post(t, `{"type":"customer","id":"quiet","data":{}}`, `{"type":"customer","id":"quiet","data":{}}`)
	require.Equal(t, []int{1, 1}, []int{a.Accepted, a.Duplicates})
}

func TestEveryType(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := b.as(t)
	const who = `"customer":"acme","integration":"crm",`
	a := b.post(t,
		`{"type":"api_request",`+who+`"flow_run":"run","node_run":"nr","data":{"method":"GET","url":"https://a.example/v1/17"}}`,
		`{"type":"external_webhook",`+who+`"id":"w","data":{"url":"/in","data_source":"orders"}}`,
		`{"type":"external_event_pull",`+who+`"id":"p","data":{"data_source":"polled","event_count":0}}`,
		`{"type":"external_event",`+who+`"id":"ev","data":{"event_type":"won","source":"w"}}`,
		`{"type":"internal_event",`+who+`"data":{"event_type":"x"}}`,
		`{"type":"flow_run",`+who+`"id":"run","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","identifiers":{"o":"A-1"},"data":{"flow":"sync","status":"running","trigger":{"kind":"external_event","event":"ev"}}}`,
		`{"type":"node_run","id":"nr","flow_run":"run","data":{"node":"n","status":"running","logs":[{"message":"m"}]}}`,
		`{"type":"log","flow_run":"run","node_run":"nr","data":{"level":"info","message":"hello","data":{"a":1}}}`,
		`{"type":"transaction","data":{"from":"a","to":"b","status":"success"}}`,
		`{"type":"customer","id":"acme","data":{"name":"Acme Inc"}}`,
		`{"type":"connected_app",`+who+`"id":"app-1","data":{"status":"needs_reauth"}}`,
		`{"type":"flow","id":"sync",`+who+`"data":{"name":"Sync"}}`,
		`{"type":"data_source",`+who+`"id":"orders","data":{"mode":"webhook","state":"paused"}}`,
	)
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, 13, a.Accepted, "%+v", a.Result)
	entries := b.entries(t)
	require.Len(t, entries, 6)
	customer := directory.CustomerID(b.tenantID, "acme")
	for _, e := range entries[:5] {
		require.Equal(t, customer, e.CustomerID)
		require.Equal(t, directory.IntegrationID(b.tenantID, "crm"), e.IntegrationID)
		require.NotEqual(t, uuid.Nil, e.ConnectedAppID)
	}
	require.Equal(t, run.FlowRunID(b.tenantID, "run"), entries[0].FlowRunID)
	require.Equal(t, directory.DataSourceID(b.tenantID, entries[1].ConnectedAppID, "orders"), entries[1].DataSourceID)
	require.Equal(t, uuid.Nil, entries[5].CustomerID)
	lines, err := b.journal.Lines(ctx, journal.LineQuery{FlowRunID: run.FlowRunID(b.tenantID, "run"), First: 10})
	require.NoError(t, err)
	require.Equal(t, "hello", lines.Items[0].Message)
	got, err := b.runs.ByExternalID(ctx, "run")
	require.NoError(t, err)
	require.Equal(t, "ev", got.TriggerEvent)
	apps, err := b.dir.ConnectedAppsByIDs(ctx, []uuid.UUID{entries[0].ConnectedAppID})
	require.NoError(t, err)
	require.Equal(t, directory.NeedsReauth, apps[entries[0].ConnectedAppID].Status)
	require.Equal(t, "app-1", apps[entries[0].ConnectedAppID].ExternalID)
	flows, err := b.dir.FlowsByIDs(ctx, []uuid.UUID{directory.FlowID(b.tenantID, "sync")})
	require.NoError(t, err)
	require.Equal(t, "Sync", flows[directory.FlowID(b.tenantID, "sync")].Name)
}
