package ingest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// noon is now in the tests.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

var tenantA = uuid.MustParse("6f1d8a56-0c1e-4c5a-9b1a-111111111111")

func testPolicy(tb testing.TB, rules redact.Policy) *policy {
	tb.Helper()
	redactor, err := redact.Compile(rules)
	require.NoError(tb, err)
	p := &policy{redactor: redactor}
	for k := range p.days {
		p.days[k] = 90
	}
	return p
}

func newDecoder(tb testing.TB) *decoder {
	tb.Helper()
	d := &decoder{}
	d.setup(tenantA, noon, testPolicy(tb, redact.Policy{}))
	return d
}

// decodeOne reads one event as a request would.
func decodeOne(tb testing.TB, text string) *event {
	tb.Helper()
	d := newDecoder(tb)
	require.Equal(tb, complete, d.doc.parse([]byte(text), true), "%s at %d in %s", d.doc.problem, d.doc.i, text)
	return d.event()
}

func accepted(t *testing.T, text string) *event {
	t.Helper()
	e := decodeOne(t, text)
	require.Nil(t, e.fault, "%+v", e.fault)
	return e
}

func TestRejections(t *testing.T) {
	t.Parallel()
	api := func(data string) string { return `{"type":"api_request","id":"x","data":{` + data + `}}` }
	ok := `"method":"GET","url":"https://a.example/v1"`
	long := strings.Repeat("x", 201)
	for _, c := range []struct{ event, code, field string }{
		{`[]`, CodeInvalidField, ""},
		{`{}`, CodeMissingField, "type"},
		{`{"type":null,"data":{}}`, CodeMissingField, "type"},
		{`{"type":7}`, CodeInvalidField, "type"},
		{`{"type":"telepathy","data":{}}`, CodeUnknownType, "type"},
		{`{"type":"log","id":7,"data":{}}`, CodeInvalidField, "id"},
		{`{"type":"log","id":"` + long + `","data":{}}`, CodeInvalidField, "id"},
		{`{"type":"internal_event"}`, CodeMissingField, "data"},
		{`{"type":"internal_event","data":[]}`, CodeInvalidField, "data"},
		{`{"type":"internal_event","data":{}}`, CodeMissingField, "data.event_type"},
		{`{"type":"internal_event","data":{"event_type":""}}`, CodeMissingField, "data.event_type"},
		{`{"type":"internal_event","occurred_at":"yesterday","data":{"event_type":"a"}}`, CodeInvalidField, "occurred_at"},
		{`{"type":"internal_event","occurred_at":1772445300,"data":{"event_type":"a"}}`, CodeInvalidField, "occurred_at"},
		{`{"type":"internal_event","occurred_at":"2026-03-10T12:10:01Z","data":{"event_type":"a"}}`, CodeInFuture, "occurred_at"},
		{`{"type":"internal_event","occurred_at":"2025-12-01T00:00:00Z","data":{"event_type":"a"}}`, CodeTooOld, "occurred_at"},
		{`{"type":"internal_event","customer":{},"data":{"event_type":"a"}}`, CodeInvalidField, "customer"},
		{`{"type":"internal_event","trace_id":"xyz","data":{"event_type":"a"}}`, CodeInvalidField, "trace_id"},
		{`{"type":"internal_event","trace_id":"00000000000000000000000000000000","data":{"event_type":"a"}}`, CodeInvalidField, "trace_id"},
		{`{"type":"internal_event","identifiers":["a"],"data":{"event_type":"a"}}`, CodeInvalidField, "identifiers"},
		{`{"type":"internal_event","identifiers":{"order":7},"data":{"event_type":"a"}}`, CodeInvalidField, "identifiers.order"},
		{`{"type":"internal_event","metadata":"a","data":{"event_type":"a"}}`, CodeInvalidField, "metadata"},
		{`{"type":"internal_event","status":"great","data":{"event_type":"a"}}`, CodeInvalidField, "status"},
		{`{"type":"internal_event","data":{"event_type":"a","via":"owl"}}`, CodeInvalidField, "data.via"},
		{`{"type":"internal_event","data":{"event_type":"a","skip":{"message":"b"}}}`, CodeMissingField, "data.skip.code"},
		{`{"type":"external_event","data":{"event_type":"a","skip":{"code":"b"}}}`, CodeInvalidField, "data.skip.code"},
		{api(`"url":"https://a.example"`), CodeMissingField, "data.method"},
		{api(`"method":"GET"`), CodeMissingField, "data.url"},
		{api(`"method":"GET\n","url":"https://a.example"`), CodeInvalidField, "data.method"},
		{api(`"method":"GET","url":"https://a.example\n"`), CodeInvalidField, "data.url"},
		{api(ok + `,"direction":"sideways"`), CodeInvalidField, "data.direction"},
		{api(ok + `,"duration_ms":-1`), CodeInvalidField, "data.duration_ms"},
		{api(ok + `,"duration_ms":"12"`), CodeInvalidField, "data.duration_ms"},
		{api(ok + `,"attempt":0`), CodeInvalidField, "data.attempt"},
		{api(ok + `,"request":[]`), CodeInvalidField, "data.request"},
		{api(ok + `,"request":{"headers":{"a":{}}}`), CodeInvalidField, "data.request.headers.a"},
		{api(ok + `,"response":{"status":"200"}`), CodeInvalidField, "data.response.status"},
		{api(ok + `,"response":{"status":99}`), CodeInvalidField, "data.response.status"},
		{api(ok + `,"response":{"body":{"base64":"%%%"}}`), CodeInvalidField, "data.response.body.base64"},
		{api(ok + `,"error":{"kind":"gremlins"}`), CodeInvalidField, "data.error.kind"},
		{`{"type":"external_webhook","data":{"method":"POST"}}`, CodeMissingField, "data.url"},
		{`{"type":"external_webhook","data":{"url":"/in","rejection":"mood"}}`, CodeInvalidField, "data.rejection"},
		{`{"type":"external_webhook","data":{"url":"/in","signature_valid":"yes"}}`, CodeInvalidField, "data.signature_valid"},
		{`{"type":"external_event_pull","data":{}}`, CodeMissingField, "data.data_source"},
		{`{"type":"external_event_pull","data":{"data_source":"d","status":"done"}}`, CodeInvalidField, "data.status"},
		{`{"type":"external_event_pull","data":{"data_source":"d","pages":1.5}}`, CodeInvalidField, "data.pages"},
		{`{"type":"external_event","data":{"record_id":"1"}}`, CodeMissingField, "data.event_type"},
		{`{"type":"flow_run","data":{"status":"running"}}`, CodeMissingField, "data.flow"},
		{`{"type":"flow_run","data":{"flow":"f"}}`, CodeMissingField, "data.status"},
		{`{"type":"flow_run","data":{"flow":"f","status":"success"}}`, CodeInvalidField, "data.status"},
		{`{"type":"flow_run","data":{"flow":"f","status":"queued","trigger":{"kind":"moon"}}}`, CodeInvalidField, "data.trigger.kind"},
		{`{"type":"flow_run","data":{"flow":"f","status":"queued","started_at":"2026-03-11T00:00:00Z"}}`, CodeInFuture, "data.started_at"},
		{`{"type":"node_run","data":{"node":"n","status":"queued"}}`, CodeMissingField, "flow_run"},
		{`{"type":"node_run","flow_run":"r","data":{"status":"queued"}}`, CodeMissingField, "data.node"},
		{`{"type":"node_run","flow_run":"r","data":{"node":"n"}}`, CodeMissingField, "data.status"},
		{`{"type":"node_run","flow_run":"r","data":{"node":"n","status":"queued","parents":"p"}}`, CodeInvalidField, "data.parents"},
		{`{"type":"node_run","flow_run":"r","data":{"node":"n","status":"queued","parents":["p",1]}}`, CodeInvalidField, "data.parents.1"},
		{`{"type":"node_run","flow_run":"r","data":{"node":"n","status":"queued","logs":[{"level":"loud"}]}}`, CodeInvalidField, "data.logs.0.level"},
		{`{"type":"log","data":{"level":"info","message":"m"}}`, CodeMissingField, "flow_run"},
		{`{"type":"log","flow_run":"r","data":{"message":"m"}}`, CodeMissingField, "data.level"},
		{`{"type":"log","flow_run":"r","data":{"level":"info"}}`, CodeMissingField, "data.message"},
		{`{"type":"transaction","data":{"to":"b","status":"success"}}`, CodeMissingField, "data.from"},
		{`{"type":"transaction","data":{"from":"a","status":"success"}}`, CodeMissingField, "data.to"},
		{`{"type":"transaction","data":{"from":"a","to":"b"}}`, CodeMissingField, "data.status"},
		{`{"type":"customer","data":{}}`, CodeMissingField, "id"},
		{`{"type":"customer","id":"c","data":{"attributes":[]}}`, CodeInvalidField, "data.attributes"},
		{`{"type":"connected_app","integration":"i","data":{"status":"connected"}}`, CodeMissingField, "customer"},
		{`{"type":"connected_app","customer":"c","data":{"status":"connected"}}`, CodeMissingField, "integration"},
		{`{"type":"connected_app","customer":"c","integration":"i","data":{}}`, CodeMissingField, "data.status"},
		{`{"type":"flow","data":{}}`, CodeMissingField, "id"},
		{`{"type":"flow","id":"f","data":{"enabled":1}}`, CodeInvalidField, "data.enabled"},
		{`{"type":"data_source","customer":"c","integration":"i","data":{}}`, CodeMissingField, "id"},
		{`{"type":"data_source","id":"d","integration":"i","data":{}}`, CodeMissingField, "customer"},
		{`{"type":"data_source","id":"d","customer":"c","integration":"i","data":{"pull_interval_s":0}}`, CodeInvalidField, "data.pull_interval_s"},
	} {
		e := decodeOne(t, c.event)
		require.NotNil(t, e.fault, c.event)
		require.Equal(t, []string{c.code, c.field}, []string{e.fault.Code, e.fault.Field}, "%s: %s", c.event, e.fault.Message)
		require.NotEmpty(t, e.fault.Message)
	}
}

func TestAPIRequest(t *testing.T) {
	t.Parallel()
	e := accepted(t, `{"type":"api_request","id":"r1","occurred_at":"2026-03-10T11:59:58.123456+02:00","trace_id":"4BF92F3577B34DA6A3CE929D0E0E4736",
		"flow_run":"run-1","node_run":"nr-1","customer":"acme","integration":"salesforce","connected_app":"app-1","shard":4,
		"identifiers":{"order_id":["A-1","A-2"],"deal":"D"},"metadata":{"region":"eu","shard":5},
		"data":{"method":"get","url":"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx?token=abc",
		"duration_ms":182.4,"attempt":2,"request":{"headers":{"Authorization":"Bearer 00D","Accept":["a","b"]}},
		"response":{"status":401,"headers":{"Content-Type":"application/json"},"body":[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]}}}`)
	got := e.entry
	require.Equal(t, "2026-03-10T09:59:58.123456Z", got.OccurredAt().Format(time.RFC3339Nano))
	require.Equal(t, noon.UnixMicro(), got.RecordedAt)
	require.Equal(t, entry.KindAPIRequest, got.Kind)
	require.Equal(t, entry.StatusFailure, got.Status)
	require.Equal(t, entry.Outbound, got.Direction)
	require.Equal(t, "GET", got.Method)
	require.Equal(t, "/services/data/v60.0/sobjects/Account/{id}", got.Endpoint)
	require.NotContains(t, got.URL, "abc")
	require.Equal(t, 401, got.StatusCode)
	require.InDelta(t, 182.4, got.DurationMS, 0)
	require.Equal(t, 2, got.Attempt)
	require.Equal(t, entry.ErrorHTTP, got.ErrorKind)
	require.Equal(t, "INVALID_SESSION_ID", got.ErrorCode)
	require.Equal(t, "Session expired", got.Message)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", got.TraceID)
	require.Equal(t, run.FlowRunID(tenantA, "run-1"), got.FlowRunID)
	require.Equal(t, run.NodeRunID(tenantA, "nr-1"), got.NodeRunID)
	require.Equal(t, []entry.Identifier{{Key: "order_id", Value: "A-1"}, {Key: "order_id", Value: "A-2"}, {Key: "deal", Value: "D"}}, got.Identifiers)
	require.JSONEq(t, `{"region":"eu","shard":5}`, string(got.Detail.Metadata))
	require.Equal(t, []entry.Header{{Name: "Authorization", Value: "[redacted]"}, {Name: "Accept", Value: "a"}, {Name: "Accept", Value: "b"}}, got.Detail.RequestHeaders)
	require.Nil(t, got.Detail.RequestBody)
	require.Equal(t, &entry.Body{
		Text: `[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]`, ContentType: "application/json", SizeBytes: 64,
	}, got.Detail.ResponseBody)
	require.Equal(t, directory.Ref{Customer: "acme", Integration: "salesforce", ConnectedApp: "app-1", At: e.at}, e.ref)
}

func TestStatusOfCalls(t *testing.T) {
	t.Parallel()
	fault := `"<soap:Envelope xmlns:soap=\"x\"><soap:Body><soap:Fault><faultcode>soap:Client</faultcode><faultstring>No &amp; no</faultstring></soap:Fault></soap:Body></soap:Envelope>"`
	for _, c := range []struct {
		rest, status  string
		kind          entry.ErrorKind
		code, message string
	}{
		{``, "SUCCESS", 0, "", ""},
		{`,"response":{"status":204}`, "SUCCESS", 0, "", ""},
		{`,"response":{"status":302}`, "SUCCESS", 0, "", ""},
		{`,"response":{"status":400}`, "FAILURE", entry.ErrorHTTP, "", ""},
		{`,"response":{"status":200,"body":{"ok":true,"errors":[]}}`, "SUCCESS", 0, "", ""},
		{`,"response":{"status":200,"body":{"ok":false,"error":"invalid_auth"}}`, "FAILURE", entry.ErrorHTTP, "invalid_auth", ""},
		{`,"response":{"status":200,"body":"{\"ok\":false,\"error\":\"invalid_auth\"}"}`, "FAILURE", entry.ErrorHTTP, "invalid_auth", ""},
		{`,"response":{"status":200,"body":{"data":null,"errors":[{"message":"no","extensions":{"code":"DENIED"}}]}}`, "FAILURE", entry.ErrorHTTP, "DENIED", "no"},
		{`,"response":{"status":200,"body":` + fault + `}`, "FAILURE", entry.ErrorHTTP, "soap:Client", "No & no"},
		{`,"response":{"status":302,"body":{"ok":false}}`, "SUCCESS", 0, "", ""},
		{`,"error":{"kind":"timeout","message":"late"}`, "FAILURE", entry.ErrorTimeout, "", "late"},
		{`,"error":"boom"`, "FAILURE", entry.ErrorApplication, "", "boom"},
		{`,"response":{"status":400,"body":{"error":"invalid_grant","error_description":"token revoked"}}`, "FAILURE", entry.ErrorHTTP, "invalid_grant", "token revoked"},
		{`,"response":{"status":403,"body":{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}}`, "FAILURE", entry.ErrorHTTP, "PERMISSION_DENIED", "no"},
		{`,"response":{"status":402,"body":{"error":{"type":"card_error","code":"card_declined","message":"declined"}}}`, "FAILURE", entry.ErrorHTTP, "card_declined", "declined"},
		{`,"response":{"status":404,"body":"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"}`, "FAILURE", entry.ErrorHTTP, "NoSuchKey", "gone"},
		{`,"response":{"status":500,"body":"<html><body>Code: oops</body></html>"}`, "FAILURE", entry.ErrorHTTP, "", ""},
	} {
		e := accepted(t, `{"type":"api_request","data":{"method":"GET","url":"https://a.example/v1"`+c.rest+`}}`).entry
		require.Equal(t, c.status, e.Status.String(), c.rest)
		require.Equal(t, c.kind, e.ErrorKind, c.rest)
		require.Equal(t, [2]string{c.code, c.message}, [2]string{e.ErrorCode, e.Message}, c.rest)
	}
}

func TestEnvelopeStatusOverrules(t *testing.T) {
	t.Parallel()
	e := accepted(t, `{"type":"api_request","status":"success","data":{"method":"GET","url":"/x","response":{"status":404,"body":{"code":"GONE"}}}}`).entry
	require.Equal(t, entry.StatusSuccess, e.Status)
	require.Equal(t, entry.ErrorNone, e.ErrorKind)
	require.Empty(t, e.ErrorCode)
	e = accepted(t, `{"type":"api_request","status":"failure","data":{"method":"GET","url":"/x","response":{"status":200,"body":{"code":"GONE"}}}}`).entry
	require.Equal(t, entry.StatusFailure, e.Status)
	require.Equal(t, entry.ErrorHTTP, e.ErrorKind)
	require.Equal(t, "GONE", e.ErrorCode)
}

func TestOtherEntries(t *testing.T) {
	t.Parallel()
	e := accepted(t, `{"type":"external_webhook","id":"w","customer":"a","integration":"b","data":{"method":"POST","url":"/in/17","headers":{"X-Hub-Signature":"s"},
		"body":"a=1","signature_valid":false,"response_status":401,"data_source":"orders","rejection":"verification_failed"}}`)
	require.Equal(t, entry.StatusFailure, e.entry.Status)
	require.Equal(t, "verification_failed", e.entry.Webhook.Rejection)
	require.False(t, *e.entry.Webhook.SignatureValid)
	require.Equal(t, "[redacted]", e.entry.Detail.RequestHeaders[0].Value)
	require.Equal(t, "orders", e.ref.DataSource)
	require.Equal(t, directory.UseWebhook, e.ref.Use)

	for data, status := range map[string]entry.Status{
		`"status":"queued"`: entry.StatusPending, `"status":"running"`: entry.StatusPending, `"status":"success"`: entry.StatusSuccess,
		`"status":"error"`: entry.StatusFailure, `"status":"skipped"`: entry.StatusSuccess, `"pages":0`: entry.StatusSuccess,
		`"error":{"message":"x"}`: entry.StatusFailure,
	} {
		require.Equal(t, status, accepted(t, `{"type":"external_event_pull","data":{"data_source":"d",`+data+`}}`).entry.Status, data)
	}
	for data, cursor := range map[string]directory.Cursor{
		`"cursor_before":"1","cursor_after":"1","records_scanned":2`:                  directory.CursorStill,
		`"cursor_before":"1","cursor_after":"1","event_count":2`:                      directory.CursorStill,
		`"cursor_before":"1","cursor_after":"1","event_count":0`:                      directory.CursorFine,
		`"cursor_before":"1","cursor_after":"2","records_scanned":2`:                  directory.CursorFine,
		`"cursor_before":"1","cursor_after":"1","records_scanned":2,"full":true`:      directory.CursorUnknown,
		`"cursor_before":"1","cursor_after":"1","records_scanned":2,"status":"error"`: directory.CursorUnknown,
		`"records_scanned":2`: directory.CursorUnknown,
	} {
		require.Equal(t, cursor, accepted(t, `{"type":"external_event_pull","data":{"data_source":"d",`+data+`}}`).ref.Cursor, data)
	}
	pull := accepted(t, `{"type":"external_event_pull","data":{"data_source":"d","strategy":"full_scan","full":true,"pages":3,"event_count":0,"cursor_before":"1","cursor_after":2,"duration_ms":5}}`).entry
	require.Equal(t, &entry.Pull{
		Strategy: "full_scan", Full: true, Pages: 3, RecordsScanned: -1, CursorBefore: "1", CursorAfter: "2", State: "success",
	}, pull.Pull)

	event := accepted(t, `{"type":"external_event","data":{"event_type":"deal.won","record_id":"6","payload":{"amount": 1200},"source":"w","data_source":"d","skip":{"code":"duplicate","message":"seen"}}}`).entry
	require.Equal(t, `{"amount": 1200}`, event.Detail.RequestBody.Text)
	require.Equal(t, []string{"deal.won", "6", "w", "duplicate", "seen"},
		[]string{event.EventType, event.RecordID, event.SourceID, event.SkipCode, event.SkipMessage})
	require.Equal(t, entry.ViaAPI, accepted(t, `{"type":"internal_event","data":{"event_type":"a","via":"api"}}`).entry.Via)

	line := accepted(t, `{"type":"log","flow_run":"r","node_run":"n","data":{"level":"warn","message":"slow","data":{"ms":5}}}`).entry
	require.Equal(t, entry.KindLogLine, line.Kind)
	require.Equal(t, entry.LevelWarn, line.Level)
	require.Equal(t, "slow", line.Message)
	require.Equal(t, `{"ms":5}`, line.Detail.RequestBody.Text)

	tx := accepted(t, `{"type":"transaction","data":{"from":"a","to":"b","status":"pending","operation":"sync","payload_type":"order","message":"m","flow_id":"f","duration_ms":1}}`).entry
	require.Equal(t, entry.StatusPending, tx.Status)
	require.Equal(t, &entry.Transaction{From: "a", To: "b", PayloadType: "order", BusinessFlowID: "f"}, tx.Transaction)
	require.Equal(t, []string{"sync", "m"}, []string{tx.EventType, tx.Message})
}

func TestRunsAndStates(t *testing.T) {
	t.Parallel()
	e := accepted(t, `{"type":"flow_run","id":"run-1","customer":"a","integration":"b","identifiers":{"o":"1"},"data":{"flow":"f","status":"failed",
		"trigger":{"kind":"external_event","event":"ev"},"started_at":"2026-03-10T11:00:00Z","finished_at":"2026-03-10T11:00:01Z",
		"input":{"a":1,"password":"p"},"output":[1],"error":{"code":"C","message":"M"}}}`)
	require.Equal(t, "f", e.ref.Flow)
	r := e.run
	require.Equal(t, run.FlowRunID(tenantA, "run-1"), r.ID)
	require.Equal(t, run.Failed, r.Status)
	require.Equal(t, run.TriggerExternalEvent, r.Trigger)
	require.Equal(t, "ev", r.TriggerEvent)
	require.JSONEq(t, `{"a":1,"password":"[redacted]"}`, string(r.Input))
	require.Equal(t, &run.Error{Code: "C", Message: "M"}, r.Error)
	require.Equal(t, time.Second, r.FinishedAt.Sub(*r.StartedAt))

	n := accepted(t, `{"type":"node_run","id":"nr","flow_run":"run-1","data":{"node":"lookup","status":"succeeded","parents":[],"attempt":2,
		"logs":[{"at":"2026-03-10T11:00:00Z","level":"error","message":"Bearer abcdefghijklmnopqrstuvwxyz","data":{"secret":"x"}},{"message":"plain"}]}}`).node
	require.Equal(t, run.FlowRunID(tenantA, "run-1"), n.FlowRunID)
	require.NotNil(t, n.Parents)
	require.Equal(t, 2, *n.Attempt)
	require.Nil(t, n.Iteration)
	require.Len(t, n.Lines, 2)
	require.NotContains(t, n.Lines[0].Message, "abcdefgh")
	require.JSONEq(t, `{"secret":"[redacted]"}`, string(n.Lines[0].Data))
	require.Equal(t, entry.LevelInfo, n.Lines[1].Level)

	c := accepted(t, `{"type":"customer","id":"acme","occurred_at":"2020-01-01T00:00:00Z","data":{"name":"Acme","attributes":{"plan":"pro"}}}`)
	require.Equal(t, "acme", c.ref.Customer)
	require.Equal(t, "Acme", *c.state.Customer.Name)
	app := accepted(t, `{"type":"connected_app","id":"app","customer":"a","integration":"b","data":{"status":"needs_reauth","scopes":["x"],"reason":"expired"}}`)
	require.Equal(t, "app", app.ref.ConnectedApp)
	require.Equal(t, directory.NeedsReauth, app.state.ConnectedApp.Status)
	f := accepted(t, `{"type":"flow","id":"f","data":{"name":"F","enabled":false,"trigger":{"kind":"schedule","schedule":"0 * * * *","event_types":["a"],"filter":{"x":1}}}}`)
	require.Equal(t, directory.TriggerSchedule, *f.state.Flow.Trigger.Kind)
	require.Equal(t, `{"x":1}`, *f.state.Flow.Trigger.Filter)
	require.False(t, *f.state.Flow.Enabled)
	d := accepted(t, `{"type":"data_source","id":"d","customer":"a","integration":"b","data":{"mode":"pull","pull_interval_s":300,"state":"paused"}}`)
	require.Equal(t, "d", d.ref.DataSource)
	require.Equal(t, directory.StatePaused, *d.state.DataSource.State)
	require.Equal(t, 300, *d.state.DataSource.PullIntervalS)
}

func TestTexts(t *testing.T) {
	t.Parallel()
	e := accepted(t, `{"type":"log","type":"internal_event","data":{"event_type":"x","event_type":"`+"a\\u0000\\ud83d\\ude00\\ud800\\n\xff\xc3\xa9"+`","event_\u0074ype2":1,"payload":"`+"\\u0000z"+`"}}`).entry
	require.Equal(t, "a😀\uFFFD\n\uFFFDé", e.EventType)
	require.Equal(t, "z", e.Detail.RequestBody.Text)
	e = accepted(t, `{"type":"internal_event","data":{"event_type":"x","payload":{"a":"`+"\xff"+`\u0000b"}}}`).entry
	require.Equal(t, `{"a":"`+"\uFFFD"+`b"}`, e.Detail.RequestBody.Text)
	// Text that is sent as base64 is text; what is not stays base64.
	e = accepted(t, `{"type":"internal_event","data":{"event_type":"x","payload":{"base64":"aMOp"}}}`).entry
	require.Equal(t, &entry.Body{Text: "hé", SizeBytes: 3}, e.Detail.RequestBody)
	e = accepted(t, `{"type":"internal_event","data":{"event_type":"x","payload":{"base64":"/wA="}}}`).entry
	require.Equal(t, "/wA=", e.Detail.RequestBody.Text)
	require.True(t, e.Detail.RequestBody.Base64)
}

func TestCuts(t *testing.T) {
	t.Parallel()
	// The secret begins before the cut and ends after it.
	text := strings.Repeat("é", 32<<10-10) + " sk_live_4eC39HqLyjWDarjtT1zdp7dc " + strings.Repeat("z", 100)
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	body := accepted(t, `{"type":"internal_event","data":{"event_type":"x","payload":`+string(quoted)+`}}`).entry.Detail.RequestBody
	require.True(t, body.Truncated)
	require.True(t, body.Redacted)
	require.LessOrEqual(t, len(body.Text), maxText)
	require.NotContains(t, body.Text, "sk_live")
	require.Equal(t, len(text), body.SizeBytes)
	body = accepted(t, `{"type":"internal_event","data":{"event_type":"x","payload":"x`+strings.Repeat("é", 40<<10)+`"}}`).entry.Detail.RequestBody
	require.Len(t, body.Text, maxText-1)

	r := accepted(t, `{"type":"flow_run","data":{"flow":"f","status":"queued","input":["`+strings.Repeat(`\"`, 40<<10)+`"]}}`).run
	var cut struct {
		Truncated bool
		SizeBytes int
		Preview   string
	}
	require.NoError(t, json.Unmarshal(r.Input, &cut))
	require.True(t, cut.Truncated)
	require.Equal(t, 80<<10+4, cut.SizeBytes)
	require.True(t, strings.HasPrefix(cut.Preview, `["\"\"`))
	require.LessOrEqual(t, len(r.Input), maxText)
}

func TestPolicyReachesErrors(t *testing.T) {
	t.Parallel()
	d := &decoder{}
	d.setup(tenantA, noon, testPolicy(t, redact.Policy{Fields: []string{"detail"}, Patterns: []string{`\bP-\d{4}\b`}}))
	text := `{"type":"api_request","metadata":{"detail":"m1"},"data":{"method":"GET","url":"/a/P-1234","response":{"status":400,"body":{"detail":"s3","code":"P-5678","message":"see P-9999"}}}}`
	require.Equal(t, complete, d.doc.parse([]byte(text), true))
	e := d.event().entry
	all := fmt.Sprintf("%+v %+v %s %s", e.Head, e.List, e.Detail.Metadata, e.Detail.ResponseBody.Text)
	for _, secret := range []string{"P-1234", "P-5678", "P-9999", "s3", "m1"} {
		require.NotContains(t, all, secret)
	}
}
