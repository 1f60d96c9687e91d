package localpg

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

// rolesLock keeps processes that prepare one server from tripping over each
// other; the number means nothing.
const rolesLock int64 = 0x77656972 // "weir"

// RolesInput says what EnsureRoles makes. A password that is empty is made at
// random; that of a role which exists already is then replaced.
type RolesInput struct {
	// Database that Owner owns; "weir" when empty.
	Database        string
	AdminPassword   string
	OwnerPassword   string
	ServicePassword string
}

// URLs are the addresses of one database, by role.
type URLs struct {
	Admin, Owner, Service string
}

// EnsureRoles makes Weir's three roles and its database on any PostgreSQL, and
// repairs the rights and passwords of roles that exist. adminURL is a
// postgres:// URL of a superuser. It may run in several processes at once.
func EnsureRoles(ctx context.Context, adminURL string, in RolesInput) (URLs, error) {
	if in.Database == "" {
		in.Database = Database
	}
	for _, p := range []*string{&in.AdminPassword, &in.OwnerPassword, &in.ServicePassword} {
		if *p != "" {
			continue
		}
		var err error
		if *p, err = newPassword(); err != nil {
			return URLs{}, err
		}
	}
	urls, err := urlsFor(adminURL, in)
	if err != nil {
		return URLs{}, err
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return URLs{}, fmt.Errorf("connect as superuser: %w", err)
	}
	err = ensureRoles(ctx, conn, in)
	return urls, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

func ensureRoles(ctx context.Context, conn *pgx.Conn, in RolesInput) error {
	// The lock ends with the session.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", rolesLock); err != nil {
		return fmt.Errorf("wait for others to make the roles: %w", err)
	}
	const limited = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
	for _, r := range []struct {
		role             Role
		rights, password string
	}{
		{Admin, "LOGIN SUPERUSER", in.AdminPassword},
		{Owner, limited, in.OwnerPassword},
		{Service, limited, in.ServicePassword},
	} {
		if err := ensureRole(ctx, conn, r.role, r.rights, r.password); err != nil {
			return fmt.Errorf("make role %s: %w", r.role, err)
		}
	}
	var exists bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", in.Database).Scan(&exists)
	if err != nil {
		return fmt.Errorf("look for database %s: %w", in.Database, err)
	}
	if exists {
		return nil
	}
	return CreateDatabase(ctx, conn, in.Database, "")
}

func ensureRole(ctx context.Context, conn *pgx.Conn, role Role, rights, password string) error {
	var verb string
	err := conn.QueryRow(ctx,
		"SELECT CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1) THEN 'ALTER' ELSE 'CREATE' END",
		string(role)).Scan(&verb)
	if err != nil {
		return err
	}
	// DDL takes no parameters, so the server does the quoting.
	var ddl string
	err = conn.QueryRow(ctx, "SELECT format('%s ROLE %I %s PASSWORD %L', $1::text, $2::text, $3::text, $4::text)",
		verb, string(role), rights, password).Scan(&ddl)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, ddl)
	return err
}

// CreateDatabase makes a database as Weir needs it: UTF-8, compared by bytes on
// every platform, owned by Owner, open to Service and to nobody else. With a
// template it is a copy of that, rights on what is inside included.
func CreateDatabase(ctx context.Context, conn *pgx.Conn, name, template string) error {
	db := pgx.Identifier{name}.Sanitize()
	create := "CREATE DATABASE " + db + " OWNER " + string(Owner)
	if template == "" {
		create += " TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
	} else {
		create += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	if _, err := conn.Exec(ctx, create); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	rights := "REVOKE ALL ON DATABASE " + db + " FROM PUBLIC; GRANT CONNECT ON DATABASE " + db + " TO " + string(Service)
	if _, err := conn.Exec(ctx, rights); err != nil {
		return fmt.Errorf("restrict database %s: %w", name, err)
	}
	return nil
}

// urlsFor puts other users and another database into the admin's address.
func urlsFor(adminURL string, in RolesInput) (URLs, error) {
	u, err := url.Parse(adminURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		// The cause would show the password.
		return URLs{}, errors.New("the superuser's address is no postgres:// URL")
	}
	u.Path = "/" + in.Database
	as := func(role Role, password string) string {
		c := *u
		c.User = url.UserPassword(string(role), password)
		return c.String()
	}
	return URLs{
		Admin:   as(Admin, in.AdminPassword),
		Owner:   as(Owner, in.OwnerPassword),
		Service: as(Service, in.ServicePassword),
	}, nil
}
