package live

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// channel is what processes notify each other on.
const channel = "weir_live"

const (
	// mostPayload is in bytes: PostgreSQL takes less than 8,000.
	mostPayload = 7900
	// notifyTimeout bounds a notification, connectTimeout the way to a connection that listens.
	notifyTimeout  = 5 * time.Second
	connectTimeout = 10 * time.Second
	// Between attempts to connect again, the first and the longest wait.
	firstRetry = 50 * time.Millisecond
	lastRetry  = 3 * time.Second
)

// A notification is the sender's id, so that it can leave its own alone, and hints: lines of a stream, a tenant and a
// cursor. It holds nothing of what was committed.

// notifyAll sends the hints that were gathered, now and then.
func (h *Hub) notifyAll() {
	for h.wait(h.stopped, h.deps.Coalesce) {
		h.mu.Lock()
		pending := h.pending
		h.pending = map[hintKey]int64{}
		h.mu.Unlock()
		for _, payload := range payloads(h.id, pending) {
			ctx, cancel := context.WithTimeout(h.stopped, notifyTimeout)
			// What is lost is found by the others' polls.
			if _, err := h.deps.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil && h.stopped.Err() == nil {
				h.log.LogAttrs(ctx, slog.LevelWarn, "other processes were not notified", slog.Any("error", err))
			}
			cancel()
		}
	}
}

// payloads writes hints into as few notifications as they fit into.
func payloads(id string, hints map[hintKey]int64) (list []string) {
	var b strings.Builder
	for key, cursor := range hints {
		line := "\n" + key.stream + " " + key.tenant.String() + " " + strconv.FormatInt(cursor, 10)
		if b.Len() > 0 && b.Len()+len(line) > mostPayload {
			list = append(list, b.String())
			b.Reset()
		}
		if b.Len() == 0 {
			b.WriteString(id)
		}
		b.WriteString(line)
	}
	if b.Len() > 0 {
		list = append(list, b.String())
	}
	return list
}

// listen hears the notifications of other processes, over one connection that is opened again when it breaks. What was
// sent meanwhile is lost, so everybody looks for what is new then.
func (h *Hub) listen() {
	retry := firstRetry
	for {
		err := h.listenOnce(func() {
			retry = firstRetry
			h.wakeAll()
		})
		if h.stopped.Err() != nil {
			return
		}
		h.log.LogAttrs(h.stopped, slog.LevelWarn, "the connection that listens to other processes broke; until it is there again, what they commit is seen later",
			slog.Any("error", err), slog.Duration("retry", retry))
		if !h.wait(h.stopped, retry) {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}

func (h *Hub) listenOnce(listening func()) error {
	ctx, cancel := context.WithTimeout(h.stopped, connectTimeout)
	defer cancel()
	conn, err := h.deps.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(h.stopped), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // It is given up anyway.
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	listening()
	for {
		n, err := conn.WaitForNotification(h.stopped)
		if err != nil {
			return fmt.Errorf("wait for notifications: %w", err)
		}
		h.hear(n.Payload)
	}
}

// hear wakes those whom a notification is for. Lines that it does not understand are of another release.
func (h *Hub) hear(payload string) {
	id, lines, _ := strings.Cut(payload, "\n")
	if id == h.id {
		return
	}
	for line := range strings.SplitSeq(lines, "\n") {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		tenantID, err := uuid.Parse(fields[1])
		if err != nil {
			continue
		}
		h.mu.Lock()
		f := h.feeds[fields[0]]
		h.mu.Unlock()
		if f != nil {
			f.wake(tenantID)
		}
	}
}
