package memory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

// patience is how long a step may take on a machine that is busy.
const patience = 90 * time.Second

// world is the built binary and a durable PostgreSQL, migrated, on which each test runs a service of its own.
type world struct {
	binary *harness.Binary
	server *localpg.Server
	env    harness.Env
}

var ours *world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	scratch, err := os.MkdirTemp("", "weir-memory-")
	if err == nil {
		ours, err = startWorld(ctx, scratch)
	}
	if err == nil {
		code = m.Run()
		err = ours.server.Stop(context.WithoutCancel(ctx))
	}
	if err := errors.Join(err, os.RemoveAll(scratch)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

func startWorld(ctx context.Context, scratch string) (w *world, err error) {
	w = &world{}
	if w.binary, err = harness.Build(ctx, scratch); err != nil {
		return nil, err
	}
	if w.server, err = localpg.Start(ctx, localpg.Options{DataDir: filepath.Join(scratch, "data")}); err != nil {
		return nil, err
	}
	w.env = harness.EnvOf(w.server)
	if _, err := w.binary.Output(ctx, w.env, "migrate", "up"); err != nil {
		return nil, errors.Join(err, w.server.Stop(ctx))
	}
	return w, nil
}

// service is a service that only one test uses, and a tenant's key for it.
type service struct {
	*harness.Service
	client *harness.Client
	debug  string
}

// start runs a service with a tenant.
func (w *world) start(t *testing.T, slug string) *service {
	t.Helper()
	ctx := within(t, patience)
	_, err := w.binary.CreateTenant(ctx, w.env, slug)
	require.NoError(t, err)
	key, err := w.binary.CreateKey(ctx, w.env, slug, "ingest,read")
	require.NoError(t, err)
	s := &service{}
	s.debug, err = harness.FreeAddr(ctx)
	require.NoError(t, err)
	// Background work, whose time nobody here decides, has its own memory.
	env := w.env.With("WEIR_DEBUG_ADDR", s.debug).With("WEIR_INGEST_RATE", "0")
	s.Service, err = w.binary.Serve(ctx, env, "--roles", "api,ingest")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.WithoutCancel(t.Context()))) })
	s.client = &harness.Client{URL: s.URL, Token: key.Secret}
	return s
}

// collect makes the service collect its garbage.
func (s *service) collect(t *testing.T) {
	t.Helper()
	code, err := harness.Probe(within(t, patience), "http://"+s.debug+"/debug/pprof/heap?gc=1")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
}

// within is a context of the test that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
