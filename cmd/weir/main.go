// Command weir is the whole of Weir: the service, its demo, and what operators need around them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/cpu"
	"github.com/weirhq/weir/internal/heap"
)

// The exit statuses.
const (
	exitOK = iota
	exitFailure
	exitUsage
)

// cli is the command line: one field a command.
type cli struct {
	Demo      demoCmd      `cmd:"" help:"Run everything on this machine, with a tenant whose traffic is simulated."`
	Serve     serveCmd     `cmd:"" help:"Run the service."`
	Migrate   migrateCmd   `cmd:"" help:"Change the database's schema."`
	Tenant    tenantCmd    `cmd:"" help:"Create, list and delete tenants."`
	Apikey    apikeyCmd    `cmd:"" name:"apikey" help:"Create, list and revoke API keys."`
	Token     tokenCmd     `cmd:"" help:"Print a token that the service itself signed."`
	DB        dbCmd        `cmd:"" name:"db" help:"Reach the database."`
	Diagnose  diagnoseCmd  `cmd:"" help:"Say what is wrong with API requests, why, and who resolves it; needs no database."`
	Retention retentionCmd `cmd:"" help:"Remove what is older than tenants keep, now rather than tonight."`
	Simulate  simulateCmd  `cmd:"" help:"Send realistic traffic to a running service."`
	Tail      tailCmd      `cmd:"" help:"Follow log entries live in the terminal."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
	cpu.Spread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go heap.Tend(context.Background())
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// streams are where a command prints: what was asked for, and everything else.
type streams struct{ out, err io.Writer }

// run parses the command line and does what it says.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("weir"), kong.UsageOnError(),
		kong.Description("Integration observability, self-hosted: every API request, webhook, event and flow run of every customer's integrations."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fail(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help was asked for, and printed
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "weir: %v (see weir --help)\n", err)
		return exitUsage
	}
	if err := config.CheckProcess(simulateCmd{}, tailCmd{}); err != nil {
		fmt.Fprintf(stderr, "weir: %v\n", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(streams{stdout, stderr}); err != nil && !errors.Is(err, context.Canceled) {
		return fail(stderr, err)
	}
	return exitOK
}

// fail says what went wrong in one line, however many the cause has.
func fail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "weir: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	return exitFailure
}
