package localpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const defaultImage = "postgres:17-alpine"

// docker runs the official image, or one that honours the same variables. The
// cluster is in a volume that is named after the data directory, because the
// files belong to a user of the image.
type docker struct {
	options Options
	cli     string
	image   string
	name    string // of the container and of the volume
}

func newDockerEngine(ctx context.Context, o Options, lookPath func(string) (string, error)) (engine, error) {
	cli, err := lookPath("docker")
	if err != nil {
		return nil, errors.New("docker is not in PATH")
	}
	d := &docker{options: o, cli: cli, image: o.Image, name: dockerName(o.DataDir)}
	if d.image == "" {
		d.image = os.Getenv("WEIR_PG_IMAGE")
	}
	if d.image == "" {
		d.image = defaultImage
	}
	if err := d.run(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, fmt.Errorf("the engine does not answer: %w", err)
	}
	return d, nil
}

func dockerName(dataDir string) string {
	sum := sha256.Sum256([]byte(dataDir))
	return "weir-pg-" + hex.EncodeToString(sum[:6])
}

func (d *docker) kind() (string, int) { return engineDocker, 0 }

func (d *docker) close() error { return nil }

// initialize does nothing: the image makes its cluster at its first start.
func (d *docker) initialize(context.Context, string) error { return nil }

// clean removes a container whose client was killed too hard to pass it on.
func (d *docker) clean(ctx context.Context) error { return d.run(ctx, "rm", "--force", d.name) }

// wipe removes the volume with the data.
func (d *docker) wipe(ctx context.Context) error {
	if err := d.clean(ctx); err != nil {
		return err
	}
	return d.run(ctx, "volume", "rm", "--force", d.name)
}

// command stays in the foreground and passes our signals on to the server.
func (d *docker) command(ctx context.Context, adminPassword string, port int) *exec.Cmd {
	args := []string{
		"run", "--rm", "--name", d.name, "--shm-size=256m",
		"--publish", "127.0.0.1:" + strconv.Itoa(port) + ":5432",
		"--volume", d.name + ":/weir", "--env", "PGDATA=/weir/data",
		"--env", "POSTGRES_USER=" + string(Admin), "--env", "POSTGRES_PASSWORD",
		"--env", "POSTGRES_DB=postgres", "--env", "POSTGRES_HOST_AUTH_METHOD=scram-sha-256",
		"--env", "POSTGRES_INITDB_ARGS=--encoding=UTF8 --locale=C",
		d.image, "postgres",
	}
	args = append(args, asArgs(settingsFor(d.options))...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), d.cli, args...)
	// Named only in args: a value there would be in every list of processes.
	cmd.Env = append(os.Environ(), "POSTGRES_PASSWORD="+adminPassword)
	harden(cmd, account{})
	return cmd
}

func (d *docker) run(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, d.cli, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, lastLine(out))
	}
	return nil
}
