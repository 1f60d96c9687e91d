package tests

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tests/harness"
)

// dump is all that the database holds, of all tenants and in all schemas, as text: each table as COPY writes it, and once
// more what is packed in it.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	ctx := within(t, patience)
	conn, err := pgx.Connect(ctx, w.server.URL(localpg.Admin))
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	rows, err := conn.Query(ctx, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 30)
	var out bytes.Buffer
	for _, table := range tables {
		_, err := conn.PgConn().CopyTo(ctx, &out, "COPY "+table+" TO STDOUT")
		require.NoError(t, err, table)
	}
	unpackSegments(ctx, t, conn, &out)
	unpackStatistics(ctx, t, conn, &out)
	unpackPayloads(ctx, t, conn, &out)
	return out.String()
}

func unpackSegments(ctx context.Context, t *testing.T, conn *pgx.Conn, out *bytes.Buffer) {
	t.Helper()
	rows, err := conn.Query(ctx, "SELECT checksum, head, list, tokens, body FROM journal_segment")
	require.NoError(t, err)
	var s segment.Encoded
	_, err = pgx.ForEachRow(rows, []any{&s.Checksum, &s.Head, &s.List, &s.Tokens, &s.Body}, func() error {
		entries, err := s.Unpack()
		s = segment.Encoded{}
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(entries)
	})
	require.NoError(t, err)
}

func unpackStatistics(ctx context.Context, t *testing.T, conn *pgx.Conn, out *bytes.Buffer) {
	t.Helper()
	rows, err := conn.Query(ctx, "SELECT cells FROM statistic UNION ALL SELECT cells FROM statistic_minute UNION ALL SELECT parts FROM statistic_rollup WHERE parts IS NOT NULL")
	require.NoError(t, err)
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&packed}, func() error {
		cells, err := statistics.Open(packed)
		if err != nil {
			return err
		}
		for i := range cells.Len() {
			var c statistics.Cell
			cells.Cell(i, &c)
			fmt.Fprintf(out, "%+v\n", c)
		}
		return nil
	})
	require.NoError(t, err)
}

func unpackPayloads(ctx context.Context, t *testing.T, conn *pgx.Conn, out *bytes.Buffer) {
	t.Helper()
	decoder, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer decoder.Close()
	rows, err := conn.Query(ctx, "SELECT payload FROM flow_run WHERE payload IS NOT NULL UNION ALL SELECT payload FROM node_run WHERE payload IS NOT NULL")
	require.NoError(t, err)
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&packed}, func() error {
		raw, err := decoder.DecodeAll(packed, nil)
		out.Write(raw)
		return err
	})
	require.NoError(t, err)
}

// traces are what of the needles, as they are or as bytes in hexadecimal, stands in the dump: each with a piece of what is
// around it.
func traces(dump string, texts []string, ids []uuid.UUID) (found []string) {
	needles := make([]string, 0, 2*len(texts)+2*len(ids))
	for _, text := range texts {
		needles = append(needles, text, hex.EncodeToString([]byte(text)))
	}
	for _, id := range ids {
		needles = append(needles, id.String(), hex.EncodeToString(id[:]))
	}
	for _, n := range needles {
		if i := strings.Index(dump, n); i >= 0 {
			found = append(found, fmt.Sprintf("%s: …%.200s", n, dump[max(0, i-80):]))
		}
	}
	return found
}

// lifeOf is an event of each type, with a word in every text that a sender may choose.
func lifeOf(word string) string {
	lines := []string{
		`{"type":"customer","id":"$","data":{"name":"$ Inc.","attributes":{"note":"$"}}}`,
		`{"type":"connected_app","id":"$-app","customer":"$","integration":"crm","data":{"status":"connected","account":"$@example.com","reason":"$"}}`,
		`{"type":"data_source","id":"$-source","customer":"$","integration":"crm","connected_app":"$-app","data":{"mode":"webhook","event_types":["$.won"],"reason":"$"}}`,
		`{"type":"flow_run","id":"$-run","customer":"$","integration":"crm","identifiers":{"order":"$"},"metadata":{"m":"$"},"data":{"flow":"sync","status":"failed","trigger":{"kind":"external_event","event":"$-event"},"input":{"i":"$"},"output":"$","error":{"code":"E","message":"$"}}}`,
		`{"type":"node_run","id":"$-node","flow_run":"$-run","data":{"node":"first","name":"$","status":"failed","parents":[],"input":"$","error":{"code":"E","message":"$"},"logs":[{"at":"2026-01-01T00:00:00Z","level":"info","message":"$","data":{"d":"$"}}]}}`,
		`{"type":"log","flow_run":"$-run","node_run":"$-node","customer":"$","data":{"level":"info","message":"$","data":{"d":"$"}}}`,
		`{"type":"api_request","id":"$-request","customer":"$","integration":"crm","connected_app":"$-app","flow_run":"$-run","identifiers":{"order":"$"},"metadata":{"m":"$"},"data":{"method":"POST","url":"https://$.example.com/v1/things","request":{"headers":{"X-Note":"$"},"body":{"b":"$"}},"response":{"status":500,"body":"$"},"error":{"kind":"application","code":"E","message":"$"}}}`,
		`{"type":"external_webhook","id":"$-hook","customer":"$","integration":"crm","data":{"url":"https://hooks.example.com/$","headers":{"X-Note":"$"},"body":"$","data_source":"$-source"}}`,
		`{"type":"external_event_pull","id":"$-pull","customer":"$","integration":"crm","data":{"data_source":"$-source","status":"success","cursor_before":"$","cursor_after":"$"}}`,
		`{"type":"external_event","id":"$-event","customer":"$","integration":"crm","data":{"event_type":"deal.won","record_id":"$","payload":{"p":"$"},"source":"$-hook","skip":{"code":"other","message":"$"}}}`,
		`{"type":"internal_event","id":"$-internal","customer":"$","data":{"event_type":"order.paid","payload":{"p":"$"}}}`,
		`{"type":"transaction","id":"$-transaction","customer":"$","integration":"crm","data":{"from":"shop","to":"erp","status":"failure","message":"$","flow_id":"$"}}`,
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "$", word)
}

// send posts events that must all be taken.
func (a *tenant) send(t *testing.T, events string) {
	t.Helper()
	answer := post(t, a.Client, events)
	require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	require.Contains(t, string(answer.Body), `"rejected":[]`)
}

func derivedIDs(t *testing.T, a *tenant, word string) (tenantID uuid.UUID, ids []uuid.UUID) {
	t.Helper()
	tenantID, err := nodeid.ParseAs(nodeid.Tenant, a.ID)
	require.NoError(t, err)
	for kind, external := range map[nodeid.Kind]string{
		nodeid.Customer: word, nodeid.FlowRun: word + "-run", nodeid.NodeRun: word + "-node",
	} {
		ids = append(ids, nodeid.Derive(tenantID, kind, external))
	}
	return tenantID, ids
}

// A customer that was deleted is in no table, neither as text nor packed; another customer of the tenant is not touched.
func TestADeletedCustomerLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "erasing")
	const gone, kept = "xqzgone", "xqzkept"
	a.send(t, lifeOf(gone)+"\n"+lifeOf(kept)+"\n")
	a.send(t, strings.ReplaceAll(lifeOf(gone), "-request", "-request-2"))
	_, goneIDs := derivedIDs(t, a, gone)
	_, keptIDs := derivedIDs(t, a, kept)
	before := w.dump(t)
	require.Len(t, traces(before, []string{gone}, goneIDs), 2+2*len(goneIDs), "each is there, in both forms")
	require.Len(t, traces(before, []string{kept}, keptIDs), 2+2*len(keptIDs))

	ctx := within(t, patience)
	token, err := w.binary.Output(ctx, w.env, "token", "--tenant", a.Slug, "--role", "admin")
	require.NoError(t, err)
	admin := *a
	admin.Client = a.as(strings.TrimSpace(token))
	var customer struct {
		Customers struct {
			Nodes []struct{ ID, ExternalID string }
		}
		Deleted struct{ DeletedID string }
	}
	require.NoError(t, admin.Query(ctx, `{ customers(first: 10) { nodes { id externalId } } }`, nil, &customer))
	for _, c := range customer.Customers.Nodes {
		if c.ExternalID == gone {
			require.NoError(t, admin.Query(ctx, `mutation ($id: ID!) { deleted: deleteCustomer(input: {id: $id}) { deletedId } }`, map[string]any{"id": c.ID}, &customer))
		}
	}
	require.NotEmpty(t, customer.Deleted.DeletedID)
	w.forgetDone(t, "erase_customer")

	after := w.dump(t)
	require.Empty(t, traces(after, []string{gone}, goneIDs))
	require.Len(t, traces(after, []string{kept}, keptIDs), 2+2*len(keptIDs))
}

// as is a client of the same service with another credential.
func (a *tenant) as(token string) *harness.Client {
	c := *a.Client
	c.Token = token
	return &c
}

// forgetDone waits until the jobs of a kind are done and removes them, as the queue itself does an hour later.
func (w *world) forgetDone(t *testing.T, kind string) {
	t.Helper()
	conn, err := pgx.Connect(within(t, patience), w.server.URL(localpg.Admin))
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // what was done was done
	eventually(t, patience, kind+" is done", func(ctx context.Context) bool {
		var open int
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM river.river_job WHERE kind = $1 AND state <> 'completed'", kind).Scan(&open))
		return open == 0
	})
	tag, err := conn.Exec(within(t, patience), "DELETE FROM river.river_job WHERE kind = $1 AND state = 'completed'", kind)
	require.NoError(t, err)
	require.NotZero(t, tag.RowsAffected())
}

func TestADeletedTenantLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	const word = "xqztenant"
	a := w.tenant(t, word)
	a.send(t, lifeOf(word))
	ctx := within(t, patience)
	tenantID, ids := derivedIDs(t, a, word)
	ids = append(ids, tenantID)
	require.Len(t, traces(w.dump(t), []string{word}, ids), 2+2*len(ids)-1, "each is there, the tenant's id as text alone")
	_, err := w.binary.Output(ctx, w.env, "tenant", "delete", word, "--yes")
	require.NoError(t, err)
	require.Empty(t, traces(w.dump(t), []string{word}, ids))
}
