package tests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// patience is how long a test waits for what takes a moment on a machine that is busy.
const patience = 90 * time.Second

// shared is what most tests need, started by the first that asks: the binary, and a durable PostgreSQL with one service
// on it. Tests keep apart by having tenants of their own.
var shared struct {
	binary   func() (*harness.Binary, error)
	services func() (*world, error)
	scratch  string
	world    *world
}

// world is a PostgreSQL and a service on it.
type world struct {
	binary  *harness.Binary
	dir     string
	server  *localpg.Server
	env     harness.Env
	service *harness.Service
	mail    *mailbox
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	scratch, err := os.MkdirTemp("", "weir-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.scratch = scratch
	shared.binary = sync.OnceValues(func() (*harness.Binary, error) {
		return harness.Build(context.Background(), scratch)
	})
	shared.services = sync.OnceValues(startWorld)
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if shared.world != nil {
		err = errors.Join(shared.world.service.Stop(ctx), shared.world.server.Stop(ctx), shared.world.mail.server.Close())
	}
	if err := errors.Join(err, os.RemoveAll(scratch)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

func startWorld() (*world, error) {
	binary, err := shared.binary()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	w := &world{binary: binary, dir: filepath.Join(shared.scratch, "shared")}
	if w.server, err = localpg.Start(ctx, localpg.Options{DataDir: w.dir}); err != nil {
		return nil, err
	}
	if w.mail, err = startMailbox(ctx); err != nil {
		return nil, errors.Join(err, w.server.Stop(ctx))
	}
	w.env = harness.EnvOf(w.server).With("WEIR_NOTIFY_ALLOW_CIDRS", "127.0.0.0/8").With("WEIR_PUBLIC_URL", "https://weir.example").
		With("WEIR_SMTP_URL", "smtp://"+w.mail.addr+"?from=weir@example.com")
	if w.service, err = binary.Serve(ctx, w.env, "--migrate"); err != nil {
		return nil, errors.Join(err, w.server.Stop(ctx))
	}
	shared.world = w
	return w, nil
}

func binary(t *testing.T) *harness.Binary {
	t.Helper()
	b, err := shared.binary()
	require.NoError(t, err)
	return b
}

func ourWorld(t *testing.T) *world {
	t.Helper()
	w, err := shared.services()
	require.NoError(t, err)
	return w
}

// tenant is a tenant of one test, with a key that may do all that tests do.
type tenant struct {
	*harness.Client
	ID, Slug string
	Key      harness.Key
}

// tenant makes a tenant named for the test.
func (w *world) tenant(t *testing.T, slug string) *tenant {
	t.Helper()
	ctx := within(t, patience)
	made, err := w.binary.CreateTenant(ctx, w.env, slug)
	require.NoError(t, err)
	key, err := w.binary.CreateKey(ctx, w.env, slug, "ingest,read")
	require.NoError(t, err)
	return &tenant{Client: &harness.Client{URL: w.service.URL, Token: key.Secret}, ID: made.ID, Slug: made.Slug, Key: key}
}

// within is a context of the test that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually asks again and again until the answer is yes, and fails when it is not in time.
func eventually(t *testing.T, d time.Duration, what string, ask func(ctx context.Context) bool) time.Duration {
	t.Helper()
	ctx, began := within(t, d), time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s", d, what)
		case <-tick.C:
		}
	}
	return time.Since(began)
}
