package app

import (
	"context"
	"time"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/shape"
)

// flushEvery is how often what ingestion put off is written: times of activity, and the shapes of answers.
const flushEvery = 5 * time.Second

// startIngest begins to take events.
func (a *App) startIngest() {
	a.onClose(a.stores.directory.FlushActivity)
	sampler := shape.NewSampler(a.door, time.Now)
	a.onClose(sampler.Flush)
	stop := make(chan struct{})
	a.onClose(func(context.Context) error { close(stop); return nil })
	go a.flush(stop, sampler)
	deps := ingest.Deps{
		Door: a.door, Journal: a.stores.journal, Runs: a.stores.runs, Directory: a.stores.directory, Policies: a.stores.tenants,
		Metrics: a.metrics, Logger: a.log.With("component", "ingest"), Rate: a.cfg.IngestRate,
		Found: a.jobs.Found, Teller: a.stores.notifications,
		Committed: a.hint(live.JournalStream),
	}
	if a.cfg.Detection {
		deps.Catalogues, deps.Offer = a.stores.catalogues.Of, sampler.Offer
	}
	a.ingest = ingest.NewService(deps)
	a.onClose(a.ingest.Close)
}

func (a *App) flush(stop <-chan struct{}, sampler *shape.Sampler) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), flushEvery)
		if err := a.stores.directory.FlushSettledActivity(ctx); err != nil {
			a.log.WarnContext(ctx, "activity was not written", "error", err)
		}
		if err := sampler.Flush(ctx); err != nil {
			a.log.WarnContext(ctx, "shapes of answers were not written", "error", err)
		}
		cancel()
	}
}
