package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tests/workload"
)

// What a customer's page shows, and how many are asked for at once.
const (
	pageApps        = 12
	pageEntries     = 20
	pageConcurrency = 16
	pageRounds      = 4
	// pagesCompared is how many pages are checked to be the same both ways, and of how many the statements are counted.
	pagesCompared = 20
)

// What the product is to keep of them.
const (
	// limitPageRatio is the least of the hand-written handler's rate that GraphQL reaches.
	limitPageRatio = 0.6
	// limitStatements is the most statements that a page takes.
	limitStatements = 6
)

const pageQuery = `query($id: ID!) { customer(id: $id) { id name externalId lastActivityAt
  connectedApps(first: 12) { nodes { id externalId status account lastActivityAt
    logs(first: 20) {
      nodes { id kind occurredAt status summary error { code message kind } ... on ApiRequest { method url endpoint statusCode durationMs } }
      pageInfo { hasNextPage endCursor } } } } } }`

// The page's JSON, by the names of the query.
type (
	pageAnswer struct {
		Data struct {
			Customer *pageCustomer `json:"customer"`
		} `json:"data"`
	}
	pageCustomer struct {
		ID             string     `json:"id"`
		Name           string     `json:"name"`
		ExternalID     string     `json:"externalId"`
		LastActivityAt *time.Time `json:"lastActivityAt"`
		ConnectedApps  struct {
			Nodes []*pageApp `json:"nodes"`
		} `json:"connectedApps"`
	}
	pageApp struct {
		ID             string     `json:"id"`
		ExternalID     string     `json:"externalId"`
		Status         string     `json:"status"`
		Account        *string    `json:"account"`
		LastActivityAt *time.Time `json:"lastActivityAt"`
		Logs           struct {
			Nodes    []pageEntry `json:"nodes"`
			PageInfo struct {
				HasNextPage bool    `json:"hasNextPage"`
				EndCursor   *string `json:"endCursor"`
			} `json:"pageInfo"`
		} `json:"logs"`

		key entry.Parent
	}
	pageEntry struct {
		ID         string     `json:"id"`
		Kind       string     `json:"kind"`
		OccurredAt time.Time  `json:"occurredAt"`
		Status     string     `json:"status"`
		Summary    string     `json:"summary"`
		Error      *pageError `json:"error"`
		Method     string     `json:"method"`
		URL        string     `json:"url"`
		Endpoint   string     `json:"endpoint"`
		StatusCode *int       `json:"statusCode"`
		DurationMS *float64   `json:"durationMs"`
	}
	pageError struct {
		Code    *string `json:"code"`
		Message string  `json:"message"`
		Kind    string  `json:"kind"`
	}
)

// paging is what a page took over GraphQL and by the hand-written handler.
type paging struct {
	State                string
	GraphQL, Handwritten pageRate
	// Statements is the most of any page over GraphQL: those that ask for data. It is 0 where they cannot be counted.
	Statements int
	// Bytes is how long the answer is on average.
	Bytes int
}

// pageRate is all rounds of one way. CPU is of the process that answers, as Service, and of PostgreSQL and the client.
type pageRate struct {
	Requests int
	Seconds  float64
	CPU      workload.Usage
	Rounds   []float64
	Took     workload.Quantiles
}

func (r *pageRate) rate() float64 { return float64(r.Requests) / r.Seconds }

// pageWay is one way to ask for a customer's page.
type pageWay struct {
	pid    int
	to     *pageRate
	took   workload.Latencies
	client *http.Client
	make   func(ctx context.Context, tenant int, id string) (*http.Request, error)
}

// measurePages asks for pages of customers over GraphQL and of the hand-written handler, by turns.
func (b *bench) measurePages(ctx context.Context, state string) (err error) {
	served, err := startHandwritten(ctx, b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, served.stop()) }()
	p := paging{State: state}
	transport := &http.Transport{MaxIdleConnsPerHost: pageConcurrency, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	graphql := &pageWay{pid: b.service.PID(), to: &p.GraphQL, client: client, make: b.askPage}
	handwritten := &pageWay{pid: served.pid, to: &p.Handwritten, client: client, make: func(ctx context.Context, tenant int, id string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, served.url+"/?tenant="+b.tenants[tenant].id.String()+"&id="+id, nil)
	}}
	if p.Bytes, err = b.comparePages(ctx, graphql, handwritten); err != nil {
		return err
	}
	debug.FreeOSMemory()
	for round := range pageRounds {
		ways := []*pageWay{graphql, handwritten}
		if round%2 == 1 {
			ways[0], ways[1] = ways[1], ways[0]
		}
		for _, way := range ways {
			if err := b.pageRound(ctx, way, uint64(round)); err != nil { //nolint:gosec // small
				return err
			}
		}
	}
	p.GraphQL.Took, p.Handwritten.Took = graphql.took.Summary(), handwritten.took.Summary()
	if p.Statements, err = b.countStatements(ctx, graphql); err != nil {
		return err
	}
	b.report.Pages = append(b.report.Pages, p)
	return nil
}

func (b *bench) askPage(ctx context.Context, tenant int, id string) (*http.Request, error) {
	body, err := json.Marshal(map[string]any{"query": pageQuery, "variables": map[string]any{"id": id}})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.service.URL+"/graphql", bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+b.tenants[tenant].key)
	}
	return r, err
}

// get asks for a page.
func (w *pageWay) get(ctx context.Context, tenant int, id string) ([]byte, error) {
	r, err := w.make(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	answer, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	w.took.Add(time.Since(began))
	if answer.StatusCode != http.StatusOK || bytes.HasPrefix(body, []byte(`{"errors"`)) {
		return nil, fmt.Errorf("a page was answered with %d: %.300s", answer.StatusCode, body)
	}
	return body, nil
}

// customers draws customers as often as they have entries.
func (b *bench) customers(seed uint64, n int) (tenants []int, ids []string) {
	r := rand.New(rand.NewPCG(b.options.seed, seed)) //nolint:gosec // customers are no secret
	var e simulate.Entry
	for range n {
		tenant := r.IntN(b.options.tenants)
		b.corpus.Fill(&e, tenant, r.IntN(b.corpus.Len()))
		tenants = append(tenants, tenant)
		ids = append(ids, nodeid.Format(nodeid.Customer, directory.CustomerID(b.tenants[tenant].id, e.Customer)))
	}
	return tenants, ids
}

// comparePages makes sure that both ways answer the same, and gives how long an answer is.
func (b *bench) comparePages(ctx context.Context, one, other *pageWay) (bytes int, err error) {
	tenants, ids := b.customers(1000, pagesCompared)
	for i, id := range ids {
		var answers [2]pageAnswer
		for n, way := range []*pageWay{one, other} {
			body, err := way.get(ctx, tenants[i], id)
			if err != nil {
				return 0, err
			}
			if err := json.Unmarshal(body, &answers[n]); err != nil {
				return 0, err
			}
			bytes += len(body)
		}
		if c := answers[0].Data.Customer; c == nil || len(c.ConnectedApps.Nodes) == 0 || !reflect.DeepEqual(answers[0], answers[1]) {
			return 0, fmt.Errorf("the page of customer %s is not the same by GraphQL and by hand", id)
		}
	}
	one.took.Take()
	other.took.Take()
	return bytes / (2 * len(ids)), nil
}

// pageRound asks one way for as many pages as there are queries of each kind, many at once.
func (b *bench) pageRound(ctx context.Context, way *pageWay, round uint64) error {
	tenants, ids := b.customers(round, b.options.queries+pageConcurrency)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ask := func(from, to int) {
		var next atomic.Int64
		next.Store(int64(from))
		var wait sync.WaitGroup
		for range pageConcurrency {
			wait.Go(func() {
				for i := int(next.Add(1)) - 1; i < to && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
					if _, err := way.get(ctx, tenants[i], ids[i]); err != nil {
						cancel(err)
					}
				}
			})
		}
		wait.Wait()
	}
	ask(b.options.queries, len(ids)) // to warm up
	before, began := workload.ReadUsage(way.pid, b.postmaster), time.Now()
	ask(0, b.options.queries)
	took := time.Since(began).Seconds()
	way.to.CPU = way.to.CPU.Plus(workload.ReadUsage(way.pid, b.postmaster).Since(before))
	way.to.Requests += b.options.queries
	way.to.Seconds += took
	way.to.Rounds = append(way.to.Rounds, float64(b.options.queries)/took)
	return context.Cause(ctx)
}

// process is a child that serves the hand-written page.
type process struct {
	pid  int
	url  string
	stop func() error
}

func startHandwritten(ctx context.Context, b *bench) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), handwrittenEnv+"="+b.serviceURL())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	stop := func() error {
		cancel() // It is killed, which it does not say.
		_ = cmd.Wait()
		return nil
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the hand-written page is not served: %w", err), stop())
	}
	return &process{pid: cmd.Process.Pid, url: strings.TrimSpace(url), stop: stop}, nil
}

func (r *report) printPages(t *workload.Table) {
	t.Row("")
	t.Row(fmt.Sprintf("a customer's page: %d apps, %d entries of each, %d at once", pageApps, pageEntries, pageConcurrency),
		"pages/s", "p50 ms", "p95", "CPU ms a page: server", "PostgreSQL", "client", "statements")
	for _, p := range r.Pages {
		line := func(name string, w *pageRate, rest ...string) {
			each := func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000/float64(w.Requests)) }
			t.Row(append([]string{
				name + ", " + p.State, fmt.Sprintf("%.0f", w.rate()), fmt.Sprintf("%.1f", w.Took.P50), fmt.Sprintf("%.1f", w.Took.P95),
				each(w.CPU.Service), each(w.CPU.Postgres), each(w.CPU.Client),
			}, rest...)...)
		}
		statements := []string{"not counted"}
		if p.Statements > 0 {
			statements = []string{workload.AtMost("%.0f", float64(p.Statements), limitStatements)}
		}
		line(fmt.Sprintf("GraphQL, %d KB", p.Bytes>>10), &p.GraphQL, statements...)
		line("three statements by hand", &p.Handwritten)
		ratio := p.GraphQL.rate() / p.Handwritten.rate()
		t.Row("ratio, "+p.State, workload.AtLeast("%.2f", ratio, limitPageRatio))
	}
}
