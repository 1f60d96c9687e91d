//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// acquireLock takes the lock of a data directory or returns ErrInUse. The lock
// belongs to the open file description: children that inherit the file keep
// it alive after this process has gone.
func acquireLock(dataDir string) (*os.File, error) {
	path := filepath.Join(dataDir, "pg.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: open the lock: %w", err)
	}
	if err := giveToOwnerOf(dataDir, path); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded PostgreSQL: %w", err), f.Close())
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(fmt.Errorf("%s: %w", dataDir, ErrInUse), f.Close())
	default:
		return nil, errors.Join(fmt.Errorf("embedded PostgreSQL: lock %s: %w", path, err), f.Close())
	}
}
