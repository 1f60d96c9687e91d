package isolation

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// told is one line of _logs.
type told struct {
	At      time.Time
	Level   string
	Message string
	Data    map[string]any
}

// logsOf reads _logs out of an answer; known tells whether there are any.
func logsOf(t *testing.T, raw []byte) (lines []told, known bool) {
	t.Helper()
	var a struct {
		Logs *[]told `json:"_logs"`
	}
	require.NoError(t, json.Unmarshal(raw, &a), "%s", raw)
	if a.Logs == nil {
		return nil, false
	}
	return *a.Logs, true
}

func messages(lines []told) map[string]int {
	out := map[string]int{}
	for _, l := range lines {
		out[l.Message]++
	}
	return out
}

// logsAreOnesOwn asks with ?logs=1, while others ask too: developers and keys are told what the server did for this
// request, without a value of it, and others nothing.
func (w *world) logsAreOnesOwn(t *testing.T) {
	t.Parallel()
	sees := map[string]bool{"OWNER": true, "ADMIN": true, "DEVELOPER": true, "key READ": true, "key ADMIN": true, "key INGEST": true}
	const word = "a-word-that-is-bound"
	body := []byte(`{"query":"{ customers(filter: {search: \"` + word + `\"}) { totalCount } }"}`)
	for _, name := range w.b.order {
		c := w.b.callers[name]
		_, plain := c.post(t, "/graphql", body)
		_, raw := c.post(t, "/graphql?logs=1", body)
		lines, known := logsOf(t, raw)
		require.Equal(t, sees[name], known, "%s: %s", c.name, raw)
		_, known = logsOf(t, plain)
		require.False(t, known)
		if !sees[name] {
			require.JSONEq(t, string(plain), string(raw))
			continue
		}
		_, other := c.post(t, "/graphql?logs=true", body)
		require.JSONEq(t, string(plain), string(other))
		said := messages(lines)
		require.Equal(t, 1, said["authenticated"], "%s: %s", c.name, raw)
		require.Equal(t, 1, said["operation parsed and validated"])
		statements := 0
		for _, l := range lines {
			require.WithinDuration(t, time.Now(), l.At, patience)
			require.Contains(t, []string{"debug", "info", "warn"}, l.Level)
			if l.Message != "statement" {
				continue
			}
			require.Contains(t, l.Data, "took_ms")
			require.Contains(t, l.Data, "rows")
			if l.Data["name"] == "SELECT customer" {
				statements++
			}
		}
		if name == "key INGEST" {
			require.Zero(t, statements, "it may not read")
		} else {
			require.Equal(t, 2, statements, "a page and a count, and nobody else's: %s", raw)
		}
		_, after, _ := strings.Cut(string(raw), `"_logs":`)
		require.NotContains(t, after, word)
		require.NotContains(t, after, c.credential)
		require.NotContains(t, after, w.b.tenant.ID.String())
		w.tenantA().unharmed(t, string(raw))
	}
}

// everyJSONEndpointTellsItsLogs sends by each of the ways in.
func (w *world) everyJSONEndpointTellsItsLogs(t *testing.T) {
	t.Parallel()
	status, raw := w.d.ingest.post(t, "/v1/events?logs=1", []byte(`{"events":[{"type":"internal_event","data":{"event_type":"a-word-of-an-event"}},{"type":"nothing"}]}`))
	require.Equal(t, http.StatusAccepted, status, "%s", raw)
	lines, known := logsOf(t, raw)
	require.True(t, known)
	require.Contains(t, string(raw), `"accepted":1`)
	said := messages(lines)
	for _, message := range []string{"authenticated", "events read", "events committed"} {
		require.Equal(t, 1, said[message], "%s: %s", message, raw)
	}
	require.NotContains(t, string(raw), "a-word-of-an-event")
	// Commits of several requests at once are no one's; this one is most likely alone.
	require.Eventually(t, func() bool {
		_, raw = w.d.ingest.post(t, "/v1/events?logs=1", []byte(`{"events":[{"type":"internal_event","data":{"event_type":"x"}}]}`))
		return strings.Contains(string(raw), `"name":"INSERT journal_segment"`)
	}, patience, time.Millisecond)

	status, raw = w.d.ingest.post(t, "/rest/v2.0/transaction?logs=1", []byte(`{"transactions":[{"from":"x","to":"y","status":"success"}]}`))
	require.Equal(t, http.StatusAccepted, status, "%s", raw)
	lines, known = logsOf(t, raw)
	require.True(t, known)
	require.Equal(t, 1, messages(lines)["events committed"])
	require.Contains(t, string(raw), "batchId")

	// A key without the scope is told why, and somebody without a credential nothing.
	status, raw = w.b.callers["key READ"].post(t, "/v1/events?logs=1", []byte(`{"events":[]}`))
	require.Equal(t, http.StatusForbidden, status)
	_, known = logsOf(t, raw)
	require.True(t, known)
	status, raw = (&caller{url: w.url, credential: "weir_" + strings.Repeat("0", 43)}).post(t, "/graphql?logs=1", []byte(`{"query":"{ viewer { kind } }"}`))
	require.Equal(t, http.StatusUnauthorized, status)
	_, known = logsOf(t, raw)
	require.False(t, known)
	// A mutation tells of the job that it enqueued.
	made := w.d.owner.ask(t, `mutation { createCustomer(input: {externalId: "to-be-deleted", name: "X"}) { customer { id } } }`, nil)
	id := made.Data["createCustomer"].(map[string]any)["customer"].(map[string]any)["id"].(string)
	_, raw = w.d.owner.post(t, "/graphql?logs=1", []byte(`{"query":"mutation { deleteCustomer(input: {id: \"`+id+`\"}) { deletedId } }"}`))
	lines, _ = logsOf(t, raw)
	require.Positive(t, messages(lines)["job enqueued"], "%s", raw)
	found := false
	for _, l := range lines {
		found = found || l.Data["name"] == "INSERT audit_entry" && l.Data["rows"] == 1.0
	}
	require.True(t, found, "%s", raw)
}
