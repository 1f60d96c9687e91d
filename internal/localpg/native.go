package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// native runs the binaries of an installed or downloaded PostgreSQL.
type native struct {
	options Options
	bin     binaries
	account account
	pgDir   string
	// Both are inherited by every child: see lockFD and pgDirFD.
	lock, dir *os.File
}

func newNativeEngine(ctx context.Context, o Options, lock *os.File, major int) (engine, error) {
	pgDir := filepath.Join(o.DataDir, "pg")
	account, err := clusterAccount(pgDir)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	bin, err := newFinder(o, account).find(ctx, major)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(pgDir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	if err := account.own(pgDir); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	if runtime.GOOS != "linux" {
		if err := account.canEnter(pgDir); err != nil {
			return nil, fmt.Errorf("embedded PostgreSQL: %w: choose another data directory or do not run as root", err)
		}
	}
	dir, err := os.Open(pgDir)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	return &native{options: o, bin: bin, account: account, pgDir: pgDir, lock: lock, dir: dir}, nil
}

func (n *native) kind() (string, int) { return engineNative, n.bin.version.major }

func (n *native) close() error { return n.dir.Close() }

// initialize runs initdb beside the final place and renames the result, so
// that data is either whole or not there.
func (n *native) initialize(ctx context.Context, adminPassword string) error {
	final := filepath.Join(n.pgDir, "data")
	if _, err := os.Stat(final); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := filepath.Join(n.pgDir, "init")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	removePassword, err := n.writePassword(adminPassword)
	if err != nil {
		return err
	}
	defer removePassword()

	at := n.account.clusterPath(n.pgDir)
	args := []string{
		"--pgdata=" + at + "/init", "--pwfile=" + at + "/password",
		"--username=" + string(Admin), "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if n.options.Fast {
		args = append(args, "--no-sync")
	}
	cmd := n.child(ctx, "initdb", args)
	if err := runToEnd(ctx, cmd, newLogWriter(n.options.Logger)); err != nil {
		return fmt.Errorf("make the cluster: %w", err)
	}
	return os.Rename(fresh, final)
}

// writePassword leaves the file where the account can read it: nothing else on
// the machine is sure to be in its reach.
func (n *native) writePassword(password string) (remove func(), err error) {
	path := filepath.Join(n.pgDir, "password")
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return nil, err
	}
	remove = func() {
		if err := os.Remove(path); err != nil {
			n.options.Logger.Warn("remove the password file", "path", path, "error", err)
		}
	}
	if err := n.account.own(path); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// clean deletes a left-over postmaster.pid, which would stop the start when
// its number now belongs to another process. Holding the lock proves that no
// server is behind it.
func (n *native) clean(context.Context) error {
	err := os.Remove(filepath.Join(n.pgDir, "data", "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (n *native) command(ctx context.Context, _ string, port int) *exec.Cmd {
	args := []string{"-D", n.account.clusterPath(n.pgDir) + "/data"}
	return n.child(ctx, "postgres", append(args, nativeArgs(settingsFor(n.options), port)...))
}

// child is a command that is signalled, never cancelled: ctx bounds the start,
// and the server lives on.
func (n *native) child(ctx context.Context, name string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(n.bin.dir, name), args...)
	cmd.Env = nativeEnv()
	cmd.Dir = "/" // the account may not be able to enter ours
	cmd.ExtraFiles = []*os.File{lockFD - 3: n.lock, pgDirFD - 3: n.dir}
	harden(cmd, n.account)
	return cmd
}

// nativeEnv keeps our settings and secrets, and everybody's PG*, from the
// server.
func nativeEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
