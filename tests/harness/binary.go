package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Binary is a built weir.
type Binary struct{ path string }

// Build compiles weir into the directory. It uses the flags of `make build`, so that what that has compiled is reused.
func Build(ctx context.Context, dir string) (*Binary, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	b := &Binary{path: filepath.Join(dir, "weir")}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.path, "./cmd/weir")
	cmd.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build weir: %w\n%s", err, out)
	}
	return b, nil
}

// Env holds settings of a weir, by the names of environment variables.
type Env map[string]string

// With is a copy with one more setting.
func (e Env) With(name, value string) Env {
	out := Env{name: value}
	for k, v := range e {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// environ is this process's environment without any setting of weir's but those given and those that say where
// PostgreSQL is: what a developer has exported must not decide a test.
func (e Env) environ() []string {
	var out []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name == "DATABASE_URL" || strings.HasPrefix(name, "WEIR_") && !strings.HasPrefix(name, "WEIR_PG_") {
			continue
		}
		out = append(out, pair)
	}
	for name, value := range e {
		out = append(out, name+"="+value)
	}
	return out
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs a command to its end. Any exit status is a result; an error says that it could not be run, or that the
// context ended first.
func (b *Binary) Run(ctx context.Context, env Env, args ...string) (Result, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env.environ(), &stdout, &stderr
	err := cmd.Run()
	r := Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
	if _, exited := errors.AsType[*exec.ExitError](err); exited && ctx.Err() == nil {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("weir %s: %w: %s", strings.Join(args, " "), err, r.Stderr)
	}
	return r, nil
}

// Output runs a command that must succeed and gives what it printed.
func (b *Binary) Output(ctx context.Context, env Env, args ...string) (string, error) {
	r, err := b.Run(ctx, env, args...)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("weir %s: exit status %d: %s", strings.Join(args, " "), r.Code, strings.TrimSpace(r.Stderr))
	}
	return r.Stdout, err
}
