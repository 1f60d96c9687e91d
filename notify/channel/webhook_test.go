package channel

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/reach"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	older  = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
)

const payload = `{"type":"issue.opened","timestamp":"2026-03-02T12:00:00Z","data":{"id":"iss_1","title":"Tokens of <Salesforce> expired","summary":"Seen 7 times, 3 customers affected.",
"severity":"ERROR","cause":"The refresh token was revoked & is gone.","category":"AUTH_TOKEN_EXPIRED","integration":{"id":"int_1","external_id":"salesforce","name":"Salesforce"},
"customers":[{"id":"cus_1","name":"Acme <Corp>"}],"customer_count":3,"since":"2026-03-02T11:58:00Z","resolved_by":"CUSTOMER",
"steps":[{"actor":"CUSTOMER","text":"Sign in again.","url":"https://help.example.com/?a=1&b=2"}],
"evidence":[{"id":"req_1","at":"2026-03-02T11:59:00Z","summary":"GET /x: 401","excerpt":"{\"error\":\"<expired>\"}"}],"url":"https://weir.example/issues/iss_1"}}`

func allow(t *testing.T, cidrs ...string) *reach.Policy {
	t.Helper()
	p, err := reach.Parse(cidrs)
	require.NoError(t, err)
	return p
}

func message(channel notify.Channel, target string) *notify.Message {
	return &notify.Message{ID: "dlv_1", Channel: channel, Target: target, Secrets: []string{secret, older}, At: time.Now(), Thread: "subject", Payload: []byte(payload)}
}

// receiver serves what a handler answers, on loopback.
func receiver(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// A receiver that is built on the Go library of Standard Webhooks takes what is sent, by either secret.
func TestAWebhookVerifies(t *testing.T) {
	t.Parallel()
	seen := make(chan error, 4)
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		require.Equal(t, "Weir/1.2", r.Header.Get("User-Agent"))
		for _, s := range []string{secret, older} {
			key, err := standardwebhooks.NewWebhook(s)
			require.NoError(t, err)
			seen <- key.Verify(body, r.Header)
		}
		stranger, err := standardwebhooks.NewWebhook("whsec_" + strings.Repeat("A", 43) + "=")
		require.NoError(t, err)
		require.Error(t, stranger.Verify(body, r.Header))
		require.JSONEq(t, payload, string(body))
		w.WriteHeader(http.StatusNoContent)
	})
	s := New(Options{Reach: allow(t, "127.0.0.0/8"), Version: "1.2"})
	result := s.Send(t.Context(), message(notify.Webhook, url))
	require.Empty(t, result.Error)
	require.Equal(t, 204, result.StatusCode)
	require.Positive(t, result.Duration)
	require.NoError(t, <-seen)
	require.NoError(t, <-seen)

	m := message(notify.Webhook, url)
	m.Secrets = nil
	require.Contains(t, s.Send(t.Context(), m).Error, "secret")
	m.Target = ""
	require.Contains(t, s.Send(t.Context(), m).Error, "WEIR_ENCRYPTION_KEY")
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		code    int
		after   string
		gone    bool
		content bool
		wait    time.Duration
		failed  bool
	}{
		{code: 200}, {code: 299}, {code: 410, gone: true, content: true, failed: true}, {code: 400, content: true, failed: true},
		{code: 429, after: "120", wait: 2 * time.Minute, failed: true}, {code: 503, after: "Mon, 02 Mar 2026 12:05:00 GMT", wait: 5 * time.Minute, failed: true},
		{code: 503, after: "-5", failed: true}, {code: 503, after: "soon", failed: true}, {code: 429, after: "99999999", wait: 24 * time.Hour, failed: true},
		{code: 500, failed: true}, {code: 302, failed: true}, {code: 408, failed: true},
	} {
		got := judge(&http.Response{StatusCode: c.code, Header: http.Header{"Retry-After": {c.after}}}, "", at)
		require.Equal(t, c.failed, got.Error != "", c)
		require.Equal(t, c.gone, got.Gone, c)
		require.Equal(t, c.content, got.Content, c)
		require.Equal(t, c.wait, got.RetryAfter, c)
	}
}

func TestAnAnswerIsReadOnlyAsFarAsItIsOfUse(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
	})
	result := New(Options{Reach: allow(t, "127.0.0.0/8")}).Send(t.Context(), message(notify.Webhook, url))
	require.Empty(t, result.Error)
	require.Len(t, result.Body, mostAnswer)
}

func TestAReceiverThatDawdlesIsLeft(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/body") {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}
		<-stop
	})
	t.Cleanup(func() { close(stop) })
	s := New(Options{Reach: allow(t, "127.0.0.0/8"), Timeout: 100 * time.Millisecond})
	result := s.Send(t.Context(), message(notify.Webhook, url))
	require.Contains(t, result.Error, "no answer")
	require.False(t, result.Content)
	result = s.Send(t.Context(), message(notify.Webhook, url+"/body"))
	require.Empty(t, result.Error, "it said that it has it")
	require.Less(t, result.Duration, 5*time.Second)
}

func TestSlackIsToldWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	got := make(chan []byte, 1)
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Empty(t, r.Header.Get("webhook-signature"))
		got <- body
		_, _ = io.WriteString(w, "ok")
	})
	result := New(Options{Reach: allow(t, "127.0.0.0/8")}).Send(t.Context(), message(notify.Slack, url+"/services/T0/B0/secret"))
	require.Empty(t, result.Error)
	var sent struct {
		Text   string
		Blocks []block
	}
	raw := <-got
	require.NoError(t, json.Unmarshal(raw, &sent))
	require.Equal(t, "Issue opened: Tokens of &lt;Salesforce&gt; expired", sent.Text)
	all := string(raw)
	for _, part := range []string{
		`Acme \u0026lt;Corp\u0026gt; and 2 more`, "2026-03-02 11:58:00 UTC", "1. Sign in again.", "GET /x: 401", "refresh token was revoked", "https://weir.example/issues/iss_1", "Salesforce", "AUTH_TOKEN_EXPIRED",
	} {
		require.Contains(t, all, part)
	}
	require.NotContains(t, all, "Acme <Corp>")
	require.Equal(t, "header", sent.Blocks[0].Type)
	require.LessOrEqual(t, len(sent.Blocks), 50)
}

// Slack refuses a message that is over its limits.
func TestSlacksLimitsAreKept(t *testing.T) {
	t.Parallel()
	var p notify.Payload
	require.NoError(t, json.Unmarshal([]byte(payload), &p))
	p.Data.Title, p.Data.Cause = strings.Repeat("t", 4000), strings.Repeat("ü", 9000)
	p.Data.Evidence[0].Excerpt = strings.Repeat("<", 1000)
	for range 60 {
		p.Data.Items = append(p.Data.Items, notify.Item{Type: "issue.opened", Title: strings.Repeat("x", 200)})
	}
	raw, err := json.Marshal(p)
	require.NoError(t, err)
	l, err := newLetter(raw)
	require.NoError(t, err)
	for _, b := range l.blocks() {
		if b.Text != nil {
			most := slackSection
			if b.Type == "header" {
				most = slackHeader
			}
			require.LessOrEqual(t, len([]rune(b.Text.Text)), most)
			require.Zero(t, strings.Count(b.Text.Text, "```")%2, "what is quoted ends")
		}
		require.LessOrEqual(t, len(b.Fields), slackFields)
	}
}

func TestACancelledAttemptIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NotEmpty(t, New(Options{Reach: allow(t, "127.0.0.0/8")}).Send(ctx, message(notify.Webhook, "http://127.0.0.1:1/")).Error)
}
