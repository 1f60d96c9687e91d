package harness

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/weirhq/weir/internal/localpg"
)

// Alone builds weir and starts a PostgreSQL for it, both in a directory that is named after what they are for and goes with
// them when do is done. env are settings of a weir on that database.
func Alone(ctx context.Context, name string, do func(binary *Binary, env Env) error) (err error) {
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // The server's user has to enter it.
		return err
	}
	server, err := localpg.Start(ctx, localpg.Options{DataDir: filepath.Join(dir, "postgres")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	binary, err := Build(ctx, dir)
	if err != nil {
		return err
	}
	return do(binary, EnvOf(server))
}
