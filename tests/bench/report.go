package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

// What the product is to keep: ratios and sizes hold on any machine, times on a quiet one.
const (
	// leastRatio is the least of the baseline's rate that ingestion reaches, leastCrowd the least of its own rate that it
	// reaches by many senders of few entries.
	leastRatio = 1.0
	leastCrowd = 0.7
	// mostCPU is the most that an entry takes of the service and of PostgreSQL together, in microseconds.
	mostCPU = 25
	// mostLoaded and mostCompacted are the most bytes that an entry of 1.2 KB takes on disk, indexes included.
	mostLoaded    = 320
	mostCompacted = 270
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
	Service, Few, Crowd                           loading
	Baselines                                     [len(baselines)]loading
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
	t.Row("ingestion", "entries/s", "CPU µs an entry: service", "PostgreSQL", "both", "client", "request p50 ms", "p95")
	line := func(name string, l *loading, mostCPU float64) {
		total := l.total()
		each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(total.Entries) }
		t.Row(name, fmt.Sprintf("%.0f", total.rate()), fmt.Sprintf("%.1f", each(total.CPU.Service)), fmt.Sprintf("%.1f", each(total.CPU.Postgres)),
			workload.AtMost("%.1f", each(total.CPU.Service+total.CPU.Postgres), mostCPU), fmt.Sprintf("%.1f", each(total.CPU.Client)),
			fmt.Sprintf("%.1f", l.Requests.P50), fmt.Sprintf("%.1f", l.Requests.P95))
	}
	line("weir over HTTP", &r.Service, mostCPU)
	least := leastRatio
	for i := range baselines {
		line("raw COPY, four B-trees, "+baselines[i].kind, &r.Baselines[i], 0)
		t.Row("ratio", workload.AtLeast("%.2f", r.Service.total().rate()/r.Baselines[i].total().rate(), least), "rounds: "+ratios(&r.Service, &r.Baselines[i]))
		least = 0
	}
	if len(r.Crowd.Rounds) == 0 {
		return
	}
	few := fmt.Sprintf("weir, %d senders of %d entries", r.Senders, r.Batch)
	line(few+", later", &r.Few, 0)
	line(fmt.Sprintf("weir, %d senders of %d entries", crowdSenders, crowdBatch), &r.Crowd, 0)
	t.Row("ratio of these", workload.AtLeast("%.2f", r.Crowd.total().rate()/r.Few.total().rate(), leastCrowd), "rounds: "+ratios(&r.Crowd, &r.Few))
	c := r.Compaction
	per := 1e6 / float64(r.Entries)
	t.Row("compaction", fmt.Sprintf("%.0f", float64(r.Entries)/c.Seconds), "", fmt.Sprintf("%.1f", c.CPU.Postgres.Seconds()*per), "",
		fmt.Sprintf("%.1f", c.CPU.Client.Seconds()*per), fmt.Sprintf("(%d segments to %d)", c.SegmentsBefore, c.SegmentsAfter))
}

// ratios are those of the rounds, the lowest first.
func ratios(of, to *loading) string {
	var each []string
	for i := range min(len(of.Rounds), len(to.Rounds)) {
		each = append(each, fmt.Sprintf("%.2f", of.Rounds[i].rate()/to.Rounds[i].rate()))
	}
	slices.Sort(each)
	return strings.Join(each, " ")
}

func (r *report) printDisk(t *workload.Table) {
	t.Row("")
	t.Row("bytes on disk an entry", "total", "of it indexes", "by table")
	line := func(name string, s sizes, most float64) {
		bytes, indexes := s.total()
		per := func(n int64) float64 { return float64(n) / float64(r.Entries) }
		var parts []string
		for _, one := range s.Tables {
			if per(one.Bytes) >= 0.5 {
				parts = append(parts, fmt.Sprintf("%s %.0f", one.Name, per(one.Bytes)))
			}
		}
		t.Row(name, workload.AtMost("%.0f", per(bytes), most), fmt.Sprintf("%.0f", per(indexes)), strings.Join(parts, ", "))
	}
	most := map[string]float64{"loaded": mostLoaded, "packed": mostCompacted}
	for _, s := range r.Disk {
		line("weir, "+s.State, s, most[s.State])
	}
	for _, s := range r.BaselineDisk {
		for _, one := range baselines {
			if at := slices.IndexFunc(s.Tables, func(t tableSize) bool { return t.Name == one.table }); at >= 0 && s.State != "compacted" {
				line("rows with "+one.kind+", "+s.State, sizes{Tables: s.Tables[at : at+1]}, 0)
			}
		}
	}
}

func (r *report) printQueries(t *workload.Table) {
	t.Row("")
	t.Row("queries, ms", "GraphQL p50", "p95", "store p50", "p95", "found")
	ms := func(f float64) string { return fmt.Sprintf("%.1f", f) }
	for _, q := range r.Queries {
		t.Row(q.Question+", "+q.State, workload.AtMost("%.1f", q.GraphQL.P50, q.Most.GraphQL), ms(q.GraphQL.P95),
			workload.AtMost("%.1f", q.Store.P50, q.Most.Store), workload.AtMost("%.1f", q.Store.P95, q.Most.Store95), ms(q.Found))
	}
}
