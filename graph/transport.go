package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/internal/errs"
)

// httpTransport speaks the GraphQL-over-HTTP specification: GET for queries, POST for everything. gqlgen's own transports
// differ from it in what they do with requests that are not well-formed.
type httpTransport struct{ log *slog.Logger }

var _ graphql.Transport = httpTransport{}

// Supports leaves upgrades to other transports.
func (httpTransport) Supports(r *http.Request) bool { return r.Header.Get("Upgrade") == "" }

// Do reads the request, has it executed, and answers.
func (t httpTransport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Cache-Control", "no-store")
	media, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		refuse(w, mediaJSON, http.StatusNotAcceptable, "answers are application/graphql-response+json or application/json")
		return
	}
	params, refused := read(w, r)
	if refused != nil {
		refuse(w, media, refused.status, refused.message)
		return
	}
	params.Headers = r.Header

	ctx := r.Context()
	began := time.Now()
	operation, failed := exec.CreateOperationContext(ctx, params)
	t.log.LogAttrs(ctx, slog.LevelDebug, "operation parsed and validated",
		slog.Int("characters", len(params.Query)), slog.Bool("accepted", failed == nil), slog.Duration("took", time.Since(began)))
	if failed != nil {
		// The request never began to execute, so there is no data, not even null.
		response := exec.DispatchError(graphql.WithOperationContext(ctx, operation), failed)
		write(w, media, media.failed, requestError{Errors: response.Errors, Extensions: response.Extensions})
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, media, http.StatusMethodNotAllowed, "only queries may be sent by GET")
		return
	}
	if operation.Operation.Operation == ast.Subscription {
		refuse(w, media, http.StatusBadRequest, "subscriptions need a WebSocket (graphql-transport-ws), or Accept: text/event-stream (graphql-sse)")
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, operation)
	if response := responses(ctx); response != nil {
		writeResponse(w, media, response)
	}
}

// requestError is an answer without data, as to a request that was not executed.
type requestError struct {
	Errors     gqlerror.List  `json:"errors,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

type refusal struct {
	status  int
	message string
}

// refuse answers a request that could not be read.
func refuse(w http.ResponseWriter, media mediaType, status int, message string) {
	write(w, media, status, requestError{Errors: gqlerror.List{{
		Message: message, Extensions: map[string]any{"code": errs.BadInput},
	}}})
}

func write(w http.ResponseWriter, media mediaType, status int, answer requestError) {
	body, err := json.Marshal(answer)
	if err != nil {
		// gqlgen's server recovers and answers INTERNAL.
		panic(err)
	}
	send(w, media, status, body)
}

// writeResponse answers what was executed. Its data is JSON that gqlgen has just written of scalars that give nothing
// else, so it is not read once more as encoding/json does.
func writeResponse(w http.ResponseWriter, media mediaType, response *graphql.Response) {
	rest, err := json.Marshal(requestError{Errors: response.Errors, Extensions: response.Extensions})
	if err != nil {
		panic(err) // As above.
	}
	data := response.Data
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	begin := rest[:len(rest)-1]
	if len(rest) > len("{}") {
		begin = append(begin, ',')
	}
	begin = append(begin, `"data":`...)
	send(w, media, http.StatusOK, begin, data, []byte("}"))
}

// send answers with a body in parts, which is not put together in memory: it may be long.
func send(w http.ResponseWriter, media mediaType, status int, parts ...[]byte) {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	w.Header().Set("Content-Type", media.name+"; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(status)
	for _, part := range parts {
		// The client may be gone; there is nobody to tell.
		_, _ = w.Write(part)
	}
}

// read takes the parameters out of a request.
func read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	switch r.Method {
	case http.MethodGet:
		return readQuery(r.URL.RawQuery)
	case http.MethodPost:
		return readBody(w, r)
	}
	w.Header().Set("Allow", "GET, POST, OPTIONS")
	return nil, &refusal{http.StatusMethodNotAllowed, "use GET or POST"}
}

func readQuery(raw string) (*graphql.RawParams, *refusal) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the query string cannot be read"}
	}
	fields := map[string]json.RawMessage{}
	for _, name := range []string{"query", "operationName"} {
		if values.Has(name) {
			// Strings always have a JSON form.
			fields[name], _ = json.Marshal(values.Get(name))
		}
	}
	for _, name := range []string{"variables", "extensions"} {
		if text := values.Get(name); text != "" {
			fields[name] = json.RawMessage(text)
		}
	}
	return params(fields)
}

func readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	media, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(options["charset"])
	if err != nil || media != "application/json" || charset != "" && charset != "utf-8" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "send application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body is over " + size(tooLarge.Limit)}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the body ended early"}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, &refusal{http.StatusBadRequest, "the body is no JSON object"}
	}
	return params(fields)
}

// params reads the four parameters. What else is there is left alone, as the specification wants it.
func params(fields map[string]json.RawMessage) (*graphql.RawParams, *refusal) {
	p := &graphql.RawParams{}
	for _, f := range []struct {
		name, want string
		into       any
	}{
		{"query", "a string", &p.Query},
		{"operationName", "a string", &p.OperationName},
		{"variables", "an object", &p.Variables},
		{"extensions", "an object", &p.Extensions},
	} {
		value := fields[f.name]
		if len(value) == 0 || string(value) == "null" {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.UseNumber()
		if err := decoder.Decode(f.into); err != nil || decoder.More() {
			return nil, &refusal{http.StatusBadRequest, f.name + " must be " + f.want}
		}
	}
	if p.Query == "" {
		return nil, &refusal{http.StatusBadRequest, "query is missing"}
	}
	return p, nil
}
