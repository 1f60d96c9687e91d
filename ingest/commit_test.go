package ingest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// admin runs a statement as nobody does but an operator.
func (b *bundle) admin(t testing.TB, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	_, err = c.Exec(t.Context(), "SET default_transaction_read_only = off")
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	others := []uuid.UUID{uuid.New(), uuid.New()}
	var all sync.WaitGroup
	var mu sync.Mutex
	accepted, duplicates := 0, 0
	for worker := range 8 {
		all.Go(func() {
			for i := range 12 {
				// Half of the ids are sent by two workers.
				mine := internal(fmt.Sprintf("%d-%d", worker, i))
				shared := internal(fmt.Sprintf("shared-%d-%d", worker/2, i))
				a := b.post(t, mine, shared, `{"type":"api_request","customer":"c`+fmt.Sprint(i)+`","integration":"i","data":{"method":"GET","url":"/x"}}`)
				mu.Lock()
				accepted, duplicates = accepted+a.Accepted, duplicates+a.Duplicates
				mu.Unlock()
			}
		})
	}
	for _, id := range others {
		all.Go(func() {
			for range 5 {
				p := &tenant.Principal{TenantID: id, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
				b.sendAs(t, p, strings.NewReader(internal("same")))
			}
		})
	}
	all.Wait()
	require.Equal(t, []int{8*12*2 + 4*12, 4 * 12}, []int{accepted, duplicates})
	got := b.entries(t)
	require.Len(t, got, accepted)
	ids := map[string]int{}
	for _, e := range got {
		if e.ExternalID != "" {
			ids[e.ExternalID]++
			require.Equal(t, 1, ids[e.ExternalID], e.ExternalID)
		}
	}
	for _, id := range others {
		page, err := b.journal.Entries(tenant.WithPrincipal(t.Context(), tenant.System(id)), journal.Query{First: 10})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
	}
}

// TestPoisonCostsItself has requests of one batch, of which one cannot be stored for what is in it.
func TestPoisonCostsItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.admin(t, "ALTER TABLE flow_run ADD CHECK (external_id <> 'poison')")
	run := func(id string) string {
		return `{"type":"flow_run","id":"` + id + `","data":{"flow":"f","status":"queued"}},` + internal("with-"+id)
	}
	// A transaction that holds the tenant's lock makes all of them wait for one commit.
	release := b.hold(t)
	answers := make([]answer, 9)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			id := fmt.Sprintf("run-%d", i)
			if i == 4 {
				id = "poison"
			}
			answers[i] = b.post(t, run(id))
		})
	}
	release()
	all.Wait()
	for i, a := range answers {
		if i == 4 {
			require.Equal(t, http.StatusInternalServerError, a.status)
			require.Equal(t, "internal", a.Error.Code)
			require.NotContains(t, a.Error.Message, "check constraint")
			continue
		}
		require.Equal(t, http.StatusAccepted, a.status, "%+v", a.Error)
		require.Equal(t, 2, a.Accepted)
	}
	require.Len(t, b.entries(t), 8, "nothing of the poisoned request is there")
	require.Contains(t, b.log.String(), "23514")
	b.admin(t, "ALTER TABLE flow_run DROP CONSTRAINT flow_run_external_id_check1")
	require.Equal(t, 2, b.post(t, run("poison")).Accepted, "its keys were not claimed")
}

// hold takes the tenant's lock until release is called.
func (b *bundle) hold(t testing.TB) (release func()) {
	t.Helper()
	held, let, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- b.door.Write(b.as(t), func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Pgx().Exec(ctx, `INSERT INTO journal_cursor (tenant_id, commit_no) VALUES ($1, 0)
				ON CONFLICT (tenant_id) DO UPDATE SET commit_no = journal_cursor.commit_no`, tx.TenantID())
			close(held)
			<-let
			return err
		})
	}()
	<-held
	return sync.OnceFunc(func() {
		close(let)
		require.NoError(t, <-done)
	})
}

func TestDatabaseThatTakesNoWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, 1, b.post(t, internal("before")).Accepted)
	refused := func(why string) {
		a := b.post(t, internal("during"), `{"type":"customer","id":"c","data":{"name":"C"}}`)
		require.Equal(t, http.StatusServiceUnavailable, a.status, why)
		require.Equal(t, "unavailable", a.Error.Code)
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.NotContains(t, a.Error.Message, "SQLSTATE")
	}
	b.admin(t, "ALTER DATABASE "+b.db.Name+" SET default_transaction_read_only = on")
	b.pool.Reset()
	refused("read-only")
	b.admin(t, "ALTER DATABASE "+b.db.Name+" RESET default_transaction_read_only")
	b.pool.Reset()
	a := b.post(t, internal("during"), internal("before"))
	require.Equal(t, []int{1, 1}, []int{a.Accepted, a.Duplicates}, "%+v", a)

	// A server that ends the connection in the middle of a commit.
	release := b.hold(t)
	ended := make(chan answer, 1)
	go func() { ended <- b.post(t, internal("cut off")) }()
	b.waitForLock(t)
	b.admin(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
	got := <-ended
	release()
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, 1, b.post(t, internal("cut off")).Accepted)

	b.pool.Close()
	refused("gone")
}

// waitForLock waits until a commit waits for the tenant's lock.
func (b *bundle) waitForLock(t testing.TB) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	for waiting := 0; waiting == 0; {
		require.NoError(t, t.Context().Err())
		require.NoError(t, c.QueryRow(t.Context(),
			`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`).Scan(&waiting))
	}
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.hold(t)
	answers := make(chan answer, 2)
	go func() { answers <- b.post(t, internal("first")) }()
	b.waitForLock(t)
	short, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.service.Close(short), context.Canceled)
	a := b.post(t, internal("late"))
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	release()
	require.NoError(t, b.service.Close(t.Context()))
	require.Equal(t, 1, (<-answers).Accepted)
	require.Len(t, b.entries(t), 1)
}

func TestSenderThatLeavesTearsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.hold(t)
	stays := make(chan answer, 1)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := b.service.Submit(ctx, b.tenantID, strings.NewReader(internal("leaves")), ingest.FormJSON)
		left <- err
	}()
	b.waitForLock(t)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	go func() { stays <- b.post(t, internal("stays")) }()
	release()
	require.Equal(t, 1, (<-stays).Accepted)
	require.Len(t, b.entries(t), 2, "a commit that is under way is finished")
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got, err := b.service.Submit(t.Context(), b.tenantID, strings.NewReader(internal("a")+"\n"+internal("b")), ingest.FormLines)
	require.NoError(t, err)
	require.Equal(t, 2, got.Accepted)
	require.Equal(t, 1, b.metrics.commits)
	_, err = b.service.Submit(t.Context(), b.tenantID, strings.NewReader("{"), ingest.FormJSON)
	require.Error(t, err)
	require.False(t, errs.Is(err, errs.Unavailable))
}

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
func (b *bundle) everything(t testing.TB) string {
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

// TestTraffic sends recorded traffic and reads it back.
func TestTraffic(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEIR_TEST_DATA")
	if dir == "" {
		t.Skip("WEIR_TEST_DATA is not set: it names a directory with traffic.ndjson.gz, events one a line")
	}
	file, err := os.Open(filepath.Join(dir, "traffic.ndjson.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := bufio.NewReader(unzipped)
	b := setup(t)
	sent := map[string]map[string]any{}
	for chunk := []byte(nil); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e map[string]any
			require.NoError(t, json.Unmarshal(line, &e))
			sent[e["id"].(string)] = e
			chunk = append(chunk, line...)
		}
		if len(chunk) > 7<<20 || err == io.EOF && len(chunk) > 0 {
			a := b.send(t, bytes.NewReader(gzipped(t, chunk)), "Content-Type", "application/x-ndjson", "Content-Encoding", "gzip")
			require.Equal(t, http.StatusAccepted, a.status)
			require.Empty(t, a.Rejected)
			chunk = nil
		}
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	got := b.entries(t)
	require.Len(t, got, len(sent))
	exact, redacted := 0, 0
	for _, e := range got {
		if sameTraffic(t, sent[e.ExternalID], e) {
			exact++
		} else {
			redacted++
		}
	}
	t.Logf("%d entries are as they were sent, %d but for what is redacted", exact, redacted)
}

// sameTraffic compares an entry with what was sent; false when something of it is redacted.
func sameTraffic(t *testing.T, sent map[string]any, e *entry.Entry) bool {
	t.Helper()
	require.NotNil(t, sent)
	data := sent["data"].(map[string]any)
	exact := true
	same := func(want, got string) {
		if strings.Contains(got, "[redacted]") || strings.Contains(got, "%5Bredacted%5D") {
			exact = false
			return
		}
		require.Equal(t, want, got, sent["id"])
	}
	same(data["url"].(string), e.URL)
	same(strings.ToUpper(data["method"].(string)), e.Method)
	side := func(v any, headers []entry.Header, body *entry.Body) {
		part, _ := v.(map[string]any)
		var want []string
		for name, value := range part["headers"].(map[string]any) {
			list, many := value.([]any)
			if !many {
				list = []any{value}
			}
			for _, one := range list {
				want = append(want, name+": "+one.(string))
			}
		}
		var have []string
		for _, h := range headers {
			have = append(have, h.Name+": "+h.Value)
		}
		slices.Sort(want)
		slices.Sort(have)
		require.Len(t, have, len(want))
		if joined := strings.Join(have, "\n"); strings.Contains(joined, "[redacted]") {
			exact = false
		} else {
			require.Equal(t, want, have)
		}
		switch value := part["body"].(type) {
		case nil:
			require.Nil(t, body)
		case string:
			if body.Truncated {
				value = value[:len(body.Text)]
			}
			same(value, body.Text)
		default:
			if body.Truncated || body.Base64 || body.Redacted {
				exact = false
				return
			}
			var back any
			if json.Unmarshal([]byte(body.Text), &back) == nil {
				require.Equal(t, value, back)
			}
		}
	}
	if part, ok := data["request"].(map[string]any); ok && part["headers"] != nil {
		side(part, e.Detail.RequestHeaders, e.Detail.RequestBody)
	}
	if part, ok := data["response"].(map[string]any); ok && part["headers"] != nil {
		side(part, e.Detail.ResponseHeaders, e.Detail.ResponseBody)
		require.InDelta(t, part["status"], e.StatusCode, 0)
	}
	return exact
}
