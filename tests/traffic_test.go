package tests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

// recorded is a line of real traffic, as it is sent.
type recorded struct {
	ID, Customer, Integration string
	Metadata                  json.RawMessage
	Data                      struct {
		Direction, Method, URL string
		DurationMS             *float64 `json:"duration_ms"`
		Request                struct {
			Headers map[string]any
			Body    json.RawMessage
		}
		Response struct {
			Status  *int
			Headers map[string]any
			Body    json.RawMessage
		}
		Error *struct{ Kind, Code, Message string }
	}
}

const (
	// slice is how many exchanges are sent unless WEIR_TEST_FULL=1.
	slice = 400
	// perRequest keeps a request below the limit of what is unpacked.
	perRequest = 200
	// bodyLimit is where bodies are cut.
	bodyLimit = 64 << 10
	mark      = "[redacted]"
)

// TestRealTrafficComesBack sends recorded exchanges with many providers, compressed, and reads them back: each field
// as it was sent, but for what may not be stored.
func TestRealTrafficComesBack(t *testing.T) {
	t.Parallel()
	lines := traffic(t)
	a := ourWorld(t).tenant(t, "traffic")
	for chunk := range slices.Chunk(lines, perRequest) {
		answer, err := a.Send(within(t, patience), http.MethodPost, "/v1/events", compress(t, chunk), "Content-Type", "application/x-ndjson", "Content-Encoding", "gzip")
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Body)
		var ack struct {
			Accepted int
			Rejected []json.RawMessage
		}
		require.NoError(t, json.Unmarshal(answer.Body, &ack))
		require.Empty(t, ack.Rejected)
		require.Equal(t, len(chunk), ack.Accepted)
	}
	stored := allRequests(t, a.Client)
	require.Len(t, stored, len(lines))
	redactions, cut := 0, 0
	for _, line := range lines {
		var sent recorded
		require.NoError(t, json.Unmarshal(line, &sent))
		got, ok := stored[sent.ID]
		require.True(t, ok, "%s is not there", sent.ID)
		c := &comparison{T: t, id: sent.ID}
		c.request(&sent, &got)
		redactions, cut = redactions+c.redacted, cut+c.cut
	}
	t.Logf("%d exchanges, %d values redacted, %d bodies cut", len(lines), redactions, cut)
	require.Positive(t, redactions)
}

// traffic reads the recorded exchanges, or skips the test where there are none.
func traffic(t *testing.T) (lines [][]byte) {
	t.Helper()
	dir := os.Getenv("WEIR_TEST_DATA")
	if dir == "" {
		t.Skip("WEIR_TEST_DATA names no directory with traffic.ndjson.gz")
	}
	file, err := os.Open(filepath.Join(dir, "traffic.ndjson.gz"))
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // it was only read
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	scanner := bufio.NewScanner(unpacked)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		lines = append(lines, bytes.Clone(scanner.Bytes()))
	}
	require.NoError(t, scanner.Err())
	if os.Getenv("WEIR_TEST_FULL") == "1" {
		return lines
	}
	// From all over the file: it is ordered by provider.
	step := max(1, len(lines)/slice)
	for i := range min(slice, len(lines)) {
		lines[i] = lines[i*step]
	}
	return lines[:min(slice, len(lines))]
}

func compress(t *testing.T, lines [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.Copy(w, bytes.NewReader(bytes.Join(lines, []byte("\n"))))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func allRequests(t *testing.T, c *harness.Client) map[string]request {
	t.Helper()
	found := map[string]request{}
	var got struct {
		Logs struct {
			Nodes    []request
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
	}
	for after := any(nil); ; after = got.Logs.PageInfo.EndCursor {
		got.Logs.Nodes = nil
		require.NoError(t, c.Query(within(t, patience), `query($after: String) { logs(first: 100, after: $after) {
  nodes { `+requestFields+` } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after}, &got))
		for _, one := range got.Logs.Nodes {
			require.NotContains(t, found, one.ExternalID, "twice")
			found[one.ExternalID] = one
		}
		if !got.Logs.PageInfo.HasNextPage {
			return found
		}
	}
}

// comparison compares an exchange as it was sent with how it came back.
type comparison struct {
	*testing.T
	id            string
	redacted, cut int
}

func (c *comparison) request(sent *recorded, got *request) {
	require.Equal(c, "API_REQUEST", got.Kind, c.id)
	require.Equal(c, sent.Customer, got.Customer.ExternalID, c.id)
	require.Equal(c, sent.Integration, got.Integration.Key, c.id)
	require.Equal(c, sent.Data.Method, got.Method, c.id)
	require.NotEmpty(c, got.Endpoint, c.id)
	c.text("url", sent.Data.URL, got.URL)
	require.Equal(c, sent.Data.Response.Status, got.StatusCode, c.id)
	if sent.Data.DurationMS != nil {
		require.InDelta(c, *sent.Data.DurationMS, *got.DurationMS, 0.001, c.id)
	}
	c.json("metadata", sent.Metadata, got.Metadata)
	c.headers("request", sent.Data.Request.Headers, got.RequestHeaders)
	c.headers("response", sent.Data.Response.Headers, got.ResponseHeaders)
	c.body("request", sent.Data.Request.Body, got.RequestBody)
	c.body("response", sent.Data.Response.Body, got.ResponseBody)
	if sent.Data.Error != nil {
		require.Equal(c, strings.ToUpper(sent.Data.Error.Kind), got.Error.Kind, c.id)
	}
	if status := sent.Data.Response.Status; sent.Data.Error != nil || status != nil && *status >= 400 {
		require.Equal(c, "FAILURE", got.Status, c.id)
	}
}

// text allows a difference only where something is redacted.
func (c *comparison) text(what, sent, got string) {
	// NUL cannot be kept in a text of PostgreSQL, nor can what is no UTF-8.
	sent = strings.ReplaceAll(strings.ToValidUTF8(sent, string(utf8.RuneError)), "\x00", "")
	if sent == got {
		return
	}
	if !strings.Contains(got, mark) {
		require.Equal(c, sent, got, "%s of %s", what, c.id)
	}
	c.redacted++
}

func (c *comparison) headers(what string, sent map[string]any, got []header) {
	values := map[string][]string{}
	for _, h := range got {
		values[h.Name] = append(values[h.Name], h.Value)
	}
	require.ElementsMatch(c, slices.Collect(maps.Keys(sent)), slices.Collect(maps.Keys(values)), "names of headers of the %s of %s", what, c.id)
	for name, value := range sent {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		require.Len(c, values[name], len(list), "%s of the %s of %s", name, what, c.id)
		for i, one := range list {
			require.IsType(c, "", one)
			c.text(name, one.(string), values[name][i]) // the line above
		}
	}
}

func (c *comparison) body(what string, sent json.RawMessage, got *body) {
	if len(sent) == 0 || string(sent) == "null" {
		require.Nil(c, got, "body of the %s of %s", what, c.id)
		return
	}
	require.NotNil(c, got, "body of the %s of %s", what, c.id)
	require.Equal(c, got.Redacted, strings.Contains(got.Text, mark), "body of the %s of %s", what, c.id)
	if got.Truncated {
		require.LessOrEqual(c, len(got.Text), bodyLimit+len(mark), c.id)
		require.Greater(c, len(sent), bodyLimit/2, c.id)
		c.cut++
		return
	}
	var text string
	if json.Unmarshal(sent, &text) == nil {
		c.text(what+" body", text, got.Text)
		return
	}
	c.json(what+" body", sent, []byte(got.Text))
}

// json compares two values, whatever the order of members and the spaces between them.
func (c *comparison) json(what string, sent, got []byte) {
	if len(sent) == 0 {
		sent = []byte("null")
	}
	c.value(what, c.parsed(what, sent), c.parsed(what, got))
}

func (c *comparison) parsed(what string, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(c, d.Decode(&v), "%s of %s: %.300s", what, c.id, text)
	return v
}

func (c *comparison) value(at string, sent, got any) {
	switch s := sent.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			require.ElementsMatch(c, slices.Collect(maps.Keys(s)), slices.Collect(maps.Keys(g)), "%s of %s", at, c.id)
			for k := range s {
				c.value(at+"."+k, s[k], g[k])
			}
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			require.Len(c, g, len(s), "%s of %s", at, c.id)
			for i := range s {
				c.value(at, s[i], g[i])
			}
			return
		}
	case string:
		if g, ok := got.(string); ok {
			c.text(at, s, g)
			return
		}
	}
	if g, ok := got.(string); ok && strings.Contains(g, mark) {
		c.redacted++
		return
	}
	require.Equal(c, sent, got, "%s of %s", at, c.id)
}
