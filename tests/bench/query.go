package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tests/harness"
)

// question is one kind of query: how its parameters are drawn from an entry that is there, and how it is asked. Found
// tells how much an answer held; the entry that the parameters come from makes it at least 1.
type question struct {
	name  string
	limit float64 // of the p50 over GraphQL in ms; 0 for none
	// draw makes parameters; false when the entry has none of that kind.
	draw func(d *drawing) (parameters, bool)
}

// parameters are one query, in both forms.
type parameters struct {
	tenant  int
	filter  entry.Filter
	graphql map[string]any
	// buckets asks for a histogram instead of a list.
	buckets int
}

// drawing is an entry that the corpus holds, and randomness.
type drawing struct {
	bench *bench
	words *frequencies
	*rand.Rand
	simulate.Entry
}

func questions() []question {
	return []question{
		{"Q1 newest 50 of a customer with a status, one day", 3, (*drawing).customerDay},
		{"Q2 a rare word in bodies, all days", 0, (*drawing).rareWord},
		{"Q2 an id in a body, all days", 0, (*drawing).reference},
		{"Q2 an identifier, all days", 0, (*drawing).identifier},
		{"Q3 hourly counts of an integration, all days", 0, (*drawing).hourly},
	}
}

// answering is what asking a question took, both ways, in milliseconds. Found is how much an answer held on average.
type answering struct {
	Question, State string
	Limit           float64 `json:",omitempty"`
	Found           float64
	GraphQL, Store  quantiles
}

// warmUp is how many answers are not counted: connections are opened, statements are planned, caches filled.
const warmUp = 20

func (b *bench) measureQueries(ctx context.Context, state string) error {
	if b.words == nil {
		b.words = countWords(b.corpus, b.options.tenants)
	}
	// What the load left behind is not collected while answers are awaited, on the processors that make them.
	debug.FreeOSMemory()
	for i, q := range questions() {
		d := &drawing{bench: b, words: b.words, Rand: rand.New(rand.NewPCG(b.options.seed, uint64(i)))} //nolint:gosec // parameters, not secrets
		var graph, store latencies
		found := 0
		for n := -warmUp; n < b.options.queries; n++ {
			p := d.next(q)
			took, total, err := b.ask(ctx, p, n%2 == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			if n < 0 {
				continue
			}
			graph.add(took[0])
			store.add(took[1])
			found += total
		}
		b.report.Queries = append(b.report.Queries, answering{
			Question: q.name, State: state, Limit: q.limit, Found: float64(found) / float64(b.options.queries),
			GraphQL: graph.summary(), Store: store.summary(),
		})
	}
	return nil
}

// next draws parameters, from as many entries as it takes.
func (d *drawing) next(q question) parameters {
	for {
		tenant := d.IntN(d.bench.options.tenants)
		d.bench.corpus.Fill(&d.Entry, tenant, d.IntN(d.bench.corpus.Len()))
		if p, ok := q.draw(d); ok {
			return p
		}
	}
}

// ask asks over GraphQL and of the store, which must agree. Who is asked second finds what it reads in memory, so they
// take turns.
func (b *bench) ask(ctx context.Context, p parameters, storeFirst bool) (took [2]time.Duration, found int, err error) {
	asks := [2]func(context.Context, parameters) (int, error){b.askList, b.listOfStore}
	if p.buckets > 0 {
		asks = [2]func(context.Context, parameters) (int, error){b.askHistogram, b.histogramOfStore}
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
		err = fmt.Errorf("GraphQL found %d and the store %d entries of %v", answers[0], answers[1], p.graphql)
	}
	return took, answers[0], err
}

const listQuery = `query($filter: LogFilter) { logs(first: 50, filter: $filter) {
  nodes { id kind occurredAt status summary identifiers { key value } error { code message kind }
    ... on ApiRequest { method url endpoint statusCode durationMs } }
  pageInfo { hasNextPage endCursor } } }`

func (b *bench) client(tenant int) *harness.Client {
	return &harness.Client{URL: b.service.URL, Token: b.tenants[tenant].key, HTTP: b.http}
}

func (b *bench) askList(ctx context.Context, p parameters) (int, error) {
	var got struct {
		Logs struct{ Nodes []struct{ ID string } }
	}
	err := b.client(p.tenant).Query(ctx, listQuery, map[string]any{"filter": p.graphql}, &got)
	return len(got.Logs.Nodes), err
}

func (b *bench) listOfStore(ctx context.Context, p parameters) (int, error) {
	page, err := b.store.Entries(b.as(ctx, p.tenant), journal.Query{Filter: p.filter, First: 50})
	return len(page.Items), err
}

const histogramQuery = `query($filter: LogFilter, $buckets: Int) { logHistogram(filter: $filter, buckets: $buckets) { from to total failed } }`

func (b *bench) askHistogram(ctx context.Context, p parameters) (int, error) {
	var got struct{ LogHistogram []struct{ Total int } }
	err := b.client(p.tenant).Query(ctx, histogramQuery, map[string]any{"filter": p.graphql, "buckets": p.buckets}, &got)
	total := 0
	for _, one := range got.LogHistogram {
		total += one.Total
	}
	return total, err
}

func (b *bench) histogramOfStore(ctx context.Context, p parameters) (int, error) {
	buckets, err := b.store.Histogram(b.as(ctx, p.tenant), p.filter, p.buckets)
	total := 0
	for _, one := range buckets {
		total += one.Total
	}
	return total, err
}

// within sets the range in both forms.
func (p parameters) within(from, to time.Time) parameters {
	p.filter.Range = entry.Range{From: from, To: to}
	p.graphql["range"] = map[string]any{"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)}
	return p
}

// ever is the range of all that the bench has sent, in whole hours.
func (p parameters) ever(b *bench) parameters {
	return p.within(b.end.Add(-time.Duration(b.options.days)*24*time.Hour).Truncate(time.Hour), b.end.Truncate(time.Hour).Add(time.Hour))
}

func (d *drawing) customerDay() (parameters, bool) {
	// As many lists of failures as of successes, though only 3 % fail.
	if d.Status == "success" && d.IntN(33) > 0 {
		return parameters{}, false
	}
	status, name := entry.StatusSuccess, "SUCCESS"
	if d.Status == "failure" {
		status, name = entry.StatusFailure, "FAILURE"
	}
	customer := directory.CustomerID(d.bench.tenants[d.Tenant].id, d.Customer)
	day := d.OccurredAt.Truncate(24 * time.Hour)
	p := parameters{tenant: d.Tenant}
	p.filter.CustomerIDs, p.filter.Statuses = append(p.filter.CustomerIDs, customer), []entry.Status{status}
	p.graphql = map[string]any{"customerIds": []string{nodeid.Format(nodeid.Customer, customer)}, "statuses": []string{name}}
	return p.within(day, day.AddDate(0, 0, 1)), true
}

func (d *drawing) search(text string) (parameters, bool) {
	p := parameters{tenant: d.Tenant, filter: entry.Filter{Search: text}, graphql: map[string]any{"search": text}}
	return p.ever(d.bench), text != ""
}

func (d *drawing) rareWord() (parameters, bool) { return d.search(d.words.rarest(d.Document)) }

func (d *drawing) reference() (parameters, bool) { return d.search(referenceOf(d.Document)) }

func (d *drawing) identifier() (parameters, bool) {
	if d.IdentifierValue == "" {
		return parameters{}, false
	}
	p := parameters{tenant: d.Tenant, graphql: map[string]any{"identifier": map[string]any{"key": d.IdentifierKey, "value": d.IdentifierValue}}}
	p.filter.Identifier = &entry.IdentifierFilter{Key: d.IdentifierKey, Value: d.IdentifierValue}
	return p.ever(d.bench), true
}

// mostBuckets is how many buckets GraphQL gives at most.
const mostBuckets = 1000

func (d *drawing) hourly() (parameters, bool) {
	integration := directory.IntegrationID(d.bench.tenants[d.Tenant].id, d.Integration)
	p := parameters{tenant: d.Tenant, buckets: min(24*d.bench.options.days, mostBuckets)}
	p.filter.IntegrationIDs = append(p.filter.IntegrationIDs, integration)
	p.graphql = map[string]any{"integrationIds": []string{nodeid.Format(nodeid.Integration, integration)}}
	return p.ever(d.bench), true
}
