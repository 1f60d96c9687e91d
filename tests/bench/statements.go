package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/localpg"
)

// startServer starts PostgreSQL with the extension that counts statements, where it is installed. It counts none until it
// is told to.
func startServer(ctx context.Context, dir string) (*localpg.Server, error) {
	server, err := localpg.Start(ctx, localpg.Options{DataDir: dir, Settings: map[string]string{"shared_preload_libraries": "pg_stat_statements"}})
	if err != nil {
		return localpg.Start(ctx, localpg.Options{DataDir: dir})
	}
	admin, err := pgx.Connect(ctx, server.DatabaseURL(localpg.Admin, localpg.Database))
	if err == nil {
		err = errors.Join(count(ctx, admin, "none"), admin.Close(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return server, nil
}

// count says which statements are counted from now on.
func count(ctx context.Context, admin *pgx.Conn, which string) error {
	if _, err := admin.Exec(ctx, "ALTER SYSTEM SET pg_stat_statements.track = '"+which+"'"); err != nil {
		return err
	}
	_, err := admin.Exec(ctx, "SELECT pg_reload_conf()")
	return err
}

func (b *bench) serviceURL() string { return b.server.URL(localpg.Service) }

// asking are the statements of the service's role that ask for data: not those that begin and end transactions, say whose
// they are, check credentials, or belong to the queue of jobs.
const asking = `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
WHERE r.rolname = 'weir_service' AND query ~* '^\s*(SELECT|WITH)\s' AND query !~ '^SELECT [a-z_]+\(' AND query !~* 'river|api_key'`

// asked is how often a page is asked for until its statements are counted: jobs ask for data too, now and then.
const asked = 5

// countStatements counts how many statements a page takes at most. It is 0 where the extension is missing.
func (b *bench) countStatements(ctx context.Context, way *pageWay) (most int, err error) {
	if _, err := b.admin.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return 0, nil //nolint:nilerr // There is no such extension here.
	}
	var loaded string
	if err := b.admin.QueryRow(ctx, "SELECT current_setting('shared_preload_libraries')").Scan(&loaded); err != nil || loaded == "" {
		return 0, err
	}
	if err := count(ctx, b.admin, "top"); err != nil {
		return 0, err
	}
	tenants, ids := b.customers(2000, pagesCompared)
	for i, id := range ids {
		least := math.MaxInt
		for range asked {
			if _, err := b.admin.Exec(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
				return 0, err
			}
			if _, err := way.get(ctx, tenants[i], id); err != nil {
				return 0, err
			}
			var n int
			if err := b.admin.QueryRow(ctx, asking).Scan(&n); err != nil {
				return 0, err
			}
			least = min(least, n)
		}
		most = max(most, least)
	}
	return most, count(ctx, b.admin, "none")
}

// costly are the statements that took most of the service's database, of whomever.
const costly = `SELECT calls, total_plan_time, total_exec_time, rows, left(regexp_replace(query, '\s+', ' ', 'g'), 150) FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_plan_time + total_exec_time DESC LIMIT 40`

// counted does something and, where that was asked for, prints what PostgreSQL spent its time on meanwhile.
func (b *bench) counted(ctx context.Context, do func(context.Context) error) error {
	if !b.options.statements {
		return do(ctx)
	}
	if _, err := b.admin.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return fmt.Errorf("count statements: %w", err)
	}
	if _, err := b.admin.Exec(ctx, "ALTER SYSTEM SET pg_stat_statements.track_planning = on"); err != nil {
		return fmt.Errorf("count planning: %w", err)
	}
	if err := count(ctx, b.admin, "all"); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	rows, err := b.admin.Query(ctx, costly)
	if err != nil {
		return err
	}
	var calls, n int64
	var planning, millis float64
	var text string
	fmt.Fprintf(os.Stderr, "%9s %9s %9s %9s  statement\n", "calls", "ms plan", "ms", "rows")
	if _, err := pgx.ForEachRow(rows, []any{&calls, &planning, &millis, &n, &text}, func() error {
		fmt.Fprintf(os.Stderr, "%9d %9.0f %9.0f %9d  %s\n", calls, planning, millis, n, text)
		return nil
	}); err != nil {
		return err
	}
	return count(ctx, b.admin, "none")
}
