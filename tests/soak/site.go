package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

// company is one tenant.
type company struct {
	id  uuid.UUID
	key string
}

// site is a durable PostgreSQL, a service on it, and its tenants.
type site struct {
	workload.Place
	options options
	out     io.Writer
	tenants []company

	server     *localpg.Server
	postmaster int
	binary     *harness.Binary
	env        harness.Env
	service    *harness.Service
	http       *http.Client
	// admin is a superuser on the service's database.
	admin *pgxpool.Pool
	// schedules is how often the service was made to make its jobs for all tenants.
	schedules int
}

const startTimeout = 3 * time.Minute

// newSite starts PostgreSQL and makes the tenants. The service is not running yet.
func newSite(ctx context.Context, o options, out io.Writer) (s *site, err error) {
	s = &site{options: o, out: out}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := s.Open("weir-soak", o.dataDir); err != nil {
		return s, err
	}
	if s.binary, err = harness.Build(ctx, s.Scratch); err != nil {
		return s, err
	}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.server, err = localpg.Start(starting, localpg.Options{DataDir: s.Data}); err != nil {
		return s, err
	}
	s.Later(s.server.Stop)
	s.postmaster = workload.Postmaster(s.Data)
	s.env = harness.EnvOf(s.server).With("WEIR_INGEST_RATE", "0").With("WEIR_LOG_LEVEL", "warn").With("WEIR_DEBUG_ADDR", o.debugAddr)
	if _, err := s.binary.Output(starting, s.env, "migrate", "up"); err != nil {
		return s, err
	}
	if s.admin, err = pgxpool.New(starting, s.server.URL(localpg.Admin)); err != nil {
		return s, err
	}
	s.Later(func(context.Context) error { s.admin.Close(); return nil })
	return s, s.createTenants(ctx)
}

func (s *site) serve(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.service, err = s.binary.Serve(ctx, s.env); err != nil {
		return err
	}
	s.Later(s.service.Stop)
	s.schedules++ // it does when it starts
	transport := &http.Transport{MaxIdleConnsPerHost: s.options.senders + 1, DisableCompression: true}
	s.http = &http.Client{Transport: transport, Timeout: time.Minute}
	s.Later(func(context.Context) error { transport.CloseIdleConnections(); return nil })
	return nil
}

func (s *site) client(tenantIndex int) *harness.Client {
	return &harness.Client{URL: s.service.URL, Token: s.tenants[tenantIndex].key, HTTP: s.http}
}

// creators is how many tenants are made at once.
const creators = 8

// createTenants makes the tenants, each with a key, as the service's role. Nobody waits for the disk.
func (s *site) createTenants(ctx context.Context) error {
	cfg, err := pgxpool.ParseConfig(s.server.URL(localpg.Service))
	if err != nil {
		return err
	}
	cfg.MaxConns, cfg.ConnConfig.RuntimeParams["synchronous_commit"] = creators, "off"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	door := tenant.NewDoor(pool)
	store := tenant.NewStore(door, time.Now)
	s.tenants = make([]company, s.options.tenants)
	began := time.Now()
	err = each(ctx, creators, len(s.tenants), func(ctx context.Context, i int) error {
		t, err := store.CreateTenant(ctx, tenant.CreateTenantInput{Slug: fmt.Sprintf("soak-%05d", i), Name: fmt.Sprintf("Soak %d", i)})
		if err != nil {
			return err
		}
		_, secret, err := store.CreateAPIKey(tenant.WithPrincipal(ctx, tenant.System(t.ID)), tenant.CreateAPIKeyInput{
			Name: "soak", Scopes: []tenant.Scope{tenant.ScopeIngest, tenant.ScopeRead},
		})
		s.tenants[i] = company{id: t.ID, key: secret}
		return err
	})
	fmt.Fprintf(s.out, "made %d tenants with a key each in %.1f s\n", len(s.tenants), time.Since(began).Seconds())
	return errors.Join(err, door.Close())
}

// each does n things by so many workers, and stops at the first failure.
func each(ctx context.Context, workers, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
