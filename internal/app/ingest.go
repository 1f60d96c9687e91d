package app

import "github.com/weirhq/weir/ingest"

// startIngest begins to take events.
func (a *App) startIngest() {
	a.ingest = ingest.NewService(ingest.Deps{
		Door: a.door, Journal: a.stores.journal, Runs: a.stores.runs, Directory: a.stores.directory, Policies: a.stores.tenants,
		Metrics: a.metrics, Logger: a.log.With("component", "ingest"), Rate: a.cfg.IngestRate,
	})
	a.onClose(a.ingest.Close)
}
