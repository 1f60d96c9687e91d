package journal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// request makes an API request like those of production: about 1.2 KB, its words from a vocabulary of thousands.
func request(r *rand.Rand, customers, integrations []uuid.UUID, at time.Time) *entry.Entry {
	n := min(int(r.ExpFloat64()*20), len(customers)-1)
	id := r.IntN(1 << 30)
	e := &entry.Entry{
		Head: entry.Head{
			ID: nodeid.New(at), RecordedAt: at.UnixMicro(), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess,
			CustomerID: customers[n], IntegrationID: integrations[n%len(integrations)], ConnectedAppID: customers[n],
			Direction: entry.Outbound, Method: pick(r, methods), Endpoint: fmt.Sprintf("/v3/objects/%d/{id}", r.IntN(20)), StatusCode: 200, DurationMS: r.ExpFloat64() * 200,
		},
		List: entry.List{URL: fmt.Sprintf("https://api.example.com/v3/objects/%d/%d?limit=100", r.IntN(20), id), Attempt: 1},
	}
	if r.IntN(33) == 0 {
		e.Status, e.StatusCode, e.ErrorKind, e.ErrorCode, e.Message = entry.StatusFailure, 429, entry.ErrorHTTP, "RATE_LIMITED", "too many requests"
	}
	if r.IntN(4) == 0 {
		e.Identifiers = []entry.Identifier{{Key: "order_id", Value: fmt.Sprint("ord-", id)}}
	}
	var text strings.Builder
	for range 60 {
		fmt.Fprintf(&text, `"field%d":"word%d",`, r.IntN(300), int(r.ExpFloat64()*2000))
	}
	e.Detail = &entry.Detail{
		RequestHeaders:  []entry.Header{{Name: "Authorization", Value: "[redacted]"}, {Name: "Content-Type", Value: "application/json"}},
		ResponseHeaders: []entry.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "X-Request-Id", Value: fmt.Sprintf("%08x%08x", r.Uint32(), r.Uint32())}},
		ResponseBody:    &entry.Body{Text: fmt.Sprintf(`{"id":"%d",%s"end":1}`, id, text.String()), ContentType: "application/json", SizeBytes: text.Len()},
	}
	return e
}

func many() (list []uuid.UUID) {
	for range 200 {
		list = append(list, uuid.New())
	}
	return list
}

// BenchmarkAppend tells the processor time of the service, in microseconds an entry; the database's comes on top.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{20, 1000} {
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) {
			bundle := setup(b)
			ctx, r := as(b, uuid.New()), rand.New(rand.NewPCG(1, 1))
			customers, integrations := many(), many()[:12]
			var batches [][]*entry.Entry
			for i := range 20 {
				var list []*entry.Entry
				for j := range size {
					list = append(list, request(r, customers, integrations, noon.Add(time.Duration(i*size+j)*time.Millisecond)))
				}
				batches = append(batches, list)
			}
			keys := make([]Key, size)
			b.ResetTimer()
			service, database := processorTime(), bundle.databaseCPU(b)
			for i := 0; b.Loop(); i++ {
				for k := range keys {
					keys[k] = Key{Hash: r.Uint64(), Day: today}
				}
				list := batches[i%len(batches)]
				for _, e := range list {
					e.ID = nodeid.New(e.OccurredAt())
				}
				_, err := commit(ctx, bundle.store, Batch{Loose: list}, keys...)
				require.NoError(b, err)
			}
			n := float64(b.N * size)
			b.ReportMetric(float64((processorTime()-service).Microseconds())/n, "service-µs/entry")
			b.ReportMetric(float64((bundle.databaseCPU(b)-database).Microseconds())/n, "database-µs/entry")
		})
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRead asks a tenant with 50,000 entries of 30 days, in segments of some tens as ingestion writes them, and
// compacted.
func BenchmarkRead(b *testing.B) {
	bundle := setup(b)
	ctx, r := as(b, uuid.New()), rand.New(rand.NewPCG(1, 1))
	customers, integrations := many(), many()[:12]
	var batch []*entry.Entry
	const total = 50_000
	step := 30 * 24 * time.Hour / total
	var rare *entry.Entry
	for i := range total {
		e := request(r, customers, integrations, noon.Add(-time.Duration(total-i)*step))
		if i%9000 == 4000 {
			e.Detail.ResponseBody.Text += " needle "
		}
		if i == 17_000 {
			e.Identifiers, rare = []entry.Identifier{{Key: "order_id", Value: "the-one"}}, e
		}
		if batch = append(batch, e); len(batch) == 50 || i == total-1 {
			put(ctx, b, bundle.store, batch)
			batch = nil
		}
	}
	for _, form := range []string{"fresh", "compacted"} {
		if form == "compacted" {
			start := time.Now()
			done, err := bundle.store.Compact(ctx, noon)
			require.NoError(b, err)
			b.Logf("compaction: %d segments to %d, %d to %d bytes an entry, %s an entry", done.SegmentsBefore, done.SegmentsAfter,
				done.BytesBefore/total, done.BytesAfter/total, time.Since(start)/total)
		}
		day := entry.Range{From: noon.Add(-24 * time.Hour)}
		page := func(name string, store func() *Store, want int, f entry.Filter) {
			b.Run(name+"/"+form, func(b *testing.B) {
				for b.Loop() {
					p, err := store().Entries(ctx, Query{Filter: f, First: 50})
					require.NoError(b, err)
					require.Len(b, p.Items, want)
				}
			})
		}
		same := func() *Store { return bundle.store }
		page("newest", same, 50, entry.Filter{})
		page("customer and status in a day", same, 50, entry.Filter{CustomerIDs: customers[:1], Statuses: []entry.Status{entry.StatusSuccess}, Range: day})
		page("failures of a customer", same, 50, entry.Filter{CustomerIDs: customers[1:2], Statuses: []entry.Status{entry.StatusFailure}})
		page("rare word", same, 6, entry.Filter{Search: "needle"})
		page("rare word, cold", func() *Store { return bundle.another() }, 6, entry.Filter{Search: "needle"})
		page("common word", same, 50, entry.Filter{Search: "word17"})
		page("identifier", same, 1, entry.Filter{Identifier: &entry.IdentifierFilter{Value: "the-one"}})
		b.Run("details of one/"+form, func(b *testing.B) {
			for b.Loop() {
				found, err := bundle.store.Details(ctx, []uuid.UUID{rare.ID})
				require.NoError(b, err)
				require.Len(b, found, 1)
			}
		})
		b.Run("histogram of 30 days/"+form, func(b *testing.B) {
			for b.Loop() {
				counts, err := bundle.store.Histogram(ctx, entry.Filter{IntegrationIDs: integrations[:1]}, 720)
				require.NoError(b, err)
				require.True(b, slices.ContainsFunc(counts, func(c Bucket) bool { return c.Total > 0 }))
			}
		})
	}
}

// databaseCPU is the processor time of the server's processes that work for the pool: 0 where there is no /proc.
func (b *bundle) databaseCPU(tb testing.TB) (total time.Duration) {
	tb.Helper()
	rows, err := b.pool.Query(tb.Context(), "SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
	require.NoError(tb, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	require.NoError(tb, err)
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0
		}
		// After the name, which is in parentheses: the state is the first field, user and system time the 12th and 13th.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, f := range fields[11:13] {
			ticks, err := strconv.ParseInt(f, 10, 64)
			require.NoError(tb, err)
			total += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return total
}
