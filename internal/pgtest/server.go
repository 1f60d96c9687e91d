package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/migrations"
)

// server is the PostgreSQL of this test process with its migrated template.
type server struct {
	urls     localpg.URLs
	prefix   string // of all databases of this process
	template string
	count    atomic.Int64
	close    func(context.Context) error
}

// once starts a server at its first use.
type once struct {
	sync.Once
	server *server
	err    error
}

var shared once

func (o *once) get() (*server, error) {
	o.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		o.server, o.err = start(ctx)
	})
	return o.server, o.err
}

// stop makes a later get fail.
func (o *once) stop(ctx context.Context) error {
	o.Do(func() { o.err = errors.New("the tests are over") })
	if o.server == nil {
		return nil
	}
	return o.server.close(ctx)
}

func start(ctx context.Context) (*server, error) {
	var (
		s   *server
		err error
	)
	switch {
	case os.Getenv("WEIR_TEST_DATABASE_ADMIN_URL") != "":
		s, err = useRunning(ctx, os.Getenv("WEIR_TEST_DATABASE_ADMIN_URL"))
	case os.Getenv("WEIR_TEST_CONTAINERS") == "1":
		s, err = startContainer(ctx)
	default:
		s, err = startEmbedded(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

// useRunning takes a server that other test processes may be using, too: all
// of them must agree on the passwords of the roles.
func useRunning(ctx context.Context, adminURL string) (*server, error) {
	const password = "weir-test"
	urls, err := localpg.EnsureRoles(ctx, adminURL, localpg.RolesInput{
		Database: "weir_test", AdminPassword: password, OwnerPassword: password, ServicePassword: password,
	})
	if err != nil {
		return nil, fmt.Errorf("server of WEIR_TEST_DATABASE_ADMIN_URL: %w", err)
	}
	id := make([]byte, 4)
	if _, err := rand.Read(id); err != nil {
		return nil, err
	}
	s := &server{urls: urls, prefix: "weir_test_" + hex.EncodeToString(id) + "_"}
	s.close = func(ctx context.Context) error { return s.drop(ctx, s.template) }
	return s, nil
}

// makeTemplate migrates once what New then copies.
func (s *server) makeTemplate(ctx context.Context) error {
	s.template = s.prefix + "template"
	err := s.asAdmin(ctx, func(conn *pgx.Conn) error {
		return localpg.CreateDatabase(ctx, conn, s.template, "")
	})
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, s.url(localpg.Owner, s.template)); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	return nil
}

func (s *server) nextName() string { return fmt.Sprintf("%s%d", s.prefix, s.count.Add(1)) }

func (s *server) clone(ctx context.Context, name, template string) error {
	return s.asAdmin(ctx, func(conn *pgx.Conn) error {
		return localpg.CreateDatabase(ctx, conn, name, template)
	})
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.asAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		if err != nil {
			return fmt.Errorf("drop database %s: %w", name, err)
		}
		return nil
	})
}

// asAdmin uses a connection for one step: one that is kept would count against
// the server, and as a leak in tests that look for leaks.
func (s *server) asAdmin(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.urls.Admin)
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	return errors.Join(do(conn), conn.Close(ctx))
}

func (s *server) url(role localpg.Role, database string) string {
	base := map[localpg.Role]string{
		localpg.Admin: s.urls.Admin, localpg.Owner: s.urls.Owner, localpg.Service: s.urls.Service,
	}[role]
	u, err := url.Parse(base)
	if err != nil {
		return base // made by localpg, which has parsed it before
	}
	u.Path = "/" + database
	return u.String()
}
