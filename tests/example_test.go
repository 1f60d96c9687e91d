package tests

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// example is what the documentation of POST /v1/events shows, with the day left open.
const example = `{"events":[
 {"type":"external_event","id":"ev-1","customer":"acme","integration":"salesforce","occurred_at":"DAYT10:15:00Z",
  "identifiers":{"order_id":"A-1001"},"data":{"event_type":"opportunity.won","record_id":"006xx","payload":{"amount":1200}}},
 {"type":"flow_run","id":"run-1","customer":"acme","integration":"salesforce","data":{"flow":"create-invoice","status":"running",
  "trigger":{"kind":"external_event","event":"ev-1"},"started_at":"DAYT10:15:01Z"}},
 {"type":"node_run","id":"nr-1","flow_run":"run-1","data":{"node":"lookup","name":"Look up the account","type":"api_request","status":"failed","parents":["trigger"],
  "error":{"code":"INVALID_SESSION_ID","message":"Session expired or invalid"},"logs":[{"at":"DAYT10:15:02Z","level":"error","message":"401 from Salesforce"}]}},
 {"type":"api_request","flow_run":"run-1","node_run":"nr-1","customer":"acme","integration":"salesforce","data":{"method":"GET",
  "url":"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx","duration_ms":182.4,
  "request":{"headers":{"Authorization":"Bearer 00D…"}},"response":{"status":401,"headers":{"Content-Type":"application/json"},
  "body":[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]}}}
]}`

// exampleOfYesterday is the example with times that no clock takes for the future.
func exampleOfYesterday() []byte {
	return []byte(strings.ReplaceAll(example, "DAY", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)))
}

// keyed is what a customer, an integration or a flow is called.
type keyed struct{ ExternalID, Key, Name string }

type header struct{ Name, Value string }

type body struct {
	Text                string
	ContentType         string
	Redacted, Truncated bool
}

// request is an API request as GraphQL tells it.
type request struct {
	ExternalID, Kind, Status, Method, URL, Endpoint string
	Customer, Integration                           *keyed
	StatusCode                                      *int
	DurationMS                                      *float64 `json:"durationMs"`
	Attempt                                         int
	Error                                           *struct{ Code, Message, Kind string }
	Metadata                                        json.RawMessage
	RequestHeaders, ResponseHeaders                 []header
	RequestBody, ResponseBody                       *body
	FlowRun                                         *struct{ ExternalID string }
	NodeRun                                         *struct{ NodeKey string }
}

const requestFields = ` externalId kind status customer { externalId name } integration { key } metadata error { code message kind }
  ... on ApiRequest { method url endpoint statusCode durationMs attempt requestHeaders { name value } responseHeaders { name value }
    requestBody { text contentType redacted truncated } responseBody { text contentType redacted truncated }
    flowRun { externalId } nodeRun { nodeKey } } `

type node struct {
	NodeKey, Name, Type, RunStatus string
	Error                          *struct{ Code, Message string }
	Logs                           struct {
		Nodes []struct{ Level, Message string }
	}
	APIRequests struct{ Nodes []request }
}

func TestExampleOfTheDocumentation(t *testing.T) {
	t.Parallel()
	a := ourWorld(t).tenant(t, "example")
	ctx := within(t, patience)
	events := exampleOfYesterday()
	answer, err := a.Events(ctx, events)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
	require.JSONEq(t, `{"accepted":4,"duplicates":0,"rejected":[]}`, string(answer.Body))

	var got struct {
		Customer struct {
			ExternalID, Name string
			ConnectedApps    struct {
				Nodes []struct {
					Status      string
					Integration keyed
				}
			}
			Logs struct{ Nodes []request }
		}
		Event struct {
			Nodes []struct {
				EventType, RecordID string
				Payload             body
				LaunchedRuns        []struct{ ExternalID string }
			}
		}
		FlowRun struct {
			Kind, RunStatus, Status, Trigger string
			Flow                             keyed
			TriggeredBy                      struct{ ExternalID, Kind string }
			StartedAt                        time.Time
			Graph                            struct {
				Nodes       []node
				FailurePath []node
			}
		}
	}
	require.NoError(t, a.Query(ctx, `{
  customer(externalId: "acme") { externalId name
    connectedApps { nodes { status integration { key } } }
    logs(order: OLDEST_FIRST) { nodes { `+requestFields+` } } }
  event: logs(filter: {identifier: {key: "order_id", value: "A-1001"}}) { nodes { ... on ExternalEvent {
    eventType recordId payload { text contentType } launchedRuns { externalId } } } }
  flowRun(externalId: "run-1") { kind runStatus status trigger flow { key } triggeredBy { externalId kind } startedAt
    graph { nodes { nodeKey name type runStatus error { code message } logs { nodes { level message } } apiRequests { nodes { `+requestFields+` } } }
      failurePath { nodeKey } } } }`, nil, &got))

	require.Equal(t, "acme", got.Customer.ExternalID)
	require.Len(t, got.Customer.ConnectedApps.Nodes, 1)
	require.Equal(t, "salesforce", got.Customer.ConnectedApps.Nodes[0].Integration.Key)
	require.Equal(t, "CONNECTED", got.Customer.ConnectedApps.Nodes[0].Status)
	var kinds []string
	for _, one := range got.Customer.Logs.Nodes {
		kinds = append(kinds, one.Kind)
	}
	require.Equal(t, []string{"EXTERNAL_EVENT", "FLOW_RUN", "API_REQUEST"}, kinds)

	require.Len(t, got.Event.Nodes, 1)
	require.Equal(t, "opportunity.won", got.Event.Nodes[0].EventType)
	require.Equal(t, "006xx", got.Event.Nodes[0].RecordID)
	require.JSONEq(t, `{"amount":1200}`, got.Event.Nodes[0].Payload.Text)
	require.Len(t, got.Event.Nodes[0].LaunchedRuns, 1)
	require.Equal(t, "run-1", got.Event.Nodes[0].LaunchedRuns[0].ExternalID)

	run := got.FlowRun
	require.Equal(t, []string{"FLOW_RUN", "RUNNING", "PENDING", "EXTERNAL_EVENT", "create-invoice"}, []string{run.Kind, run.RunStatus, run.Status, run.Trigger, run.Flow.Key})
	require.Equal(t, "ev-1", run.TriggeredBy.ExternalID)
	checkLookup(t, run.Graph.Nodes)
	require.NotEmpty(t, run.Graph.FailurePath)
	require.Equal(t, "lookup", run.Graph.FailurePath[len(run.Graph.FailurePath)-1].NodeKey)

	answer, err = a.Events(ctx, events)
	require.NoError(t, err)
	require.JSONEq(t, `{"accepted":1,"duplicates":3,"rejected":[]}`, string(answer.Body), "only the request has no id")
}

// checkLookup looks at the node of the example that failed, and at its request.
func checkLookup(t *testing.T, nodes []node) {
	t.Helper()
	var lookup *node
	for i := range nodes {
		if nodes[i].NodeKey == "lookup" {
			lookup = &nodes[i]
		}
	}
	require.NotNil(t, lookup)
	require.Equal(t, []string{"Look up the account", "api_request", "FAILED", "INVALID_SESSION_ID"},
		[]string{lookup.Name, lookup.Type, lookup.RunStatus, lookup.Error.Code})
	require.Len(t, lookup.Logs.Nodes, 1)
	require.Equal(t, "401 from Salesforce", lookup.Logs.Nodes[0].Message)
	require.Equal(t, "ERROR", lookup.Logs.Nodes[0].Level)

	require.Len(t, lookup.APIRequests.Nodes, 1)
	made := lookup.APIRequests.Nodes[0]
	require.Equal(t, []string{"FAILURE", "GET", "/services/data/v60.0/sobjects/Account/{id}"}, []string{made.Status, made.Method, made.Endpoint})
	require.Equal(t, 401, *made.StatusCode)
	require.InDelta(t, 182.4, *made.DurationMS, 1e-6)
	require.Equal(t, []header{{"Authorization", "[redacted]"}}, made.RequestHeaders)
	require.Nil(t, made.RequestBody)
	require.JSONEq(t, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`, made.ResponseBody.Text)
	require.Equal(t, "application/json", made.ResponseBody.ContentType)
	require.Equal(t, "run-1", made.FlowRun.ExternalID)
	require.Equal(t, "lookup", made.NodeRun.NodeKey)
}
