package observe

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// requestIDHeader carries the request's id: the caller's own when it looks like one, else a new one.
const requestIDHeader = "X-Request-Id"

// Middleware gives each request an id, notes how long it took, logs it, and turns a panic into an answer of 500.
func Middleware(log *slog.Logger, m *Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := r.Header.Get(requestIDHeader)
		if !wellFormedID(id) {
			id = uuid.NewString()
		}
		w.Header().Set(requestIDHeader, id)
		r = r.WithContext(WithRequestID(r.Context(), id))
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil && cause != any(http.ErrAbortHandler) {
				log.ErrorContext(r.Context(), "panic", "cause", cause, "stack", string(debug.Stack()))
				if rec.code == 0 {
					http.Error(rec, "internal error, request "+id, http.StatusInternalServerError)
				}
			}
			took := time.Since(start)
			m.requests.WithLabelValues(route(r), method(r), strconv.Itoa(rec.status())).Observe(took.Seconds())
			log.LogAttrs(r.Context(), levelOf(r, rec.status()), "request", slog.String("method", method(r)), slog.String("path", r.URL.Path),
				slog.Int("status", rec.status()), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
		}()
		next.ServeHTTP(rec, r)
	})
}

// route is the pattern that matched, so that a path that somebody made up is no label of its own.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}

// levelOf keeps the probes of load balancers and scrapers out of the log of a quiet service.
func levelOf(r *http.Request, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func wellFormedID(id string) bool {
	if len(id) < 8 || len(id) > 100 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '"' {
			return false
		}
	}
	return true
}

type recorder struct {
	http.ResponseWriter
	code  int
	bytes int64
}

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 && code >= http.StatusOK {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection's own writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}
