package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/localpg"
)

const (
	// startTimeout covers a download of PostgreSQL or the pull of an image.
	startTimeout = 5 * time.Minute
	stepTimeout  = time.Minute

	// poolConns suffices for a test's own concurrency. Many tests share one
	// server, whose connections are counted.
	poolConns = 4
)

// DB is a database of one test.
type DB struct {
	Name string
	// Addresses of the database as the schema's owner, as the service, and as
	// superuser.
	OwnerURL, ServiceURL, AdminURL string
}

// Main runs the tests of a package and then stops what they have started. When
// all is well so far, the checks decide, such as one that looks for goroutines
// that the tests have left: func() error { return goleak.Find() }.
func Main(m *testing.M, checks ...func() error) { os.Exit(run(m, checks)) }

func run(m *testing.M, checks []func() error) int {
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if err := shared.stop(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "stop the test database: %v\n", err)
		code = max(code, 1)
	}
	for _, check := range checks {
		if code != 0 {
			break
		}
		if err := check(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// New makes a migrated database without rows and drops it when the test ends.
func New(tb testing.TB) *DB {
	tb.Helper()
	srv := running(tb)
	return makeFrom(tb, srv, srv.template)
}

// Copy makes a database with all that is in this one and drops it when the test ends. Nobody may be connected to this one.
func (db *DB) Copy(tb testing.TB) *DB {
	tb.Helper()
	return makeFrom(tb, running(tb), db.Name)
}

func running(tb testing.TB) *server {
	tb.Helper()
	srv, err := shared.get()
	if err != nil {
		missing(tb, err)
	}
	return srv
}

func makeFrom(tb testing.TB, srv *server, template string) *DB {
	tb.Helper()
	name := srv.nextName()
	ctx, cancel := context.WithTimeout(tb.Context(), stepTimeout)
	defer cancel()
	if err := srv.clone(ctx, name, template); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := srv.drop(ctx, name); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return &DB{
		Name:       name,
		OwnerURL:   srv.url(localpg.Owner, name),
		ServiceURL: srv.url(localpg.Service, name),
		AdminURL:   srv.url(localpg.Admin, name),
	}
}

// Pool connects as the service does. It is closed when the test ends.
func (db *DB) Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	cfg, err := pgxpool.ParseConfig(db.ServiceURL)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	cfg.MaxConns = poolConns
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(tb.Context(), cfg)
	if err != nil {
		tb.Fatalf("pgtest: connect to %s: %v", db.Name, err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func missing(tb testing.TB, err error) {
	tb.Helper()
	if maySkip(os.Getenv) {
		tb.Skipf("WEIR_TEST_SKIP_DB is set, and there is no database: %v", err)
	}
	tb.Fatalf("pgtest: no database: %v", err)
}

// maySkip keeps a CI that has lost its database from passing for nothing.
func maySkip(getenv func(string) string) bool {
	ci := getenv("CI")
	return getenv("WEIR_TEST_SKIP_DB") == "1" && (ci == "" || ci == "0" || ci == "false")
}
