package follow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Config says what to follow, and where.
type Config struct {
	// URL is the service's address, Key an API key or a token.
	URL, Key string
	// Filter is a LogFilter, by the names of its fields.
	Filter map[string]any
	// After is the cursor to begin behind; "" for now.
	After string
	// Each is called for each entry. An error of it ends.
	Each func(e *Entry) error
	// Lost hears that the connection broke, and when it is tried again; it may be nil.
	Lost func(why error, retry time.Duration)
	// Ready hears of each time that the service has accepted the subscription; it may be nil.
	Ready func()
}

const query = `subscription($filter: LogFilter, $after: String) { logAdded(filter: $filter, after: $after) {
  id kind status occurredAt recordedAt summary externalId traceId
  customer { id externalId name } integration { id key name } error { code message kind }
  ... on ApiRequest { method url endpoint statusCode durationMs attempt }
  ... on ExternalWebhook { method url responseStatusCode }
  ... on ExternalEvent { eventType recordId }
  ... on InternalEvent { eventType }
  ... on Transaction { from to operation message }
  ... on FlowRun { runStatus flow { id key name } durationMs }
} }`

const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
	// silence is for how long nothing at all may come: the service pings every 15 s.
	silence     = 60 * time.Second
	readLimit   = 20 << 20
	dialTimeout = 15 * time.Second
)

// Refused is an answer that trying again would not change.
type Refused struct{ Message string }

func (r *Refused) Error() string { return r.Message }

// Logs follows log entries until the context ends, Each fails or the service refuses. What breaks is begun again behind
// the last entry.
func Logs(ctx context.Context, cfg Config) error {
	f := &follower{Config: cfg, retry: firstRetry}
	for {
		err := f.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if refused, ok := errors.AsType[*Refused](err); ok {
			return refused
		}
		if f.failed != nil {
			return f.failed
		}
		if cfg.Lost != nil {
			cfg.Lost(err, f.retry)
		}
		timer := time.NewTimer(f.retry)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		f.retry = min(2*f.retry, lastRetry)
	}
}

type follower struct {
	Config
	retry  time.Duration
	failed error
}

type frame struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// once follows over one connection.
func (f *follower) once(ctx context.Context) error {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, answer, err := websocket.Dial(dialing, strings.TrimSuffix(f.URL, "/")+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if answer != nil && answer.Body != nil {
		defer func() { _ = answer.Body.Close() }()
	}
	if err != nil {
		if answer != nil && answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
			return &Refused{fmt.Sprintf("%s is no Weir service: it answered %s", f.URL, answer.Status)}
		}
		return fmt.Errorf("connect to %s: %w", f.URL, err)
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(readLimit)
	if err := say(ctx, conn, "connection_init", "", map[string]any{"Authorization": "Bearer " + f.Key}); err != nil {
		return err
	}
	for {
		m, err := hear(ctx, conn)
		if err != nil {
			return lost(err)
		}
		switch m.Type {
		case "connection_ack":
			variables := map[string]any{"filter": f.Filter}
			if f.After != "" {
				variables["after"] = f.After
			}
			if err := say(ctx, conn, "subscribe", "tail", map[string]any{"query": query, "variables": variables}); err != nil {
				return err
			}
			if f.Ready != nil {
				f.Ready()
			}
		case "ping":
			if err := say(ctx, conn, "pong", "", nil); err != nil {
				return err
			}
		case "next":
			if err := f.next(m.Payload); err != nil {
				return err
			}
		case "error":
			return f.refused(m.Payload)
		case "complete":
			return errors.New("the service ended the subscription")
		}
	}
}

func say(ctx context.Context, conn *websocket.Conn, kind, id string, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	m := frame{Type: kind, ID: id}
	if payload != nil {
		m.Payload = raw
	}
	if raw, err = json.Marshal(m); err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, raw)
}

// hear reads the next message. The service's pings are answered on the way, but do not count: so a quiet connection is
// asked by a ping of ours whether it is still there.
func hear(ctx context.Context, conn *websocket.Conn) (frame, error) {
	var m frame
	type result struct {
		raw []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		_, raw, err := conn.Read(ctx)
		done <- result{raw, err}
	}()
	for {
		timer := time.NewTimer(silence)
		select {
		case r := <-done:
			timer.Stop()
			if r.err != nil {
				return m, r.err
			}
			return m, json.Unmarshal(r.raw, &m)
		case <-timer.C:
			asking, cancel := context.WithTimeout(ctx, dialTimeout)
			err := conn.Ping(asking)
			cancel()
			if err != nil {
				return m, fmt.Errorf("the service does not answer: %w", err)
			}
		}
	}
}

// lost says why a connection ended; some reasons are for good.
func lost(err error) error {
	switch code := websocket.CloseStatus(err); code {
	case 1012:
		return errors.New("the service restarts")
	case 4403:
		return &Refused{"the key is not accepted, or not any more"}
	case 4400, 4401, 4406, 4409, 4429:
		return &Refused{fmt.Sprintf("the service refused the connection: %v", err)}
	}
	return fmt.Errorf("the connection broke: %w", err)
}

type payload struct {
	Data   struct{ LogAdded json.RawMessage }
	Errors []struct {
		Message    string
		Extensions struct{ Code, Cursor string }
	}
	Extensions struct{ Cursor string }
}

func (f *follower) next(raw json.RawMessage) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("the service said what cannot be read: %w", err)
	}
	if len(p.Data.LogAdded) == 0 || string(p.Data.LogAdded) == "null" {
		if len(p.Errors) > 0 {
			return errors.New(p.Errors[0].Message)
		}
		return errors.New("the service said nothing")
	}
	e := &Entry{raw: p.Data.LogAdded, Cursor: p.Extensions.Cursor}
	if err := json.Unmarshal(p.Data.LogAdded, &e.Shown); err != nil {
		return fmt.Errorf("the service said what cannot be read: %w", err)
	}
	if err := f.Each(e); err != nil {
		f.failed = err
		return err
	}
	f.retry = firstRetry
	if e.Cursor != "" {
		f.After = e.Cursor
	}
	return nil
}

// refused is the error with which the service ended the subscription.
func (f *follower) refused(raw json.RawMessage) error {
	var list []struct {
		Message    string
		Extensions struct{ Code, Cursor string }
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return errors.New("the service ended the subscription with an error")
	}
	switch list[0].Extensions.Code {
	case "RESYNC":
		if cursor := list[0].Extensions.Cursor; cursor != "" {
			f.After = cursor
		} else {
			f.After = ""
		}
		return errors.New(list[0].Message)
	case "INTERNAL", "UNAVAILABLE", "RATE_LIMITED":
		return errors.New(list[0].Message)
	}
	return &Refused{list[0].Message}
}
