// Command bench measures ingestion and queries through the built binary, beside raw COPY of the same entries into a
// plain table of the same PostgreSQL, in one run. Machines differ and are noisy: what counts are the ratios of a run.
//
// The journey: a durable PostgreSQL is started, one database of it for the service and one for the baselines. Entries are
// generated in rounds; of each round the service is sent its requests and each baseline its rows, both prepared in memory,
// so that only sending and storing are timed, the checkpoint that brings all of it to the disk included. Then the disk is
// measured, queries are asked over GraphQL and of the store, the segments are compacted, and all of that is measured again.
//
// The exit status says whether the bench could be run, never how fast it was.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	entries, tenants, days, senders, batch, rounds, queries   int
	seed                                                      uint64
	dataDir, json, debugAddr                                  string
	short, statistics, detection, diagnosis, statements, load bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.entries, "entries", 1_000_000, "log entries of all tenants together")
	f.IntVar(&o.tenants, "tenants", 20, "tenants")
	f.IntVar(&o.days, "days", 30, "days that the entries are spread over")
	f.IntVar(&o.senders, "senders", 4, "requests that are open at once, and connections that COPY")
	f.IntVar(&o.batch, "batch", 1000, "entries of a request, and of a COPY")
	f.IntVar(&o.rounds, "rounds", 4, "rounds in which the service and the baselines take turns")
	f.IntVar(&o.queries, "queries", 200, "random parameters of each query")
	f.Uint64Var(&o.seed, "seed", 1, "decides the entries and the parameters")
	f.StringVar(&o.dataDir, "data-dir", "", "empty directory for the database, which stays there (default: a temporary one)")
	f.StringVar(&o.json, "json", "", "file that the figures are written to as well")
	f.StringVar(&o.debugAddr, "debug-addr", "", "where the service shows its profiles meanwhile, such as 127.0.0.1:6060")
	f.BoolVar(&o.short, "short", false, "20,000 entries of 4 tenants over 3 days: whether it works, not how fast")
	f.BoolVar(&o.statistics, "statistics", false, "statistics alone, at two scales: the entries, and twenty times as many")
	f.BoolVar(&o.detection, "detection", false, "what finding problems costs: looks at 1, 10 and 100 times the entries, and ingestion with and without diagnosis")
	f.BoolVar(&o.diagnosis, "diagnosis", false, "of -detection only what diagnosis adds to ingestion")
	f.BoolVar(&o.statements, "statements", false, "print the statements that PostgreSQL spent most on while it was loaded; counting them costs a little")
	f.BoolVar(&o.load, "load", false, "ingestion alone, for profiles: no queries, no compaction, no crowd")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.short {
		o.entries, o.tenants, o.days, o.rounds, o.queries = 20_000, 4, 3, 2, 40
	}
	if o.entries < o.tenants || min(o.tenants, o.days, o.senders, o.batch, o.rounds, o.queries) < 1 || o.batch > 5000 || o.days > 80 {
		return o, errors.New("every number must be positive, -batch at most 5000, -days at most 80")
	}
	return o, nil
}

func main() {
	if url := os.Getenv(handwrittenEnv); url != "" {
		exit(serveHandwritten(context.Background(), url))
		return
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, o)
		stop()
	}
	exit(err)
}

// exit ends the process when there is an error.
func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// run measures and writes the report.
func run(ctx context.Context, o options) error {
	if o.statistics {
		return measureScales(ctx, o, os.Stdout)
	}
	if o.diagnosis {
		return measureDiagnosis(ctx, o, os.Stdout)
	}
	if o.detection {
		return measureDetection(ctx, o, os.Stdout)
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	if o.json == "" {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(raw, '\n'), 0o644) //nolint:gosec // figures are no secret
}

func measure(ctx context.Context, o options) (_ *report, err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close(context.WithoutCancel(ctx))) }()
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"load", func(ctx context.Context) error { return b.counted(ctx, b.load) }},
		{"disk, as it was loaded", func(ctx context.Context) error { return b.measureDisk(ctx, "loaded") }},
		{"vacuum", b.vacuum},
		{"queries, as it was loaded", func(ctx context.Context) error { return b.measureQueries(ctx, "loaded") }},
		{"pages, as it was loaded", func(ctx context.Context) error { return b.measurePages(ctx, "loaded") }},
		{"dashboards, as it was loaded", func(ctx context.Context) error { return b.measureDashboards(ctx, "loaded") }},
		{"compaction", b.compact},
		{"roll-up", b.rollUp},
		{"disk, compacted", func(ctx context.Context) error { return b.measureDisk(ctx, "compacted") }},
		{"queries, compacted", func(ctx context.Context) error { return b.measureQueries(ctx, "compacted") }},
		{"pages, compacted", func(ctx context.Context) error { return b.measurePages(ctx, "compacted") }},
		{"dashboards, compacted", func(ctx context.Context) error { return b.measureDashboards(ctx, "compacted") }},
		{"disk, without the holes", b.measurePacked},
		{"many senders", b.measureCrowd},
	}
	if o.load {
		steps = steps[:2]
	}
	for _, s := range steps {
		began := time.Now()
		if err := s.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(os.Stderr, "%-28s %6.1f s\n", s.name, time.Since(began).Seconds())
	}
	return &b.report, nil
}
