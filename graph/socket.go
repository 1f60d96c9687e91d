package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// subprotocol is what WebSockets speak.
const subprotocol = "graphql-transport-ws"

// The codes that a socket is closed with.
const (
	closeRestart    websocket.StatusCode = 1012
	closeLater      websocket.StatusCode = 1013
	closeBad        websocket.StatusCode = 4400
	closeNoInit     websocket.StatusCode = 4401
	closeForbidden  websocket.StatusCode = 4403
	closeProtocol   websocket.StatusCode = 4406
	closeInitLate   websocket.StatusCode = 4408
	closeTaken      websocket.StatusCode = 4409
	closeInitAgain  websocket.StatusCode = 4429
	closeInternally websocket.StatusCode = 4500
)

// socketTransport speaks graphql-transport-ws.
type socketTransport struct{ streams *streams }

var _ graphql.Transport = socketTransport{}

// Supports takes upgrades to WebSockets.
func (socketTransport) Supports(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do speaks with one client until the socket is closed.
func (t socketTransport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	leave, err := t.streams.enter("websocket")
	if err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(w, mediaJSON, http.StatusServiceUnavailable, "the service is stopping")
		return
	}
	defer leave()
	// Nothing that a browser sends by itself is a credential, so a page of another origin can do no more than any client.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return // It was answered.
	}
	s := &socket{
		streams: t.streams, conn: conn, exec: exec, authorization: r.Header.Get("Authorization"),
		operations: map[string]context.CancelFunc{},
	}
	// The request's context does not end with a socket, and its principal is not yet the socket's.
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(r.Context()))
	s.speak()
}

// socket is a connection with one client.
type socket struct {
	streams       *streams
	conn          *websocket.Conn
	exec          graphql.GraphExecutor
	authorization string

	// ctx ends all that runs on the socket.
	ctx    context.Context //nolint:containedctx // A socket is a connection, which is no call.
	cancel context.CancelCauseFunc
	ending sync.Once
	all    sync.WaitGroup

	// initialised, caller and leave belong to the goroutine that reads; caller is ctx with the principal.
	initialised bool
	caller      context.Context //nolint:containedctx // Likewise.
	leave       func()

	mu         sync.Mutex
	operations map[string]context.CancelFunc
}

// frame is a message of the protocol.
type frame struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// closing is why a socket is closed.
type closing struct {
	code   websocket.StatusCode
	reason string
}

func (c *closing) Error() string { return c.reason }

// speak reads what the client says until the socket is closed.
func (s *socket) speak() {
	defer func() {
		s.end(websocket.StatusNormalClosure, "")
		s.all.Wait()
		if s.leave != nil {
			s.leave()
		}
	}()
	if s.conn.Subprotocol() != subprotocol {
		s.end(closeProtocol, "Subprotocol not acceptable")
		return
	}
	s.conn.SetReadLimit(maxBody)
	late := time.AfterFunc(s.streams.timing.initialise, func() { s.end(closeInitLate, "Connection initialisation timeout") })
	defer late.Stop()
	s.all.Go(func() {
		select {
		case <-s.streams.stopping:
			s.end(closeRestart, "Service restart")
		case <-s.ctx.Done():
		}
	})
	s.all.Go(s.ping)
	for {
		kind, message, err := s.conn.Read(context.WithoutCancel(s.ctx))
		if err != nil {
			return
		}
		var f frame
		if kind != websocket.MessageText || json.Unmarshal(message, &f) != nil {
			s.end(closeBad, "Invalid message received")
			return
		}
		err = errs.Catch(func() error { return s.hear(&f, late) })
		if why, ok := errors.AsType[*closing](err); ok {
			s.end(why.code, why.reason)
			return
		}
		if err != nil {
			s.streams.deps.Logger.ErrorContext(s.ctx, "a socket failed", "error", err)
			s.end(closeInternally, "Internal server error")
			return
		}
	}
}

// hear does what a message says.
func (s *socket) hear(f *frame, late *time.Timer) error {
	switch f.Type {
	case "connection_init":
		if s.initialised {
			return &closing{closeInitAgain, "Too many initialisation requests"}
		}
		s.initialised = true
		late.Stop()
		return s.initialise(f.Payload)
	case "ping":
		return s.write(frame{Type: "pong", Payload: f.Payload})
	case "pong":
		return nil
	case "subscribe":
		if !s.initialised {
			return &closing{closeNoInit, "Unauthorized"}
		}
		return s.subscribe(f)
	case "complete":
		s.mu.Lock()
		defer s.mu.Unlock()
		if stop := s.operations[f.ID]; stop != nil {
			stop()
			delete(s.operations, f.ID)
		}
		return nil
	}
	return &closing{closeBad, "Invalid message received"}
}

// initialise learns whose the connection is: by what stands in its first message, or else in the request's header.
func (s *socket) initialise(payload json.RawMessage) error {
	var given map[string]any
	if len(payload) > 0 && json.Unmarshal(payload, &given) != nil {
		return &closing{closeBad, "The payload of connection_init must be an object"}
	}
	for name, value := range given {
		if text, ok := value.(string); ok && strings.EqualFold(name, "Authorization") {
			s.authorization = text
		}
	}
	p, err := s.principal()
	if err != nil {
		return err
	}
	if s.leave, err = s.streams.admit(p); err != nil {
		return &closing{closeLater, errTooMany.Message}
	}
	caller := tenant.WithPrincipal(s.ctx, p)
	s.caller = caller
	s.all.Go(func() {
		s.streams.watch(caller, s.authorization, p, func(why error) {
			if errors.Is(why, errStopping) {
				s.end(closeRestart, "Service restart")
				return
			}
			s.end(closeForbidden, "Forbidden")
		})
	})
	return s.write(frame{Type: "connection_ack"})
}

func (s *socket) principal() (*tenant.Principal, error) {
	if s.authorization == "" || s.streams.deps.Authenticate == nil {
		p, err := tenant.FromContext(s.ctx)
		if err != nil {
			return nil, &closing{closeForbidden, "Forbidden: no credential was given"}
		}
		return p, nil
	}
	p, err := s.streams.deps.Authenticate(s.ctx, s.authorization)
	switch {
	case errs.Is(err, errs.Unauthenticated), errs.Is(err, errs.Forbidden):
		return nil, &closing{closeForbidden, "Forbidden"}
	case err != nil:
		s.streams.deps.Logger.ErrorContext(s.ctx, "check the credential of a socket", "error", err)
		return nil, &closing{closeLater, "Credentials cannot be checked now"}
	}
	return p, nil
}

// subscribe begins an operation.
func (s *socket) subscribe(f *frame) error {
	var fields map[string]json.RawMessage
	if f.ID == "" || json.Unmarshal(f.Payload, &fields) != nil || fields == nil {
		return &closing{closeBad, "Invalid message received"}
	}
	params, wrong := params(fields)
	if wrong != nil {
		return &closing{closeBad, "Invalid message received: " + wrong.message}
	}
	ctx, stop := context.WithCancel(s.caller)
	s.mu.Lock()
	_, taken := s.operations[f.ID]
	count := len(s.operations)
	if !taken && count < maxOperations {
		s.operations[f.ID] = stop
	}
	s.mu.Unlock()
	switch {
	case taken:
		stop()
		return &closing{closeTaken, "Subscriber for " + f.ID[:min(len(f.ID), 64)] + " already exists"}
	case count >= maxOperations:
		stop()
		return s.writeFor(f.ID, "error", gqlerror.List{refused(errs.RateLimited, "a connection has at most %d operations at once", maxOperations)})
	}
	s.all.Go(func() {
		defer stop()
		s.operate(ctx, f.ID, params)
	})
	return nil
}

// operate runs an operation to its end. One whose context ended was ended by the client, or with the socket.
func (s *socket) operate(ctx context.Context, id string, params *graphql.RawParams) {
	err := errs.Catch(func() error { return s.streams.run(ctx, s.exec, params, &socketOutlet{s, ctx, id}) })
	if err == nil || ctx.Err() != nil || s.ctx.Err() != nil {
		return
	}
	if _, gone := errors.AsType[*lost](err); gone {
		return
	}
	s.streams.deps.Logger.ErrorContext(ctx, "an operation on a socket failed", "error", err)
	s.end(closeInternally, "Internal server error")
}

// socketOutlet sends what one operation answers.
type socketOutlet struct {
	socket *socket
	ctx    context.Context //nolint:containedctx // It ends the operation.
	id     string
}

func (o *socketOutlet) next(response *graphql.Response) error {
	return o.socket.writeFor(o.id, "next", response)
}

// fail ends the operation; its id may be used again once that is said.
func (o *socketOutlet) fail(list gqlerror.List) error {
	if !o.over() {
		return nil
	}
	return o.socket.writeFor(o.id, "error", list)
}

func (o *socketOutlet) complete() error {
	if !o.over() {
		return nil
	}
	return o.socket.write(frame{Type: "complete", ID: o.id})
}

// over notes that the operation has ended; it is false when the client has ended it.
func (o *socketOutlet) over() bool {
	o.socket.mu.Lock()
	defer o.socket.mu.Unlock()
	if o.ctx.Err() != nil {
		return false
	}
	delete(o.socket.operations, o.id)
	return true
}

func (s *socket) writeFor(id, kind string, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return s.write(frame{Type: kind, ID: id, Payload: raw})
}

// lost is the failure of a write: the client has gone, or does not read.
type lost struct{ cause error }

func (l *lost) Error() string { return "the client is gone: " + l.cause.Error() }

// write sends a message. A client that does not take it for too long is cut off.
func (s *socket) write(f frame) error {
	if s.ctx.Err() != nil {
		return &lost{context.Cause(s.ctx)}
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.streams.timing.write)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, raw); err != nil {
		s.cancel(err)
		return &lost{err}
	}
	return nil
}

// ping asks the client now and then whether it is there.
func (s *socket) ping() {
	ticker := time.NewTicker(s.streams.timing.ping)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		// A ping that is under way while the socket is closed must not cut it off: the client is told why it is closed.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.streams.timing.write)
		err := s.conn.Ping(ctx)
		cancel()
		if s.ctx.Err() != nil {
			return
		}
		if err != nil {
			s.cancel(err)
			_ = s.conn.CloseNow()
			return
		}
	}
}

// end closes the socket, once: nothing is sent after the reason.
func (s *socket) end(code websocket.StatusCode, reason string) {
	s.ending.Do(func() {
		s.cancel(&closing{code, reason})
		if len(reason) > 120 { // A close frame has 123 bytes.
			reason = reason[:120]
		}
		_ = s.conn.Close(code, reason) // The client may be gone.
	})
}
