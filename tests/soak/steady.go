package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

// errOver ends what goes on until the time is up.
var errOver = errors.New("the time is up")

// room is how many more entries are prepared than the time asks for.
const room = 1.1

// steady soaks the service in half of what it can take.
func (s *site) steady(ctx context.Context) ([]check, error) {
	if err := s.serve(ctx); err != nil {
		return nil, err
	}
	o := s.options
	// What is asked about ends where the day begins that the load is of, so that the answers stay the same.
	now := time.Now().UTC()
	end := now.Add(-24 * time.Hour)
	old := s.traffic(o.seed, o.tenants, o.entries, o.days, end)
	rate, err := old.sendAll(ctx, 0, old.requests())
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	fmt.Fprintf(s.out, "loaded %d entries over %d days at %.0f/s\n", old.corpus.Len()*o.tenants, o.days, rate)
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	asker := s.asker(old, o.days, end)
	alone, err := s.alone(ctx, asker)
	if err != nil {
		return nil, fmt.Errorf("questions alone: %w", err)
	}
	burst := s.traffic(o.seed+1, o.tenants, o.burst, 1, now)
	warm := max(1, burst.requests()/10)
	if _, err := burst.sendAll(ctx, 0, warm); err != nil {
		return nil, fmt.Errorf("burst: %w", err)
	}
	if rate, err = burst.sendAll(ctx, warm, burst.requests()); err != nil {
		return nil, fmt.Errorf("burst: %w", err)
	}
	half := rate / 2
	fmt.Fprintf(s.out, "the machine takes %.0f entries/s; now %.0f/s for %s, with %.0f questions/s and compaction\n", rate, half, o.duration, o.asks)
	load := s.traffic(o.seed+2, o.tenants, int(math.Ceil(half*o.duration.Seconds()*room)), 1, now)
	return s.soak(ctx, load, half, asker, alone)
}

// settle does what autovacuum and the service's jobs would begin at any moment.
func (s *site) settle(ctx context.Context) error {
	if err := s.schedule(ctx); err != nil {
		return err
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	_, err := s.admin.Exec(ctx, "VACUUM (ANALYZE)")
	return err
}

// alone asks with nothing else going on.
func (s *site) alone(ctx context.Context, a *asker) (*record, error) {
	if err := a.warmUp(ctx); err != nil {
		return nil, err
	}
	m := newMeter(s.options.alone)
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.alone, errOver)
	defer cancel()
	if err := a.keepAsking(ctx, s.options.asks, m); err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "alone: queries p50/p95 ms %s\n", queriesOf(m.whole))
	return m.whole, nil
}

// soak sends, asks, compacts and watches at once.
func (s *site) soak(ctx context.Context, load *traffic, perSecond float64, a *asker, alone *record) ([]check, error) {
	before, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	o := s.options
	m := newMeter(o.duration)
	timed, stop := context.WithTimeoutCause(ctx, o.duration, errOver)
	defer stop()
	running, cancel := context.WithCancelCause(timed)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { return load.pace(ctx, perSecond, m) },
		func(ctx context.Context) error { return a.keepAsking(ctx, o.asks, m) },
		func(ctx context.Context) error { return s.again(ctx, o.compactEvery, s.schedule) },
		func(ctx context.Context) error {
			return s.again(ctx, time.Second, func(ctx context.Context) error { return s.sample(ctx, m) })
		},
		func(ctx context.Context) error {
			return s.again(ctx, o.every, func(ctx context.Context) error { return s.tell(ctx, m) })
		},
	} {
		wg.Go(func() {
			if err := do(running); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(running); err != nil && !errors.Is(err, errOver) {
		return nil, err
	}
	if err := s.tell(ctx, m); err != nil {
		return nil, err
	}
	after, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	checks := append(m.checks(alone, perSecond), vacuumChecks(before, after, o.duration)...)
	if memory, ok := s.service.Memory(); ok {
		fmt.Fprintf(s.out, "RSS %.0f MiB at the end, %.0f at most\n", mib(float64(memory.RSS)), mib(float64(memory.Peak)))
	}
	return checks, nil
}

// again does something over and over until the context ends.
func (s *site) again(ctx context.Context, every time.Duration, do func(context.Context) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return unlessOver(ctx, ctx.Err())
		case <-ticker.C:
		}
		if err := do(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
}

func (s *site) sample(ctx context.Context, m *meter) error {
	waiting, _, err := s.waiting(ctx)
	if err != nil {
		return err
	}
	memory, ok := s.service.Memory()
	m.note(func(r *record) {
		r.waiting = append(r.waiting, waiting)
		if ok {
			r.rss = append(r.rss, memory.RSS)
		}
	})
	return nil
}

// tell writes how it went since it was last called.
func (s *site) tell(ctx context.Context, m *meter) error {
	r := m.take()
	tables, err := s.tables(ctx)
	if err != nil {
		return err
	}
	names := make([]string, 0, 3)
	for i := range tables[:min(3, len(tables))] {
		names = append(names, tables[i].String())
	}
	requests, late := r.requests.Summary(), r.late.Summary()
	fmt.Fprintf(s.out, "%4.0f s: %.0f entries/s, RSS %.0f MiB; request p50/p95 ms %.1f/%.1f, late %.1f/%.1f; queries %s; jobs waiting %d; %s\n",
		time.Since(m.began).Seconds(), float64(r.entries)/time.Since(r.began).Seconds(), mib(r.memory()), requests.P50, requests.P95, late.P50, late.P95,
		queriesOf(r), r.leastWaiting(), strings.Join(names, ", "))
	return nil
}

func queriesOf(r *record) string {
	var all []string
	for i, q := range workload.Questions() {
		took := r.queries[i].Summary()
		short, _, _ := strings.Cut(q.Name, ",")
		all = append(all, fmt.Sprintf("%s %.1f/%.1f", short, took.P50, took.P95))
	}
	return strings.Join(all, ", ")
}

func mib(bytes float64) float64 { return bytes / (1 << 20) }
