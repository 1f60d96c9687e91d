package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir/internal/localpg"
)

const (
	dirPrefix = "weir-pgtest-"
	// sweepAge spares directories that another process has only just made.
	sweepAge = time.Minute
)

func startEmbedded(ctx context.Context) (*server, error) {
	for _, parent := range localpg.ScratchParents() {
		if err := sweep(parent, time.Now()); err != nil {
			return nil, fmt.Errorf("remove what killed tests have left: %w", err)
		}
	}
	dir, err := localpg.ScratchDir(dirPrefix + "*")
	if err != nil {
		return nil, err
	}
	pg, err := localpg.Start(ctx, localpg.Options{DataDir: dir, Fast: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &server{
		urls: localpg.URLs{
			Admin: pg.URL(localpg.Admin), Owner: pg.URL(localpg.Owner), Service: pg.URL(localpg.Service),
		},
		prefix: "weir_test_",
		close: func(ctx context.Context) error {
			return errors.Join(pg.Stop(ctx), os.RemoveAll(dir))
		},
	}, nil
}

// sweep deletes the data directories of test processes that were killed or
// have no Main. Their servers have ended with them.
func sweep(tmp string, now time.Time) error {
	dirs, err := filepath.Glob(filepath.Join(tmp, dirPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || now.Sub(info.ModTime()) < sweepAge {
			continue // gone already, or too young
		}
		err = localpg.Remove(dir)
		switch {
		case err == nil, errors.Is(err, localpg.ErrInUse), errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
			// In use, another user's, or swept by another process.
		default:
			return err
		}
	}
	return nil
}
