package issues

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// calledAtRandom is traffic of which each cell is a commit's.
type calledAtRandom struct {
	cells []statistics.Cell
	fails bool
}

func (c *calledAtRandom) Cells(_ context.Context, _ statistics.Filter, _, _ time.Time, _ func(*statistics.Cell)) error {
	return nil
}

func (c *calledAtRandom) TrafficAfter(_ context.Context, m statistics.Mark, from, to time.Time, anew func(), take func(*statistics.Traffic, int)) (statistics.Mark, error) {
	if c.fails {
		return statistics.Mark{}, context.DeadlineExceeded
	}
	if m.No == 0 {
		anew()
	}
	return statistics.Mark{No: int64(len(c.cells))}, GiveTraffic(c.cells[m.No:], from, to, take)
}

func (c *calledAtRandom) call(r *rand.Rand, n int, now time.Time) {
	for range n {
		cell := statistics.Cell{Count: 1 + r.Int64N(3), Dimensions: statistics.Dimensions{
			Minute: now.Add(-time.Duration(r.IntN(90))*time.Minute).Unix() / 60, IntegrationID: uuid.UUID{byte(r.IntN(2))}, //nolint:gosec // small
			Kind: entry.KindAPIRequest, Status: entry.Status(1 + r.IntN(4)), Call: statistics.Call{Method: "GET", Endpoint: []string{"/a", "/b"}[r.IntN(2)]}, //nolint:gosec // small
			CustomerID: uuid.UUID{0, byte(r.IntN(4))}, ConnectedAppID: uuid.UUID{1, byte(r.IntN(4))}, //nolint:gosec // small
		}}
		if cell.CustomerID[1] == 0 {
			cell.CustomerID = uuid.Nil
		}
		switch r.IntN(4) {
		case 0:
			cell.Kind, cell.Call = entry.KindExternalWebhook, statistics.Call{}
		case 1:
			cell.ConnectedAppID = nodeid.ImpliedApp(cell.CustomerID, cell.IntegrationID)
		case 2:
			cell.ConnectedAppID = uuid.Nil
		}
		c.cells = append(c.cells, cell)
	}
}

// answers are what a question hears.
type answers struct {
	total int64
	of    map[whom][2]int64
	last  time.Time
}

func (a *answers) ask(q question) question {
	a.of = map[whom][2]int64{}
	q.asked = map[whom]bool{}
	for _, w := range q.whoms {
		q.asked[w] = true
	}
	q.total = func(n int64) { a.total += n }
	q.each = func(w whom, minute time.Time, n, succeeded int64) {
		had := a.of[w]
		a.of[w], a.last = [2]int64{had[0] + n, had[1] + succeeded}, later(a.last, minute)
	}
	return q
}

// What is held answers as the cells themselves do, as time goes by and however little of it is held.
func TestTheLastHourAnswersAsItsCellsDo(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // no secret
	traffic, now := &calledAtRandom{}, noon
	l := newLastHour()
	for round := range 60 {
		traffic.call(r, 200, now)
		now = now.Add(time.Duration(r.IntN(6)) * time.Minute)
		key := Key{IntegrationID: uuid.UUID{byte(r.IntN(2))}} //nolint:gosec // small
		if r.IntN(2) == 0 {
			key.Category, key.Scope = "resource_not_found", "GET /a"
		}
		q := question{integration: key.IntegrationID, from: now.Add(-time.Duration(r.IntN(70)) * time.Minute), to: now.Add(time.Minute), calls: callsOf(&key, nil)}
		q.from = q.from.Truncate(time.Minute)
		for range 3 {
			q.whoms = append(q.whoms, whom{uuid.UUID{0, byte(1 + r.IntN(3))}, uuid.UUID{1, byte(r.IntN(4))}}) //nolint:gosec // small
		}
		if r.IntN(2) == 0 {
			q.whoms = append(q.whoms, whom{app: uuid.UUID{1, 2}}, whom{app: nodeid.ImpliedApp(uuid.UUID{0, 2}, key.IntegrationID)}, whom{customer: uuid.UUID{0, 1}}, whom{})
		}
		var got, want answers
		older, err := l.answer(t.Context(), traffic, []question{got.ask(q)}, now, mostTraffic)
		require.NoError(t, err)
		direct := want.ask(q)
		for i := range traffic.cells {
			c := &traffic.cells[i]
			minute := time.Unix(60*c.Minute, 0).UTC()
			inOlder := len(older) > 0 && minute.Before(older[0].to)
			if !minute.Before(q.from) && minute.Before(q.to) && c.IntegrationID == q.integration && c.Status != entry.StatusPending && q.calls.has(c) && !inOlder {
				direct.take(c, minute)
			}
		}
		require.Equal(t, want, got, "round %d", round)
		l.calls.renumbered = 0 // Those that nobody asks for any more get no number, sooner or later.
		if round%7 == 0 {
			l.calls.renumber()
		}
		switch round {
		case 20: // too much for all of it
			l.prune(minuteOf(now) - 10)
		case 30:
			traffic.fails = true
			_, err := l.answer(t.Context(), traffic, []question{got.ask(q)}, now, mostTraffic)
			require.Error(t, err)
			traffic.fails = false
		}
	}
	n := 0
	for _, of := range l.calls.of {
		for _, m := range of.minutes {
			n += minuteBytes + len(m.packed)
		}
	}
	require.Equal(t, n, l.calls.packed)
	require.Equal(t, minuteOf(now.Add(-heldFor)), l.from, "it holds the whole time again")
}

// However much is called, what is held of it is bounded; the rest is asked for again.
func TestWhatIsHeldOfTheTrafficIsBounded(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 9)) //nolint:gosec // no secret
	const most = 1 << 16
	traffic, l, now := &calledAtRandom{}, newLastHour(), noon
	for range 20 {
		for range 5000 {
			traffic.cells = append(traffic.cells, statistics.Cell{Count: 1, Dimensions: statistics.Dimensions{
				Minute: now.Unix()/60 - r.Int64N(60), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess,
				CustomerID: uuid.UUID{0, byte(r.IntN(256)), byte(r.IntN(256))}, IntegrationID: uuid.UUID{1}, //nolint:gosec // bytes
			}})
		}
		q := question{integration: uuid.UUID{1}, from: now.Add(-time.Hour), to: now.Add(time.Minute), calls: callsOf(&Key{}, nil)}
		var got answers
		older, err := l.answer(t.Context(), traffic, []question{got.ask(q)}, now, most)
		require.NoError(t, err)
		require.LessOrEqual(t, l.calls.size(), most)
		require.Equal(t, int64(l.calls.size()), l.size.Load())
		require.Len(t, older, 1)
		held, end := int64(0), minuteOf(older[0].to)
		for i := range traffic.cells {
			if minute := int32(traffic.cells[i].Minute); minute >= end && minute <= minuteOf(now) { //nolint:gosec // a date
				held++
			}
		}
		require.Equal(t, held, got.total, "what is not asked for again is all there")
		now = now.Add(time.Minute)
	}
}

// Tenants that hold much have equal parts of what all may hold.
func TestWhatAllTenantsHoldIsBounded(t *testing.T) {
	t.Parallel()
	s := NewStore(Deps{})
	total := func() (n int64) {
		for _, l := range s.recent {
			n += l.size.Load()
		}
		return n
	}
	for range 6 {
		for i := range 20 {
			l, most := s.latelyOf(uuid.UUID{byte(i)})
			require.LessOrEqual(t, total(), int64(allTraffic))
			l.size.Store(int64(most))
		}
	}
	require.Len(t, s.recent, 20, "none is let go of while each has its part")
	_, most := s.latelyOf(uuid.UUID{200})
	require.InDelta(t, allTraffic/21, most, allTraffic/1000)
	// One of whom there is much leaves those alone of whom there is little.
	s = NewStore(Deps{})
	for i := range 200 {
		l, _ := s.latelyOf(uuid.UUID{byte(i)})
		l.size.Store(1000)
	}
	_, most = s.latelyOf(uuid.UUID{7})
	require.Equal(t, mostTraffic, most)
}

func BenchmarkReadingTheTraffic(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	var rows [][]byte
	entries := 0
	for range 50 {
		c := statistics.NewCollector()
		for range 1000 {
			customer, integration := uuid.UUID{byte(r.IntN(40))}, uuid.UUID{1: byte(r.IntN(12))} //nolint:gosec // bytes
			c.Add(&statistics.Cell{Count: 1, Durations: []statistics.BinCount{{Bin: 300 + r.IntN(300), Count: 1}}, Dimensions: statistics.Dimensions{
				Minute: noon.Unix() / 60, Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, StatusCode: 200, Direction: entry.Outbound,
				CustomerID: customer, IntegrationID: integration, ConnectedAppID: nodeid.ImpliedApp(customer, integration),
				Call: statistics.Call{Method: "GET", Endpoint: "/v1/things/" + string(rune('a'+r.IntN(6)))},
			}})
			entries++
		}
		for _, row := range c.Pack() {
			rows = append(rows, row.Packed)
		}
	}
	for b.Loop() {
		var h heldCalls
		for _, row := range rows {
			t, err := statistics.OpenTraffic(row)
			require.NoError(b, err)
			for i := range t.Len() {
				h.add(t, i)
			}
		}
		h.pack()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(entries), "ns/entry")
}
