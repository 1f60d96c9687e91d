package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client talks to a service with one credential.
type Client struct {
	// URL is the service's address, without a path.
	URL string
	// Token is an API key or a JWT; without one nothing is sent.
	Token string
	// HTTP is http.DefaultClient when it is nil.
	HTTP *http.Client
}

// Answer is an answer over HTTP, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send makes a request. headers are names and values by turns.
func (c *Client) Send(ctx context.Context, method, path string, body []byte, headers ...string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	text, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: text}, errors.Join(err, resp.Body.Close())
}

// Events posts events as NDJSON or, when they begin so, as a JSON object.
func (c *Client) Events(ctx context.Context, events []byte) (Answer, error) {
	kind := "application/x-ndjson"
	if bytes.HasPrefix(events, []byte(`{"events"`)) {
		kind = "application/json"
	}
	return c.Send(ctx, http.MethodPost, "/v1/events", events, "Content-Type", kind)
}

// GraphQLError is what a GraphQL answer says went wrong.
type GraphQLError struct {
	Status int
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code string }
	}
}

func (e *GraphQLError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "GraphQL answered %d", e.Status)
	for _, one := range e.Errors {
		fmt.Fprintf(&b, "; %v %s: %s", one.Path, one.Extensions.Code, one.Message)
	}
	return b.String()
}

// Query runs a GraphQL operation and reads its data. Any error in the answer is a *GraphQLError.
func (c *Client) Query(ctx context.Context, query string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	answer, err := c.Send(ctx, http.MethodPost, "/graphql", body, "Content-Type", "application/json")
	if err != nil {
		return err
	}
	said := struct {
		Data json.RawMessage
		*GraphQLError
	}{GraphQLError: &GraphQLError{Status: answer.Status}}
	if err := json.Unmarshal(answer.Body, &said); err != nil {
		return fmt.Errorf("GraphQL answered %d: %w: %.200s", answer.Status, err, answer.Body)
	}
	if len(said.Errors) > 0 || answer.Status != http.StatusOK {
		return said.GraphQLError
	}
	if err := json.Unmarshal(said.Data, into); err != nil {
		return fmt.Errorf("read the data of GraphQL: %w: %.200s", err, said.Data)
	}
	return nil
}
