package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// batch posts a body as Aino's agents do.
func (b *bundle) batch(tb testing.TB, p *tenant.Principal, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequest(http.MethodPost, "/rest/v2.0/transaction", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/plain")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	ctx := tb.Context()
	if p != nil {
		ctx = tenant.WithPrincipal(ctx, p)
	}
	w := httptest.NewRecorder()
	ingest.NewTransactionHandler(b.service).ServeHTTP(w, r.WithContext(ctx))
	return w
}

// took posts a body that must be taken.
func (b *bundle) took(tb testing.TB, body string, headers ...string) {
	tb.Helper()
	w := b.batch(tb, b.key(), strings.NewReader(body), headers...)
	require.Equal(tb, http.StatusAccepted, w.Code, w.Body.String())
	require.Equal(tb, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	id, found := strings.CutPrefix(w.Body.String(), `{"batchId":"`)
	require.True(tb, found)
	_, err := uuid.Parse(strings.TrimSuffix(id, `"}`))
	require.NoError(tb, err)
}

// refused posts a body that must be refused with a text that holds another.
func (b *bundle) refused(tb testing.TB, status int, says, body string, headers ...string) {
	tb.Helper()
	w := b.batch(tb, b.key(), strings.NewReader(body), headers...)
	require.Equal(tb, status, w.Code, w.Body.String())
	require.Equal(tb, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(tb, w.Body.String(), says)
}

// sent is a transaction of noon, and fields.
func sent(fields string) string {
	return fmt.Sprintf(`{"from":"CRM","to":"Billing","status":"success","timestamp":%d%s}`, noon.UnixMilli(), fields)
}

func batchOf(transactions ...string) string {
	return `{"transactions":[` + strings.Join(transactions, ",") + `]}`
}

// TestWhatAgentsSend has a body of each agent, put together as its source does it.
func TestWhatAgentsSend(t *testing.T) {
	t.Parallel()
	seconds, millis := noon.Unix(), noon.UnixMilli()
	for agent, c := range map[string]struct {
		body   string
		gzip   bool
		status entry.Status
		ids    []entry.Identifier
		more   string
	}{
		"java": {
			fmt.Sprintf(`{"transactions":[{"from":"CRM","to":"Billing","message":"","operation":"","flowId":"","timestamp":%d,"status":"","payloadType":"",`+
				`"ids":[{"idType":"Customer ID","values":["123"]}],"metadata":[{"name":"env","value":"prod"}]}]}`, millis),
			true, entry.StatusUnknown, []entry.Identifier{{Key: "Customer ID", Value: "123"}}, `{"env":"prod"}`,
		},
		"shell": {
			fmt.Sprintf("\n\n{\n  \"transactions\": [\n    {\n      \"from\": \"CRM\",\n      \"to\": \"Billing\",\n      \"status\": \"success\",\n      \"timestamp\": \"%d\",\n"+
				"      \"message\": \"\",\n      \"operation\": \"\",\n      \"payloadType\": \"\",\n       \"ids\": [ { \"idType\": \"Order ID\", \"values\": [ \"abc\", \"\" ] } ],\n"+
				"       \"metadata\": [ {  \"name\": \"hostname\", \"value\": \"web1\" } ],\n      \"flowId\": \"./sync.sh-%d-4711\"\n    }\n  ]\n}\n\n", millis, seconds),
			true, entry.StatusSuccess, []entry.Identifier{{Key: "Order ID", Value: "abc"}}, `{"hostname":"web1"}`,
		},
		"perl": {
			fmt.Sprintf(`{"transactions": [{"to":"Billing","timestamp":%d,"metadata":[{"value":"PerlAgent","name":"agent"}],"status":"unknown","from":"CRM","flowId":"perl-agent-%d","ids":[{"values":[17,"x"],"idType":"n"}]}]}`, millis, millis),
			true, entry.StatusUnknown, []entry.Identifier{{Key: "n", Value: "17"}, {Key: "n", Value: "x"}}, `{"agent":"PerlAgent"}`,
		},
		"rust": {
			fmt.Sprintf(`{"transactions":[{"from":"CRM","to":"Billing","status":"failure","timestamp":%d,"operation":"op","integrationSegment":"EU","flowId":"f","ids":[{"idType":"o","values":["1"]}]}]}`, millis),
			false, entry.StatusFailure, []entry.Identifier{{Key: "o", Value: "1"}}, `{"integrationSegment":"EU"}`,
		},
		"php": {
			fmt.Sprintf(`{"transactions":[{"from":"CRM","to":"Billing","status":"error","timestamp":%d,"metadata":[{"name":"ticket","value":"https:\/\/example.com\/1"}]}]}`, seconds),
			true, entry.StatusFailure, nil, `{"ticket":"https:\/\/example.com\/1"}`,
		},
		"csharp": {
			fmt.Sprintf(`{"transactions":[{"from":"CRM","ids":[{"idType":"k","values":["v","w"]}],"metadata":[],"status":"success","timestamp":"%s","to":"Billing"}]}`,
				noon.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.0000000-07:00")),
			false, entry.StatusSuccess, []entry.Identifier{{Key: "k", Value: "v"}, {Key: "k", Value: "w"}}, "",
		},
		"javascript": {
			fmt.Sprintf(`{"transactions":[{"from":"CRM","to":"Billing","status":"failure","timestamp":%d,"message":{},"ids":[{"idType":"Tickets","values":[null]}],"metadata":[{"name":"code","value":{"a":1}}],"flowId":4711}]}`, millis),
			false, entry.StatusFailure, []entry.Identifier{}, `{"code":{"a":1}}`,
		},
	} {
		t.Run(agent, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if c.gzip {
				b.took(t, string(gzipped(t, []byte(c.body))), "Content-Encoding", "gzip")
			} else {
				b.took(t, c.body)
			}
			got := b.entries(t)
			require.Len(t, got, 1)
			e := got[0]
			require.Equal(t, entry.KindTransaction, e.Kind)
			require.Equal(t, []string{"CRM", "Billing"}, []string{e.Transaction.From, e.Transaction.To})
			require.Equal(t, c.status, e.Status)
			require.Equal(t, noon.UnixMicro(), e.OccurredAt().UnixMicro())
			require.ElementsMatch(t, c.ids, e.Identifiers)
			require.Empty(t, e.Message)
			require.Empty(t, e.ExternalID)
			if c.more == "" {
				require.Nil(t, e.Detail.Metadata)
				return
			}
			require.JSONEq(t, c.more, string(e.Detail.Metadata))
		})
	}
}

func TestEveryFieldOfATransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// The newest first, as Java's agent sends.
	b.took(t, batchOf(
		sent(`,"operation":"Update","payloadType":"Address","flowId":"flow-1","message":"It went","ids":[{"idType":"Order ID","values":["A-1001","A-1002"]}],`+
			`"metadata":[{"name":"host","value":"web1"}],"integrationSegment":"EU"`),
		fmt.Sprintf(`{"from":"x","to":"y","status":"failure","timestamp":%d,"ids":[{"idType":"Order ID","values":[1003]}]}`, noon.Add(-time.Hour).Unix()),
	))
	got := b.entries(t)
	require.Len(t, got, 2)
	require.Equal(t, "x", got[0].Transaction.From, "by their own times")
	e := got[1]
	require.Equal(t, &entry.Transaction{From: "CRM", To: "Billing", PayloadType: "Address", BusinessFlowID: "flow-1"}, e.Transaction)
	require.Equal(t, []string{"Update", "It went"}, []string{e.EventType, e.Message})
	require.JSONEq(t, `{"host":"web1","integrationSegment":"EU"}`, string(e.Detail.Metadata))
	found := func(f entry.Filter) []uuid.UUID {
		page, err := b.journal.Entries(b.as(t), journal.Query{Filter: f, First: 10})
		require.NoError(t, err)
		var ids []uuid.UUID
		for _, e := range page.Items {
			ids = append(ids, e.ID)
		}
		return ids
	}
	for value, want := range map[string]uuid.UUID{"A-1001": e.ID, "A-1002": e.ID, "1003": got[0].ID} {
		require.Equal(t, []uuid.UUID{want}, found(entry.Filter{Identifier: &entry.IdentifierFilter{Key: "Order ID", Value: value}}), value)
	}
	require.Empty(t, found(entry.Filter{Identifier: &entry.IdentifierFilter{Value: "A-1003"}}))
	require.Equal(t, []uuid.UUID{e.ID}, found(entry.Filter{Search: "went"}))
}

func TestBatchesThatAreSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := batchOf(sent(``), sent(``), sent(`,"flowId":"f"`), `{"from":"a","to":"b","status":"success"}`)
	b.took(t, body)
	require.Len(t, b.entries(t), 4, "two that are the same in one batch are two")
	for range 3 {
		b.took(t, body)
	}
	b.took(t, string(gzipped(t, []byte(body))), "Content-Encoding", "gzip")
	require.Len(t, b.entries(t), 4)
	// Another process knows them too, and a batch of which one is new has only that one stored.
	b.start(t)
	b.took(t, batchOf(sent(`,"flowId":"g"`), sent(``), sent(``)))
	require.Len(t, b.entries(t), 5)
	b.took(t, batchOf(sent(``), sent(``), sent(``)))
	require.Len(t, b.entries(t), 6, "a third one is another")
	require.Equal(t, 6, b.metrics.events["transaction accepted"])
}

func TestBadTransactionsCostTheirNeighboursNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	future, old := noon.Add(time.Hour).UnixMilli(), noon.AddDate(0, 0, -100).Unix()
	bad := []string{
		`{"to":"b","status":"success"}`, `{"from":"a","to":"","status":"success"}`, `17`,
		fmt.Sprintf(`{"from":"a","to":"b","status":"success","timestamp":%d}`, future),
		fmt.Sprintf(`{"from":"a","to":"b","status":"success","timestamp":"%d"}`, old),
		sent(`,"message":"` + strings.Repeat("x", ingest.MaxEventBytes) + `"`),
	}
	b.took(t, string(gzipped(t, []byte(batchOf(append(bad, sent(``))...)))), "Content-Encoding", "gzip")
	require.Len(t, b.entries(t), 1)
	require.Contains(t, b.log.String(), `first="transactions[0]: from is required; and 5 more"`)
	require.Equal(t, map[string]int{
		"transaction accepted": 1, "transaction missing_field": 2, "transaction invalid_field": 1, "transaction in_future": 1,
		"transaction too_old": 1, "transaction too_large": 1,
	}, b.metrics.events)
	b.took(t, batchOf(bad[0], sent(``)))
	require.Len(t, b.entries(t), 1, "all that can be stored is")
	b.refused(t, http.StatusBadRequest, "transactions[0]: from is required; and 1 more", batchOf(bad[0], bad[1]))
	b.refused(t, http.StatusBadRequest, "transactions[0]: timestamp: it is more than 10 minutes ahead", batchOf(bad[3]))
	b.took(t, batchOf())
}

func TestBodiesThatAreNoBatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for body, says := range map[string]string{
		"":      "line 1, column 1: the body is empty",
		"hello": "line 1, column 1: expected an object or an array",
		"{\"transactions\":[\n" + sent(``) + "\n,": "line 3, column 2",
		`{"transactions":{}}`:                      "transactions must be an array",
		`{"transactions":[` + sent(``) + `]} x`:    "expected the end of the body",
		`{"transactions":[],"transactions":[]}`:    "transactions stands twice",
		`{"events":[` + sent(``) + `]}`:            "from is required",
		`{}`:                                       "from is required",
	} {
		b.refused(t, http.StatusBadRequest, says, body)
	}
	body := batchOf(sent(``))
	b.refused(t, http.StatusBadRequest, "not gzip", body, "Content-Encoding", "gzip")
	b.refused(t, http.StatusBadRequest, "breaks off", string(gzipped(t, []byte(body))[:30]), "Content-Encoding", "gzip")
	b.refused(t, http.StatusBadRequest, "Content-Encoding gzip", body, "Content-Encoding", "br")
	require.Empty(t, b.entries(t))
	// Nothing but the body counts.
	for i, headers := range [][]string{
		{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", ""}, {"Content-Type", "text/plain; charset=latin1"},
		{"Accept", "image/png"}, {"Accept-Encoding", "gzip"},
	} {
		b.took(t, fmt.Sprintf("\xEF\xBB\xBF{ \"agent\" : {\"v\":[1]} , \"transactions\" : [ %s ] , \"more\":1 }\n", sent(fmt.Sprintf(`,"flowId":%d`, i))), headers...)
	}
	b.took(t, sent(`,"flowId":"bare"`))
	b.took(t, "["+sent(`,"flowId":"array"`)+"]")
	require.Len(t, b.entries(t), 7)
}

func TestLimitsOfBatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fill := func(size int) string {
		body := batchOf(sent(``))
		return body + strings.Repeat(" ", size-len(body))
	}
	b.took(t, fill(ingest.MaxBatchSentBytes))
	long := fill(ingest.MaxBatchSentBytes + 1)
	b.refused(t, http.StatusRequestEntityTooLarge, "at most 1 MiB as it is sent", long)
	w := b.batch(t, b.key(), struct{ io.Reader }{strings.NewReader(long)})
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Contains(t, w.Body.String(), "at most 1 MiB as it is sent")
	bomb := gzipped(t, []byte(fill(ingest.MaxBatchBytes+1)))
	require.Less(t, len(bomb), ingest.MaxBatchSentBytes)
	b.refused(t, http.StatusRequestEntityTooLarge, "at most 32 MiB when it is unpacked", string(bomb), "Content-Encoding", "gzip")
	require.Len(t, b.entries(t), 1)

	// What waited during an outage comes at once, and is more than events may be in one request.
	var many []string
	for i := range ingest.MaxEvents + 100 {
		many = append(many, sent(fmt.Sprintf(`,"flowId":"f-%d"`, i)))
	}
	packed := string(gzipped(t, []byte(batchOf(many...))))
	b.took(t, packed, "Content-Encoding", "gzip")
	b.took(t, packed, "Content-Encoding", "gzip")
	require.Len(t, b.entries(t), len(many)+1)
	b.refused(t, http.StatusRequestEntityTooLarge, "at most 50000 transactions", string(gzipped(t, []byte("["+strings.Repeat("1,", ingest.MaxTransactions)+"1]"))), "Content-Encoding", "gzip")
}

func TestWhoMaySendBatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := func() io.Reader { return strings.NewReader(batchOf(sent(``))) }
	w := b.batch(t, nil, body())
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, "Invalid API key", w.Body.String())
	require.True(t, strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain"))
	for _, p := range []*tenant.Principal{
		{TenantID: b.tenantID, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeRead, tenant.ScopeAdmin}},
		{TenantID: b.tenantID, Kind: tenant.KindMember, Role: tenant.RoleOwner},
		{TenantID: b.tenantID, Kind: tenant.KindCustomer, CustomerID: b.tenantID},
	} {
		w := b.batch(t, p, body())
		require.Equal(t, http.StatusForbidden, w.Code)
		require.Contains(t, w.Body.String(), "INGEST")
	}
	require.Empty(t, b.entries(t))
	// The key names the tenant: the same bytes are no duplicate to another, who sees them alone.
	other := &tenant.Principal{TenantID: uuid.New(), Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
	require.Equal(t, http.StatusAccepted, b.batch(t, b.key(), body()).Code)
	require.Equal(t, http.StatusAccepted, b.batch(t, other, body()).Code)
	require.Len(t, b.entries(t), 1)
	page, err := b.journal.Entries(tenant.WithPrincipal(t.Context(), tenant.System(other.TenantID)), journal.Query{First: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)

	r := httptest.NewRequestWithContext(tenant.WithPrincipal(t.Context(), b.key()), http.MethodGet, "/rest/v2.0/transaction", nil)
	w = httptest.NewRecorder()
	ingest.NewTransactionHandler(b.service).ServeHTTP(w, r)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "POST", w.Header().Get("Allow"))
}

func TestBatchesAreSentAgainLater(t *testing.T) {
	t.Parallel()
	clock := noon
	b := setup(t, func(d *ingest.Deps) { d.Rate = 0.2; d.Now = func() time.Time { return clock } })
	body := batchOf(sent(``), sent(``))
	b.took(t, body)
	for _, again := range []string{body, batchOf(sent(`,"flowId":"new"`))} {
		w := b.batch(t, b.key(), strings.NewReader(again))
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "an agent throws a batch away that is answered 429")
		require.Equal(t, "5", w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), "rate")
	}
	clock = clock.Add(10 * time.Second)
	b.took(t, body)
	require.Len(t, b.entries(t), 2)

	gone := setup(t)
	gone.pool.Close()
	w := gone.batch(t, gone.key(), strings.NewReader(body))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.NoError(t, gone.service.Close(context.Background()))
	w = gone.batch(t, gone.key(), bytes.NewReader(nil))
	require.NotEqual(t, http.StatusAccepted, w.Code)
}

func TestTransactionsAreRedacted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.tenants.UpdateRedaction(b.as(t), tenant.RedactionInput{Fields: []string{"iban"}, Patterns: []string{`ZZ-\d{6}`}})
	require.NoError(t, err)
	const shape, own, card = "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "ZZ-123456", "4242424242424242"
	text := shape + " " + own + " " + card
	secret := fmt.Sprintf(`,"message":"%[1]s","operation":"%[2]s","payloadType":"%[2]s","flowId":"%[3]s","integrationSegment":"%[1]s",`+
		`"ids":[{"idType":"order","values":["%[2]s","%[3]s",4242424242424242,"%[1]s %[4]s"]},{"idType":"access_token","values":["planted1secret"]}],`+
		`"metadata":[{"name":"password","value":"planted2secret"},{"name":"iban","value":"planted3secret"},{"name":"note","value":"%[1]s"}],"api_key":"planted4secret"`,
		text, own, shape, strings.Repeat("x", 200))
	b.took(t, batchOf(sent(secret), `{"from":"`+own+`","to":"`+shape+`","status":"`+text+`","timestamp":"`+text+`","message":{"password":"planted5secret"},"ids":"`+own+`"}`))
	got := b.entries(t)
	require.Len(t, got, 2)
	for _, e := range got {
		kept := fmt.Sprintf("%+v %+v %s %+v", e, e.Transaction, e.Detail.Metadata, e.Identifiers) + b.log.String()
		for _, bad := range []string{shape, own, card, "planted"} {
			require.NotContains(t, kept, bad)
		}
		require.Contains(t, kept, "[redacted]")
	}
}
