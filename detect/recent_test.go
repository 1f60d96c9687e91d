package detect

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// counting writes cells at random, as ingestion does.
type counting struct {
	*bundle
	random   *rand.Rand
	commitNo int64
}

func (c *counting) commit(t *testing.T, n int) {
	t.Helper()
	r, minute := c.random, statistics.MinuteOf(c.now)
	kinds := []entry.Kind{
		entry.KindAPIRequest, entry.KindAPIRequest, entry.KindExternalWebhook, entry.KindExternalEvent, entry.KindExternalEventPull, entry.KindFlowRun,
	}
	collector := statistics.NewCollector()
	for range n {
		id := func(what byte) uuid.UUID { return uuid.UUID{what, byte(1 + r.IntN(3))} } //nolint:gosec // small
		cell := statistics.Cell{Count: 1 + r.Int64N(3), Dimensions: statistics.Dimensions{
			// Some come late, and some say that they are of the future.
			Minute: minute + 3 - r.Int64N(60), Kind: kinds[r.IntN(len(kinds))], Status: entry.Status(1 + r.IntN(4)), //nolint:gosec // small
			CustomerID: id(1), IntegrationID: id(2), ConnectedAppID: id(3),
		}}
		switch cell.Kind {
		case entry.KindAPIRequest:
			cell.Call = statistics.Call{Method: "GET", Endpoint: []string{"/a", "/b"}[r.IntN(2)]}
			for bin := 700 + r.IntN(40); r.IntN(4) > 0; bin += 1 + r.IntN(40) {
				cell.Durations = append(cell.Durations, statistics.BinCount{Bin: bin, Count: 1 + r.Int64N(2)})
			}
		case entry.KindExternalEvent:
			cell.Transfer.Operation = []string{"order", "refund"}[r.IntN(2)]
		case entry.KindFlowRun:
			cell.FlowID = id(4)
		}
		if cell.Status == entry.StatusFailure {
			cell.Error.Category = []string{"", "rate_limited", "network_timeout"}[r.IntN(3)]
		}
		collector.Add(&cell)
	}
	c.commitNo++
	require.NoError(t, c.door.Write(c.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, statistics.SQLAppend, statistics.Columns(c.tenantID, c.commitNo, collector.Pack())...)
		return err
	}))
}

// speeds are what is said of durations: sketches with the same may be made otherwise.
func speeds[K comparable](of map[K]*statistics.Sketch) map[K][4]float64 {
	out := map[K][4]float64{}
	for k, s := range of {
		out[k] = [4]float64{float64(s.Len()), s.Quantile(0.1), s.Quantile(0.5), s.Quantile(0.95)}
	}
	return out
}

// What is read on from look to look says what all of it says that is read anew, whatever comes late, early, or is rolled up,
// and however little is kept.
func TestReadingOnSaysWhatReadingAnewDoes(t *testing.T) {
	t.Parallel()
	c := &counting{bundle: setup(t), random: rand.New(rand.NewPCG(4, 2))} //nolint:gosec // no secret
	d, store := c.detector, statistics.NewStore(c.door, nil)
	m := d.remembered(c.tenantID)
	wanted := map[string]bool{"order": true}
	kept, slow := 0, 0
	for round := range 50 {
		c.commit(t, 40)
		if round == 20 {
			_, err := store.Compact(c.ctx, c.now.Add(-time.Hour))
			require.NoError(t, err)
		}
		d.mostHeld = mostHeld
		if round%10 == 9 {
			d.mostHeld = 100
		}
		if round == 30 {
			wanted = map[string]bool{"order": true, "refund": true}
		}
		require.NoError(t, d.remember(c.ctx, m, c.now, wanted))
		m.history.days[-1] = &day{speeds: map[endpoint]speed{}}
		for integration := range byte(4) {
			m.history.days[-1].speeds[endpoint{uuid.UUID{2, integration}, statistics.Call{Method: "GET", Endpoint: "/a"}}] = speed{10, 1000}
		}
		minute := statistics.MinuteOf(c.now)
		if m.recent.continues(m.history, minute, wanted) {
			kept++
		}
		got, err := d.readOn(c.ctx, m, minute, wanted)
		require.NoError(t, err)
		want := newRecent(m.history, minute, wanted)
		require.NoError(t, d.cells(c.ctx, want.first, want.end, want.take))
		want.sum()
		require.Equal(t, want.windows, got.windows, "round %d", round)
		require.Equal(t, want.sources, got.sources)
		require.Equal(t, want.arrivals, got.arrivals)
		require.Equal(t, want.runs, got.runs)
		require.Equal(t, want.pulls, got.pulls)
		require.Equal(t, want.rates, got.rates)
		require.Equal(t, speeds(want.endpoints), speeds(got.endpoints))
		require.Equal(t, speeds(want.took), speeds(got.took))
		require.Equal(t, len(want.calls), len(got.calls))
		for e, of := range want.calls {
			slow += int(of.slow)
			require.Equal(t, of.slow, got.calls[e].slow)
			require.Equal(t, of.hit, got.calls[e].hit)
			require.Equal(t, speeds(map[int]*statistics.Sketch{0: &of.sketch}), speeds(map[int]*statistics.Sketch{0: &got.calls[e].sketch}))
		}
		if round%10 == 9 {
			require.Nil(t, m.recent, "there is no room for it")
			require.Zero(t, d.held())
		} else {
			require.EqualValues(t, got.size(), d.held())
		}
		c.now = c.now.Add(time.Duration(c.random.IntN(5)) * time.Minute)
	}
	require.Greater(t, kept, 30, "mostly it is read on")
	require.Positive(t, slow)
}

// What cannot be read is not half read: the next look reads all.
func TestAReadingThatFailsIsMadeAnew(t *testing.T) {
	t.Parallel()
	c := &counting{bundle: setup(t), random: rand.New(rand.NewPCG(5, 2))} //nolint:gosec // no secret
	c.commit(t, 40)
	require.NoError(t, c.detector.Detect(c.ctx))
	m := c.detector.remembered(c.tenantID)
	require.NotNil(t, m.recent)
	gone, cancel := context.WithCancel(c.ctx)
	cancel()
	_, err := c.detector.readOn(gone, m, statistics.MinuteOf(c.now), map[string]bool{})
	require.Error(t, err)
	require.Nil(t, m.recent)
}
