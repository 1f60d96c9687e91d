package ingest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

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
