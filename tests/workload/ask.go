package workload

import (
	"context"

	"github.com/weirhq/weir/tests/harness"
)

const listQuery = `query($filter: LogFilter) { logs(first: 50, filter: $filter) {
  nodes { id kind occurredAt status summary identifiers { key value } error { code message kind }
    ... on ApiRequest { method url endpoint statusCode durationMs } }
  pageInfo { hasNextPage endCursor } } }`

const histogramQuery = `query($filter: LogFilter, $buckets: Int) { logHistogram(filter: $filter, buckets: $buckets) { from to total failed } }`

// Ask asks over GraphQL, and gives how much the answer holds.
func (p *Parameters) Ask(ctx context.Context, client *harness.Client) (found int, err error) {
	if p.Buckets > 0 {
		return p.askHistogram(ctx, client)
	}
	return p.askList(ctx, client)
}

func (p *Parameters) askList(ctx context.Context, client *harness.Client) (int, error) {
	var got struct {
		Logs struct{ Nodes []struct{ ID string } }
	}
	err := client.Query(ctx, listQuery, map[string]any{"filter": p.GraphQL}, &got)
	return len(got.Logs.Nodes), err
}

func (p *Parameters) askHistogram(ctx context.Context, client *harness.Client) (int, error) {
	var got struct{ LogHistogram []struct{ Total int } }
	err := client.Query(ctx, histogramQuery, map[string]any{"filter": p.GraphQL, "buckets": p.Buckets}, &got)
	total := 0
	for _, one := range got.LogHistogram {
		total += one.Total
	}
	return total, err
}
