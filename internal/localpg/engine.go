package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// engine is a way to run a server over the cluster of a data directory.
type engine interface {
	// kind and major version, as pg.json keeps them; 0 when unknown.
	kind() (string, int)
	// initialize makes the cluster. It is called until it has succeeded once.
	initialize(ctx context.Context, adminPassword string) error
	// clean removes what a crashed server has left in the way.
	clean(ctx context.Context) error
	// command is the server in the foreground.
	command(ctx context.Context, adminPassword string, port int) *exec.Cmd
	close() error
}

// chooseEngine takes the engine that made the cluster, or for a new one, whose
// state is zero, the first that this machine has.
func chooseEngine(ctx context.Context, o Options, st state, lock *os.File) (engine, error) {
	if st.Engine == engineDocker {
		d, err := newDockerEngine(ctx, o, exec.LookPath)
		if err != nil {
			return nil, fmt.Errorf("the data of %s is in a Docker volume: %w", o.DataDir, err)
		}
		return d, nil
	}
	n, err := newNativeEngine(ctx, o, lock, st.Major)
	var missing *notFoundError
	if !errors.As(err, &missing) {
		return n, err
	}
	if st.Engine != "" {
		missing.add("Docker", errors.New("cannot serve data that an installed PostgreSQL has made"))
		return nil, missing
	}
	d, err := newDockerEngine(ctx, o, exec.LookPath)
	if err != nil {
		missing.add("Docker", err)
		return nil, missing
	}
	return d, nil
}
