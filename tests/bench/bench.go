package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

// company is one tenant of the bench.
type company struct {
	id  uuid.UUID
	key string
}

// bench is everything that is running, and what was measured so far.
type bench struct {
	workload.Place
	options options
	report  report
	corpus  *simulate.Corpus
	words   *workload.Words
	// end is that of the corpus.
	end     time.Time
	tenants []company

	server     *localpg.Server
	postmaster int
	binary     *harness.Binary
	service    *harness.Service
	http       *http.Client
	// admin is a superuser on the service's database, plain on the baseline's; pool is the service's role.
	admin, plain *pgx.Conn
	pool         *pgxpool.Pool
	store        *journal.Store
}

const startTimeout = 3 * time.Minute

// newBench starts PostgreSQL and the service and makes the tenants.
func newBench(ctx context.Context, o options) (b *bench, err error) {
	end := time.Now().UTC()
	b = &bench{options: o, end: end, corpus: simulate.NewCorpus(simulate.CorpusOptions{
		Seed: o.seed, Entries: o.entries, Tenants: o.tenants, Days: o.days, End: end,
	})}
	b.report.start(o)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := b.Open("weir-bench", o.dataDir); err != nil {
		return b, err
	}
	if b.binary, err = harness.Build(ctx, b.Scratch); err != nil {
		return b, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := b.startDatabase(ctx); err != nil {
		return b, err
	}
	return b, b.startService(ctx)
}

// startDatabase runs PostgreSQL as weir's own embedded one is run, durable, and makes the baseline's database.
func (b *bench) startDatabase(ctx context.Context) (err error) {
	if b.server, err = startServer(ctx, b.Data); err != nil {
		return err
	}
	b.Later(b.server.Stop)
	b.postmaster = workload.Postmaster(b.Data)
	if b.admin, err = b.connect(ctx, localpg.Database); err != nil {
		return err
	}
	if _, err := b.admin.Exec(ctx, "CREATE DATABASE baseline"); err != nil {
		return fmt.Errorf("make the baseline's database: %w", err)
	}
	if b.plain, err = b.connect(ctx, "baseline"); err != nil {
		return err
	}
	if err := b.fillWAL(ctx); err != nil {
		return err
	}
	for _, s := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size"} {
		var value string
		if err := b.admin.QueryRow(ctx, "SELECT current_setting($1)", s).Scan(&value); err != nil {
			return err
		}
		b.report.Postgres = append(b.report.Postgres, s+"="+value)
	}
	return b.createBaselines(ctx)
}

// fillWAL makes the files that the write-ahead log uses again and again once a server has run for a while. Who is measured
// first would make them else, which took a third of the time of COPY.
func (b *bench) fillWAL(ctx context.Context) error {
	var files int
	if err := b.admin.QueryRow(ctx, "SELECT pg_size_bytes(current_setting('max_wal_size')) / pg_size_bytes(current_setting('wal_segment_size'))").Scan(&files); err != nil {
		return fmt.Errorf("read the size of the write-ahead log: %w", err)
	}
	for range files {
		// There must be something in a file before the next is begun.
		for _, sql := range []string{"SELECT pg_create_restore_point('bench')", "SELECT pg_switch_wal()"} {
			if _, err := b.admin.Exec(ctx, sql); err != nil {
				return fmt.Errorf("fill the write-ahead log: %w", err)
			}
		}
	}
	return b.checkpoint(ctx)
}

func (b *bench) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, b.server.DatabaseURL(localpg.Admin, database))
	if err == nil {
		b.Later(conn.Close)
	}
	return conn, err
}

// env are the service's settings.
func (b *bench) env() harness.Env {
	return harness.EnvOf(b.server).With("WEIR_INGEST_RATE", "0").With("WEIR_LOG_LEVEL", "warn").With("WEIR_DEBUG_ADDR", b.options.debugAddr)
}

func (b *bench) startService(ctx context.Context) (err error) {
	env := b.env()
	if b.service, err = b.binary.Serve(ctx, env, "--migrate"); err != nil {
		return err
	}
	b.Later(func(ctx context.Context) error { return b.service.Stop(ctx) })
	transport := &http.Transport{MaxIdleConnsPerHost: max(b.options.senders, crowdSenders), DisableCompression: true}
	b.http = &http.Client{Transport: transport, Timeout: time.Minute}
	b.Later(func(context.Context) error { transport.CloseIdleConnections(); return nil })
	for i := range b.options.tenants {
		t, err := b.binary.CreateTenant(ctx, env, fmt.Sprintf("bench-%02d", i))
		if err != nil {
			return err
		}
		key, err := b.binary.CreateKey(ctx, env, t.Slug, "ingest,read")
		if err != nil {
			return err
		}
		id, err := nodeid.ParseAs(nodeid.Tenant, t.ID)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.ID, err)
		}
		b.tenants = append(b.tenants, company{id: id, key: key.Secret})
	}
	cfg, err := pgxpool.ParseConfig(b.server.URL(localpg.Service))
	if err != nil {
		return err
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.MaxConns = int32(runtime.NumCPU()) //nolint:gosec // a small number
	if b.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return err
	}
	b.Later(func(context.Context) error { b.pool.Close(); return nil })
	door := tenant.NewDoor(b.pool)
	b.Later(func(context.Context) error { return door.Close() })
	b.store = journal.NewStore(door, journal.Options{})
	// Partitions are made ahead, those of the baseline too: making them belongs to no entry.
	today := journal.DayOf(time.Now())
	_, err = b.store.EnsurePartitions(ctx, today-journal.Day(b.options.days)-1, today+1)
	return err
}

// usage reads the processor times.
func (b *bench) usage() workload.Usage { return workload.ReadUsage(b.service.PID(), b.postmaster) }

// as is a context in which Weir works for a tenant.
func (b *bench) as(ctx context.Context, tenantIndex int) context.Context {
	return tenant.WithPrincipal(ctx, tenant.System(b.tenants[tenantIndex].id))
}
