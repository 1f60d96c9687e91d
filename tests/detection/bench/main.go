// Command bench lives through a simulated month of 40 customers with 25 planted incidents, in a whole service with a clock
// of its own, and prints what was found of them, and when. The exit status is 1 when a limit of package detection was
// missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/tests/detection"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var o detection.MonthOptions
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Uint64Var(&o.Seed, "seed", 1, "decides the traffic")
	flags.Float64Var(&o.Scale, "scale", 1, "how much goes on, 1 being some 600,000 events")
	flags.DurationVar(&o.Step, "step", 10*time.Minute, "how often the detectors look, in simulated time")
	profile := flags.String("cpuprofile", "", "file for a profile of the processor's time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	outcome, err := month(ctx, o)
	if err != nil {
		return err
	}
	if err := outcome.Print(os.Stdout); err != nil {
		return err
	}
	if missed := outcome.Missed(); len(missed) > 0 {
		return errors.New("limits were missed: " + strings.Join(missed, "; "))
	}
	return nil
}

func startProfile(name string) (stop func() error, err error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}

// settings let PostgreSQL tidy up as often as a month in minutes makes it due.
var settings = map[string]string{"autovacuum_naptime": "10s"}

// month runs it on a PostgreSQL of its own, which goes when it is over.
func month(ctx context.Context, o detection.MonthOptions) (_ *detection.Outcome, err error) {
	dir, err := localpg.ScratchDir("weir-detection-*")
	if err != nil {
		return nil, err
	}
	server, err := localpg.Start(ctx, localpg.Options{DataDir: dir, Fast: true, Settings: settings})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() {
		err = errors.Join(err, server.Stop(context.WithoutCancel(ctx)), os.RemoveAll(dir))
	}()
	if err := migrations.Up(ctx, server.URL(localpg.Owner)); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := detection.Open(ctx, server.URL(localpg.Service), detection.Begin(), log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close(context.WithoutCancel(ctx))) }()
	began := time.Now()
	outcome, err := detection.Month(ctx, w, o, func(at time.Time, done string) {
		fmt.Fprintf(os.Stderr, "%6.1f s  %s  %s\n", time.Since(began).Seconds(), at.Format("Jan 02 15:04"), done)
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%6.1f s in all\n", time.Since(began).Seconds())
	return outcome, nil
}
