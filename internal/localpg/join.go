package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// joinInterval paces the looks at a server that another process is starting.
const joinInterval = 50 * time.Millisecond

// Join uses the server that another process runs in the data directory. While
// that is still starting, Join waits, as long as ctx allows. Errors:
// ErrNotRunning, or that the passwords cannot be read.
func Join(ctx context.Context, dataDir string) (*Server, error) {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, fmt.Errorf("join the embedded PostgreSQL: %w", err)
	}
	tick := time.NewTicker(joinInterval)
	defer tick.Stop()
	for {
		s, err := tryJoin(ctx, dataDir)
		if err == nil {
			return s, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("join the embedded PostgreSQL, which another user runs: %w", err)
		}
		if running, lockErr := isRunning(dataDir); lockErr != nil {
			return nil, lockErr
		} else if !running {
			return nil, fmt.Errorf("%s: %w", dataDir, ErrNotRunning)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("join the embedded PostgreSQL in %s: %w: %w", dataDir, ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func tryJoin(ctx context.Context, dataDir string) (*Server, error) {
	st, err := loadState(dataDir)
	if err != nil {
		return nil, err
	}
	if !st.Prepared {
		return nil, errors.New("the database is not there yet")
	}
	if err := ping(ctx, st.url(Service, Database)); err != nil {
		return nil, err
	}
	return &Server{state: *st}, nil
}

// isRunning probes the lock, and is asked only when nothing answers: for the
// blink that the probe holds it, a Start elsewhere would see ErrInUse.
func isRunning(dataDir string) (bool, error) {
	if _, err := os.Stat(dataDir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	lock, err := acquireLock(dataDir)
	switch {
	case err == nil:
		return false, lock.Close()
	case errors.Is(err, ErrInUse):
		return true, nil
	default:
		return false, err
	}
}

// StartOrJoin joins the server of the data directory or starts one when none
// runs. With Fresh it never joins: a running server is ErrInUse then.
func StartOrJoin(ctx context.Context, o Options) (*Server, error) {
	tick := time.NewTicker(joinInterval)
	defer tick.Stop()
	for {
		s, err := Start(ctx, o)
		if o.Fresh || !errors.Is(err, ErrInUse) {
			return s, err
		}
		s, err = Join(ctx, o.DataDir)
		if !errors.Is(err, ErrNotRunning) {
			return s, err
		}
		// It ended between the two looks.
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}
