package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/workload"
)

const (
	// timesMore is how many times the entries the larger scale has, and limitTimes how many times as long it may take.
	timesMore  = 20
	limitTimes = 1.3
)

// scale is the statistics of so many entries: what their commits would have written, without the entries.
type scale struct {
	Entries int
	Tenants []uuid.UUID
	corpus  *simulate.Corpus
	took    workload.Latencies
	month   workload.Quantiles
	bytes   [2]int64 // of the tables, before and after
}

// scaling compares a month of an integration at two scales, in one database, by turns.
type scaling struct {
	options options
	end     time.Time
	door    *tenant.Door
	store   *statistics.Store
	admin   *pgx.Conn
}

// withStatistics does something with a database of its own that has nothing but statistics.
func withStatistics(ctx context.Context, o options, do func(s *scaling) error) (err error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := startServer(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	if err := migrations.Up(ctx, server.URL(localpg.Owner)); err != nil {
		return err
	}
	cfg, err := pgxpool.ParseConfig(server.URL(localpg.Service))
	if err != nil {
		return err
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := &scaling{options: o, end: time.Now().UTC(), door: tenant.NewDoor(pool)}
	defer func() { err = errors.Join(err, s.door.Close()) }()
	s.store = statistics.NewStore(s.door, nil)
	if s.admin, err = pgx.Connect(ctx, server.URL(localpg.Admin)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.admin.Close(context.WithoutCancel(ctx))) }()
	return do(s)
}

// measureScales writes statistics at two scales and asks both for months of integrations.
func measureScales(ctx context.Context, o options, out io.Writer) error {
	return withStatistics(ctx, o, func(s *scaling) error { return s.compare(ctx, out) })
}

func (s *scaling) compare(ctx context.Context, out io.Writer) error {
	o := s.options
	scales := []*scale{s.newScale(o.entries), s.newScale(timesMore * o.entries)}
	for _, one := range scales {
		if err := s.fill(ctx, one); err != nil {
			return err
		}
	}
	if err := s.ask(ctx, scales); err != nil {
		return err
	}
	return s.print(out, scales)
}

func (s *scaling) newScale(entries int) *scale {
	one := &scale{Entries: entries, corpus: simulate.NewCorpus(simulate.CorpusOptions{
		Seed: s.options.seed, Entries: entries, Tenants: s.options.tenants, Days: s.options.days, End: s.end,
	})}
	for range s.options.tenants {
		one.Tenants = append(one.Tenants, uuid.New())
	}
	return one
}

// fill writes what commits would, in batches, and rolls it up as if the month were over.
func (s *scaling) fill(ctx context.Context, one *scale) (err error) {
	if one.bytes[0], err = s.size(ctx); err != nil {
		return err
	}
	began := time.Now()
	group, ctx2 := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, id := range one.Tenants {
		group.Go(func() error {
			as := tenant.WithPrincipal(ctx2, tenant.System(id))
			if err := s.write(as, one.corpus, i, id, func(*simulate.Entry) bool { return true }); err != nil {
				return err
			}
			_, err := s.store.Compact(as, s.end.Add(48*time.Hour))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, table := range []string{"statistic", "statistic_minute", "statistic_rollup"} {
		if _, err := s.admin.Exec(ctx, "VACUUM (FULL, ANALYZE) "+table); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%d entries %20.1f s\n", one.Entries, time.Since(began).Seconds())
	one.bytes[1], err = s.size(ctx)
	return err
}

func (s *scaling) size(ctx context.Context) (bytes int64, err error) {
	err = s.admin.QueryRow(ctx, `SELECT pg_total_relation_size('statistic') + pg_total_relation_size('statistic_minute')
+ pg_total_relation_size('statistic_rollup')`).Scan(&bytes)
	return bytes, err
}

// write writes what commits of a tenant of the corpus would, of the entries that are wanted.
func (s *scaling) write(ctx context.Context, corpus *simulate.Corpus, at int, id uuid.UUID, wanted func(*simulate.Entry) bool) error {
	collector := statistics.NewCollector()
	var from simulate.Entry
	for n, commit := 0, int64(1); n < corpus.Len(); commit++ {
		for range min(s.options.batch, corpus.Len()-n) {
			corpus.Fill(&from, at, n)
			n++
			if wanted(&from) {
				collector.AddEntry(entryOf(id, &from))
			}
		}
		rows := collector.Pack()
		if err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Pgx().Exec(ctx, statistics.SQLAppend, statistics.Columns(tx.TenantID(), commit, rows)...)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// entryOf is what statistics know of an entry of the corpus.
func entryOf(tenantID uuid.UUID, from *simulate.Entry) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{
		ID: nodeid.New(from.OccurredAt), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Direction: entry.Outbound, Method: from.Method, Endpoint: from.Endpoint,
		StatusCode: from.StatusCode, CustomerID: directory.CustomerID(tenantID, from.Customer), IntegrationID: directory.IntegrationID(tenantID, from.Integration),
		DurationMS: from.DurationMS,
	}}
	if from.Status == "failure" {
		e.Status, e.ErrorKind, e.ErrorCode = entry.StatusFailure, entry.ErrorHTTP, "REFUSED"
	}
	e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
	return e
}

// ask asks all scales for the same months, by turns.
func (s *scaling) ask(ctx context.Context, scales []*scale) error {
	debug.FreeOSMemory()
	r := rand.New(rand.NewPCG(s.options.seed, 0)) //nolint:gosec // parameters, not secrets
	month := func() (from, to time.Time) {
		return s.end.Add(-time.Duration(s.options.days) * 24 * time.Hour).Truncate(time.Hour), s.end.Truncate(time.Hour).Add(time.Hour)
	}
	var e simulate.Entry
	for n := -warmUp; n < s.options.queries; n++ {
		at := r.IntN(s.options.tenants)
		scales[0].corpus.Fill(&e, at, r.IntN(scales[0].corpus.Len()))
		for i := range scales {
			one := scales[(i+n&1)%len(scales)]
			id := one.Tenants[at]
			began := time.Now()
			total, err := monthOf(tenant.WithPrincipal(ctx, tenant.System(id)), s.store, directory.IntegrationID(id, e.Integration), month)
			if err != nil {
				return err
			}
			if total == 0 {
				return fmt.Errorf("nothing of integration %s", e.Integration)
			}
			if n >= 0 {
				one.took.Add(time.Since(began))
			}
		}
	}
	for _, one := range scales {
		one.month = one.took.Summary()
	}
	return nil
}

func (s *scaling) print(out io.Writer, scales []*scale) error {
	t := workload.NewTable(out)
	t.Row("statistics alone", "entries", "bytes an entry", "a month by hour, ms: p50", "p95")
	for _, one := range scales {
		t.Row("", fmt.Sprint(one.Entries), fmt.Sprintf("%.1f", float64(one.bytes[1]-one.bytes[0])/float64(one.Entries)),
			workload.AtMost("%.2f", one.month.P50, limitDashboard), fmt.Sprintf("%.2f", one.month.P95))
	}
	ratio := scales[1].month.P50 / scales[0].month.P50
	t.Row("ratio", fmt.Sprint(timesMore), "", workload.AtMost("%.2f", ratio, limitTimes))
	return t.Flush()
}
