package issues

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// seenAtRandom are sightings of a few problems and apps over some time.
func seenAtRandom(r *rand.Rand, n int, over time.Duration) []Sighting {
	integration := uuid.UUID{1}
	list := make([]Sighting, n)
	for i := range list {
		g := &list[i]
		g.Key = Key{Category: diagnostics.RateLimited, IntegrationID: integration, Cause: "c", Scope: fmt.Sprint("GET /", r.IntN(4))}
		g.At = noon.Add(-time.Duration(r.Int64N(int64(over)))).Truncate(time.Microsecond)
		g.Confidence = 0.25 * float64(r.IntN(5))
		g.Evidence = Evidence{ID: nodeid.New(g.At), Kind: entry.Kind(1 + r.IntN(3))} //nolint:gosec // small
		switch g.CustomerID = (uuid.UUID{2, byte(r.IntN(5))}); r.IntN(4) {           //nolint:gosec // small
		case 0:
			g.CustomerID = uuid.Nil
		case 1:
			g.ConnectedAppID = uuid.UUID{3, byte(r.IntN(5))} //nolint:gosec // small
		case 2:
			g.ConnectedAppID = nodeid.ImpliedApp(g.CustomerID, integration)
		}
	}
	return list
}

func TestSightingsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	for _, n := range []int{1, 3, 300} {
		list := seenAtRandom(r, n, time.Hour)
		packed := pack(list)
		got, err := Unpack(packed)
		require.NoError(t, err)
		require.Equal(t, list, got)
		require.Less(t, len(packed), 150+40*n)
	}
	odd := []Sighting{{Key: Key{Category: "x", Cause: "a\x00b\xff"}, At: noon}}
	got, err := Unpack(pack(odd))
	require.NoError(t, err)
	require.Equal(t, "ab\uFFFD", got[0].Key.Cause, "what PostgreSQL does not keep is left out")
}

// Rows that wait since before an upgrade are read.
func TestSightingsOfOlderVersions(t *testing.T) {
	t.Parallel()
	const document = `[{"key":{"category":"rate_limited","integration_id":"01000000-0000-0000-0000-000000000000","cause":"c","scope":"GET /a"},` +
		`"customer_id":"02000000-0000-0000-0000-000000000000","connected_app_id":"00000000-0000-0000-0000-000000000000","at":"2026-03-10T12:00:00Z",` +
		`"evidence":{"id":"04000000-0000-0000-0000-000000000000","kind":1},"confidence":0.5}]`
	want := []Sighting{{
		Key: Key{Category: diagnostics.RateLimited, IntegrationID: uuid.UUID{1}, Cause: "c", Scope: "GET /a"}, CustomerID: uuid.UUID{2}, At: noon,
		Evidence: Evidence{ID: uuid.UUID{4}, Kind: 1}, Confidence: 0.5,
	}}
	for _, row := range [][]byte{[]byte(document), zip(nil, []byte(document))} {
		got, err := Unpack(row)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// said is all that a sheet says, in a form that compares.
func said(s *sheet) map[string]any {
	out := map[string]any{}
	for _, p := range s.problems {
		p.tidy()
		name := p.key.Scope
		out[name] = fmt.Sprint(p.first, p.last, p.confidence, p.kinds)
		for _, c := range p.cells {
			out[fmt.Sprint(name, c.minute, s.whoms.values[c.whom])] = fmt.Sprint(c.n, c.last)
		}
		for _, h := range p.hours {
			out[fmt.Sprint(name, "hour", h.hour)] = h.n
		}
		out[name+"shown"] = inOrder(p.evidence)
	}
	return out
}

// In whatever steps sightings come, and however their rows are merged, they add up to the same.
func TestSheetsAddUp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // no secret
	tenantID := uuid.UUID{9}
	// Few enough that all of the evidence is kept.
	list := seenAtRandom(r, 60, 40*time.Hour)
	at := func(some []Sighting) *sheet {
		return sheetOf(tenantID, tallyUp(tenantID, some, noon), newSheet(tenantID), noon)
	}
	whole := newSheet(tenantID)
	require.NoError(t, whole.add(at(list).pack(), true))
	merged := newSheet(tenantID)
	for i := 0; i < len(list); i += 7 {
		require.NoError(t, merged.add(at(list[i:min(i+7, len(list))]).pack(), true))
	}
	require.Equal(t, said(whole), said(merged))
	again := newSheet(tenantID)
	require.NoError(t, again.add(merged.pack(), true))
	require.Equal(t, said(whole), said(again))

	n := int64(0)
	for _, p := range whole.problems {
		for _, c := range p.cells {
			n += int64(c.n)
		}
	}
	require.EqualValues(t, len(list), n)
}

// What is too old by minute is counted by hour, and what is older not at all.
func TestTrim(t *testing.T) {
	t.Parallel()
	tenantID := uuid.UUID{9}
	list := seenAtRandom(rand.New(rand.NewPCG(5, 6)), 500, 20*day) //nolint:gosec // no secret
	made := sheetOf(tenantID, tallyUp(tenantID, list, noon.Add(-9*day)), newSheet(tenantID), noon.Add(-15*day))
	made.trim(noon)
	minutes, hours := int64(0), int64(0)
	for _, p := range made.problems {
		for _, c := range p.cells {
			require.False(t, c.at().Before(noon.Add(-recent)))
			minutes += int64(c.n)
		}
		for _, h := range p.hours {
			hours += h.n
		}
		for _, e := range p.evidence {
			require.False(t, e.At.Before(noon.Add(-recent)))
		}
	}
	wantHours := int64(0)
	for _, g := range list {
		if at := min(g.At.Unix(), noon.Add(-9*day).Unix()); hourOf(minuteOf(time.Unix(at, 0))) >= hourOf(minuteOf(noon.Add(-counted))) {
			wantHours++
		}
	}
	require.Zero(t, minutes)
	require.NotZero(t, hours)
	require.Equal(t, wantHours, hours)
}

// Where there are very many cells, those of hours that are over are put together: no sighting is lost, nor when the last was.
func TestCoarsen(t *testing.T) {
	t.Parallel()
	tenantID := uuid.UUID{9}
	s := newSheet(tenantID)
	key := Key{Category: diagnostics.RateLimited}
	p := s.problem(key.ID(tenantID), key, 1, 1)
	now := minuteOf(noon)
	for minute := now - 24*60; minute <= now; minute++ {
		for who := range byte(20) {
			s.count(p, cell{minute: minute, whom: s.whoms.of(whom{customer: uuid.UUID{who}}), n: 2, last: 7})
		}
	}
	before := s.size()
	s.coarsen(noon)
	require.Less(t, s.size(), before/8)
	n, last := int64(0), map[uint32]time.Time{}
	for _, c := range p.since(0) {
		n += int64(c.n)
		last[c.whom] = later(last[c.whom], c.lastAt())
	}
	require.EqualValues(t, 2*before, n)
	for _, at := range last {
		require.Equal(t, noon.Add(7*time.Microsecond), at)
	}
	require.Len(t, p.since(now-60), 61*20, "the last hours are as they were")
	first := p.since(0)[0]
	require.Equal(t, now-24*60, first.minute)
	require.Equal(t, noon.Add(-24*time.Hour+59*time.Minute+7*time.Microsecond), first.lastAt())
}

func FuzzUnpack(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // no secret
	list := seenAtRandom(r, 30, day)
	tenantID := uuid.UUID{9}
	f.Add(pack(list[:2]))
	f.Add(pack(list))
	f.Add(sheetOf(tenantID, tallyUp(tenantID, list, noon), newSheet(tenantID), noon).pack())
	f.Fuzz(func(t *testing.T, row []byte) {
		if got, err := Unpack(row); err == nil && len(got) > 0 && row[0] == sightingsPlain {
			again, err := Unpack(pack(got))
			require.NoError(t, err)
			require.Len(t, again, len(got))
		}
		s := newSheet(tenantID)
		if s.add(row, true) == nil {
			require.NoError(t, newSheet(tenantID).add(s.pack(), true))
		}
	})
}
