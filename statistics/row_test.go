package statistics

import (
	"encoding/base64"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

var begin = time.Date(2026, 3, 10, 22, 0, 0, 0, time.UTC)

// draw makes entries of some customers and integrations over four hours, across midnight.
func draw(r *rand.Rand, n int) []*entry.Entry {
	var ids []uuid.UUID
	for i := range byte(6) {
		ids = append(ids, uuid.UUID{6: 0x50, 8: 0x80, 15: i + 1})
	}
	list := make([]*entry.Entry, n)
	for i := range list {
		e := &entry.Entry{Head: entry.Head{
			ID: nodeid.New(begin.Add(time.Duration(r.Int64N(int64(4 * time.Hour))))), Kind: entry.Kinds[r.IntN(len(entry.Kinds))],
			Status: entry.Status(1 + r.IntN(4)), DurationMS: -1, //nolint:gosec // One of four.
		}}
		if r.IntN(5) > 0 {
			e.CustomerID, e.IntegrationID = ids[r.IntN(3)], ids[3+r.IntN(3)]
			e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
			if r.IntN(4) == 0 {
				e.ConnectedAppID = ids[0]
			}
		}
		if r.IntN(4) > 0 {
			e.DurationMS = math.Exp(r.NormFloat64()*2 + 4)
		}
		switch e.Kind {
		case entry.KindAPIRequest:
			e.Method, e.Endpoint, e.StatusCode = []string{"GET", "POST"}[r.IntN(2)], []string{"/a", "/b/{id}"}[r.IntN(2)], 200+r.IntN(3)*100
			e.Direction = entry.Direction(r.IntN(3)) //nolint:gosec // One of three.
		case entry.KindTransaction:
			e.Transaction = &entry.Transaction{From: "ERP", To: []string{"CRM", "WMS"}[r.IntN(2)]}
			e.EventType = "transfer"
		}
		if e.Status == entry.StatusFailure {
			e.ErrorKind, e.ErrorCode = entry.ErrorHTTP, []string{"", "INVALID"}[r.IntN(2)]
		}
		list[i] = e
	}
	return list
}

// Whatever is packed, and packed again with other rows, counts the same.
func TestPackedCellsCountTheEntries(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	want, durations := map[Dimensions]int64{}, map[Dimensions]map[int]int64{}
	var rows []Row
	collector := NewCollector()
	for range 5 {
		for _, e := range draw(r, 400) {
			c := CellOf(e)
			want[c.Dimensions]++
			for _, d := range c.Durations {
				if durations[c.Dimensions] == nil {
					durations[c.Dimensions] = map[int]int64{}
				}
				durations[c.Dimensions][d.Bin]++
			}
			collector.AddEntry(e)
		}
		packed := collector.Pack()
		require.Len(t, packed, 2, "two days")
		rows = append(rows, packed...)
	}
	check := func(rows []Row) {
		got, bins := map[Dimensions]int64{}, map[Dimensions]map[int]int64{}
		for _, row := range rows {
			cells, err := Open(row.Packed)
			require.NoError(t, err)
			var c Cell
			for i := range cells.Len() {
				cells.Cell(i, &c)
				require.True(t, row.FirstMinute <= c.Minute && c.Minute <= row.LastMinute)
				got[c.Dimensions] += c.Count
				for _, d := range c.Durations {
					if bins[c.Dimensions] == nil {
						bins[c.Dimensions] = map[int]int64{}
					}
					bins[c.Dimensions][d.Bin] += d.Count
				}
			}
		}
		require.Equal(t, want, got)
		require.Equal(t, durations, bins)
	}
	check(rows)
	for _, row := range rows {
		cells, err := Open(row.Packed)
		require.NoError(t, err)
		var c Cell
		for i := range cells.Len() {
			cells.Cell(i, &c)
			collector.Add(&c)
		}
	}
	merged := collector.Pack()
	require.Len(t, merged, 2)
	check(merged)
}

func TestWhatIsTakenBackIsLeftOut(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	cell := Cell{Dimensions: Dimensions{Minute: 5, Kind: entry.KindFlowRun, Status: entry.StatusPending}, Count: 1}
	c.Add(&cell)
	cell.Count = -1
	c.Add(&cell)
	require.Empty(t, c.Pack())
	cell.Status, cell.Durations = entry.StatusSuccess, []BinCount{{7, 1}}
	c.Add(&cell)
	rows := c.Pack()
	require.Len(t, rows, 1)
	cells, err := Open(rows[0].Packed)
	require.NoError(t, err)
	var got Cell
	cells.Cell(0, &got)
	require.Equal(t, cell, got)
}

// A percentile is within one percent of the true one, of the whole and of the sum of parts.
func TestQuantilesAreWithinOnePercent(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var parts [3]Sketch
		var all []float64
		for range 1 + r.IntN(2000) {
			ms := math.Exp(r.NormFloat64()*2 + 5)
			all = append(all, ms)
			parts[r.IntN(3)].Add(ms)
		}
		var sum Sketch
		for i := range parts {
			sum.Merge(&parts[i])
		}
		require.Equal(t, int64(len(all)), sum.Len())
		slices.Sort(all)
		for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
			truth := all[int(q*float64(len(all)-1))]
			require.InEpsilon(t, truth, sum.Quantile(q), accuracy+1e-9)
		}
	}
	require.True(t, math.IsNaN((&Sketch{}).Quantile(0.5)))
}

// Bins are stored, so they never change.
func TestBinsAreStored(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{1, 1, 347, 577}, []int{binOf(0), binOf(0.001), binOf(1), binOf(100)})
}

// firstVersion is the first row of 60 entries of draw, as version 1 packed it.
var firstVersion, _ = base64.StdEncoding.DecodeString("ASi1L/1EAC4BJQoAQtZCN0BvggC/+R/Nkr/OT4bEbIhK7Bs2lmXN+oCE0NuRpriQl6lPo0pFe4n2fi8GJpzMR/jpf9877wFTIo3REQXheFAlFA" +
	"lfqA8OCtWCLFSJEqFgKBKHRF04JzpSEwje//69vbZtb1sbf3t8e3Mb33rFiIG3bWrb2vPNJ3+SfP7mc7Xkyna2vWyfj7evJ1eSZNvJ+X2zv07B" +
	"IIo2MhJoBDigkSGgcok2ODiijgaVBQoGVCKpwB7uoQM95TfZEGXQBkA9o2xlPiZ0wkgNsXBBQ4ZNyAboA9PRCSOV+4EHBAcSInhMZgZkUhsLNd" +
	"KlHSpg4GChYJlopEs3FmoyIJNSe+U8vRTZtG1bCYRQUbICFgC4gblI1K1sKoQValx9NNsaDDZ7k2PUCZyMNaRplqebxQMdgo6BLlQtAC2CzjOL" +
	"qQyWQ6kDqnGWfQ==")

// secondVersion is the same as version 2 packed it.
var secondVersion, _ = base64.StdEncoding.DecodeString("AnMotS/9AABVAwAEBQMAAAAAAABQAIACAQMDBgQFAQEAAgRQT1NUBy9iL3tpZH0EUE9TVAIvYQIBB0lOVkFMSUQBAAIDRVJQA0NSTQh0cmFuc2Zl" +
	"cgNFUlADV01TCgBOs4CgQ9Ax0IWqBaBF0HlmMZXBOJQuAB3exZccdAALAAYEDAAACAALCAEABwABAQsBAQgFAgYAAgYAeEVhZ1IkBhcCdGcBAGRm" +
	"BWVSBzE1ATAxATQ2NiTBAXQBAQIDAQABAgEBAwEDAwECAgIDAwMDAwIAAwMBAXQCAwACBAECBAIAAwAEAwIDAAAEAgMABAABBAADA3QCAQECAQAB" +
	"AQIBAQICAgIBAQECAgEBAgEAAQIBAQB0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAJ8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAJEDAAAAAADJ" +
	"AXQAAQIAAAACAAACAAACAQABAAABAgABAAABAQIAAHQAAAABAAAAAgAAAAAAAAIAAAAAAQAAAAAAAAAAAAB0AAICAAIAAAACAAAAAAIAAgAAAAIA" +
	"AgAAAAAAAACcAeYGRcoEowOCA40BKK0BiAGDBIgEvgHzArcCugmEA7IB+QMuvAGACADNTPiQ")

// Traffic says of every cell what the whole cell does, in whatever version the row is; and what is damaged is none.
func TestTrafficIsWhatCellsAre(t *testing.T) {
	t.Parallel()
	c, r := NewCollector(), rand.New(rand.NewPCG(11, 8))
	packed := [][]byte{firstVersion, secondVersion}
	for n := range 40 {
		for _, e := range draw(r, 1+n*40) {
			c.AddEntry(e)
		}
		for _, row := range c.Pack() {
			packed = append(packed, row.Packed)
		}
	}
	var cell Cell
	for _, row := range packed {
		cells, err := Open(row)
		require.NoError(t, err)
		traffic, err := OpenTraffic(row)
		require.NoError(t, err)
		require.Equal(t, cells.Len(), traffic.Len())
		for i := range cells.Len() {
			cells.Cell(i, &cell)
			require.Equal(t, Dimensions{
				Minute: cell.Minute, Kind: cell.Kind, Status: cell.Status, CustomerID: cell.CustomerID, IntegrationID: cell.IntegrationID,
				ConnectedAppID: cell.ConnectedAppID, Call: cell.Call,
			}, dimensionsOf(traffic, i))
			require.Equal(t, cell.Count, traffic.Count(i))
		}
		broken := slices.Clone(row)
		broken[len(broken)/2] ^= 1
		_, err = OpenTraffic(broken)
		require.ErrorIs(t, err, ErrDamaged)
	}
	_, err := OpenTraffic(nil)
	require.ErrorIs(t, err, ErrDamaged)
}

func dimensionsOf(t *Traffic, i int) Dimensions {
	d := Dimensions{
		Minute: t.Minute(i), Kind: t.Kind(i), Status: t.Status(i), CustomerID: pick(t.Customers(), t.Customer(i)),
		IntegrationID: pick(t.Integrations(), t.Integration(i)), Call: pick(t.Calls(), t.Call(i)),
	}
	switch n := t.App(i); n {
	case NoApp:
	case ImpliedApp:
		d.ConnectedAppID = nodeid.ImpliedApp(d.CustomerID, d.IntegrationID)
	default:
		d.ConnectedAppID = t.Apps()[n-ListedApp]
	}
	return d
}

// What was written once is read for good.
func TestOlderVersionsAreRead(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	for _, e := range draw(rand.New(rand.NewPCG(7, 8)), 60) {
		c.AddEntry(e)
	}
	now := cellsIn(t, c.Pack()[0].Packed)
	require.Equal(t, now, cellsIn(t, firstVersion))
	require.Equal(t, now, cellsIn(t, secondVersion))
	broken := slices.Clone(firstVersion)
	broken[len(broken)/2] ^= 1
	_, err := Open(broken)
	require.ErrorIs(t, err, ErrDamaged)
}

func cellsIn(t *testing.T, packed []byte) map[Dimensions]Cell {
	t.Helper()
	cells, err := Open(packed)
	require.NoError(t, err)
	all := map[Dimensions]Cell{}
	var c Cell
	for i := range cells.Len() {
		cells.Cell(i, &c)
		c.Durations = slices.SortedFunc(slices.Values(c.Durations), func(a, b BinCount) int { return a.Bin - b.Bin })
		all[c.Dimensions] = c
	}
	return all
}

// A bit that turned over is seen, wherever it is.
func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	c := NewCollector()
	for _, e := range draw(rand.New(rand.NewPCG(9, 8)), 60) {
		c.AddEntry(e)
	}
	row := c.Pack()[0].Packed
	for i := range row {
		broken := slices.Clone(row)
		broken[i] ^= 1
		_, err := Open(broken)
		require.ErrorIs(t, err, ErrDamaged, i)
	}
}

func BenchmarkOpen(b *testing.B) {
	c := NewCollector()
	for _, e := range draw(rand.New(rand.NewPCG(5, 6)), 1000) {
		c.AddEntry(e)
	}
	row := c.Pack()[0].Packed
	b.Run("cells", func(b *testing.B) {
		for b.Loop() {
			_, _ = Open(row)
		}
	})
	b.Run("traffic", func(b *testing.B) {
		for b.Loop() {
			_, _ = OpenTraffic(row)
		}
	})
}

func FuzzOpen(f *testing.F) {
	old, err := decompressor().DecodeAll(firstVersion[1:], nil)
	require.NoError(f, err)
	f.Add(append([]byte{1}, old...))
	c := NewCollector()
	for _, e := range draw(rand.New(rand.NewPCG(5, 6)), 200) {
		c.AddEntry(e)
	}
	row := c.Pack()[0].Packed
	f.Add(row[:len(row)-crc32.Size])
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 {
			return
		}
		r := &reader{version: raw[0], rest: raw[1:]}
		var cells *Cells
		if r.version == 1 {
			cells = r.first()
		} else {
			cells = r.second()
		}
		if r := (&reader{version: raw[0], rest: raw[1:], lean: true}); raw[0] > 1 {
			// Whatever is damaged beside it, what traffic says can be read or is refused.
			if c := r.second(); c != nil && !r.bad {
				for i := range c.Len() {
					dimensionsOf(&Traffic{c}, i)
				}
			}
		}
		if cells == nil || r.bad || len(r.rest) > 0 {
			return
		}
		// What can be read can be packed again, and counts the same.
		again, want := NewCollector(), int64(0)
		var c Cell
		for i := range cells.Len() {
			cells.Cell(i, &c)
			again.Add(&c)
			want += c.Count
		}
		got := int64(0)
		for _, row := range again.Pack() {
			packed, err := Open(row.Packed)
			require.NoError(t, err)
			for _, n := range packed.counts {
				got += n
			}
		}
		require.Equal(t, want, got)
	})
}
