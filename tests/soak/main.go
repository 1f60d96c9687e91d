// Command soak runs the built service under a load that it should be able to stand for good, and looks at what changes
// with time. Machines differ: what counts is whether figures stay what they were, and how they compare within a run.
//
// `soak` itself loads a journal, asks the questions of the benchmark for a while with nothing else going on, finds out
// by a burst how fast the machine takes events, and then sends half of that, a day of events in the time of the run,
// with the questions and the service's own compaction beside it. `soak crowd` makes thousands of tenants, of which half
// send something, and tells what memory the service needs for that and how long its jobs for all tenants take.
//
// The exit status says whether the soak could be run, never what it found: what missed its limit is marked MISS.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

type options struct {
	crowd bool
	short bool

	tenants, active, batches             int
	entries, burst, days, senders, batch int
	duration, alone, every, compactEvery time.Duration
	asks                                 float64
	seed                                 uint64
	dataDir, debugAddr, json             string
}

func parse(args []string) (options, error) {
	var o options
	if len(args) > 0 && args[0] == "crowd" {
		o.crowd, args = true, args[1:]
	}
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.Uint64Var(&o.seed, "seed", 1, "decides the entries and the parameters")
	f.IntVar(&o.senders, "senders", 4, "requests that are open at once")
	f.StringVar(&o.dataDir, "data-dir", "", "empty directory for the database, which stays there (default: a temporary one)")
	f.StringVar(&o.debugAddr, "debug-addr", "", "where the service shows its profiles meanwhile, such as 127.0.0.1:6060")
	f.StringVar(&o.json, "json", "", "file that the figures are written to as well")
	f.DurationVar(&o.every, "every", 30*time.Second, "how often to tell how it goes")
	if o.crowd {
		f.IntVar(&o.tenants, "tenants", 10_000, "tenants")
		f.IntVar(&o.active, "active", 5_000, "tenants that send something")
		f.IntVar(&o.batches, "batches", 3, "requests of each of these")
		f.IntVar(&o.batch, "batch", 20, "entries of a request")
		f.BoolVar(&o.short, "short", false, "40 tenants: whether it works, not what it takes")
	} else {
		f.DurationVar(&o.duration, "duration", 10*time.Minute, "how long the load lasts")
		f.DurationVar(&o.alone, "alone", time.Minute, "how long questions are asked before, with nothing else going on")
		f.DurationVar(&o.compactEvery, "compact-every", 2*time.Minute, "how often the service's jobs for all tenants are made, besides its own schedule")
		f.Float64Var(&o.asks, "asks", 10, "questions a second")
		f.IntVar(&o.tenants, "tenants", 20, "tenants")
		f.IntVar(&o.entries, "entries", 300_000, "entries of all tenants together that the questions are about")
		f.IntVar(&o.burst, "burst", 200_000, "entries of the burst that finds the machine's speed")
		f.IntVar(&o.days, "days", 30, "days that the entries are spread over")
		f.IntVar(&o.batch, "batch", 1000, "entries of a request")
		f.BoolVar(&o.short, "short", false, "20 seconds: whether it works, not what it tells")
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q: there is soak, and soak crowd", f.Arg(0))
	}
	if o.short {
		o.shorten()
	}
	return o, o.check()
}

func (o *options) shorten() {
	if o.crowd {
		o.tenants, o.active, o.every = 40, 20, time.Second
		return
	}
	o.duration, o.alone, o.every, o.compactEvery = 9*time.Second, 3*time.Second, 3*time.Second, 4*time.Second
	o.tenants, o.entries, o.burst, o.days, o.asks = 4, 20_000, 20_000, 3, 25
}

func (o *options) check() error {
	if min(o.tenants, o.senders, o.batch) < 1 || o.batch > 5000 || o.every <= 0 {
		return errors.New("every number must be positive, -batch at most 5000")
	}
	if o.crowd && (o.active < 1 || o.active > o.tenants || o.batches < 1) {
		return errors.New("-active must be between 1 and -tenants, -batches positive")
	}
	if !o.crowd && (min(o.entries, o.burst) < o.tenants || o.days < 1 || o.days > 80 || min(o.duration, o.alone, o.compactEvery) <= 0 || o.asks <= 0) {
		return errors.New("every number must be positive, -days at most 80, -entries and -burst at least -tenants")
	}
	return nil
}

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, o, os.Stdout)
		stop()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "soak: %v\n", err)
		os.Exit(1)
	}
}

// run soaks, and tells how it goes and what came of it.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	s, err := newSite(ctx, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	fmt.Fprintln(out, workload.Machine())
	soak := s.steady
	if o.crowd {
		soak = s.crowd
	}
	checks, err := soak(ctx)
	if err != nil {
		return err
	}
	if err := printChecks(out, checks); err != nil || o.json == "" {
		return err
	}
	raw, err := json.MarshalIndent(checks, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(raw, '\n'), 0o644) //nolint:gosec // figures are no secret
}
