// The service that the npm receiver of webhooks is told by: the built weir on a database of its own, which is allowed to
// reach this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/weirhq/weir/tests/harness"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	err := harness.Alone(ctx, "weir-webhooks", func(binary *harness.Binary, env harness.Env) error { return run(ctx, binary, env) })
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary *harness.Binary, env harness.Env) (err error) {
	env = env.With("WEIR_NOTIFY_ALLOW_CIDRS", "127.0.0.0/8").With("WEIR_PUBLIC_URL", "https://weir.example.com")
	service, err := binary.Serve(ctx, env, "--migrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Stop(context.WithoutCancel(ctx))) }()
	if _, err := binary.CreateTenant(ctx, env, "receiver"); err != nil {
		return err
	}
	key, err := binary.CreateKey(ctx, env, "receiver", "ingest,read,admin")
	if err != nil {
		return err
	}
	receiver := exec.CommandContext(ctx, "node", "receiver.js", service.URL, key.Secret) //nolint:gosec // Our own.
	receiver.Stdout, receiver.Stderr = os.Stdout, os.Stderr
	if err := receiver.Run(); err != nil {
		return fmt.Errorf("the receiver: %w\n%s", err, service.Stderr())
	}
	return nil
}
