package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

// mostCrowdMemory is what the service may take for 10,000 tenants of which 5,000 are active within an hour, in MiB.
const mostCrowdMemory = 512

// asked is how many of the tenants are asked about at the end.
const asked = 500

// crowd makes many tenants send little, and looks at what the service takes for that.
func (s *site) crowd(ctx context.Context) ([]check, error) {
	if err := s.serve(ctx); err != nil {
		return nil, err
	}
	s.say("started")
	// The service makes its jobs for all tenants when it starts.
	first, err := s.timeJobs(ctx, "jobs of tenants without entries", nil)
	if err != nil {
		return nil, err
	}
	if err := s.sendCrowd(ctx); err != nil {
		return nil, err
	}
	queries, err := s.askCrowd(ctx)
	if err != nil {
		return nil, err
	}
	second, err := s.timeJobs(ctx, "jobs of all tenants", s.schedule)
	if err != nil {
		return nil, err
	}
	memory, ok := s.service.Memory()
	if !ok {
		return nil, fmt.Errorf("what process %d holds in memory cannot be read here", s.service.PID())
	}
	note := fmt.Sprintf("%d tenants, %d active", s.options.tenants, s.options.active)
	return []check{
		{Name: "RSS at the end", Figure: mib(float64(memory.RSS)), Limit: mostCrowdMemory, Unit: " MiB", Note: note},
		{Name: "RSS at most", Figure: mib(float64(memory.Peak)), Limit: mostCrowdMemory, Unit: " MiB", Note: note},
		{Name: "jobs of tenants without entries", Figure: first.Seconds(), Limit: scheduleEvery.Seconds(), Unit: " s", Note: "they are made every ten minutes"},
		{Name: "jobs of all tenants", Figure: second.Seconds(), Limit: scheduleEvery.Seconds(), Unit: " s", Note: "they are made every ten minutes"},
		{Name: "newest 50, p95", Figure: queries.P95, Limit: mostPage, Unit: " ms", Note: fmt.Sprintf("p50 %.1f, of %d tenants", queries.P50, queries.Count)},
	}, nil
}

const (
	// scheduleEvery is how often the service makes its jobs.
	scheduleEvery = 10 * time.Minute
	// mostPage is what a tenant should wait at most for a page of its log, in ms, whoever else there is.
	mostPage = 50
)

// sendCrowd sends the requests of the active tenants in random order.
func (s *site) sendCrowd(ctx context.Context) error {
	o := s.options
	t := s.traffic(o.seed, o.active, o.active*o.batches*o.batch, 1, time.Now())
	order := rand.New(rand.NewPCG(o.seed, 0)).Perm(t.requests()) //nolint:gosec // an order
	m := newMeter(time.Hour)
	reporting, stop := context.WithCancelCause(ctx)
	told := make(chan error, 1)
	go func() {
		told <- s.again(reporting, o.every, func(context.Context) error {
			r := m.take()
			took := r.requests.Summary()
			s.say(fmt.Sprintf("%.0f entries/s, request p50/p95 ms %.1f/%.1f", float64(r.entries)/time.Since(r.began).Seconds(), took.P50, took.P95))
			return nil
		})
	}()
	began := time.Now()
	err := each(ctx, o.senders, len(order), func(ctx context.Context, i int) error {
		r := t.request(order[i])
		start := time.Now()
		if err := t.send(ctx, r); err != nil {
			return err
		}
		took := time.Since(start)
		m.note(func(rec *record) {
			rec.entries += r.entries
			rec.requests.Add(took)
		})
		return nil
	})
	stop(errOver)
	if telling := <-told; err == nil {
		err = telling
	}
	took := m.whole.requests.Summary()
	s.say(fmt.Sprintf("sent %d requests of %d tenants in %.0f s, p50/p95 ms %.1f/%.1f", took.Count, o.active, time.Since(began).Seconds(), took.P50, took.P95))
	return err
}

// askCrowd asks for the newest entries of some of the active tenants.
func (s *site) askCrowd(ctx context.Context) (workload.Quantiles, error) {
	var took workload.Latencies
	active := s.options.active
	ask := workload.Parameters{GraphQL: map[string]any{}}
	for i := range min(asked, active) {
		began := time.Now()
		found, err := ask.Ask(ctx, s.client(i*active/min(asked, active)))
		took.Add(time.Since(began))
		if err == nil && found == 0 {
			err = fmt.Errorf("tenant %d has sent entries and has none", i)
		}
		if err != nil {
			return workload.Quantiles{}, err
		}
	}
	s.say("asked")
	return took.Summary(), nil
}

// timeJobs waits until the jobs are done that begin makes, and tells what that took.
func (s *site) timeJobs(ctx context.Context, name string, begin func(context.Context) error) (time.Duration, error) {
	before, began := s.usage(), time.Now()
	if begin != nil {
		if err := begin(ctx); err != nil {
			return 0, err
		}
	}
	if err := s.drain(ctx); err != nil {
		return 0, err
	}
	took, used := time.Since(began), s.usage().Since(before)
	s.say(fmt.Sprintf("%s: %.1f s, processor time of the service %.1f s, of PostgreSQL %.1f s", name, took.Seconds(), used.Service.Seconds(), used.Postgres.Seconds()))
	return took, nil
}

func (s *site) usage() workload.Usage { return workload.ReadUsage(s.service.PID(), s.postmaster) }

// say writes what the service holds, and what has happened.
func (s *site) say(what string) {
	memory, _ := s.service.Memory()
	fmt.Fprintf(s.out, "RSS %4.0f MiB, at most %4.0f: %s\n", mib(float64(memory.RSS)), mib(float64(memory.Peak)), what)
}
