package issues

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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

func (c *calledAtRandom) CellsAfter(_ context.Context, m statistics.Mark, from, to time.Time, anew func(), take func(*statistics.Cell)) (statistics.Mark, error) {
	if c.fails {
		return statistics.Mark{}, context.DeadlineExceeded
	}
	if m.No == 0 {
		anew()
	}
	for i := range c.cells[m.No:] {
		cell := c.cells[int(m.No)+i]
		if at := time.Unix(60*cell.Minute, 0); !at.Before(from) && at.Before(to) {
			take(&cell)
		}
	}
	return statistics.Mark{No: int64(len(c.cells))}, nil
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
		if r.IntN(4) == 0 {
			cell.Kind = entry.KindExternalWebhook
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
	l := &lastHour{calls: map[uuid.UUID]map[called]*series{}}
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
			q.whoms = append(q.whoms, whom{app: uuid.UUID{1, 2}}, whom{customer: uuid.UUID{0, 1}}, whom{})
		}
		var got, want answers
		older, err := l.answer(t.Context(), traffic, []question{got.ask(q)}, now)
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
		switch round {
		case 20: // too much for all of it
			l.prune(minuteOf(now) - 10)
		case 30:
			traffic.fails = true
			_, err := l.answer(t.Context(), traffic, []question{got.ask(q)}, now)
			require.Error(t, err)
			traffic.fails = false
		}
	}
	n := 0
	for _, of := range l.calls {
		for _, s := range of {
			for _, points := range s.of {
				n += len(points)
			}
		}
	}
	require.Equal(t, n, l.points)
	require.Equal(t, minuteOf(now.Add(-heldFor)), l.from, "it holds the whole time again")
}
