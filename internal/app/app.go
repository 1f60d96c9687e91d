package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/jobs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// Options are what a command says beside the settings.
type Options struct {
	// Migrate brings the schema up to date before the start.
	Migrate bool
	// Fresh deletes the embedded database first.
	Fresh bool
	// Playground serves GraphiQL.
	Playground bool
	// JobsLater puts jobs off until Work is called.
	JobsLater bool
	Version   string
}

// App is a running service.
type App struct {
	cfg     *config.Service
	opt     Options
	log     *slog.Logger
	metrics *observe.Metrics

	database *Database
	pool     *pgxpool.Pool
	queue    *pgxpool.Pool
	door     *tenant.Door
	verifier *token.Verifier
	auth     *tenant.Authenticator
	stores   stores
	ingest   *ingest.Service
	jobs     *jobs.Jobs
	hub      *live.Hub
	api      *graph.Server

	listener net.Listener
	server   *http.Server
	failed   chan error
	stopping atomic.Bool
	closers  []func(context.Context) error
}

// stores are the domain over the one door.
type stores struct {
	tenants    *tenant.Store
	directory  *directory.Store
	journal    *journal.Store
	runs       *run.Store
	logs       *journal.Logs
	statistics *statistics.Store
	catalogues *diagnostics.Catalogues
	issues     *issues.Store

	notifications *notify.Store
	alarms        *alarm.Store
}

// maxConns bounds the connections of one process: enough for the committers, the workers and the queries of a small
// machine, and few enough for fifty processes on one server. queueConns are of these for the queue of jobs.
const (
	maxConns   = 24
	queueConns = 4
)

// Start opens the database, puts the service together and begins to serve. What it has started when it fails, it
// stops again.
func Start(ctx context.Context, cfg *config.Service, opt Options, log *slog.Logger) (_ *App, err error) {
	log = observe.Collecting(log)
	a := &App{cfg: cfg, opt: opt, log: log, metrics: observe.NewMetrics(), failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close(context.WithoutCancel(ctx)))
		}
	}()
	if err := cfg.Complete(&cfg.Database); err != nil {
		return nil, err
	}
	if err := a.openDatabase(ctx); err != nil {
		return nil, err
	}
	if err := a.assemble(ctx); err != nil {
		return nil, err
	}
	if err := a.serve(ctx); err != nil {
		return nil, err
	}
	if err := a.serveProfiles(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// onClose notes what must be undone, last first.
func (a *App) onClose(fn func(context.Context) error) { a.closers = append(a.closers, fn) }

func (a *App) openDatabase(ctx context.Context) error {
	stopTracing, err := observe.StartTracing(ctx, a.cfg.OTLPEndpoint, a.opt.Version)
	if err != nil {
		return err
	}
	a.onClose(stopTracing)
	if a.database, err = OpenDatabase(ctx, &a.cfg.Database, DatabaseOptions{Fresh: a.opt.Fresh}, a.log); err != nil {
		return err
	}
	a.onClose(a.database.Close)
	if a.database.Embedded() {
		a.log.InfoContext(ctx, "no DATABASE_URL is set: using the embedded PostgreSQL", "data_dir", a.cfg.DataDir)
	}
	if a.opt.Migrate {
		if err := a.database.Migrate(ctx); err != nil {
			return err
		}
	}
	if a.pool, err = a.database.Pool(ctx, maxConns-queueConns); err != nil {
		return err
	}
	a.onClose(func(context.Context) error { a.pool.Close(); return nil })
	if a.queue, err = a.database.QueuePool(ctx, queueConns); err != nil {
		return err
	}
	a.onClose(func(context.Context) error { a.queue.Close(); return nil })
	a.metrics.Pool(a.pool)
	if err := checkRole(ctx, a.pool); err != nil {
		return err
	}
	return checkSchema(ctx, a.pool)
}

// checkSchema tells when migrations are to be run first.
func checkSchema(ctx context.Context, pool *pgxpool.Pool) error {
	behind, err := migrations.Behind(ctx, pool)
	if err == nil && behind > 0 {
		err = fmt.Errorf("the schema is %d migrations behind: run weir migrate up, or start with --migrate", behind)
	}
	return err
}

// assemble makes the stores and services over the pool.
func (a *App) assemble(ctx context.Context) error {
	key, err := token.ParseSigningKey(a.cfg.SigningKey)
	if err != nil {
		return fmt.Errorf("WEIR_SIGNING_KEY cannot be read: %w", err)
	}
	if a.verifier, err = token.New(TokenConfig(&a.cfg.JWT, key, a.log)); err != nil {
		return fmt.Errorf("the settings WEIR_JWT_… do not fit together: %w", err)
	}
	a.onClose(func(context.Context) error { a.verifier.Stop(); return nil })

	a.door = tenant.NewDoor(a.pool)
	a.onClose(func(context.Context) error { return a.door.Close() })
	a.auth = tenant.NewAuthenticator(a.door, a.verifier, time.Now, a.log)
	a.onClose(func(context.Context) error { a.auth.Stop(); return nil })
	catalogue, err := diagnostics.Open(a.cfg.Catalogue)
	if err != nil {
		return fmt.Errorf("WEIR_CATALOGUE, or the catalogue of errors itself, is broken: %w", err)
	}
	a.stores = stores{
		tenants:    tenant.NewStore(a.door, time.Now),
		directory:  directory.NewStore(a.door, time.Now),
		journal:    journal.NewStore(a.door, journal.Options{Logger: a.log.With("component", "journal"), Rest: compactionRests}),
		runs:       run.NewStore(a.door),
		statistics: statistics.NewStore(a.door, a.log.With("component", "statistics")),
	}
	a.stores.catalogues = diagnostics.NewCatalogues(catalogue, a.stores.tenants, time.Now, a.log.With("component", "diagnostics"))
	if a.stores.notifications, a.stores.alarms, err = openNotifications(a, a.stores.statistics, func(tenantID uuid.UUID) { a.jobs.Told(tenantID) }); err != nil {
		return err
	}
	detection := NewDetection(Sources{
		Door: a.door, Directory: a.stores.directory, Journal: a.stores.journal, Runs: a.stores.runs, Statistics: a.stores.statistics,
		Catalogues: a.stores.catalogues, Advice: catalogue, Told: a.stores.notifications, Committed: a.hint(live.IssueStream), Now: time.Now, Log: a.log,
	})
	a.stores.issues = detection.Issues
	a.stores.logs = journal.NewLogs(a.stores.journal, a.stores.runs)
	deps := jobs.Deps{
		Pool: a.queue, Journal: journalJobs{a.stores.journal, a.stores.statistics, a.stores.issues, detection.Shapes, a.stores.notifications, a.log}, Tenants: a.tenantIDs, Metrics: a.metrics, Log: a.log,
		Now: time.Now, Work: a.cfg.Does("worker"),
		Retention:    retentionJobs{&Retention{a.stores.tenants, a.stores.journal, a.stores.runs, a.stores.statistics, a.stores.issues, detection.Shapes, a.door, time.Now}, a.log},
		Notification: notificationJobs{a.stores.notifications, a.stores.alarms},
	}
	if a.cfg.Detection {
		deps.Detection = detection
	}
	if a.jobs, err = jobs.New(deps); err != nil {
		return err
	}
	a.stores.directory.EraseWith(a.jobs)
	issuer, err := token.NewIssuer(TokenConfig(&a.cfg.JWT, key, a.log))
	if err != nil {
		return fmt.Errorf("the settings WEIR_JWT_… do not fit together: %w", err)
	}
	a.stores.tenants.SignWith(issuer)
	// Yesterday's partitions are for what arrives late; older ones are made when somebody sends what belongs there.
	if _, err := a.stores.journal.EnsurePartitions(ctx, journal.DayOf(time.Now().AddDate(0, 0, -1)), journal.DayOf(time.Now().AddDate(0, 0, jobs.PartitionsAhead))); err != nil {
		return err
	}
	if err := a.startLive(); err != nil {
		return err
	}
	a.startIngest()
	return nil
}

// TokenConfig says whose tokens are accepted, and how the service signs its own.
func TokenConfig(cfg *config.JWT, key token.SigningKey, log *slog.Logger) token.Config {
	return token.Config{
		Issuer: cfg.Issuer, JWKSURL: cfg.JWKSURL, Audience: cfg.Audience, SigningKey: key, Logger: log,
		Names: token.ClaimNames{Tenant: cfg.TenantClaim, Role: cfg.RoleClaim, Customer: cfg.CustomerClaim},
	}
}

func (a *App) tenantIDs(ctx context.Context) ([]uuid.UUID, error) {
	list, err := a.stores.tenants.ListTenants(ctx)
	ids := make([]uuid.UUID, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	return ids, err
}

// serve begins to work and to listen.
func (a *App) serve(ctx context.Context) error {
	a.jobs.Start()
	a.onClose(a.jobs.Stop)
	if !a.opt.JobsLater {
		if err := a.Work(ctx); err != nil {
			return err
		}
	}
	var err error
	if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Addr); err != nil {
		return fmt.Errorf("listen on %s: %w", a.cfg.Addr, err)
	}
	a.server = a.newServer()
	a.onClose(a.drain)
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("serve: %w", err)
		}
	}()
	return nil
}

// drain ends all subscriptions, takes no new requests and waits for those that are open; when the time is up it cuts them
// off, unanswered.
func (a *App) drain(ctx context.Context) error {
	if a.api != nil {
		if err := a.api.Close(ctx); err != nil {
			return errors.Join(fmt.Errorf("subscriptions were open when the time was up: %w", err), a.server.Close())
		}
	}
	if err := a.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were open when the time was up: %w", err), a.server.Close())
	}
	return nil
}

// Work begins with jobs, where Options put them off. They end by Stop, in order, and not when the context does.
func (a *App) Work(ctx context.Context) error { return a.jobs.Work(context.WithoutCancel(ctx)) }

// URL is the address that the service listens on.
func (a *App) URL() string { return "http://" + a.listener.Addr().String() }

// Tenants is the service's store of tenants, their members and keys.
func (a *App) Tenants() *tenant.Store { return a.stores.tenants }

// Wait serves until the context ends or something essential fails, and then stops in order: requests, ingestion, jobs,
// connections, the embedded database.
func (a *App) Wait(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-a.failed:
	case <-a.database.Done():
		failure = errors.New("the embedded PostgreSQL has ended; its log lines above say why")
	}
	return errors.Join(failure, a.Stop(context.WithoutCancel(ctx)))
}

// Stop ends the service in order, within the time that the settings allow.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	ctx, cancel := context.WithTimeout(ctx, a.cfg.ShutdownTimeout)
	defer cancel()
	a.log.InfoContext(ctx, "stopping")
	return a.close(ctx)
}

func (a *App) close(ctx context.Context) error {
	var failures []error
	for len(a.closers) > 0 {
		last := len(a.closers) - 1
		failures = append(failures, a.closers[last](ctx))
		a.closers = a.closers[:last]
	}
	return errors.Join(failures...)
}
