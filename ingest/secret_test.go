package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// TestNothingSecretIsStored plants secrets wherever a sender can put text, and looks for them in everything that the
// database and the log hold.
func TestNothingSecretIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.tenants.UpdateRedaction(b.as(t), tenant.RedactionInput{Headers: []string{"X-Shop"}, Fields: []string{"iban"}, Patterns: []string{`ZZ-\d{6}`}})
	require.NoError(t, err)
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
	const shape, own, card = "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "ZZ-123456", "4242424242424242"
	n := 0
	named := func() string { n++; return fmt.Sprintf("planted%dsecret", n) }
	text := func() string { return jwt + " and " + shape + " " + own + " " + card }
	payload := func() string {
		return fmt.Sprintf(`{"password":"%s","iban":"%s","note":"%s","deep":[{"access_token":"%s"}],"inner":"{\"client_secret\":\"%s\"}"}`,
			named(), named(), text(), named(), named())
	}
	headers := func() string {
		return fmt.Sprintf(`{"Authorization":"Bearer %s","Cookie":["a=%s"],"X-Shop":"%s","X-Custom-Token":"%s","Note":"%s"}`, named(), named(), named(), named(), text())
	}
	url := func() string {
		return fmt.Sprintf("https://user:%s@a.example/in/%s/x?access_token=%s&iban=%s#id_token=%s", named(), own, named(), named(), named())
	}
	failure := func() string { return fmt.Sprintf(`{"code":"%s","message":"%s"}`, own, text()) }
	who := fmt.Sprintf(`"customer":"acme","integration":"crm","metadata":%s,"session_id":"%s","identifiers":{"order":"%s","api_key":"%s"},`, payload(), named(), own, named())
	a := b.post(t,
		fmt.Sprintf(`{"type":"api_request",%s"data":{"method":"GET","url":"%s","request":{"headers":%s,"body":%s},"response":{"status":400,"headers":%s,"body":%s},"error":%s}}`,
			who, url(), headers(), payload(), headers(), payload(), failure()),
		fmt.Sprintf(`{"type":"api_request",%s"data":{"method":"GET","url":"%s","endpoint":"/%s","request":{"body":"password=%s&x=%s"},"response":{"status":400,"body":{"error":{"code":"%s","message":"%s"}}}}}`,
			who, url(), own, named(), own, own, text()),
		fmt.Sprintf(`{"type":"api_request","data":{"method":"GET","url":"/","response":{"status":500,"body":{"base64":"%s"}}}}`, "eyJwYXNzd29yZCI6InBsYW50ZWQxMTFzZWNyZXQifQ=="),
		fmt.Sprintf(`{"type":"external_webhook",%s"data":{"url":"%s","headers":%s,"body":%s,"error":%s}}`, who, url(), headers(), payload(), failure()),
		fmt.Sprintf(`{"type":"external_event_pull",%s"data":{"data_source":"d","cursor_before":"%s","cursor_after":"%s","error":%s}}`, who, shape, own, failure()),
		fmt.Sprintf(`{"type":"external_event",%s"data":{"event_type":"x","record_id":"%s","payload":%s,"skip":{"code":"other","message":"%s"}}}`, who, own, payload(), text()),
		fmt.Sprintf(`{"type":"internal_event",%s"data":{"event_type":"x","payload":"%s"}}`, who, text()),
		fmt.Sprintf(`{"type":"flow_run",%s"id":"run","data":{"flow":"f","status":"failed","input":%s,"output":%s,"error":%s}}`, who, payload(), payload(), failure()),
		fmt.Sprintf(`{"type":"node_run","id":"nr","flow_run":"run","data":{"node":"n","name":"%s","status":"failed","input":%s,"output":%s,"error":%s,"logs":[{"message":"%s","data":%s}]}}`,
			own, payload(), payload(), failure(), text(), payload()),
		fmt.Sprintf(`{"type":"log","flow_run":"run","data":{"level":"info","message":"%s","data":%s}}`, text(), payload()),
		fmt.Sprintf(`{"type":"transaction","data":{"from":"a","to":"b","status":"failure","operation":"%s","payload_type":"%s","message":"%s"}}`, own, own, text()),
		fmt.Sprintf(`{"type":"customer","id":"acme","data":{"name":"%s","attributes":%s}}`, own, payload()),
		fmt.Sprintf(`{"type":"connected_app","customer":"acme","integration":"crm","id":"app","data":{"status":"needs_reauth","account":"%s","reason":"%s"}}`, own, text()),
		fmt.Sprintf(`{"type":"flow","id":"f","data":{"name":"%s","trigger":{"kind":"api","filter":%s}}}`, own, payload()),
		fmt.Sprintf(`{"type":"data_source","customer":"acme","integration":"crm","id":"d","data":{"reason":"%s"}}`, text()),
		fmt.Sprintf(`{"type":"internal_event","id":"%s","data":{"event_type":7,"password":"%s"}}`, "bad", named()),
	)
	require.Equal(t, []int{15, 1}, []int{a.Accepted, len(a.Rejected)}, "%+v", a)

	everything := b.everything(t)
	require.Contains(t, everything, "[redacted]")
	for _, secret := range []string{jwt, shape, own, card, "planted111secret"} {
		require.NotContains(t, everything, secret)
	}
	for i := range n {
		require.NotContains(t, everything, fmt.Sprintf("planted%dsecret", i+1))
	}
}

// everything is all that was kept, unpacked: what the stores read, each row of the other tables as text, and the log.
func (b *bundle) everything(t *testing.T) string {
	t.Helper()
	ctx := b.as(t)
	var all bytes.Buffer
	list := b.entries(t)
	lines, err := b.journal.Lines(ctx, journal.LineQuery{FlowRunID: run.FlowRunID(b.tenantID, "run"), First: 100})
	require.NoError(t, err)
	require.Len(t, lines.Items, 1)
	for _, e := range append(list, lines.Items...) {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		all.Write(text)
		all.Write(e.Detail.Metadata)
	}
	id := run.FlowRunID(b.tenantID, "run")
	payloads, err := b.runs.Payloads(ctx, []uuid.UUID{id})
	require.NoError(t, err)
	nodeID := run.NodeRunID(b.tenantID, "nr")
	nodes, err := b.runs.NodePayloads(ctx, []uuid.UUID{nodeID})
	require.NoError(t, err)
	for _, p := range []*run.Payload{payloads[id], nodes[nodeID]} {
		require.NotNil(t, p)
		text, err := json.Marshal(p)
		require.NoError(t, err)
		all.Write(text)
	}
	c, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	for _, table := range []string{"customer", "integration", "connected_app", "data_source", "flow", "flow_run", "node_run", "journal_failure"} {
		rows, err := c.Query(t.Context(), "SELECT r::text FROM "+table+" r")
		require.NoError(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.NotEmpty(t, texts, table)
		all.WriteString(strings.Join(texts, "\n"))
	}
	all.WriteString(b.log.String())
	return all.String()
}
