package localpg

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// tailLines is how much of the output an error message shows.
const tailLines = 4

// logWriter passes a child's output to a logger line by line and remembers the
// last lines for the error message of a failed start.
type logWriter struct {
	mu      sync.Mutex
	logger  *slog.Logger
	partial []byte
	last    []string
}

func newLogWriter(logger *slog.Logger) *logWriter { return &logWriter{logger: logger} }

func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		w.emit(string(line))
		w.partial = append([]byte(nil), rest...)
	}
}

// flush emits a last line that has no end.
func (w *logWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit(string(w.partial))
	w.partial = nil
}

func (w *logWriter) emit(line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	w.last = append(w.last, line)
	if len(w.last) > tailLines {
		w.last = w.last[1:]
	}
	w.logger.Log(context.Background(), levelOf(line), "postgres", "line", line)
}

func (w *logWriter) tail() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.last...)
}

// levelOf reads the severity that PostgreSQL begins a line with. ERROR and
// FATAL end a client's statement or session, and the client is told; what
// keeps the server from starting is in the error that Start returns.
func levelOf(line string) slog.Level {
	severity, _, _ := strings.Cut(line, ":")
	switch severity {
	case "PANIC":
		return slog.LevelError
	case "WARNING":
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}
