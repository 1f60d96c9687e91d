package app

import (
	"context"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// policies are a tenant's policies as ingestion reads them.
type policies struct{ tenants *tenant.Store }

func (p policies) Redaction(ctx context.Context) (redact.Policy, error) {
	r, err := p.tenants.Redaction(ctx)
	if err != nil {
		return redact.Policy{}, err
	}
	return redact.Policy{Headers: r.Headers, Fields: r.Fields, Patterns: r.Patterns}, nil
}

func (p policies) RetentionDays(ctx context.Context) (map[entry.Kind]int, error) {
	r, err := p.tenants.Retention(ctx)
	if err != nil {
		return nil, err
	}
	days := make(map[entry.Kind]int, len(entry.Kinds))
	for _, k := range entry.Kinds {
		days[k] = r.Of(k.String()).Days
	}
	return days, nil
}

// startIngest begins to take events.
func (a *App) startIngest() {
	a.ingest = ingest.NewService(ingest.Deps{
		Door: a.door, Journal: a.stores.journal, Runs: a.stores.runs, Directory: a.stores.directory,
		Policies: policies{a.stores.tenants}, Metrics: a.metrics, Logger: a.log.With("component", "ingest"), Rate: a.cfg.IngestRate,
	})
	a.onClose(a.ingest.Close)
}
