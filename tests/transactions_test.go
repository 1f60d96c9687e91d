package tests

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// transactionPath is what Aino's agents are set to.
const transactionPath = "/rest/v2.0/transaction"

// TestAinosAgentsAreAtHome sends what agents send as they send it, and asks for it by GraphQL.
func TestAinosAgentsAreAtHome(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	ctx := within(t, patience)
	a, other := w.tenant(t, "aino"), w.tenant(t, "not-aino")
	reader, err := w.binary.CreateKey(ctx, w.env, a.Slug, "read")
	require.NoError(t, err)
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	body := fmt.Appendf(nil, `{"transactions":[{"from":"CRM","to":"Billing","message":"Updated","operation":"Customer update","flowId":4711,"timestamp":%d,`+
		`"status":"failure","payloadType":"","ids":[{"idType":"Order ID","values":["A-1001"]}],"metadata":[{"name":"password","value":"hunter2"}],"integrationSegment":"EU"}]}`, at.UnixMilli())
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(body)
	require.NoError(t, err)
	require.NoError(t, z.Close())

	send := func(authorization, path string, body []byte, headers ...string) harness.Answer {
		c := &harness.Client{URL: a.URL}
		if authorization != "" {
			headers = append(headers, "Authorization", authorization)
		}
		answer, err := c.Send(ctx, http.MethodPost, path, body, append(headers, "Content-Type", "application/json", "Accept", "text/plain")...)
		require.NoError(t, err)
		return answer
	}
	for _, authorization := range []string{"", "apikey 67437716-ed3c-4f6b-84eb-a6b5dd560f3c", "apikey " + a.Token + "x", "Basic eDp5"} {
		answer := send(authorization, transactionPath, body)
		require.Equal(t, http.StatusUnauthorized, answer.Status, authorization)
		require.Equal(t, "Invalid API key", string(answer.Body))
		require.Equal(t, "text/plain; charset=utf-8", answer.Header.Get("Content-Type"))
	}
	require.Equal(t, http.StatusForbidden, send("apikey "+reader.Secret, transactionPath, body).Status)
	require.Equal(t, http.StatusBadRequest, send("apikey "+a.Token, transactionPath, []byte(`{"transactions":[`)).Status)

	for _, c := range [][2]string{{"apikey", transactionPath}, {"ApiKey", "/rest/v2/transaction"}, {"APIKEY", "/rest/v2.1/transaction"}, {"Bearer", transactionPath}} {
		answer := send(c[0]+" "+a.Token, c[1], packed.Bytes(), "Content-Encoding", "gzip", "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusAccepted, answer.Status, "%s: %s", c, answer.Body)
		require.Regexp(t, `^\{"batchId":"[0-9a-f-]{36}"\}$`, string(answer.Body))
		require.Equal(t, "application/json; charset=utf-8", answer.Header.Get("Content-Type"))
		require.Empty(t, answer.Header.Get("Content-Encoding"))
	}

	var got struct {
		Logs struct {
			Nodes []struct {
				Kind, Status, From, To, Operation, Message, BusinessFlowID string
				PayloadType                                                *string
				OccurredAt                                                 time.Time
				Metadata                                                   json.RawMessage
			}
		}
	}
	const query = `{ logs(filter: {identifier: {key: "Order ID", value: "A-1001"}}) { nodes {
		kind status occurredAt metadata ... on Transaction { from to operation payloadType message businessFlowId } } } }`
	require.NoError(t, a.Query(ctx, query, nil, &got))
	require.Len(t, got.Logs.Nodes, 1, "sent again it is a duplicate")
	n := got.Logs.Nodes[0]
	require.Equal(t, []string{"TRANSACTION", "FAILURE", "CRM", "Billing", "Customer update", "Updated", "4711"},
		[]string{n.Kind, n.Status, n.From, n.To, n.Operation, n.Message, n.BusinessFlowID})
	require.Nil(t, n.PayloadType)
	require.True(t, at.Equal(n.OccurredAt))
	require.JSONEq(t, `{"password":"[redacted]","integrationSegment":"EU"}`, string(n.Metadata))

	got.Logs.Nodes = nil
	require.NoError(t, other.Query(ctx, query, nil, &got))
	require.Empty(t, got.Logs.Nodes)
}
