package live

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/natstest"
)

// process is a hub with a bus of its own, and what it follows.
type process struct {
	hub    *Hub
	bus    *NATS
	feed   *Feed[string]
	counts *counts
	log    *lines
}

// lines are what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// overNATS starts a process that never polls.
func overNATS(t *testing.T, shared *ledger, opts NATSOptions) *process {
	t.Helper()
	p := &process{counts: &counts{}, log: &lines{}}
	opts.Prefix = "weir.test"
	opts.Logger = slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	p.bus, err = NewNATS(opts)
	require.NoError(t, err)
	p.hub = NewHub(Deps{Bus: p.bus, Metrics: p.counts, Logger: opts.Logger, Poll: time.Hour, Coalesce: time.Millisecond, Rest: time.Millisecond})
	p.feed = NewFeed(p.hub, shared.stream())
	p.hub.Start()
	t.Cleanup(func() {
		require.NoError(t, p.hub.Stop(context.WithoutCancel(t.Context())))
		p.bus.Close()
	})
	return p
}

// soon waits until what is asked for is so.
func soon(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 30*time.Second, time.Millisecond)
}

func (p *process) up(t *testing.T, want bool) {
	t.Helper()
	soon(t, func() bool { return p.counts.up.Load() == want })
}

func newLedger() *ledger { return &ledger{last: map[uuid.UUID]int64{}} }

// A process hears of what is committed in another as long as somebody follows the tenant, and of nothing else. What is
// committed while NATS is away it hears of when NATS is there again.
func TestHintsOverNATS(t *testing.T) {
	t.Parallel()
	broker, shared := natstest.Start(t), newLedger()
	writer, reader := overNATS(t, shared, NATSOptions{URL: "nats://" + broker.Addr}), overNATS(t, shared, NATSOptions{URL: "nats://" + broker.Addr})
	id, other := uuid.New(), uuid.New()
	ctx := as(t.Context(), id)
	s, err := reader.feed.Subscribe(ctx, Want[string]{Accept: all})
	require.NoError(t, err)
	join(ctx, t, s)
	soon(t, func() bool { return broker.Interest("weir.test.hint."+id.String()) == 1 })
	writer.hub.Hint("ledger", other, shared.commit(other, 1))
	writer.hub.Hint("ledger", id, shared.commit(id, 3))
	require.Equal(t, from(1, 3), take(ctx, t, s, 3))
	soon(t, func() bool { return reader.counts.heard.Load() > 0 })
	require.EqualValues(t, 1, reader.counts.heard.Load())
	require.EqualValues(t, 0, writer.counts.heard.Load(), "nobody hears of himself")

	broker.Stop()
	writer.up(t, false)
	reader.up(t, false)
	writer.hub.Hint("ledger", id, shared.commit(id, 2))
	soon(t, func() bool { return writer.counts.failed.Load() > 0 })
	broker.Again()
	require.Equal(t, from(4, 5), take(ctx, t, s, 2))
	writer.up(t, true)
	reader.up(t, true)
	writer.hub.Hint("ledger", id, shared.commit(id, 1))
	require.Equal(t, []int64{6}, take(ctx, t, s, 1))

	s.Close()
	soon(t, func() bool { return broker.Interest("weir.test.hint."+id.String()) == 0 })
}

// What could not be sent is sent when NATS is there again: for who heard NATS all the time, nothing else tells of it.
func TestHintsWaitForNATS(t *testing.T) {
	t.Parallel()
	broker, addr := natstest.Start(t), freeAddr(t)
	shared, id := newLedger(), uuid.New()
	ctx := as(t.Context(), id)
	writer := overNATS(t, shared, NATSOptions{URL: "nats://" + addr.String()})
	writer.up(t, false)
	writer.hub.Hint("ledger", id, shared.commit(id, 1))
	writer.hub.Hint("ledger", id, shared.commit(id, 1))
	soon(t, func() bool { return writer.counts.failed.Load() > 2 })
	require.LessOrEqual(t, strings.Count(writer.log.String(), "level=WARN"), 2, "%s", writer.log)

	heard := make(chan *nats.Msg, 1)
	watch, err := nats.Connect("nats://" + broker.Addr)
	require.NoError(t, err)
	defer watch.Close()
	_, err = watch.ChanSubscribe("weir.test.hint.*", heard)
	require.NoError(t, err)
	require.NoError(t, watch.FlushWithContext(waiting(ctx, t)))
	forward(t, addr, broker.Addr)
	select {
	case m := <-heard:
		// The whole of it: no tenant's data.
		require.Equal(t, "weir.test.hint."+id.String(), m.Subject)
		require.Equal(t, "ledger 2\n", string(m.Data))
		require.Empty(t, m.Header)
	case <-waiting(ctx, t).Done():
		t.Fatal("nothing was sent")
	}
}

// Whatever a server says: the bus tries again. This one says something that NATS' client takes for the end.
func TestNATSThatClosesForGood(t *testing.T) {
	t.Parallel()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	accepted := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			go rudely(conn)
		}
	}()
	p := overNATS(t, newLedger(), NATSOptions{URL: "nats://" + listener.Addr().String()})
	for range 3 {
		select {
		case <-accepted:
		case <-waiting(t.Context(), t).Done():
			t.Fatalf("it gave up: %s", p.log)
		}
	}
}

// rudely greets a client and shows it the door.
func rudely(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprint(conn, `INFO {"server_id":"x","version":"2.10.0","proto":1,"max_payload":1048576}`+"\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if lines.Text() == "PING" {
			_, _ = fmt.Fprint(conn, "PONG\r\n-ERR 'Nothing For You'\r\n")
		}
	}
}

// Credentials stand in the URL or in a file, over TLS. A wrong one is tried for ever, and none is logged.
func TestCredentialsForNATS(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(certified.Certificate())
	broker := natstest.Start(t, func(o *server.Options) {
		o.Username, o.Password = "weir", "Str0ng/Secret"
		o.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
		o.TLSTimeout = 30
	})
	trust := &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	url := "tls://weir:Str0ng%2FSecret@" + broker.Addr
	good := overNATS(t, newLedger(), NATSOptions{URL: url, TLS: trust})
	good.up(t, true)
	wrong := overNATS(t, newLedger(), NATSOptions{URL: strings.Replace(url, "Str0ng", "Wr0ng", 1), TLS: trust})
	stranger := overNATS(t, newLedger(), NATSOptions{URL: url})
	soon(t, func() bool { return strings.Contains(wrong.log.String(), "Authorization Violation") })
	soon(t, func() bool { return strings.Contains(stranger.log.String(), "unknown authority") })
	before := broker.Attempts()
	soon(t, func() bool { return broker.Attempts() > before+3 })
	for _, p := range []*process{good, wrong, stranger} {
		require.NotContains(t, p.log.String(), "Secret")
		require.LessOrEqual(t, strings.Count(p.log.String(), "level=WARN"), 1, "%s", p.log)
	}
	require.False(t, wrong.counts.up.Load() || stranger.counts.up.Load())
	// Without TLS nobody is spoken to who was asked for it.
	clear := natstest.Start(t)
	downgraded := overNATS(t, newLedger(), NATSOptions{URL: "tls://" + clear.Addr, TLS: trust})
	soon(t, func() bool { return strings.Contains(downgraded.log.String(), "secure connection not available") })
	require.False(t, downgraded.counts.up.Load())
}

func TestFileOfCredentialsForNATS(t *testing.T) {
	t.Parallel()
	operator, account, user := newKeys(t, nkeys.CreateOperator), newKeys(t, nkeys.CreateAccount), newKeys(t, nkeys.CreateUser)
	claims := jwt.NewAccountClaims(account.public)
	signed, err := claims.Encode(operator.pair)
	require.NoError(t, err)
	token, err := jwt.NewUserClaims(user.public).Encode(account.pair)
	require.NoError(t, err)
	seed, err := user.pair.Seed()
	require.NoError(t, err)
	creds, err := jwt.FormatUserConfig(token, seed)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "weir.creds")
	require.NoError(t, os.WriteFile(file, creds, 0o600))
	broker := natstest.Start(t, func(o *server.Options) {
		accounts := &server.MemAccResolver{}
		require.NoError(t, accounts.Store(account.public, signed))
		o.TrustedKeys, o.AccountResolver = []string{operator.public}, accounts
	})
	overNATS(t, newLedger(), NATSOptions{URL: "nats://" + broker.Addr, Creds: file}).up(t, true)
	_, err = NewNATS(NATSOptions{URL: "nats://" + broker.Addr, Prefix: "weir", Creds: file + ".none"})
	require.ErrorContains(t, err, "weir.creds.none")
}

type keys struct {
	pair   nkeys.KeyPair
	public string
}

func newKeys(t *testing.T, create func() (nkeys.KeyPair, error)) keys {
	t.Helper()
	pair, err := create()
	require.NoError(t, err)
	public, err := pair.PublicKey()
	require.NoError(t, err)
	return keys{pair, public}
}

// What cannot be read is refused at once, and not repeated: it may hold a password.
func TestSettingsOfNATSThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"hunter2", "nats://", "weir:hunter2@host:4222", "https://weir:hunter2@host", "nats://weir:hun%ter2@host", "nats://weir:hunter2@host/path",
		"nats://weir:hunter2@host?x=1", "nats://weir:hunter2@host,", "nats://weir:hunter2@host:port", "nats://weir:hunter2@a,ws://weir:hunter2@b",
	} {
		_, err := NewNATS(NATSOptions{URL: url, Prefix: "weir"})
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "hun", url)
	}
	for _, prefix := range []string{"", "weir.", "we ir", "weir.>", "weir.*", ".weir", "wéir"} {
		_, err := NewNATS(NATSOptions{URL: "nats://127.0.0.1:1", Prefix: prefix})
		require.ErrorContains(t, err, "prefix", prefix)
	}
}

// Waits grow to some seconds, and differ.
func TestRetriesOfNATSAreSpread(t *testing.T) {
	t.Parallel()
	different := map[time.Duration]bool{}
	for n := range 100 {
		d := retryDelay(n)
		require.GreaterOrEqual(t, d, firstRetry/2)
		require.Less(t, d, lastRetry)
		if n > 10 {
			require.GreaterOrEqual(t, d, lastRetry/2)
			different[d] = true
		}
	}
	require.Greater(t, len(different), 80)
	require.Less(t, retryDelay(1), firstRetry)
}

// forward has connections to one address end at another.
func forward(t *testing.T, from *net.TCPAddr, to string) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", from)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			pass := func(a, b net.Conn) { _, _ = io.Copy(a, b); _, _ = a.Close(), b.Close() }
			go pass(near, far)
			go pass(far, near)
		}
	}()
}

func freeAddr(t *testing.T) *net.TCPAddr {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	addr, ok := listener.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return addr
}

func waiting(ctx context.Context, t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
