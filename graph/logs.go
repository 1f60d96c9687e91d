package graph

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

const (
	defaultBuckets = 60
	maxBuckets     = 1000
	// histogramSpan is what a histogram covers when nothing was said.
	histogramSpan = 24 * time.Hour
)

// logArgs are the arguments of a list of log entries.
type logArgs struct {
	first  *int
	after  *string
	filter *model.LogFilter
	order  *entry.Order
}

// runArgs are the arguments of a list of flow runs.
type runArgs struct {
	first  *int
	after  *string
	filter *model.FlowRunFilter
}

// logQuery is the journal's query of the arguments.
func (r *Resolver) logQuery(ctx context.Context, args logArgs) (q journal.Query, err error) {
	if q.First, err = pageSize(args.first, defaultFirst, maxFirst); err != nil {
		return q, err
	}
	if q.After, err = model.ParseLogCursor(text(args.after)); err != nil {
		return q, err
	}
	if args.order != nil {
		q.Order = *args.order
	}
	q.Filter, err = r.logFilter(ctx, args.filter)
	return q, err
}

// logs gives a page of log entries of all kinds.
func (r *Resolver) logs(ctx context.Context, args logArgs) (*model.LogEntryConnection, error) {
	query, err := r.logQuery(ctx, args)
	if err != nil {
		return nil, err
	}
	var found journal.ItemPage
	if query.Order != entry.OldestFirst {
		turn.Wait(ctx, func() { found, err = r.deps.Logs.List(ctx, query) })
		return model.LogEntries(found), err
	}
	// logAdded goes on behind the cursors of such a list, which therefore say what is in it.
	var commit int64
	turn.Wait(ctx, func() { found, commit, err = r.deps.Logs.Snapshot(ctx, query) })
	return model.LogEntries(found).Marked(func(cursor string) string { return model.ListedCursor(cursor, commit) }), err
}

// logsBelow gives a page of those that stand below something.
func (r *Resolver) logsBelow(ctx context.Context, args logArgs, of entry.ParentKind, parent entry.Parent) (*model.LogEntryConnection, error) {
	query, err := r.logQuery(ctx, args)
	if err != nil {
		return nil, err
	}
	found, err := load.From(ctx).LogsBelow(ctx, of, parent, query)
	return model.LogEntries(found), err
}

// apiRequests gives a page of the API requests that were made in a run, the oldest first.
func (r *Resolver) apiRequests(ctx context.Context, first *int, after *string, filter entry.Filter) (*model.LogEntryConnection, error) {
	size, err := pageSize(first, defaultFirst, maxFirst)
	if err != nil {
		return nil, err
	}
	from, err := model.ParseLogCursor(text(after))
	if err != nil {
		return nil, err
	}
	filter.Kinds = []entry.Kind{entry.KindAPIRequest}
	found, err := r.deps.Journal.Entries(ctx, journal.Query{Filter: filter, Order: entry.OldestFirst, First: size, After: from})
	return model.Entries(found), err
}

// query is the store's query of the arguments.
func (args runArgs) query() (q run.Query, err error) {
	if q.Size, err = pageSize(args.first, defaultFirst, maxFirst); err != nil {
		return q, err
	}
	if q.After, err = model.ParseLogCursor(text(args.after)); err != nil {
		return q, err
	}
	q.Filter, err = runFilter(args.filter)
	return q, err
}

// flowRuns gives a page of flow runs, the newest first.
func (r *Resolver) flowRuns(ctx context.Context, args runArgs) (*model.FlowRunConnection, error) {
	query, err := args.query()
	if err != nil {
		return nil, err
	}
	var found page.Page[*run.FlowRun]
	turn.Wait(ctx, func() { found, err = r.deps.Runs.List(ctx, query) })
	return model.FlowRuns(found), err
}

// flowRunsBelow gives a page of those that stand below something.
func (r *Resolver) flowRunsBelow(ctx context.Context, args runArgs, of entry.ParentKind, id uuid.UUID) (*model.FlowRunConnection, error) {
	query, err := args.query()
	if err != nil {
		return nil, err
	}
	found, err := load.From(ctx).RunsBelow(ctx, of, entry.Parent{ID: id}, query)
	return model.FlowRuns(found), err
}

// histogram counts log entries over time.
func (r *Resolver) histogram(ctx context.Context, in *model.LogFilter, buckets *int) ([]*model.LogHistogramBucket, error) {
	count := defaultBuckets
	if buckets != nil {
		count = *buckets
	}
	if count < 1 || count > maxBuckets {
		return nil, errs.Invalid("buckets", "must be from 1 to %d", maxBuckets)
	}
	filter, err := r.logFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	if filter.Range == (entry.Range{}) {
		now := r.deps.Now().UTC()
		filter.Range = entry.Range{From: now.Add(-histogramSpan), To: now}
	}
	found, err := r.deps.Logs.Histogram(ctx, filter, count)
	if err != nil {
		return nil, err
	}
	out := make([]*model.LogHistogramBucket, len(found))
	for i, b := range found {
		out[i] = &model.LogHistogramBucket{From: b.From, To: b.To, Total: b.Total, Failed: b.Failed}
	}
	return out, nil
}
