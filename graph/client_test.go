package graph

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// site is the API on an address, with credentials that come and go.
type site struct {
	*bundle
	api  *Server
	http *httptest.Server

	mu    sync.Mutex
	known map[string]*tenant.Principal
}

func quick() timing {
	return timing{initialise: 200 * time.Millisecond, recheck: 10 * time.Millisecond, ping: 20 * time.Millisecond, write: 10 * time.Minute}
}

func serve(t *testing.T, b *bundle) *site {
	t.Helper()
	s := &site{bundle: b, known: map[string]*tenant.Principal{}}
	deps := b.deps
	deps.timing, deps.Authenticate = quick(), s.authenticate
	s.api = NewHandler(deps)
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, err := s.authenticate(r.Context(), r.Header.Get("Authorization")); err == nil {
			r = r.WithContext(tenant.WithPrincipal(r.Context(), p))
		}
		s.api.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		require.NoError(t, s.api.Close(ctx))
		s.http.Close()
	})
	return s
}

func (s *site) authenticate(_ context.Context, authorization string) (*tenant.Principal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.known[authorization]
	if p == nil {
		return nil, errs.New(errs.Unauthenticated, "unknown")
	}
	same := *p
	return &same, nil
}

// know makes a credential stand for a principal; nil for nobody any more.
func (s *site) know(name string, p *tenant.Principal) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[name] = p
	return name
}

// said is a message of the protocol.
type said struct {
	Type    string
	ID      string
	Payload json.RawMessage
}

// wsClient is a plain client of graphql-transport-ws.
type wsClient struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context
}

func (s *site) dial(t *testing.T, protocols ...string) *wsClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	conn, answer, err := websocket.Dial(ctx, s.http.URL+"/graphql", &websocket.DialOptions{Subprotocols: protocols})
	require.NoError(t, err)
	if answer.Body != nil {
		require.NoError(t, answer.Body.Close())
	}
	conn.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wsClient{t: t, conn: conn, ctx: ctx}
}

// connect is a socket that is initialised.
func (s *site) connect(t *testing.T, authorization string) *wsClient {
	t.Helper()
	c := s.dial(t, subprotocol)
	c.say(`{"type":"connection_init","payload":{"Authorization":"` + authorization + `"}}`)
	require.Equal(t, "connection_ack", c.hear().Type)
	return c
}

func (c *wsClient) say(text string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.Write(c.ctx, websocket.MessageText, []byte(text)))
}

func (c *wsClient) subscribe(id, query string, v vars) {
	c.t.Helper()
	payload, err := json.Marshal(map[string]any{"query": query, "variables": v})
	require.NoError(c.t, err)
	c.say(`{"type":"subscribe","id":"` + id + `","payload":` + string(payload) + `}`)
}

func (c *wsClient) hear() said {
	c.t.Helper()
	_, raw, err := c.conn.Read(c.ctx)
	require.NoError(c.t, err)
	var m said
	require.NoError(c.t, json.Unmarshal(raw, &m), string(raw))
	return m
}

// next is the next message of data.
func (c *wsClient) next(id string) *message {
	c.t.Helper()
	m := c.hear()
	require.Equal(c.t, "next", m.Type, "%s", m.Payload)
	require.Equal(c.t, id, m.ID)
	out := &message{}
	require.NoError(c.t, json.Unmarshal(m.Payload, &out))
	out.raw = string(m.Payload)
	return out
}

// silent makes sure that nothing was sent before the answer to a ping.
func (c *wsClient) silent() {
	c.t.Helper()
	c.say(`{"type":"ping","payload":{"a":1}}`)
	m := c.hear()
	require.Equal(c.t, "pong", m.Type, "%s", m.Payload)
	require.JSONEq(c.t, `{"a":1}`, string(m.Payload))
}

// closed waits until the socket is closed, and gives the code, and what was heard before.
func (c *wsClient) closed() (code websocket.StatusCode, before []said) {
	c.t.Helper()
	for {
		_, raw, err := c.conn.Read(c.ctx)
		if err != nil {
			return websocket.CloseStatus(err), before
		}
		var m said
		require.NoError(c.t, json.Unmarshal(raw, &m))
		before = append(before, m)
	}
}

// message is the payload of a message of data.
type message struct {
	reply
	Extensions struct{ Cursor string }
}

// events opens a stream of server-sent events.
func (s *site) events(t *testing.T, authorization, query string, v vars) *sseClient {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.http.URL+"/graphql", strings.NewReader(string(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &sseClient{t: t, answer: answer, lines: bufio.NewScanner(answer.Body)}
}

type sseClient struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
}

// hear gives the next event; "" at the end of the stream.
func (c *sseClient) hear() (event, data string) {
	c.t.Helper()
	for c.lines.Scan() {
		line := c.lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			event = line[7:]
		case strings.HasPrefix(line, "data:"):
			data = strings.TrimSpace(line[5:])
		case line == "" && event != "":
			return event, data
		}
	}
	return "", ""
}
