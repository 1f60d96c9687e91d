package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/weirhq/weir/tests/workload"
)

// What the product is to keep, as ratios and sizes that hold on any machine.
const (
	// limitRatio is the least of the baseline's rate that ingestion reaches.
	limitRatio = 0.8
	// limitBytes is the most that an entry of 1.2 KB takes on disk, indexes included.
	limitBytes = 330
)

// round is one turn of loading.
type round struct {
	Entries int
	Seconds float64
	CPU     workload.Usage
}

// loading is all turns of one way to load.
type loading struct {
	Rounds   []round
	Requests workload.Quantiles
}

func (l *loading) total() (t round) {
	for _, r := range l.Rounds {
		t.Entries += r.Entries
		t.Seconds += r.Seconds
		t.CPU = t.CPU.Plus(r.CPU)
	}
	return t
}

func (r round) rate() float64 { return float64(r.Entries) / r.Seconds }

// sizes are the tables at one moment.
type sizes struct {
	State  string
	Tables []tableSize
}

func (s sizes) total() (bytes, indexes int64) {
	for _, t := range s.Tables {
		bytes += t.Bytes
		indexes += t.Indexes
	}
	return bytes, indexes
}

// report is what was measured, and under which conditions.
type report struct {
	CPUs                                          int
	Go, Busy                                      string
	Postgres                                      []string
	Entries, Tenants, Days, Senders, Batch, Bytes int
	Service, Baseline                             loading
	Disk, BaselineDisk                            []sizes
	Compaction                                    compaction
	Queries                                       []answering
	Pages                                         []paging
}

func (r *report) start(o options) {
	r.CPUs, r.Go = runtime.NumCPU(), runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH
	// Others' work on the machine, as the mean number of running processes of the last minutes.
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.Busy, _, _ = strings.Cut(string(raw), " ")
	}
	r.Entries, r.Tenants, r.Days, r.Senders, r.Batch = o.entries, o.tenants, o.days, o.senders, o.batch
}

func (r *report) print(out io.Writer) error {
	t := workload.NewTable(out)
	t.Row(fmt.Sprintf("%d entries of %d bytes, %d tenants, %d days; %d senders of %d entries a request, no gzip",
		r.Entries, r.Bytes, r.Tenants, r.Days, r.Senders, r.Batch))
	t.Row(fmt.Sprintf("%d CPUs shared by client, service and database, load %s before; %s; PostgreSQL %s", r.CPUs, cmp.Or(r.Busy, "unknown"), r.Go, strings.Join(r.Postgres, " ")))
	r.printLoad(t)
	r.printDisk(t)
	r.printQueries(t)
	r.printPages(t)
	return t.Flush()
}

func (r *report) printLoad(t *workload.Table) {
	t.Row("")
	t.Row("ingestion", "entries/s", "CPU µs an entry: service", "PostgreSQL", "client", "request p50 ms", "p95", "limit", "")
	line := func(name string, l *loading) {
		total := l.total()
		each := func(d float64) string { return fmt.Sprintf("%.1f", d*1e6/float64(total.Entries)) }
		t.Row(name, fmt.Sprintf("%.0f", total.rate()), each(total.CPU.Service.Seconds()), each(total.CPU.Postgres.Seconds()),
			each(total.CPU.Client.Seconds()), fmt.Sprintf("%.1f", l.Requests.P50), fmt.Sprintf("%.1f", l.Requests.P95))
	}
	line("weir over HTTP", &r.Service)
	line("raw COPY, four B-trees", &r.Baseline)
	var each []string
	for i := range min(len(r.Service.Rounds), len(r.Baseline.Rounds)) {
		each = append(each, fmt.Sprintf("%.2f", r.Service.Rounds[i].rate()/r.Baseline.Rounds[i].rate()))
	}
	slices.Sort(each)
	ratio := r.Service.total().rate() / r.Baseline.total().rate()
	t.Row("ratio", fmt.Sprintf("%.2f", ratio), "rounds: "+strings.Join(each, " "), "", "", "", "", fmt.Sprintf("%.2f", limitRatio), workload.Verdict(ratio >= limitRatio))
	c := r.Compaction
	per := 1e6 / float64(r.Entries)
	t.Row("compaction", fmt.Sprintf("%.0f", float64(r.Entries)/c.Seconds), "", fmt.Sprintf("%.1f", c.CPU.Postgres.Seconds()*per),
		fmt.Sprintf("%.1f", c.CPU.Client.Seconds()*per), fmt.Sprintf("(%d segments to %d)", c.SegmentsBefore, c.SegmentsAfter))
}

func (r *report) printDisk(t *workload.Table) {
	t.Row("")
	t.Row("bytes on disk an entry", "total", "of it indexes", "limit", "", "by table")
	line := func(name string, s sizes, limited bool) {
		bytes, indexes := s.total()
		per := func(n int64) float64 { return float64(n) / float64(r.Entries) }
		limit, ok := "", ""
		if limited {
			limit, ok = fmt.Sprint(limitBytes), workload.Verdict(per(bytes) <= limitBytes)
		}
		var parts []string
		for _, one := range s.Tables {
			if per(one.Bytes) >= 0.5 {
				parts = append(parts, fmt.Sprintf("%s %.0f", one.Name, per(one.Bytes)))
			}
		}
		t.Row(name, fmt.Sprintf("%.0f", per(bytes)), fmt.Sprintf("%.0f", per(indexes)), limit, ok, strings.Join(parts, ", "))
	}
	for _, s := range r.Disk {
		line("weir, "+s.State, s, s.State != "packed")
	}
	for _, s := range r.BaselineDisk {
		if s.State != "compacted" {
			line("baseline, "+s.State, s, false)
		}
	}
}

func (r *report) printQueries(t *workload.Table) {
	t.Row("")
	t.Row("queries, ms", "GraphQL p50", "p95", "store p50", "p95", "found", "limit of the p50", "")
	ms := func(f float64) string { return fmt.Sprintf("%.1f", f) }
	for _, q := range r.Queries {
		limit, ok := "", ""
		if q.Limit > 0 {
			limit, ok = ms(q.Limit), workload.Verdict(q.GraphQL.P50 <= q.Limit)
			if q.OfStore {
				limit, ok = ms(q.Limit)+" (store)", workload.Verdict(q.Store.P50 <= q.Limit)
			}
		}
		t.Row(q.Question+", "+q.State, ms(q.GraphQL.P50), ms(q.GraphQL.P95), ms(q.Store.P50), ms(q.Store.P95), ms(q.Found), limit, ok)
	}
}
