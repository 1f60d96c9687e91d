package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

func TestTheProtocolOfSockets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	s.know("key", w.as(tenant.RoleViewer))

	require.Empty(t, s.dial(t).conn.Subprotocol())
	for name, c := range map[string]struct {
		protocols []string
		say       []string
		code      websocket.StatusCode
	}{
		"no subprotocol":          {nil, nil, 4406},
		"another subprotocol":     {[]string{"graphql-ws"}, nil, 4406},
		"nothing is said":         {[]string{subprotocol}, nil, 4408},
		"no JSON":                 {[]string{subprotocol}, []string{`{`}, 4400},
		"no such message":         {[]string{subprotocol}, []string{`{"type":"start"}`}, 4400},
		"a list":                  {[]string{subprotocol}, []string{`[]`}, 4400},
		"subscribe before init":   {[]string{subprotocol}, []string{`{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}`}, 4401},
		"payload is no object":    {[]string{subprotocol}, []string{`{"type":"connection_init","payload":"key"}`}, 4400},
		"no credential":           {[]string{subprotocol}, []string{`{"type":"connection_init"}`}, 4403},
		"a bad credential":        {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"Authorization":"x"}}`}, 4403},
		"init twice":              {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"authorization":"key"}}`, `{"type":"connection_init"}`}, 4429},
		"no id":                   {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"authorization":"key"}}`, `{"type":"subscribe","payload":{"query":"{ __typename }"}}`}, 4400},
		"no query":                {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"authorization":"key"}}`, `{"type":"subscribe","id":"1","payload":{}}`}, 4400},
		"variables are no object": {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"authorization":"key"}}`, `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":[]}}`}, 4400},
		"an id twice": {[]string{subprotocol}, []string{`{"type":"connection_init","payload":{"authorization":"key"}}`,
			`{"type":"subscribe","id":"1","payload":{"query":"subscription { logAdded { id } }"}}`, `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}`}, 4409},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := s.dial(t, c.protocols...)
			for _, text := range c.say {
				client.say(text)
			}
			code, before := client.closed()
			require.Equal(t, c.code, code)
			for _, m := range before {
				require.Equal(t, "connection_ack", m.Type)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		c := s.connect(t, "key")
		c.say(`{"type":"ping","payload":{"x":"` + strings.Repeat("x", maxBody) + `"}}`)
		code, _ := c.closed()
		require.Equal(t, websocket.StatusMessageTooBig, code)
	})
	t.Run("operations", func(t *testing.T) {
		t.Parallel()
		c := s.connect(t, "key")
		c.silent()
		c.subscribe("1", `{ viewer { tenant { slug } } }`, nil)
		require.Equal(t, "acme", c.next("1").text(t, "viewer.tenant.slug"))
		require.Equal(t, said{Type: "complete", ID: "1"}, c.hear())
		for query, code := range map[string]string{
			`subscription { logAdded { nothing } }`:                                                  "BAD_USER_INPUT",
			`subscription { logAdded(after: "x") { id } }`:                                           "BAD_USER_INPUT",
			`subscription { flowRunUpdated(id: "run_x") { id } }`:                                    "NOT_FOUND",
			`subscription { a: logAdded { id } b: logAdded { id } }`:                                 "BAD_USER_INPUT",
			`subscription { logAdded(filter: {search: "` + fmt.Sprintf("%0600d", 1) + `"}) { id } }`: "BAD_USER_INPUT",
		} {
			c.subscribe("1", query, nil)
			m := c.hear()
			require.Equal(t, "error", m.Type, "%s %s", query, m.Payload)
			var list []struct{ Extensions struct{ Code string } }
			require.NoError(t, json.Unmarshal(m.Payload, &list))
			require.Equal(t, code, list[0].Extensions.Code, "%s", m.Payload)
		}
		// What ended may be begun again under its id, and what the client ends says no more.
		c.subscribe("1", tailQuery, nil)
		c.say(`{"type":"complete","id":"1"}`)
		c.say(`{"type":"complete","id":"1"}`)
		c.subscribe("1", tailQuery, nil)
		for i := range maxOperations {
			c.subscribe(fmt.Sprint("many", i), tailQuery, nil)
		}
		m := c.hear()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), "RATE_LIMITED")
		c.silent()
	})
}

func TestSocketsEndWithTheirCredential(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	for name, end := range map[string]func(){
		"revoked":    func() { s.know("revoked", nil) },
		"role":       func() { s.know("role", w.as(tenant.RoleAdmin)) },
		"expired":    func() {},
		"restricted": func() { s.know("restricted", w.customer(w.target.CustomerID)) },
	} {
		p := w.as(tenant.RoleSupport)
		if name == "expired" {
			p.ExpiresAt = noon
		}
		c := s.connect(t, s.know(name, p))
		c.subscribe("t", tailQuery, nil)
		end()
		code, before := c.closed()
		require.EqualValues(t, 4403, code, name)
		require.Empty(t, before)
	}
	s.know("sse", w.as(tenant.RoleSupport))
	e := s.events(t, "sse", tailQuery, nil)
	s.know("sse", nil)
	event, data := e.hear()
	require.Equal(t, "next", event)
	require.Contains(t, data, "FORBIDDEN")
	event, _ = e.hear()
	require.Equal(t, "complete", event)
}

// At shutdown nothing is said to be complete, so that clients come back for the rest.
func TestShutdownSaysThatTheServiceRestarts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	c := s.connect(t, s.know("key", w.as(tenant.RoleSupport)))
	c.subscribe("t", tailQuery, nil)
	e := s.events(t, "key", tailQuery, nil)
	s.joined(t, 2)
	ended := make(chan error, 1)
	go func() { ended <- s.api.Close(t.Context()) }()
	code, before := c.closed()
	require.EqualValues(t, 1012, code)
	require.Empty(t, before)
	event, _ := e.hear()
	require.Empty(t, event)
	require.NoError(t, <-ended)
	require.Eventually(t, func() bool { return b.deps.Live.Joined() == 0 }, time.Minute, time.Millisecond, "whoever is gone follows nothing")
	_, _, err := websocket.Dial(t.Context(), s.http.URL, &websocket.DialOptions{Subprotocols: []string{subprotocol}}) //nolint:bodyclose // There is none.
	require.ErrorContains(t, err, "503")
}
