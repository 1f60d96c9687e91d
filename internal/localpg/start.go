package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// startTimeout allows for the recovery after a crash.
	startTimeout = 2 * time.Minute
	// pollInterval is short because a server is ready within some tens of
	// milliseconds, and a refused connection costs next to nothing.
	pollInterval = 10 * time.Millisecond
	// portAttempts is for the moment between choosing a port and binding it.
	portAttempts = 3
)

// Start runs a server over the data directory and returns when it answers and
// has the three roles and the database. ctx bounds the start, not the server.
// Errors: ErrInUse, ErrNotFound, or what went wrong in one line.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: make the data directory: %w", err)
	}
	lock, err := acquireLock(o.DataDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s, err := startLocked(ctx, o, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func startLocked(ctx context.Context, o Options, lock *os.File) (*Server, error) {
	if o.Fresh {
		if err := wipe(ctx, o); err != nil {
			return nil, fmt.Errorf("embedded PostgreSQL: delete the old cluster: %w", err)
		}
	}
	st, found, err := existingState(o.DataDir)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	if !found {
		st = &state{}
	}
	eng, err := chooseEngine(ctx, o, *st, lock)
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, o, eng, st, lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded PostgreSQL in %s: %w", o.DataDir, err), eng.close())
	}
	if err := eng.close(); err != nil {
		return nil, errors.Join(err, s.proc.stop(ctx))
	}
	return s, nil
}

// existingState finds nothing in a data directory without a cluster, also when
// a first start got no further than the passwords.
func existingState(dataDir string) (st *state, found bool, err error) {
	st, err = loadState(dataDir)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, false, err
	}
	if !missing && st.Engine == engineDocker {
		return st, true, nil
	}
	cluster := filepath.Join(dataDir, "pg", "data")
	_, err = os.Stat(cluster)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case missing:
		return nil, false, fmt.Errorf("%s exists, but its passwords in %s are gone: restore the file or start fresh",
			cluster, statePath(dataDir))
	}
	return st, true, nil
}

// launch makes the cluster when needed, starts the server and prepares it.
func launch(ctx context.Context, o Options, eng engine, st *state, lock *os.File) (*Server, error) {
	if st.Engine == "" {
		var err error
		if st, err = newState(eng.kind()); err != nil {
			return nil, err
		}
		// The passwords must be on disk before a cluster that needs them.
		if err := st.save(o.DataDir); err != nil {
			return nil, err
		}
	}
	if err := eng.initialize(ctx, st.Passwords[Admin]); err != nil {
		return nil, err
	}
	if err := eng.clean(ctx); err != nil {
		return nil, err
	}
	proc, err := startOnFreePort(ctx, o, eng, st)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, o, st); err != nil {
		return nil, errors.Join(err, proc.stop(ctx))
	}
	return &Server{state: *st, proc: proc, lock: lock}, nil
}

// startOnFreePort prefers the port of the last start, so that an address that
// somebody has noted down stays right.
func startOnFreePort(ctx context.Context, o Options, eng engine, st *state) (*process, error) {
	var lastErr error
	for range portAttempts {
		if !portFree(st.Port) {
			port, err := freePort()
			if err != nil {
				return nil, err
			}
			st.Port = port
		}
		if err := st.save(o.DataDir); err != nil {
			return nil, err
		}
		proc, err := startProcess(eng.command(ctx, st.Passwords[Admin], st.Port), newLogWriter(o.Logger))
		if err != nil {
			return nil, err
		}
		if err = waitReady(ctx, proc, st); err == nil {
			return proc, nil
		}
		if stopErr := proc.stop(ctx); stopErr != nil {
			return nil, errors.Join(err, stopErr)
		}
		if lastErr = err; portFree(st.Port) {
			return nil, lastErr // somebody else's port was not the reason
		}
	}
	return nil, lastErr
}

func portFree(port int) bool {
	if port == 0 {
		return false
	}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func freePort() (int, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("find a free port"), l.Close())
	}
	return addr.Port, l.Close()
}

// waitReady returns when the superuser can connect: SCRAM proves to us, too,
// that the server is ours.
func waitReady(ctx context.Context, proc *process, st *state) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := ping(ctx, st.url(Admin, "postgres"))
		if err == nil {
			return nil
		}
		if wrongPassword(err) {
			return fmt.Errorf("the passwords in pg.json are not those of the cluster: %w", err)
		}
		select {
		case <-proc.done:
			return proc.failure()
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: %w: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// wrongPassword tells SQLSTATE class 28, invalid authorization.
func wrongPassword(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && strings.HasPrefix(pgErr.Code, "28")
}

// prepare makes roles and database once.
func prepare(ctx context.Context, o Options, st *state) error {
	if st.Prepared {
		return nil
	}
	_, err := EnsureRoles(ctx, st.url(Admin, "postgres"), RolesInput{
		OwnerPassword:   st.Passwords[Owner],
		ServicePassword: st.Passwords[Service],
		AdminPassword:   st.Passwords[Admin],
	})
	if err != nil {
		return err
	}
	st.Prepared = true
	return st.save(o.DataDir)
}

// Remove deletes a data directory with everything in it, or returns ErrInUse
// when a server runs there.
func Remove(dataDir string) error {
	lock, err := acquireLock(dataDir)
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(dataDir), lock.Close())
}

// wipe deletes what Start has made. A damaged pg.json must not be in its way.
func wipe(ctx context.Context, o Options) error {
	st, err := loadState(o.DataDir)
	if err == nil && st.Engine == engineDocker {
		eng, err := newDockerEngine(ctx, o, exec.LookPath)
		if err != nil {
			return err
		}
		if d, ok := eng.(*docker); ok {
			if err := d.wipe(ctx); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(filepath.Join(o.DataDir, "pg")); err != nil {
		return err
	}
	err = os.Remove(statePath(o.DataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
