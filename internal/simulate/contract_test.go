package simulate

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// checkEvent holds one event to the ingestion contract: known fields, required ones, words of the
// enumerations, times in their order.
func checkEvent(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var e map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	require.NoError(t, decoder.Decode(&e), "%s", raw)
	require.NotContains(t, string(raw), "\n")
	kind, _ := e["type"].(string)
	shape, known := shapes[kind]
	require.True(t, known, "unknown type in %s", raw)
	data, ok := e["data"].(map[string]any)
	require.True(t, ok, "no data in %s", raw)

	require.Subset(t, envelopeFields, slices.Collect(maps.Keys(e)), "%s", raw)
	for _, f := range shape.envelope {
		require.NotEmpty(t, e[f], "%s is missing in %s", f, raw)
	}
	for _, f := range shape.required {
		require.Contains(t, data, f, "%s", raw)
	}
	require.Subset(t, append(slices.Clone(shape.required), shape.optional...), slices.Collect(maps.Keys(data)), "%s", raw)
	for path, words := range shape.words {
		if v, there := data[path]; there {
			require.Contains(t, words, v, "%s in %s", path, raw)
		}
	}
	checkObject(t, data, "trigger", triggerWords, raw)
	checkObject(t, data, "skip", skipWords, raw)
	if kind == "api_request" {
		checkObject(t, data, "error", errorWords, raw)
		_, answered := data["response"]
		_, broken := data["error"]
		require.True(t, answered != broken, "a request has an answer or an error: %s", raw)
	}
	if u, there := data["url"].(string); there {
		checkURL(t, u)
	}
	occurred := timeAt(t, e, "occurred_at")
	if _, done := data["finished_at"]; done {
		require.False(t, timeAt(t, data, "finished_at").Before(timeAt(t, data, "started_at")), "%s", raw)
		require.False(t, occurred.Before(timeAt(t, data, "finished_at")), "%s", raw)
	}
	id, _ := e["id"].(string)
	require.NotEmpty(t, id)
	require.LessOrEqual(t, len(id), 200)
	return e
}

func checkObject(t *testing.T, data map[string]any, field string, words map[string][]any, raw []byte) {
	t.Helper()
	object, there := data[field].(map[string]any)
	if !there {
		return
	}
	for key, allowed := range words {
		if v, set := object[key]; set {
			require.Contains(t, allowed, v, "%s.%s in %s", field, key, raw)
		}
	}
}

func checkURL(t *testing.T, text string) {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "https", u.Scheme, text)
	require.NotEmpty(t, u.Host, text)
	require.NotContains(t, text, " ")
	require.NotContains(t, text, "${")
	_, err = url.ParseQuery(u.RawQuery)
	require.NoError(t, err, text)
}

func timeAt(t *testing.T, object map[string]any, field string) time.Time {
	t.Helper()
	text, _ := object[field].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err, "%s of %v", field, object)
	return at
}

var envelopeFields = []string{
	"type", "id", "occurred_at", "customer", "integration", "connected_app", "flow_run", "node_run",
	"trace_id", "identifiers", "metadata", "status", "data",
}

type shape struct {
	envelope, required, optional []string
	words                        map[string][]any
}

var (
	runWords     = []any{"queued", "running", "succeeded", "failed", "canceled", "skipped"}
	triggerWords = map[string][]any{"kind": {"external_event", "internal_event", "schedule", "api", "manual"}}
	skipWords    = map[string][]any{"code": {"flow_disabled", "filter_not_matched", "duplicate", "queue_full", "rate_limited", "not_subscribed", "other"}}
	errorWords   = map[string][]any{"kind": {"timeout", "dns", "tls", "connection", "application"}}
)

var shapes = map[string]shape{
	"api_request": {
		required: []string{"method", "url"},
		optional: []string{"direction", "endpoint", "request", "response", "duration_ms", "attempt", "error"},
		words:    map[string][]any{"direction": {"outbound", "inbound"}},
	},
	"external_webhook": {
		envelope: []string{"customer", "integration"}, required: []string{"url"},
		optional: []string{"method", "headers", "body", "signature_valid", "response_status", "data_source", "rejection", "error"},
		words: map[string][]any{"rejection": {
			"verification_failed", "unsupported_method", "unsupported_content_type", "unparsable", "payload_too_large", "source_disabled", "no_connection", "other",
		}},
	},
	"external_event_pull": {
		envelope: []string{"customer", "integration"}, required: []string{"data_source"},
		optional: []string{"status", "strategy", "full", "pages", "records_scanned", "cursor_before", "cursor_after", "event_count", "duration_ms", "error"},
		words:    map[string][]any{"status": {"queued", "running", "success", "error", "skipped"}, "strategy": {"full_scan", "latest_records", "custom"}},
	},
	"external_event": {
		envelope: []string{"customer", "integration"}, required: []string{"event_type"},
		optional: []string{"record_id", "payload", "data_source", "source", "skip"},
	},
	"internal_event": {
		envelope: []string{"customer"}, required: []string{"event_type"}, optional: []string{"payload", "via", "skip"},
		words: map[string][]any{"via": {"customer_subscription", "global_webhook", "api"}},
	},
	"flow_run": {
		required: []string{"flow", "status"},
		optional: []string{"trigger", "started_at", "finished_at", "input", "output", "error"},
		words:    map[string][]any{"status": runWords},
	},
	"node_run": {
		envelope: []string{"flow_run"}, required: []string{"node", "status"},
		optional: []string{"name", "type", "parents", "attempt", "iteration", "started_at", "finished_at", "input", "output", "error", "logs"},
		words:    map[string][]any{"status": runWords},
	},
	"log": {
		required: []string{"level", "message"}, optional: []string{"data"},
		words: map[string][]any{"level": {"debug", "info", "warn", "error"}},
	},
	"transaction": {
		required: []string{"from", "to", "status"},
		optional: []string{"operation", "payload_type", "message", "flow_id", "duration_ms", "error"},
		words:    map[string][]any{"status": {"success", "failure", "pending", "unknown"}},
	},
	"customer": {optional: []string{"name", "attributes"}},
	"connected_app": {
		envelope: []string{"customer", "integration"}, required: []string{"status"},
		optional: []string{"account", "scopes", "credentials_expire_at", "reason"},
		words:    map[string][]any{"status": {"connected", "needs_reauth", "disconnected"}},
	},
	"flow": {optional: []string{"name", "enabled", "trigger"}},
	"data_source": {
		envelope: []string{"customer", "integration"},
		optional: []string{"mode", "event_types", "pull_interval_s", "state", "reason", "expires_at"},
		words:    map[string][]any{"mode": {"webhook", "pull"}, "state": {"active", "paused", "expired", "failed"}},
	},
}
