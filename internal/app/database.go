package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/tenant"
)

// Database is where the tenants' data is: a server of the operator's, or the embedded one.
type Database struct {
	ServiceURL string
	// OwnerURL and AdminURL are empty where they are not known.
	OwnerURL string
	AdminURL string

	server *localpg.Server
}

// DatabaseOptions say how to open a database.
type DatabaseOptions struct {
	// Fresh deletes the embedded database first.
	Fresh bool
	// Join allows another process to run the embedded database already.
	Join bool
}

// OpenDatabase finds the database that the settings name, and starts the embedded one when they name none.
func OpenDatabase(ctx context.Context, cfg *config.Database, opt DatabaseOptions, log *slog.Logger) (*Database, error) {
	if !cfg.Embedded() {
		return &Database{ServiceURL: cfg.DatabaseURL, OwnerURL: cfg.MigrateDatabaseURL}, nil
	}
	start := localpg.Start
	if opt.Join {
		start = localpg.StartOrJoin
	}
	server, err := start(ctx, localpg.Options{DataDir: cfg.DataDir, Fresh: opt.Fresh, Logger: log.With("component", "postgres")})
	if err != nil {
		return nil, err
	}
	return &Database{
		ServiceURL: server.URL(localpg.Service), OwnerURL: server.URL(localpg.Owner), AdminURL: server.URL(localpg.Admin), server: server,
	}, nil
}

// Embedded tells whether it is the embedded one.
func (d *Database) Embedded() bool { return d.server != nil }

// Done is closed when the embedded server has ended; of another database it never is.
func (d *Database) Done() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}

// Close stops the embedded server, if this process started it.
func (d *Database) Close(ctx context.Context) error {
	if d.server == nil {
		return nil
	}
	return d.server.Stop(ctx)
}

// Owner is the connection string of the schema's owner.
func (d *Database) Owner() (string, error) {
	if d.OwnerURL == "" {
		return "", errors.New("WEIR_MIGRATE_DATABASE_URL is not set: migrations run as the role that owns the schema")
	}
	return d.OwnerURL, nil
}

// Migrate brings the schema up to date as its owner.
func (d *Database) Migrate(ctx context.Context) error {
	owner, err := d.Owner()
	if err != nil {
		return err
	}
	role, err := userOf(d.ServiceURL)
	if err != nil {
		return err
	}
	return migrations.UpFor(ctx, owner, role)
}

func userOf(databaseURL string) (string, error) {
	if databaseURL == "" {
		return migrations.ServiceRole, nil
	}
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return "", fmt.Errorf("WEIR_DATABASE_URL cannot be read: %w", err)
	}
	return cfg.User, nil
}

// Pool opens the pool of the service's role.
func (d *Database) Pool(ctx context.Context, maxConns int32) (*pgxpool.Pool, error) {
	// bun writes its arguments into the statement: a prepared statement each would fill every connection.
	return d.open(ctx, maxConns, 2, pgx.QueryExecModeExec)
}

// QueuePool opens the pool of the queue of jobs. Its statements are few and always the same, and planning them each time
// takes four times as long as what they do, so they are prepared.
func (d *Database) QueuePool(ctx context.Context, maxConns int32) (*pgxpool.Pool, error) {
	return d.open(ctx, maxConns, 0, pgx.QueryExecModeCacheStatement)
}

func (d *Database) open(ctx context.Context, maxConns, minConns int32, mode pgx.QueryExecMode) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(d.ServiceURL)
	if err != nil {
		return nil, fmt.Errorf("WEIR_DATABASE_URL cannot be read: %w", hidePassword(err, d.ServiceURL))
	}
	cfg.ConnConfig.DefaultQueryExecMode = mode
	cfg.ConnConfig.Tracer = observe.NewTracer(statementNames())
	cfg.ConnConfig.RuntimeParams["application_name"] = "weir"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.MaxConns, cfg.MinConns = maxConns, minConns
	cfg.MaxConnIdleTime = 5 * time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}

// statementNames are what statements are told by: the tables, and the functions of the directory.
func statementNames() []string {
	names := []string{"enter_tenant", "find_tenant", "find_api_key", "register_api_key", "partition_days", "ensure_partitions"}
	for _, t := range migrations.Tables {
		names = append(names, t.Name)
	}
	return names
}

func hidePassword(err error, text string) error {
	if u, parsing := url.Parse(text); parsing == nil && u.User != nil {
		return fmt.Errorf("%s", u.Redacted())
	}
	return err
}

// checkRole refuses a role of the service that row-level security would not hold.
func checkRole(ctx context.Context, pool *pgxpool.Pool) error {
	var name string
	var super, bypass, owns bool
	err := pool.QueryRow(ctx, `SELECT rolname, rolsuper, rolbypassrls,
		EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace)
		FROM pg_roles r WHERE rolname = current_user`).Scan(&name, &super, &bypass, &owns)
	switch {
	case err != nil:
		return fmt.Errorf("ask the database for the service's role: %w", err)
	case super, bypass:
		return fmt.Errorf("the role %s of WEIR_DATABASE_URL is a superuser or has BYPASSRLS, so tenants would not be apart: use a role with neither", name)
	case owns:
		return fmt.Errorf("the role %s of WEIR_DATABASE_URL owns tables, so it could lift their row-level security: use another role than the one that runs migrations", name)
	}
	return nil
}

// WithTenants opens the store of tenants for as long as fn takes, for commands.
func (d *Database) WithTenants(ctx context.Context, fn func(s *tenant.Store) error) error {
	return d.withDoor(ctx, func(door *tenant.Door) error { return fn(tenant.NewStore(door, time.Now)) })
}

// withDoor opens the door of a schema that is up to date for as long as fn takes.
func (d *Database) withDoor(ctx context.Context, fn func(door *tenant.Door) error) error {
	pool, err := d.Pool(ctx, 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := checkSchema(ctx, pool); err != nil {
		return err
	}
	door := tenant.NewDoor(pool)
	return errors.Join(fn(door), door.Close())
}

// ForgetJobs removes what the job queue has of a tenant that was deleted. A job that runs ends by itself.
func (d *Database) ForgetJobs(ctx context.Context, tenantID uuid.UUID) error {
	pool, err := d.Pool(ctx, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.Exec(ctx, "DELETE FROM "+migrations.RiverSchema+".river_job WHERE args @> jsonb_build_object('tenant_id', $1::text) AND state <> 'running'", tenantID.String())
	if err != nil {
		return fmt.Errorf("forget the jobs of the deleted tenant: %w", err)
	}
	return nil
}
