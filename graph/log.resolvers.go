package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/journal/entry"
)

// Log is the resolver for the log field.
func (r *queryResolver) Log(ctx context.Context, id string) (model.LogEntry, error) {
	return nodeAs[model.LogEntry](ctx, r.Resolver, id)
}

// Logs is the resolver for the logs field.
func (r *queryResolver) Logs(ctx context.Context, first *int, after *string, filter *model.LogFilter, order *entry.Order) (*model.Connection[model.LogEntry], error) {
	return r.logs(ctx, logArgs{first, after, filter, order}, func(*entry.Filter) bool { return true })
}

// LogHistogram is the resolver for the logHistogram field.
func (r *queryResolver) LogHistogram(ctx context.Context, filter *model.LogFilter, buckets *int) ([]*model.LogHistogramBucket, error) {
	return r.histogram(ctx, filter, buckets)
}
