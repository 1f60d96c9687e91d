package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// removal is a line of `weir retention`.
type removal struct {
	Tenant, Table, Kind, What string
	Count                     int
}

func (w *world) retention(t *testing.T, args ...string) (list []removal) {
	t.Helper()
	out, err := w.binary.Output(within(t, patience), w.env, append([]string{"retention"}, args...)...)
	require.NoError(t, err)
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		var one removal
		require.NoError(t, json.Unmarshal(lines.Bytes(), &one))
		list = append(list, one)
	}
	return list
}

// What is over goes when an operator says so, as was said before: bodies first, then entries, while figures stay.
func TestRetentionByCommand(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "retention")
	day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.RFC3339) }
	for _, ago := range []int{1, 29, 45, 80} {
		a.send(t, strings.ReplaceAll(strings.ReplaceAll(`{"type":"api_request","id":"r-#","customer":"acme","integration":"crm","occurred_at":"@","data":{"method":"GET","url":"https://api.example.com/#","response":{"status":500,"headers":{"X-Note":"n"},"body":"body-#"}}}
{"type":"flow_run","id":"run-#","customer":"acme","integration":"crm","occurred_at":"@","data":{"flow":"sync","status":"succeeded","started_at":"@","input":{"n":"#"}}}
{"type":"internal_event","id":"e-#","customer":"acme","occurred_at":"@","data":{"event_type":"order.paid","payload":{"n":"#"}}}`,
			"#", fmt.Sprint(ago)), "@", day(ago)))
	}
	token, err := w.binary.Output(within(t, patience), w.env, "token", "--tenant", a.Slug, "--role", "admin")
	require.NoError(t, err)
	admin := a.as(strings.TrimSpace(token))
	// Bodies are those of requests, by the day of each.
	requests := func() map[string]string {
		var said struct {
			Logs struct {
				Nodes []struct {
					URL          string
					ResponseBody *struct{ Text string }
				}
			}
		}
		require.NoError(t, admin.Query(within(t, patience), `{ logs(first: 50, filter: {kinds: [API_REQUEST]}) { nodes { ... on ApiRequest { url responseBody { text } } } } }`, nil, &said))
		out := map[string]string{}
		for _, n := range said.Logs.Nodes {
			out[strings.TrimPrefix(n.URL, "https://api.example.com/")] = ""
			if n.ResponseBody != nil {
				out[strings.TrimPrefix(n.URL, "https://api.example.com/")] = n.ResponseBody.Text
			}
		}
		return out
	}
	require.Equal(t, map[string]string{"1": "body-1", "29": "body-29", "45": "body-45", "80": "body-80"}, requests())

	want := []removal{
		{a.Slug, "journal_segment", "API_REQUEST", "payloads", 2}, {a.Slug, "journal_segment", "INTERNAL_EVENT", "payloads", 2},
		{a.Slug, "flow_run", "FLOW_RUN", "payloads", 2},
	}
	require.Equal(t, want, w.retention(t, "--dry-run", "--tenant", a.Slug))
	require.Len(t, requests(), 4)
	require.Subset(t, w.retention(t, "--dry-run"), want, "among those of all tenants")
	require.Equal(t, want, w.retention(t, "--tenant", a.Slug))
	require.Empty(t, w.retention(t, "--tenant", a.Slug), "all is done")
	require.Equal(t, map[string]string{"1": "body-1", "29": "body-29", "45": "", "80": ""}, requests())

	var updated struct {
		UpdateRetention struct{ Tenant struct{ ID string } }
	}
	require.NoError(t, admin.Query(within(t, patience), `mutation { updateRetention(input: {policies: [{kind: API_REQUEST, days: 40, payloadDays: 7}, {kind: FLOW_RUN, days: 2}]}) { tenant { id } } }`, nil, &updated))
	want = []removal{
		{a.Slug, "journal_segment", "API_REQUEST", "entries", 2}, {a.Slug, "journal_segment", "API_REQUEST", "payloads", 1},
		{a.Slug, "journal_failure", "API_REQUEST", "rows", 2}, {a.Slug, "flow_run", "FLOW_RUN", "entries", 3},
	}
	require.Equal(t, want, w.retention(t, "--dry-run", "--tenant", a.Slug))
	require.Equal(t, want, w.retention(t, "--tenant", a.Slug))
	require.Equal(t, map[string]string{"1": "body-1", "29": ""}, requests())

	var figures struct {
		Overview struct{ Totals struct{ Total int } }
	}
	require.NoError(t, admin.Query(within(t, patience), `query ($from: Time!, $to: Time!) { overview(range: {from: $from, to: $to}) { totals { total } } }`,
		map[string]any{"from": day(89), "to": day(-1)}, &figures))
	require.Equal(t, 12, figures.Overview.Totals.Total, "figures stay")
}
