package tests

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// heard is a message of a subscription: what it is of, how that is, and where it stands.
type heard struct{ ID, State, Cursor string }

// follower follows a subscription of services that come and go: each time one is lost it goes to the next, behind the
// cursor of its last message.
type follower struct {
	name, token, query string
	urls               []string
	// events says to follow by server-sent events, and not over a WebSocket.
	events bool

	mu   sync.Mutex
	list []heard
	// breaks are why it lost services.
	breaks []string
}

// follow follows until the test ends. The query has a field of a name, and selects of it an id and a state.
func follow(t *testing.T, name, token, query string, urls ...string) (overSocket, byEvents *follower) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	overSocket = &follower{name: name, token: token, query: query, urls: urls}
	byEvents = &follower{name: name + " by events", token: token, query: query, urls: urls, events: true}
	for _, f := range []*follower{overSocket, byEvents} {
		running.Go(func() { f.run(ctx) })
	}
	return overSocket, byEvents
}

func (f *follower) run(ctx context.Context) {
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		err := f.once(ctx, f.urls[n%len(f.urls)])
		f.mu.Lock()
		f.breaks = append(f.breaks, fmt.Sprint(err))
		f.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// once follows until that ends.
func (f *follower) once(ctx context.Context, url string) error {
	variables := map[string]any{}
	f.mu.Lock()
	if len(f.list) > 0 && f.list[len(f.list)-1].Cursor != "" {
		variables["after"] = f.list[len(f.list)-1].Cursor
	}
	f.mu.Unlock()
	payload, err := json.Marshal(map[string]any{"query": f.query, "variables": variables})
	if err != nil {
		return err
	}
	if f.events {
		return f.onceByEvents(ctx, url, payload)
	}
	return f.onceOverSocket(ctx, url, payload)
}

func (f *follower) onceOverSocket(ctx context.Context, url string, payload []byte) error {
	conn, answer, err := websocket.Dial(ctx, url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return err
	}
	if answer.Body != nil {
		_ = answer.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	for _, text := range []string{
		fmt.Sprintf(`{"type":"connection_init","payload":{"Authorization":"Bearer %s"}}`, f.token), fmt.Sprintf(`{"type":"subscribe","id":"1","payload":%s}`, payload),
	} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
		if strings.Contains(text, "connection_init") {
			if _, _, err := conn.Read(ctx); err != nil {
				return err
			}
		}
	}
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		if m.Type != "next" {
			return fmt.Errorf("the service said %s", raw)
		}
		if err := f.take(m.Payload); err != nil {
			return err
		}
	}
}

func (f *follower) onceByEvents(ctx context.Context, url string, payload []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(payload))
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"Accept": "text/event-stream", "Content-Type": "application/json", "Authorization": "Bearer " + f.token} {
		req.Header.Set(key, value)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := f.take([]byte(data)); err != nil {
			return err
		}
	}
	return fmt.Errorf("the stream of %s ended: %w", answer.Status, lines.Err())
}

// take notes a message.
func (f *follower) take(payload []byte) error {
	var m struct {
		Data       map[string]heard
		Errors     json.RawMessage
		Extensions struct{ Cursor string }
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return err
	}
	if len(m.Errors) > 0 || len(m.Data) != 1 {
		return fmt.Errorf("the service said %s", payload)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range m.Data {
		one.Cursor = m.Extensions.Cursor
		f.list = append(f.list, one)
	}
	return nil
}

// heard are the messages up to now.
func (f *follower) heard() []heard {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]heard(nil), f.list...)
}

// times is how often each id was heard of in a state; in any for "".
func (f *follower) times(state string) map[string]int {
	out := map[string]int{}
	for _, h := range f.heard() {
		if state == "" || h.State == state {
			out[h.ID]++
		}
	}
	return out
}

// report says how the follower fared.
func (f *follower) report() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprintf("%s: %d messages, %d attempts failed, the last: %v", f.name, len(f.list), len(f.breaks), f.breaks[max(len(f.breaks)-3, 0):])
}

// inOrder makes sure that no change was told twice: each message stands behind the one before, by the number of a change, or
// by that of a commit and what it changed.
func (f *follower) inOrder(t *testing.T) {
	t.Helper()
	last, within := int64(-1), ""
	for i, h := range f.heard() {
		raw, err := base64.RawURLEncoding.DecodeString(h.Cursor)
		require.NoError(t, err)
		parts := strings.Split(string(raw), "\x00")
		require.Greater(t, len(parts), 2, "message %d of %s", i, f.report())
		no, err := strconv.ParseInt(parts[2], 10, 64)
		require.NoError(t, err)
		inside := strings.Join(parts[3:], "")
		require.Positive(t, cmp.Or(cmp.Compare(no, last), strings.Compare(inside, within)), "message %d of %s", i, f.report())
		last, within = no, inside
	}
}
