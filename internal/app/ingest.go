package app

import (
	"context"
	"time"

	"github.com/weirhq/weir/ingest"
)

// flushEvery is how often the times of activity that ingestion put off are written.
const flushEvery = 5 * time.Second

// startIngest begins to take events.
func (a *App) startIngest() {
	a.onClose(a.stores.directory.FlushActivity)
	stop := make(chan struct{})
	a.onClose(func(context.Context) error { close(stop); return nil })
	go a.flushActivity(stop)
	a.ingest = ingest.NewService(ingest.Deps{
		Door: a.door, Journal: a.stores.journal, Runs: a.stores.runs, Directory: a.stores.directory, Policies: a.stores.tenants,
		Metrics: a.metrics, Logger: a.log.With("component", "ingest"), Rate: a.cfg.IngestRate,
		Catalogues: a.stores.catalogues.Of, Found: a.jobs.Found, Teller: a.stores.notifications,
	})
	a.onClose(a.ingest.Close)
}

func (a *App) flushActivity(stop <-chan struct{}) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), flushEvery)
		if err := a.stores.directory.FlushActivity(ctx); err != nil {
			a.log.WarnContext(ctx, "activity was not written", "error", err)
		}
		cancel()
	}
}
