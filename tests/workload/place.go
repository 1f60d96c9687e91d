package workload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Place is where a benchmark runs, and what it has to stop at the end. Its zero value has no directory yet.
type Place struct {
	// Scratch is a directory that goes with the place, and Data is that of PostgreSQL.
	Scratch, Data string

	cleanup []func(context.Context) error
}

const closeTimeout = time.Minute

// Open makes the directories. PostgreSQL's is the one that is asked for, which stays, or, without one, in the scratch
// directory. Errors: an asked directory that is not empty, and those of the file system.
func (p *Place) Open(name, dataDir string) (err error) {
	if p.Scratch, err = os.MkdirTemp("", name+"-"); err != nil {
		return err
	}
	p.Later(func(context.Context) error { return os.RemoveAll(p.Scratch) })
	if p.Data = dataDir; dataDir == "" {
		p.Data = filepath.Join(p.Scratch, "data")
	} else if found, err := os.ReadDir(dataDir); len(found) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("-data-dir %s must be an empty directory", dataDir), err)
	}
	return nil
}

// Later has something done when the place is closed.
func (p *Place) Later(fn func(context.Context) error) { p.cleanup = append(p.cleanup, fn) }

// Close stops what was started, the last first, within a minute.
func (p *Place) Close(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	for i := len(p.cleanup) - 1; i >= 0; i-- {
		err = errors.Join(err, p.cleanup[i](ctx))
	}
	p.cleanup = nil
	return err
}
