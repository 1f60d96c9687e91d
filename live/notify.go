package live

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// channel is what processes notify each other on.
const channel = "weir_live"

const (
	// mostPayload is in bytes: PostgreSQL takes less than 8,000.
	mostPayload = 7900
	// connectTimeout bounds the way to a connection that listens.
	connectTimeout = 10 * time.Second
)

// Postgres is a Bus over PostgreSQL's LISTEN and NOTIFY: one channel on which all processes hear all hints.
//
// A notification is the sender's id, so that it can leave its own alone, and hints: lines of a stream, a tenant and a
// cursor.
type Postgres struct {
	id      string
	exec    func(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	connect func(ctx context.Context) (*pgx.Conn, error)
	log     *slog.Logger
}

// NewPostgres makes a Bus that notifies by exec, outside of any transaction, and listens on a connection of its own, which
// connect opens; with nil for connect it hears nothing. The logger may be nil.
func NewPostgres(exec func(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error), connect func(ctx context.Context) (*pgx.Conn, error), log *slog.Logger) *Postgres {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Postgres{id: uuid.NewString(), exec: exec, connect: connect, log: log}
}

// Name is "postgresql".
func (*Postgres) Name() string { return "postgresql" }

// Follow does nothing: all hear all.
func (*Postgres) Follow(context.Context, []uuid.UUID, []uuid.UUID) {}

// Send notifies, in as few notifications as the hints fit into.
func (p *Postgres) Send(ctx context.Context, hints []Hint) error {
	for _, payload := range payloads(p.id, hints) {
		if _, err := p.exec(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	return nil
}

// payloads writes hints into as few notifications as they fit into.
func payloads(id string, hints []Hint) (list []string) {
	var b strings.Builder
	for _, hint := range hints {
		line := "\n" + hint.Stream + " " + hint.Tenant.String() + " " + strconv.FormatInt(hint.Cursor, 10)
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

// Listen hears notifications over one connection that is opened again when it breaks. What was sent meanwhile is lost.
func (p *Postgres) Listen(ctx context.Context, ears Ears) {
	if p.connect == nil {
		return
	}
	retry := firstRetry
	for {
		err := p.listenOnce(ctx, ears, func() { retry = firstRetry })
		if ctx.Err() != nil {
			return
		}
		ears.Up(false)
		p.log.LogAttrs(ctx, slog.LevelWarn, "the connection that listens to other processes broke; until it is there again, what they commit is seen later",
			slog.Any("error", err), slog.Duration("retry", retry))
		if !pause(ctx, retry) {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}

func (p *Postgres) listenOnce(ctx context.Context, ears Ears, listening func()) error {
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := p.connect(connecting)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // It is given up anyway.
	}()
	if _, err := conn.Exec(connecting, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	listening()
	ears.Up(true)
	ears.Missed()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for notifications: %w", err)
		}
		p.read(n.Payload, ears.Hear)
	}
}

// read reads a notification of another process. Lines that it does not understand are of another release.
func (p *Postgres) read(payload string, hear func(Hint)) {
	id, lines, _ := strings.Cut(payload, "\n")
	if id == p.id {
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
		cursor, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			continue
		}
		hear(Hint{fields[0], tenantID, cursor})
	}
}
