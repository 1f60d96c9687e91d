package graph

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

const mediaEvents = "text/event-stream"

// eventTransport speaks graphql-sse, in the mode of distinct connections: one operation a request, answered by events.
type eventTransport struct{ streams *streams }

var _ graphql.Transport = eventTransport{}

// Supports takes the requests that want events and nothing else.
func (eventTransport) Supports(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return false
	}
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if name, _, err := mime.ParseMediaType(part); err == nil && name == mediaEvents {
			return true
		}
	}
	return false
}

// Do answers one operation.
func (t eventTransport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	leave, err := t.streams.enter("sse")
	if err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(w, mediaJSON, http.StatusServiceUnavailable, "the service is stopping")
		return
	}
	defer leave()
	params, wrong := read(w, r)
	if wrong != nil {
		refuse(w, mediaJSON, wrong.status, wrong.message)
		return
	}
	params.Headers = r.Header
	p, err := tenant.FromContext(r.Context())
	if err == nil {
		if leave, err = t.streams.admit(p); err != nil {
			w.Header().Set("Retry-After", "5")
			refuse(w, mediaJSON, http.StatusTooManyRequests, errTooMany.Message)
			return
		}
		defer leave()
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	e := &events{control: http.NewResponseController(w), w: w, timing: t.streams.timing, out: make(chan string), ctx: ctx}
	if err := e.open(); err != nil {
		return
	}
	if p != nil {
		go t.streams.watch(ctx, r.Header.Get("Authorization"), p, func(why error) { cancel(why) })
	} else {
		// Whoever is nobody may do next to nothing, and that quickly.
		go func() {
			select {
			case <-t.streams.stopping:
				cancel(errStopping)
			case <-ctx.Done():
			}
		}()
	}
	done := make(chan error, 1)
	go func() {
		done <- errs.Catch(func() error { return t.streams.run(ctx, exec, params, e) })
	}()
	e.write(done)
	cancel(nil)
	if errors.Is(context.Cause(ctx), errForbidden) {
		e.last(gqlerror.List{refused(errs.Forbidden, "%s", errForbidden.Message)})
	}
}

// events is a stream of events. What an operation answers is handed to the goroutine of the request, which writes it.
type events struct {
	control *http.ResponseController
	w       http.ResponseWriter
	timing  timing
	out     chan string
	ctx     context.Context //nolint:containedctx // It is the request's.
}

// open begins the answer.
func (e *events) open() error {
	header := e.w.Header()
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back.
	header.Set("X-Content-Type-Options", "nosniff")
	// The time for reading a request is over soon; the stream is not.
	_ = e.control.SetReadDeadline(time.Time{})
	e.w.WriteHeader(http.StatusOK)
	return e.send(":\n\n")
}

// write writes what the operation answers, and a sign of life now and then, until the operation has ended.
func (e *events) write(done <-chan error) {
	ticker := time.NewTicker(e.timing.ping)
	defer ticker.Stop()
	for {
		var text string
		select {
		case <-done:
			return
		case <-e.ctx.Done():
			return
		case text = <-e.out:
		case <-ticker.C:
			text = ":\n\n"
		}
		if e.send(text) != nil {
			return
		}
	}
}

func (e *events) send(text string) error {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.timing.write))
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}

func (e *events) hand(text string) error {
	select {
	case e.out <- text:
		return nil
	case <-e.ctx.Done():
		return e.ctx.Err()
	}
}

func (e *events) next(response *graphql.Response) error {
	raw, err := json.Marshal(response)
	if err != nil {
		return err
	}
	return e.hand("event: next\ndata: " + string(raw) + "\n\n")
}

const completeEvent = "event: complete\ndata:\n\n"

func (e *events) fail(list gqlerror.List) error {
	text, err := failureEvents(list)
	if err != nil {
		return err
	}
	return e.hand(text)
}

func (e *events) complete() error { return e.hand(completeEvent) }

func failureEvents(list gqlerror.List) (string, error) {
	raw, err := json.Marshal(requestError{Errors: list})
	return "event: next\ndata: " + string(raw) + "\n\n" + completeEvent, err
}

// last ends the stream from the goroutine of the request.
func (e *events) last(list gqlerror.List) {
	if text, err := failureEvents(list); err == nil {
		_ = e.send(text) // The client may be gone.
	}
}
