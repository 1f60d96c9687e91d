package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/tests/workload"
)

// traffic is the entries of a corpus as requests, in the order of time, the tenants by turns.
type traffic struct {
	site           *site
	corpus         *simulate.Corpus
	tenants, batch int
}

// traffic makes entries of the first tenants.
func (s *site) traffic(seed uint64, tenants, entries, days int, end time.Time) *traffic {
	return &traffic{site: s, tenants: tenants, batch: s.options.batch, corpus: simulate.NewCorpus(simulate.CorpusOptions{
		Seed: seed, Entries: entries, Tenants: tenants, Days: days, End: end,
	})}
}

// requests is how many there are.
func (t *traffic) requests() int {
	return (t.corpus.Len() + t.batch - 1) / t.batch * t.tenants
}

// request is one of them.
type request struct {
	tenant, entries int
	ndjson          []byte
}

func (t *traffic) request(n int) request {
	from := n / t.tenants * t.batch
	to := min(from+t.batch, t.corpus.Len())
	r := request{tenant: n % t.tenants, entries: to - from}
	r.ndjson = t.corpus.Batch(make([]byte, 0, r.entries*1300), r.tenant, from, to)
	return r
}

func (t *traffic) send(ctx context.Context, r request) error {
	return workload.Send(ctx, t.site.client(r.tenant), r.ndjson, r.entries)
}

// sendAll sends the requests from one to another as fast as the service takes them, and gives the entries a second.
// What they carry was made before.
func (t *traffic) sendAll(ctx context.Context, from, to int) (perSecond float64, err error) {
	made := make([]request, to-from)
	entries := 0
	if err := each(ctx, creators, len(made), func(_ context.Context, i int) error {
		made[i] = t.request(from + i)
		return nil
	}); err != nil {
		return 0, err
	}
	for _, r := range made {
		entries += r.entries
	}
	began := time.Now()
	err = each(ctx, t.site.options.senders, len(made), func(ctx context.Context, i int) error { return t.send(ctx, made[i]) })
	return float64(entries) / time.Since(began).Seconds(), err
}

// pace sends at a rate until the context ends. A request that could not begin in time begins as soon as it can.
func (t *traffic) pace(ctx context.Context, perSecond float64, m *meter) error {
	gap := time.Duration(float64(t.batch) / perSecond * float64(time.Second))
	began := time.Now()
	err := each(ctx, t.site.options.senders, t.requests(), func(ctx context.Context, n int) error {
		r := t.request(n)
		due := began.Add(time.Duration(n) * gap)
		if !sleepUntil(ctx, due) {
			return context.Cause(ctx)
		}
		start := time.Now()
		// What is on its way when the time is up is still waited for.
		if err := t.send(context.WithoutCancel(ctx), r); err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		took := time.Since(start)
		m.note(func(rec *record) {
			rec.entries += r.entries
			rec.requests.Add(took)
			rec.late.Add(max(0, start.Sub(due)))
		})
		return nil
	})
	return unlessOver(ctx, err)
}

// sleepUntil is false when the context ends before.
func sleepUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// unlessOver is nil for what failed because the time was up.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errOver) {
		return nil
	}
	return err
}
