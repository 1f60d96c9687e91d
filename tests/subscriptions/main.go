// The service that the npm clients of subscriptions run against: the built weir on a database of its own. It runs the
// clients, and starts the service again when they ask for it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/weirhq/weir/tests/harness"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	err := harness.Alone(ctx, "weir-subscriptions", func(binary *harness.Binary, env harness.Env) error { return run(ctx, binary, env) })
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary *harness.Binary, env harness.Env) (err error) {
	addr, err := harness.FreeAddr(ctx)
	if err != nil {
		return err
	}
	service, err := binary.ServeAt(ctx, env, addr, "serve", "--migrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Stop(context.WithoutCancel(ctx))) }()
	if _, err := binary.CreateTenant(ctx, env, "clients"); err != nil {
		return err
	}
	key, err := binary.CreateKey(ctx, env, "clients", "ingest,read,admin")
	if err != nil {
		return err
	}
	restart := func() (err error) {
		if err := service.Stop(ctx); err != nil {
			return err
		}
		service, err = binary.ServeAt(ctx, env, addr, "serve")
		return err
	}
	if err := follow(ctx, service.URL, key.Secret, restart); err != nil {
		return fmt.Errorf("the clients: %w\n%s", err, service.Stderr())
	}
	return nil
}

// follow runs the clients, which ask for the service to be started again.
func follow(ctx context.Context, url, key string, restart func() error) error {
	clients := exec.CommandContext(ctx, "node", "follow.js", url, key) //nolint:gosec // Our own.
	clients.Stderr = os.Stderr
	asks, err := clients.StdoutPipe()
	if err != nil {
		return err
	}
	answers, err := clients.StdinPipe()
	if err != nil {
		return err
	}
	if err := clients.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(asks); lines.Scan(); {
		if lines.Text() != "restart" {
			fmt.Println(lines.Text())
			continue
		}
		if err := restart(); err != nil {
			return err
		}
		if _, err := io.WriteString(answers, "restarted\n"); err != nil {
			return err
		}
	}
	return clients.Wait()
}
