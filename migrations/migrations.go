package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" that goose runs on
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/weirhq/weir/internal/errs"
)

//go:embed sql/*.sql
var files embed.FS

const (
	// RiverSchema is the schema of the job queue's tables.
	RiverSchema = "river"
	// ServiceRole is the name of the service's role where nothing else is said.
	ServiceRole = "weir_service"
)

// undefinedTable is the SQLSTATE of a schema that no migration has touched.
const undefinedTable = "42P01"

// Step is one migration and whether it was applied.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Up brings the schema to its newest version and grants the service's role what it needs. ownerURL is the connection
// string of the schema's owner. Processes that call it at the same time wait for one another.
func Up(ctx context.Context, ownerURL string) error { return UpFor(ctx, ownerURL, ServiceRole) }

// UpFor is Up with a service's role of another name.
func UpFor(ctx context.Context, ownerURL, serviceRole string) error {
	if err := withProvider(ownerURL, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	}); err != nil {
		return fmt.Errorf("migrate up: %w", err)
	}
	return withPool(ctx, ownerURL, func(pool *pgxpool.Pool) error {
		if err := riverUp(ctx, pool); err != nil {
			return err
		}
		return grant(ctx, pool, serviceRole)
	})
}

// Down undoes the newest migration that was applied. It reports sql.ErrNoRows when none is left.
func Down(ctx context.Context, ownerURL string) error {
	return withProvider(ownerURL, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return sql.ErrNoRows
		}
		return err
	})
}

// Status lists the migrations in order.
func Status(ctx context.Context, databaseURL string) (steps []Step, err error) {
	err = withProvider(databaseURL, func(p *goose.Provider) error {
		list, err := p.Status(ctx)
		for _, s := range list {
			steps = append(steps, Step{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied})
		}
		return err
	})
	return steps, err
}

// Behind tells how many migrations the schema lacks, as the service's role may ask too.
func Behind(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	var applied []int64
	rows, err := pool.Query(ctx, "SELECT DISTINCT version_id FROM goose_db_version WHERE is_applied AND version_id > 0")
	if err == nil {
		applied, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if err != nil && errs.SQLState(err) != undefinedTable {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	sources, err := fs.Glob(files, "sql/*.sql")
	if err != nil {
		return 0, err
	}
	return len(sources) - len(applied), nil
}

func withProvider(databaseURL string, fn func(*goose.Provider) error) (err error) {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	dir, err := fs.Sub(files, "sql")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return fn(provider)
}

func withPool(ctx context.Context, databaseURL string, fn func(*pgxpool.Pool) error) error {
	pool, err := pgxpool.New(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer pool.Close()
	return fn(pool)
}

func riverUp(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+RiverSchema); err != nil {
		return fmt.Errorf("create the queue's schema: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: RiverSchema})
	if err != nil {
		return fmt.Errorf("read the queue's migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

// grant gives the service's role its rights and takes those of everybody. It may run again and again.
func grant(ctx context.Context, pool *pgxpool.Pool, role string) error {
	to := pgx.Identifier{role}.Sanitize()
	// Two that change the rights of one object at once fail.
	list := []string{"SELECT pg_advisory_xact_lock(hashtext('weir.grant'))"}
	for _, t := range Tables {
		list = append(list, "REVOKE ALL ON "+t.Name+" FROM "+to)
		if t.Rights != "" {
			list = append(list, "GRANT "+t.Rights+" ON "+t.Name+" TO "+to)
		}
	}
	for _, f := range functions {
		list = append(list, "REVOKE ALL ON FUNCTION "+f+" FROM PUBLIC", "GRANT EXECUTE ON FUNCTION "+f+" TO "+to)
	}
	list = append(list,
		"GRANT USAGE ON SCHEMA public TO "+to,
		"GRANT SELECT ON goose_db_version TO "+to,
		"GRANT USAGE ON SCHEMA "+RiverSchema+" TO "+to,
		"GRANT "+all+" ON ALL TABLES IN SCHEMA "+RiverSchema+" TO "+to,
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA "+RiverSchema+" TO "+to,
	)
	if _, err := pool.Exec(ctx, strings.Join(list, ";\n")); err != nil {
		return fmt.Errorf("grant rights to %s: %w", role, err)
	}
	return nil
}
