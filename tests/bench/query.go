package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

// answering is what asking a question took, both ways, in milliseconds. Found is how much an answer held on average.
type answering struct {
	Question, State string
	Most            workload.Most `json:"-"`
	Found           float64
	GraphQL, Store  workload.Quantiles
}

// warmUp is how many answers are not counted: connections are opened, statements are planned, caches filled.
const warmUp = 20

func (b *bench) measureQueries(ctx context.Context, state string) error {
	held := b.held()
	// What the load left behind is not collected while answers are awaited, on the processors that make them.
	debug.FreeOSMemory()
	for i, q := range workload.Questions() {
		d := held.Draw(b.options.seed, uint64(i)) //nolint:gosec // an index
		var graph, store workload.Latencies
		found := 0
		for n := -warmUp; n < b.options.queries; n++ {
			p := d.Next(q)
			took, total, err := b.ask(ctx, p, n%2 == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", q.Name, err)
			}
			if n < 0 {
				continue
			}
			graph.Add(took[0])
			store.Add(took[1])
			found += total
		}
		b.report.Queries = append(b.report.Queries, answering{
			Question: q.Name, State: state, Most: q.Most, Found: float64(found) / float64(b.options.queries),
			GraphQL: graph.Summary(), Store: store.Summary(),
		})
	}
	return nil
}

// held is what the queries are about.
func (b *bench) held() *workload.Held {
	if b.words == nil {
		b.words = workload.CountWords(b.corpus, b.options.tenants)
	}
	held := &workload.Held{Corpus: b.corpus, Days: b.options.days, End: b.end, Words: b.words}
	for _, t := range b.tenants {
		held.Tenants = append(held.Tenants, t.id)
	}
	return held
}

// ask asks over GraphQL and of the store, which must agree. Who is asked second finds what it reads in memory, so they
// take turns.
func (b *bench) ask(ctx context.Context, p workload.Parameters, storeFirst bool) (took [2]time.Duration, found int, err error) {
	asks := [2]func(context.Context, workload.Parameters) (int, error){b.askGraphQL, b.listOfStore}
	if p.Buckets > 0 {
		asks[1] = b.histogramOfStore
	}
	order := [2]int{0, 1}
	if storeFirst {
		order = [2]int{1, 0}
	}
	var answers [2]int
	for _, i := range order {
		began := time.Now()
		answers[i], err = asks[i](ctx, p)
		took[i] = time.Since(began)
		if err != nil {
			return took, 0, err
		}
	}
	if answers[0] == 0 || answers[0] != answers[1] {
		err = fmt.Errorf("GraphQL found %d and the store %d entries of %v", answers[0], answers[1], p.GraphQL)
	}
	return took, answers[0], err
}

func (b *bench) askGraphQL(ctx context.Context, p workload.Parameters) (int, error) {
	return p.Ask(ctx, &harness.Client{URL: b.service.URL, Token: b.tenants[p.Tenant].key, HTTP: b.http})
}

func (b *bench) listOfStore(ctx context.Context, p workload.Parameters) (int, error) {
	page, err := b.store.Entries(b.as(ctx, p.Tenant), journal.Query{Filter: p.Filter, First: 50})
	return len(page.Items), err
}

func (b *bench) histogramOfStore(ctx context.Context, p workload.Parameters) (int, error) {
	buckets, err := b.store.Histogram(b.as(ctx, p.Tenant), p.Filter, p.Buckets)
	total := 0
	for _, one := range buckets {
		total += one.Total
	}
	return total, err
}
