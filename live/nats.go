package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
)

const (
	// pingInterval finds a connection that is dead without a word: after three times of it.
	pingInterval = 5 * time.Second
	// heldHints is how many messages may wait for the goroutine that listens, which does no more than wake others. What
	// comes beyond is dropped, and noted.
	heldHints = 8192
)

// NATSOptions say how to reach NATS.
type NATSOptions struct {
	// URL is one address or several, separated by commas: nats://, tls://, ws:// or wss://, with user:password@ or token@
	// where the servers want it. With one tls:// (or wss://) all are spoken to by TLS, and by nothing else.
	URL string
	// Creds is a file of credentials (a user's JWT and its seed), read at each connection; "" for none.
	Creds string
	// Prefix begins each subject: words of letters, digits, - and _, separated by dots.
	Prefix string
	// TLS may be nil: then the system's certificate authorities are trusted.
	TLS *tls.Config
	// Logger may be nil.
	Logger *slog.Logger
}

// NATS is a Bus over NATS: the hints of a tenant go to a subject of its own, `<prefix>.hint.<tenant>`, and a process hears
// those of the tenants that are followed in it. A message is lines of a stream and a cursor. It connects again for ever,
// and holds nothing back for others while it does.
type NATS struct {
	servers string
	options []nats.Option
	subject string
	log     *slog.Logger
	// heard has the messages of all subscriptions.
	heard chan *nats.Msg
	// changed has something when the connection came or went, or when messages were dropped.
	changed chan struct{}
	// troubled is set when a trouble was logged, until the next connection.
	troubled atomic.Bool

	// mu guards what follows. Only the hub's own goroutines take it, who may wait for a connection meanwhile.
	mu        sync.Mutex
	conn      *nats.Conn
	following map[uuid.UUID]*nats.Subscription
}

var errAway = errors.New("NATS is away")

// NewNATS begins to connect, and tries again and again when nobody answers: an error says that the options cannot be
// read. It quotes nothing of the URL, which may hold a password.
func NewNATS(opts NATSOptions) (*NATS, error) {
	servers, err := natsServers(opts.URL)
	if err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`).MatchString(opts.Prefix) {
		return nil, errors.New("the prefix of the subjects must be words of letters, digits, - and _, separated by dots")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	n := &NATS{
		servers: strings.Join(servers, ","), subject: opts.Prefix + ".hint.", log: opts.Logger,
		heard: make(chan *nats.Msg, heldHints), changed: make(chan struct{}, 1), following: map[uuid.UUID]*nats.Subscription{},
	}
	n.options = []nats.Option{
		nats.Name("weir"), nats.NoEcho(),
		// A service starts without its bus, and never gives up, whatever NATS says of its credentials meanwhile.
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.CustomReconnectDelay(retryDelay),
		// The hub keeps what could not be sent, and only the latest of it.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(2), nats.FlusherTimeout(sendTimeout),
		nats.ConnectHandler(n.connected), nats.ReconnectHandler(n.connected),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { n.trouble(err); n.change() }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { n.trouble(err) }),
		nats.ClosedHandler(func(*nats.Conn) { n.change() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			n.trouble(err)
			if errors.Is(err, nats.ErrSlowConsumer) {
				n.change()
			}
		}),
	}
	if opts.TLS != nil {
		n.options = append(n.options, func(o *nats.Options) error { o.TLSConfig = opts.TLS; return nil })
	}
	if opts.Creds != "" {
		if _, err := os.ReadFile(opts.Creds); err != nil {
			return nil, fmt.Errorf("read the file of credentials: %w", err)
		}
		n.options = append(n.options, nats.UserCredentials(opts.Creds))
	}
	return n, n.open()
}

// open begins a connection, with what is followed already.
func (n *NATS) open() error {
	conn, err := nats.Connect(n.servers, n.options...)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conn = conn
	for id := range n.following {
		n.subscribe(id)
	}
	return nil
}

// subscribe is called with the lock held.
func (n *NATS) subscribe(id uuid.UUID) {
	s, err := n.conn.ChanSubscribe(n.subject+id.String(), n.heard)
	if err != nil {
		n.trouble(err)
	}
	n.following[id] = s // nil is made good with the next connection.
}

func (n *NATS) current() *nats.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conn
}

// retryDelay is how long to wait before all servers are tried for the nth time again: longer each time, and of each
// process another time, so that a server that comes back is not met by all at once.
func retryDelay(n int) time.Duration {
	longest := lastRetry
	if n < 7 {
		longest = min(firstRetry<<max(n-1, 0), lastRetry)
	}
	return longest/2 + rand.N(longest/2)
}

// natsServers reads the addresses. Errors quote nothing of them.
func natsServers(addresses string) (list []string, err error) {
	for i, address := range strings.Split(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" ||
			!slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return nil, fmt.Errorf("address %d must be such as nats://user:password@host:4222, or tls://, with what is special in a password percent-encoded", i+1)
		}
		u.Path = ""
		list = append(list, u.String())
	}
	return list, nil
}

func (n *NATS) connected(conn *nats.Conn) {
	n.troubled.Store(false)
	n.log.LogAttrs(context.Background(), slog.LevelInfo, "connected to NATS", slog.String("server", conn.ConnectedAddr()))
	n.change()
}

// trouble logs the first of what went wrong since there was a connection. NATS' errors tell addresses and subjects, and
// no credentials.
func (n *NATS) trouble(err error) {
	level := slog.LevelDebug
	if err != nil && !n.troubled.Swap(true) {
		level = slog.LevelWarn
	}
	n.log.LogAttrs(context.Background(), level, "trouble with NATS; what other processes commit may be seen later", slog.Any("error", err))
}

func (n *NATS) change() {
	select {
	case n.changed <- struct{}{}:
	default: // It will be seen anyway.
	}
}

// Name is "nats".
func (*NATS) Name() string { return "nats" }

// Send publishes a message a tenant, and waits until the server has them.
func (n *NATS) Send(ctx context.Context, hints []Hint) error {
	conn := n.current()
	if !conn.IsConnected() {
		return errAway
	}
	messages := map[uuid.UUID][]byte{}
	for _, hint := range hints {
		messages[hint.Tenant] = fmt.Appendf(messages[hint.Tenant], "%s %d\n", hint.Stream, hint.Cursor)
	}
	for tenantID, message := range messages {
		if err := conn.Publish(n.subject+tenantID.String(), message); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if err := conn.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("wait for NATS: %w", err)
	}
	return nil
}

// Follow subscribes to what is followed. While NATS is away it is only noted, and made good with the connection.
func (n *NATS) Follow(ctx context.Context, more, less []uuid.UUID) {
	n.mu.Lock()
	for _, id := range more {
		n.subscribe(id)
	}
	for _, id := range less {
		if s := n.following[id]; s != nil {
			_ = s.Unsubscribe() // Of a connection that was closed.
		}
		delete(n.following, id)
	}
	conn := n.conn
	n.mu.Unlock()
	if conn.IsConnected() {
		_ = conn.FlushWithContext(ctx) // Where the server is slow, the poll is there.
	}
}

// Listen hears what is followed.
func (n *NATS) Listen(ctx context.Context, ears Ears) {
	ears.Up(n.current().IsConnected())
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-n.heard:
			n.read(m, ears.Hear)
		case <-n.changed:
			n.look(ctx, ears)
		}
	}
}

// look sees how the connection is.
func (n *NATS) look(ctx context.Context, ears Ears) {
	conn := n.current()
	up := conn.IsConnected()
	ears.Up(up)
	switch {
	case up:
		// The server knows what is followed before we look for what it did not tell.
		flushing, cancel := context.WithTimeout(ctx, sendTimeout)
		_ = conn.FlushWithContext(flushing)
		cancel()
		ears.Missed()
	case conn.IsClosed() && pause(ctx, retryDelay(7)):
		// The server said something that made the client give up for good: we do not.
		if err := n.open(); err != nil {
			n.trouble(err)
			n.change()
		}
	}
}

// read reads a message. Lines that it does not understand are of another release.
func (n *NATS) read(m *nats.Msg, hear func(Hint)) {
	tenantID, err := uuid.Parse(strings.TrimPrefix(m.Subject, n.subject))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(m.Data)) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		if cursor, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			hear(Hint{fields[0], tenantID, cursor})
		}
	}
}

// Close ends the connection. Whoever uses it must have stopped.
func (n *NATS) Close() { n.current().Close() }
