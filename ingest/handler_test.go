package ingest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// internal is a small valid event.
func internal(id string) string {
	return `{"type":"internal_event","id":"` + id + `","data":{"event_type":"x"}}`
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func zstded(t *testing.T, text []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return z.EncodeAll(text, nil)
}

func TestWhoMaySend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		p      *tenant.Principal
		status int
		code   string
	}{
		{nil, http.StatusUnauthorized, "unauthenticated"},
		{&tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeRead, tenant.ScopeAdmin}}, http.StatusForbidden, "forbidden"},
		{&tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindMember, Role: tenant.RoleOwner}, http.StatusForbidden, "forbidden"},
		{&tenant.Principal{TenantID: b.tenantID, Kind: tenant.KindCustomer, CustomerID: b.tenantID}, http.StatusForbidden, "forbidden"},
	} {
		a := b.sendAs(t, c.p, strings.NewReader(internal("a")))
		require.Equal(t, c.status, a.status)
		require.Equal(t, c.code, a.Error.Code)
		require.NotEmpty(t, a.Error.Message)
	}
	require.Equal(t, http.StatusAccepted, b.sendAs(t, tenant.System(b.tenantID), strings.NewReader(internal("a"))).status)
	require.Equal(t, http.StatusAccepted, b.sendAs(t, b.key(), strings.NewReader(internal("b"))).status)
	require.Len(t, b.entries(t), 2)
}

func TestForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	accepted := 0
	for i, c := range []struct {
		body, kind string
		n          int
	}{
		{`{"events":[%s,%s]}`, "application/json", 2},
		{"\xEF\xBB\xBF \n{ \"meta\" : {\"a\":[1]} ,\"events\" : [ %s , %s ] , \"more\":1 }\n", "application/json; charset=utf-8", 2},
		{`%s`, "application/json", 1},
		{"\n[%s,\n%s]\n", "application/json", 2},
		{"%s\r\n\n  %s", "application/x-ndjson", 2},
		{"%s\n", "application/x-ndjson", 1},
		{`{"events":[]}`, "application/json", 0},
		{`[]`, "application/json", 0},
	} {
		ids := []any{internal(fmt.Sprintf("%d-a", i)), internal(fmt.Sprintf("%d-b", i))}
		body := fmt.Sprintf(c.body, ids[:strings.Count(c.body, "%s")]...)
		var reader io.Reader = strings.NewReader(body)
		if i%2 == 0 {
			reader = iotest.OneByteReader(reader)
		}
		a := b.send(t, reader, "Content-Type", c.kind)
		require.Equal(t, http.StatusAccepted, a.status, "%s: %+v", body, a.Error)
		require.Equal(t, ingest.Result{Accepted: c.n, Rejected: []ingest.Rejection{}}, a.Result, body)
		accepted += c.n
	}
	require.Len(t, b.entries(t), accepted)
}

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := internal("g")
	for body, want := range map[string]string{
		"":      "line 1, column 1: the body is empty",
		"\n":    "line 2, column 1: the body is empty",
		"hello": "line 1, column 1: expected an object or an array",
		"{\"events\":[\n" + good + ",\n" + `{"type":"log" "id"`: "line 3, column 15: expected , or }",
		`{"events":[` + good + `}`:                              "expected , or ]",
		`{"events":[` + good:                                    "too early",
		`{"events":[` + good + `]`:                              "too early",
		`{"events":[` + good + `]} x`:                           "expected the end of the body",
		`{"events":{}}`:                                         "events must be an array",
		`{"events":[],"events":[]}`:                             "events stands twice",
		`[` + good + `,]`:                                       "expected a value",
		`[` + good + `]]`:                                       "expected the end of the body",
		good + good:                                             "expected the end of the body",
		`{"type":"log",}`:                                       "expected the name of a member",
		`{"type":"log"`:                                         "too early",
		`[{"a":"` + "\n" + `"}]`:                                "control character",
		`[{"a":"\x"}]`:                                          "escape",
		`[{"a":01}]`:                                            "expected , or }",
		`[` + strings.Repeat("[", 20_000) + `]`:                 "nested too deeply",
	} {
		a := b.send(t, strings.NewReader(body))
		require.Equal(t, http.StatusBadRequest, a.status, body)
		require.Equal(t, "malformed_body", a.Error.Code, body)
		require.Contains(t, a.Error.Message, want, body)
	}
	a := b.send(t, strings.NewReader("{]\nnot json"), "Content-Type", "application/x-ndjson")
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Contains(t, a.Error.Message, "line 1, column 2")
	a = b.send(t, io.MultiReader(strings.NewReader(`{"events":[`+good), iotest.ErrReader(errBroken)))
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Empty(t, b.entries(t), "nothing of a body that cannot be read is stored")
}

func TestBrokenLineCostsItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.send(t, strings.NewReader(internal("a")+"\n{\"type\":\n"+internal("b")+" x\n"+internal("c")), "Content-Type", "application/x-ndjson")
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, 2, a.Accepted)
	require.Len(t, a.Rejected, 2)
	require.Equal(t, 1, a.Rejected[0].Index)
	require.Contains(t, a.Rejected[0].Message, "line 2, column 9")
	require.Contains(t, a.Rejected[1].Message, "line 3")
}

func TestTypesAndEncodings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := []byte(internal("a"))
	for _, h := range [][]string{
		{"Content-Type", "text/plain"}, {"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "application/json; charset=latin1"}, {"Content-Encoding", "br"}, {"Content-Encoding", "gzip, gzip"},
	} {
		a := b.send(t, bytes.NewReader(body), h...)
		require.Equal(t, http.StatusUnsupportedMediaType, a.status, h)
		require.Equal(t, "unsupported_media_type", a.Error.Code)
	}
	for encoding, packed := range map[string][]byte{"gzip": gzipped(t, body), "zstd": zstded(t, body), "identity": body} {
		a := b.send(t, bytes.NewReader(packed), "Content-Encoding", encoding)
		require.Equal(t, http.StatusAccepted, a.status, encoding)
		require.Equal(t, 1, a.Accepted+a.Duplicates)
	}
	for _, encoding := range []string{"gzip", "zstd"} {
		a := b.send(t, bytes.NewReader(body), "Content-Encoding", encoding)
		require.Equal(t, http.StatusBadRequest, a.status, encoding)
		require.Equal(t, "malformed_body", a.Error.Code)
	}
	a := b.send(t, bytes.NewReader(gzipped(t, body)[:30]), "Content-Encoding", "gzip")
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Len(t, b.entries(t), 1)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	many := strings.Repeat(internal("same")+",", ingest.MaxEvents)
	a := b.send(t, strings.NewReader("["+many+internal("one more")+"]"))
	require.Equal(t, http.StatusRequestEntityTooLarge, a.status)
	require.Contains(t, a.Error.Message, "5000")
	// What is known to be too long is refused unread; what is not, when it is.
	long := "[" + strings.Repeat(" ", ingest.MaxSentBytes)
	for _, body := range []io.Reader{strings.NewReader(long), struct{ io.Reader }{strings.NewReader(long)}} {
		a = b.send(t, body)
		require.Equal(t, http.StatusRequestEntityTooLarge, a.status)
		require.Contains(t, a.Error.Message, "8 MiB")
	}
	bomb := append([]byte("["+internal("b")+","), bytes.Repeat([]byte(" "), ingest.MaxBodyBytes)...)
	for encoding, packed := range map[string][]byte{"gzip": gzipped(t, bomb), "zstd": zstded(t, bomb)} {
		require.Less(t, len(packed), 1<<20)
		a = b.send(t, bytes.NewReader(packed), "Content-Encoding", encoding)
		require.Equal(t, http.StatusRequestEntityTooLarge, a.status, encoding)
		require.Contains(t, a.Error.Message, "64 MiB")
	}
	require.Empty(t, b.entries(t))

	large := `{"type":"internal_event","id":"large","data":{"event_type":"x","payload":"` + strings.Repeat("z", ingest.MaxEventBytes) + `"}}`
	for kind, body := range map[string]string{
		"application/json":     `{"events":[` + internal("p") + "," + large + "," + internal("q") + `]}`,
		"application/x-ndjson": internal("r") + "\n" + large + "\n" + internal("s"),
	} {
		a = b.send(t, strings.NewReader(body), "Content-Type", kind)
		require.Equal(t, http.StatusAccepted, a.status)
		require.Equal(t, 2, a.Accepted)
		require.Equal(t, []ingest.Rejection{{Index: 1, ID: "large", Code: "too_large", Message: "an event has at most 1 MiB"}}, a.Rejected)
	}
	a = b.send(t, strings.NewReader(large))
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "too_large", a.Rejected[0].Code)
}

func TestPartialAcceptance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.post(t, `{"type":"nonsense","id":"n","data":{}}`, internal("a"), `{"type":"api_request","id":"r","data":{"url":"/x"}}`, `17`)
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, 1, a.Accepted)
	require.Len(t, a.Rejected, 3)
	require.Equal(t, ingest.Rejection{Index: 2, ID: "r", Code: "missing_field", Field: "data.method", Message: "data.method is required"}, a.Rejected[1])
	require.Equal(t, 3, a.Rejected[2].Index)
	a = b.post(t, `{"type":"nonsense","data":{}}`)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, 0, a.Accepted)
	require.Len(t, a.Rejected, 1)
	require.Equal(t, map[string]int{
		"internal_event accepted": 1, "unknown unknown_type": 2, "api_request missing_field": 1, "unknown invalid_field": 1,
	}, b.metrics.events)
	// A connected app of somebody else is found only when names are resolved.
	app := func(customer string) string {
		return `{"type":"internal_event","customer":"` + customer + `","integration":"i","connected_app":"app","data":{"event_type":"x"}}`
	}
	require.Equal(t, 1, b.post(t, app("one")).Accepted)
	a = b.post(t, internal("b"), app("two"), `{"type":"x"}`)
	require.Equal(t, 1, a.Accepted)
	require.Equal(t, "connected_app", a.Rejected[0].Field)
	require.Equal(t, 1, a.Rejected[0].Index)
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	webhook := `{"type":"external_webhook","id":"a","data":{"url":"/in"}}`
	a := b.post(t, internal("a"), internal("a"), webhook, `{"type":"internal_event","data":{"event_type":"x"}}`, `{"type":"internal_event","data":{"event_type":"x"}}`)
	require.Equal(t, []int{4, 1}, []int{a.Accepted, a.Duplicates})
	a = b.post(t, internal("a"), webhook)
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, []int{0, 2}, []int{a.Accepted, a.Duplicates})
	// Another process knows it too.
	b.start(t)
	a = b.post(t, internal("a"))
	require.Equal(t, 1, a.Duplicates)
	require.Len(t, b.entries(t), 4)
	// A large request is packed while it arrives, and what is a duplicate in it is left out all the same.
	var events []string
	for i := range 3000 {
		events = append(events, internal(fmt.Sprintf("n%d", i%2500)))
	}
	a = b.post(t, append(events, internal("a"))...)
	require.Equal(t, []int{2500, 501}, []int{a.Accepted, a.Duplicates})
	require.Len(t, b.entries(t), 2504)
	a = b.post(t, events...)
	require.Equal(t, 3000, a.Duplicates)
	require.Len(t, b.entries(t), 2504)
}

func TestOldEventsGetTheirDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := func(days int) string {
		return `{"type":"internal_event","occurred_at":"` + noon.AddDate(0, 0, -days).Add(time.Minute).Format(time.RFC3339) + `","data":{"event_type":"x"}}`
	}
	a := b.post(t, old(90), old(91), old(5))
	require.Equal(t, 2, a.Accepted)
	require.Equal(t, "too_old", a.Rejected[0].Code)
	_, err := b.tenants.UpdateRetention(b.as(t), []tenant.RetentionInput{{Kind: "INTERNAL_EVENT", Days: 3}})
	require.NoError(t, err)
	a = b.post(t, old(3), old(5), strings.Replace(old(5), "internal_event", "external_event", 1))
	require.Equal(t, 2, a.Accepted)
	require.Equal(t, 1, a.Rejected[0].Index)
	got := b.entries(t)
	require.Len(t, got, 4)
	require.Equal(t, entry.KindExternalEvent, got[2].Kind)
}

func TestRate(t *testing.T) {
	t.Parallel()
	clock := noon
	b := setup(t, func(d *ingest.Deps) { d.Rate = 2; d.Now = func() time.Time { return clock } })
	events := make([]string, 25)
	for i := range events {
		events[i] = internal(fmt.Sprint(i))
	}
	// More than a burst of 20 goes when there is a whole burst.
	require.Equal(t, 25, b.post(t, events...).Accepted)
	a := b.post(t, internal("late"))
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	clock = clock.Add(2 * time.Second)
	require.Equal(t, 4, b.post(t, events[:4]...).Duplicates)
	clock = clock.Add(time.Second)
	a = b.post(t, events[:5]...)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "2", a.header.Get("Retry-After"))
	require.Equal(t, "rate_limited", a.Error.Code)
	require.Equal(t, 1, b.post(t, internal("late")).Accepted)
}

func TestOnlyPost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := request(t, b, http.MethodGet)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "POST", w.Header().Get("Allow"))
}
