package observe

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// maxLines is how many lines one request's answer tells; what comes after is counted.
const maxLines = 1000

// Lines are what the server says that it does for one request, for whoever sent it and may see it.
type Lines struct {
	mu      sync.Mutex
	list    []line
	left    int
	allowed bool
}

// line is one of them, as it is told.
type line struct {
	At      time.Time      `json:"at"`
	Level   string         `json:"level"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data,omitempty"`
}

type linesKey struct{}

// WithLines collects what is logged in the context from now on.
func WithLines(ctx context.Context) (context.Context, *Lines) {
	l := &Lines{}
	return context.WithValue(ctx, linesKey{}, l), l
}

func linesOf(ctx context.Context) *Lines {
	l, _ := ctx.Value(linesKey{}).(*Lines)
	return l
}

// Allow says that whoever sent the request may see the lines.
func (l *Lines) Allow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allowed = true
}

// JSON is an array of the lines, or nil for who may not see them.
func (l *Lines) JSON() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.allowed {
		return nil
	}
	list := l.list
	if list == nil {
		list = []line{}
	}
	if l.left > 0 {
		last := list[len(list)-1]
		list = append(list, line{last.At, "warn", "more was done than is told", map[string]any{"lines": l.left}})
	}
	out, err := json.Marshal(list)
	if err != nil {
		return nil // Numbers, truths and texts have a JSON form.
	}
	return out
}

func (l *Lines) add(at time.Time, level slog.Level, message string, data map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxLines {
		l.left++
		return
	}
	l.list = append(l.list, line{at.UTC().Truncate(time.Microsecond), strings.ToLower(level.String()), message, data})
}

// Collecting makes a logger that also gives each line to the request whose context it is logged with, if that collects
// them, whatever the logger's level.
func Collecting(log *slog.Logger) *slog.Logger {
	return slog.New(linesHandler{Handler: log.Handler()})
}

type linesHandler struct {
	slog.Handler
	attrs []slog.Attr
}

func (h linesHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return linesOf(ctx) != nil || h.Handler.Enabled(ctx, level)
}

func (h linesHandler) Handle(ctx context.Context, r slog.Record) error {
	if l := linesOf(ctx); l != nil {
		data := map[string]any{}
		for _, a := range h.attrs {
			tell(data, a)
		}
		r.Attrs(func(a slog.Attr) bool {
			tell(data, a)
			return true
		})
		l.add(r.Time, r.Level, r.Message, data)
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h linesHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return linesHandler{h.Handler.WithAttrs(attrs), append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h linesHandler) WithGroup(name string) slog.Handler {
	return linesHandler{h.Handler.WithGroup(name), h.attrs}
}

// tell takes an attribute over, if it is of a kind that says all of it: an error may quote what was bound to a statement,
// and what it wraps is the server's business.
func tell(data map[string]any, a slog.Attr) {
	a = hideSecrets(nil, a)
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindDuration:
		data[a.Key+"_ms"] = millis(v.Duration())
	case slog.KindBool, slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindTime, slog.KindString:
		data[a.Key] = v.Any()
	case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
	}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
