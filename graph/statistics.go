package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// How many items the lists of a dashboard have: without an argument, and at most.
const (
	dashboardFirst = 20
	dashboardMost  = 200
)

// buckets cuts a range as the arguments say.
func buckets(in model.TimeRange, g statistics.Granularity, timeZone *string) (statistics.Buckets, error) {
	var wrong errs.Fields
	r := timeRange(&wrong, "range", &in)
	if err := wrong.Err(); err != nil {
		return statistics.Buckets{}, err
	}
	zone := time.UTC
	if timeZone != nil {
		var err error
		// "Local" would be the server's, which means nothing to a caller.
		if zone, err = time.LoadLocation(*timeZone); err != nil || strings.EqualFold(*timeZone, "local") {
			return statistics.Buckets{}, errs.Invalid("timeZone", "is no name of a time zone, such as Europe/Helsinki")
		}
	}
	return statistics.NewBuckets(r.From, r.To, g, zone)
}

// stats adds up the entries that match.
func (r *Resolver) stats(ctx context.Context, f statistics.Filter, in model.TimeRange, g statistics.Granularity, timeZone *string) (*model.Stats, error) {
	b, err := buckets(in, g, timeZone)
	if err != nil {
		return nil, err
	}
	series, err := r.deps.Statistics.Series(ctx, f, b)
	if err != nil {
		return nil, err
	}
	return model.NewStats(&series, &b), nil
}

// dashboard is what an integration's dashboard shows.
func (r *Resolver) dashboard(ctx context.Context, of *model.Integration, in model.TimeRange, g statistics.Granularity, timeZone *string) (*model.IntegrationDashboard, error) {
	b, err := buckets(in, g, timeZone)
	if err != nil {
		return nil, err
	}
	id, asked := of.Integration.ID, details(ctx)
	figures, err := r.deps.Statistics.Dashboard(ctx, id, b, asked.figures)
	if err != nil {
		return nil, err
	}
	out := &model.IntegrationDashboard{Integration: of, Buckets: b, Dashboard: figures}
	if asked.adoption {
		lives, err := r.deps.Directory.Lives(ctx, id)
		if err != nil {
			return nil, err
		}
		out.Adoption = model.NewAdoption(lives[id], &b, figures.Active, figures.All)
	}
	return out, nil
}

// detail is what of a dashboard the fields of a query need.
type detail struct {
	figures  statistics.Detail
	adoption bool
}

func details(ctx context.Context) (d detail) {
	for _, f := range graphql.CollectFieldsCtx(ctx, []string{"IntegrationDashboard"}) {
		switch f.Name {
		case "integration", "totals", "series", "openIssues", "__typename":
		case "previous":
			d.figures |= statistics.WithPrevious
		case "adoption":
			d.adoption = true
			d.figures |= statistics.WithBreakdown
		default:
			d.figures |= statistics.WithBreakdown
		}
	}
	return d
}

// overview is the figures of all integrations.
func (r *Resolver) overview(ctx context.Context, in model.TimeRange) (*model.Overview, error) {
	b, err := buckets(in, statistics.Day, nil)
	if err != nil {
		return nil, err
	}
	figures, err := r.deps.Statistics.Overview(ctx, b)
	if err != nil {
		return nil, err
	}
	lives, err := r.deps.Directory.Lives(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, 0, len(figures.Integrations))
	for id := range figures.Integrations {
		if id != uuid.Nil {
			ids = append(ids, id)
		}
	}
	known, err := r.deps.Directory.IntegrationsByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &model.Overview{Totals: model.NewStatTotals(&figures.Totals), Previous: model.NewStatTotals(&figures.Previous)}
	for id, t := range figures.Integrations {
		if known[id] == nil {
			continue // of no integration, or of one that is deleted
		}
		out.Integrations = append(out.Integrations, &model.IntegrationSummary{
			Integration: model.NewIntegration(known[id]), Totals: model.NewStatTotals(&t.Totals), Previous: model.NewStatTotals(&t.Previous),
			Adoption: model.NewAdoption(lives[id], &b, t.Active, t.All), Trend: statistics.TrendOf(&t.Totals, &t.Previous),
		})
	}
	slices.SortFunc(out.Integrations, func(a, b *model.IntegrationSummary) int {
		if a.Totals.Failed != b.Totals.Failed {
			return b.Totals.Failed - a.Totals.Failed
		}
		return cmp.Or(strings.Compare(a.Integration.Name, b.Integration.Name), strings.Compare(a.Integration.Key, b.Integration.Key))
	})
	return out, nil
}

// landscape is who exchanges what with whom.
func (r *Resolver) landscape(ctx context.Context, in model.TimeRange) (*model.Landscape, error) {
	b, err := buckets(in, statistics.Day, nil)
	if err != nil {
		return nil, err
	}
	links, err := r.deps.Statistics.Links(ctx, b)
	if err != nil {
		return nil, err
	}
	tenant, err := r.deps.Tenants.Current(ctx)
	if err != nil {
		return nil, err
	}
	names, keys, err := r.deps.Directory.IntegrationNames(ctx)
	if err != nil {
		return nil, err
	}
	return model.NewLandscape(statistics.Draw(links, statistics.Names{Own: tenant.Name, Integrations: names, Keys: keys})), nil
}

// example is the last failure of a sort, in the minute in which it was seen.
func (r *Resolver) example(ctx context.Context, of *model.ErrorStats) (model.LogEntry, error) {
	f := entry.Filter{
		IntegrationIDs: []uuid.UUID{of.IntegrationID}, Statuses: []entry.Status{entry.StatusFailure},
		Range: entry.Range{From: of.LastSeenAt, To: of.LastSeenAt.Add(time.Minute)},
	}
	switch {
	case of.Error.Category != "":
		f.Categories = []string{of.Error.Category}
	case of.StatusCode != 0:
		f.StatusCode.Equal, f.ErrorCodes = &of.StatusCode, []string{of.Error.Code}
	default:
		f.ErrorCodes = []string{of.Error.Code}
		if of.Error.Kind != entry.ErrorNone {
			f.ErrorKinds = []entry.ErrorKind{of.Error.Kind}
		}
	}
	found, err := r.deps.Logs.List(ctx, journal.Query{Filter: f, First: 1})
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}
	return model.LogEntries(found).Nodes()[0], nil
}

// customerStats are the figures of the first customers, less those that are deleted.
func (r *Resolver) customerStats(ctx context.Context, of *model.IntegrationDashboard, first int) (out []*model.CustomerStats, err error) {
	for rest := of.Customers; len(rest) > 0 && len(out) < first; {
		n := min(len(rest), first)
		ids := make([]uuid.UUID, n)
		for i := range ids {
			ids[i] = rest[i].CustomerID
		}
		known, err := r.deps.Directory.CustomersByIDs(ctx, ids)
		if err != nil {
			return nil, err
		}
		for i := range rest[:n] {
			if c := known[rest[i].CustomerID]; c != nil && len(out) < first {
				out = append(out, &model.CustomerStats{Customer: model.NewCustomer(c), Totals: model.NewStatTotals(&rest[i].Totals)})
			}
		}
		rest = rest[n:]
	}
	return out, nil
}
