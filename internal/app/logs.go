package app

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/tenant"
)

// wantsLogs tells whether a request asks for what the server did for it: ?logs=1. What is answered over time, as events
// or over a WebSocket, has no place for it.
func wantsLogs(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "logs=") && r.URL.Query().Get("logs") == "1" &&
		r.Header.Get("Upgrade") == "" && !strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// seesLogs tells who may see what the server does: developers, and services with an API key.
func seesLogs(p *tenant.Principal) bool {
	return p.CustomerID == uuid.Nil && (p.Kind == tenant.KindAPIKey || p.Can(tenant.RoleDeveloper))
}

// signedIn tells the request's lines whom its credential stands for.
func signedIn(r *http.Request, log *slog.Logger, lines *observe.Lines, p *tenant.Principal, took time.Duration) {
	if lines == nil {
		return
	}
	if seesLogs(p) {
		lines.Allow()
	}
	scopes := make([]string, len(p.Scopes))
	for i, s := range p.Scopes {
		scopes[i] = string(s)
	}
	log.DebugContext(r.Context(), "authenticated", "as", p.Name(), "role", p.Role.String(), "scopes", strings.Join(scopes, " "), "took", took)
}

// held is an answer that is held back until the lines of its request are complete.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController reach the connection's own writer.
func (h *held) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

// send answers, with the lines in a JSON object that is answered; what is none stays as it is.
func (h *held) send(lines *observe.Lines) {
	if h.status == 0 {
		return // Nothing was answered: whoever asked is gone, or the handler has panicked.
	}
	body, after := h.body.Bytes(), []byte(nil)
	object := bytes.TrimRight(body, " \r\n\t")
	if told := lines.JSON(); told != nil && isJSON(h.Header()) && len(object) > 1 && object[0] == '{' && object[len(object)-1] == '}' {
		separator := `,"_logs":`
		if len(bytes.TrimSpace(object[1:len(object)-1])) == 0 {
			separator = separator[1:]
		}
		body = object[:len(object)-1]
		after = append(append([]byte(separator), told...), '}')
	}
	h.Header().Set("Content-Length", strconv.Itoa(len(body)+len(after)))
	h.ResponseWriter.WriteHeader(h.status)
	// The client is gone when this fails, and there is nobody to tell.
	_, _ = h.ResponseWriter.Write(body)
	_, _ = h.ResponseWriter.Write(after)
}

func isJSON(header http.Header) bool {
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.HasSuffix(media, "json") && !strings.Contains(media, "ndjson")
}
