package isolation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// caller asks the service with one credential; an empty one is none.
type caller struct {
	url, credential, name string
	// own puts ids of the caller's own tenant into what it asks, for ownFlow and the like; nil for nobody's.
	own *strings.Replacer
}

// What stands in documents for a flow, a customer, an issue and a member of whoever asks.
const (
	ownFlow     = "OWN-FLOW"
	ownCustomer = "OWN-CUSTOMER"
	ownIssue    = "OWN-ISSUE"
	ownMember   = "OWN-MEMBER"
	ownRule     = "OWN-RULE"
)

// answer is what GraphQL answered.
type answer struct {
	status int
	raw    []byte
	Data   map[string]any
	Errors []failure
}

// failure is an error of an answer.
type failure struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

func (f failure) code() string {
	code, _ := f.Extensions["code"].(string)
	return code
}

// ask sends a GraphQL document.
func (c *caller) ask(t *testing.T, query string, variables map[string]any) *answer {
	t.Helper()
	if c.own != nil {
		query = c.own.Replace(query)
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	a := &answer{}
	a.status, a.raw = c.post(t, "/graphql", body)
	decoder := json.NewDecoder(bytes.NewReader(a.raw))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(a), "%s got: %s", c.name, a.raw)
	return a
}

// must asks what goes well, and reads the data.
func (c *caller) must(t *testing.T, into any, query string, variables map[string]any) {
	t.Helper()
	a := c.ask(t, query, variables)
	require.Empty(t, a.Errors, "%s asked %s", c.name, query)
	require.NotContains(t, string(a.raw), `"userErrors":[{`)
	if into != nil {
		raw, err := json.Marshal(a.Data)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, into))
	}
}

// post sends JSON and gives the status and the body of the answer.
func (c *caller) post(t *testing.T, path string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if c.credential != "" {
		request.Header.Set("Authorization", "Bearer "+c.credential)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, raw
}

// decode reads the JSON of a response.
func decode(response *http.Response, into any) error {
	return errors.Join(json.NewDecoder(response.Body).Decode(into), response.Body.Close())
}

// receipt is the answer to events.
type receipt struct {
	Accepted, Duplicates int
	Rejected             []map[string]any
}

// deliver sends events and gives the receipt.
func (c *caller) deliver(t *testing.T, events []event) receipt {
	t.Helper()
	body, err := json.Marshal(map[string]any{"events": events})
	require.NoError(t, err)
	status, raw := c.post(t, "/v1/events", body)
	var r receipt
	require.NoError(t, json.Unmarshal(raw, &r), "%s", raw)
	require.Contains(t, []int{http.StatusAccepted, http.StatusBadRequest}, status, "%s", raw)
	return r
}
