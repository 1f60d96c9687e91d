package graph

import (
	"context"
	"time"

	"github.com/weirhq/weir/graph/internal/model"
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

// logs gives a page of log entries of all kinds. below narrows the filter to what the list stands below, and is false
// when nothing can match then.
func (r *Resolver) logs(ctx context.Context, args logArgs, below func(*entry.Filter) bool) (*model.LogEntryConnection, error) {
	size, err := pageSize(args.first, defaultFirst, maxFirst)
	if err != nil {
		return nil, err
	}
	after, err := model.ParseLogCursor(text(args.after))
	if err != nil {
		return nil, err
	}
	filter, err := logFilter(args.filter)
	if err != nil {
		return nil, err
	}
	if !below(&filter) {
		return model.NewConnection(page.Page[model.LogEntry]{}, ""), nil
	}
	query := journal.Query{Filter: filter, First: size, After: after}
	if args.order != nil {
		query.Order = *args.order
	}
	found, err := r.deps.Logs.List(ctx, query)
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

// flowRuns gives a page of flow runs, the newest first. below is as in logs.
func (r *Resolver) flowRuns(ctx context.Context, args runArgs, below func(*run.Filter) bool) (*model.FlowRunConnection, error) {
	size, err := pageSize(args.first, defaultFirst, maxFirst)
	if err != nil {
		return nil, err
	}
	after, err := model.ParseLogCursor(text(args.after))
	if err != nil {
		return nil, err
	}
	filter, err := runFilter(args.filter)
	if err != nil {
		return nil, err
	}
	if !below(&filter) {
		return model.FlowRuns(page.Page[*run.FlowRun]{}), nil
	}
	found, err := r.deps.Runs.List(ctx, run.Query{Filter: filter, Size: size, After: after})
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
	filter, err := logFilter(in)
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
