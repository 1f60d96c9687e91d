package segment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/journal/entry"
)

// unpacked reads a segment as a reader does, column by column.
func unpacked(t require.TestingT, enc *Encoded) []*entry.Entry {
	head, err := OpenHead(enc.Head)
	require.NoError(t, err)
	list, err := OpenList(enc.List)
	require.NoError(t, err)
	body, err := OpenBody(enc.Body)
	require.NoError(t, err)
	require.Equal(t, enc.Entries, head.Len())
	require.Equal(t, enc.Entries, list.Len())
	require.Equal(t, enc.Entries, body.Len())
	entries := make([]*entry.Entry, head.Len())
	for i := range entries {
		entries[i] = &entry.Entry{}
		head.Row(i, &entries[i].Head)
		require.NoError(t, list.Row(i, &entries[i].List))
		entries[i].Detail, err = body.Detail(i)
		require.NoError(t, err)
	}
	return entries
}

// requireSame compares entries; durations by their bits, since NaN is not equal to itself.
func requireSame(t require.TestingT, want, got []*entry.Entry) {
	require.Len(t, got, len(want))
	for i := range want {
		w, g := *want[i], *got[i]
		require.Equal(t, math.Float64bits(w.DurationMS), math.Float64bits(g.DurationMS))
		w.DurationMS, g.DurationMS = 0, 0
		require.Equal(t, w, g)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		enc, err := NewEncoder().Encode(entries)
		require.NoError(t, err)
		require.NoError(t, enc.Verify())
		requireSame(t, entries, unpacked(t, &enc))
	})
}

func TestRoundTripOfManyByOneEncoder(t *testing.T) {
	t.Parallel()
	e := NewEncoder()
	g := newGenerator(3)
	for _, n := range []int{1, 2, 300, MaxEntries, 7} {
		entries := g.entries(n)
		enc, err := e.Encode(entries)
		require.NoError(t, err)
		requireSame(t, entries, unpacked(t, &enc))
	}
}

func TestLargeBodiesAreCutIntoMoreFrames(t *testing.T) {
	t.Parallel()
	g := newGenerator(4)
	entries := g.entries(40)
	for _, e := range entries {
		text := make([]byte, 64<<10)
		for i := range text {
			text[i] = byte(g.Uint32())
		}
		e.Detail.ResponseBody = &entry.Body{Text: string(text), SizeBytes: 1 << 20, Truncated: true}
	}
	enc, err := NewEncoder().Encode(entries)
	require.NoError(t, err)
	body, err := OpenBody(enc.Body)
	require.NoError(t, err)
	require.Len(t, body.frames.list, 5)
	requireSame(t, entries, unpacked(t, &enc))
}

func TestEncodeRefusesWhatIsNoSegment(t *testing.T) {
	t.Parallel()
	g := newGenerator(5)
	e := NewEncoder()
	_, err := e.Encode(nil)
	require.ErrorContains(t, err, "0 entries")
	_, err = e.Encode(g.entries(MaxEntries + 1))
	require.ErrorContains(t, err, "1025 entries")
	entries := g.entries(2)
	entries[0], entries[1] = entries[1], entries[0]
	_, err = e.Encode(entries)
	require.ErrorContains(t, err, "not sorted")
}

func TestSummary(t *testing.T) {
	t.Parallel()
	g := newGenerator(6)
	entries := g.entries(50)
	failed := 0
	for i, e := range entries {
		if i%10 == 0 {
			e.Status = entry.StatusFailure
		}
		if e.Status == entry.StatusFailure {
			failed++
		}
	}
	entries[7].CustomerID = uuid.Nil
	enc, err := NewEncoder().Encode(entries)
	require.NoError(t, err)
	require.Equal(t, failed, enc.Failures)
	require.Equal(t, 50, enc.Entries)
	require.Equal(t, entries[0].ID, enc.FirstID)
	require.Equal(t, entries[49].ID, enc.LastID)
	require.Equal(t, entries[0].Micros(), enc.FirstMicros)
	require.Equal(t, entries[49].Micros(), enc.LastMicros)
	require.NotZero(t, enc.Customers&HashBit(uuid.Nil))
	for _, e := range entries {
		require.NotZero(t, enc.Kinds&KindBit(e.Kind))
		require.NotZero(t, enc.Statuses&StatusBit(e.Status))
		require.NotZero(t, enc.Customers&HashBit(e.CustomerID))
		require.NotZero(t, enc.Integrations&HashBit(e.IntegrationID))
	}
	require.Zero(t, enc.Kinds&KindBit(entry.KindLogLine))
}

// HashBit is stored and compared in SQL: another hash would hide what was written before.
func TestHashBitNeverChanges(t *testing.T) {
	t.Parallel()
	require.Equal(t, uint64(1), HashBit(uuid.Nil))
	for id, bit := range map[string]int{
		"0195577c-1a80-7c3f-8a5e-0d9b1f2e3c4d": 0, "886313e1-3b8a-5372-9b90-0c9aee199e5d": 3, "ffffffff-ffff-ffff-ffff-ffffffffffff": 29,
	} {
		require.Equal(t, uint64(1)<<bit, HashBit(uuid.MustParse(id)), id)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	entries := newGenerator(8).entries(100)
	enc, err := NewEncoder().Encode(entries)
	require.NoError(t, err)
	head, err := OpenHead(enc.Head)
	require.NoError(t, err)
	for want, e := range entries {
		got, ok := head.Find(e.ID)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	_, ok := head.Find(uuid.Nil)
	require.False(t, ok)
	_, ok = head.Find(uuid.Max)
	require.False(t, ok)
}

// Whatever one bit or more of a segment is changed, or cut off: a reader says ErrDamaged.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	enc, err := NewEncoder().Encode(newGenerator(9).entries(60))
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		hurt := enc
		column := []*[]byte{&hurt.Head, &hurt.List, &hurt.Tokens, &hurt.Body}[n%4]
		b := append([]byte(nil), *column...)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		if n%5 == 0 {
			b = b[:r.IntN(len(b))]
		}
		if string(b) == string(*column) {
			continue
		}
		*column = b
		require.ErrorIs(t, hurt.Verify(), ErrDamaged)
		_, err := hurt.Unpack()
		require.ErrorIs(t, err, ErrDamaged, fmt.Sprint(n))
	}
	other, err := NewEncoder().Encode(newGenerator(10).entries(60))
	require.NoError(t, err)
	other.Body = enc.Body
	require.ErrorIs(t, other.Verify(), ErrDamaged, "columns of two segments")
}

// Damage that the sums do not show, since somebody made them right again, must not bring a reader down either.
func TestForgedSumsDoNotPanic(t *testing.T) {
	t.Parallel()
	enc, err := NewEncoder().Encode(newGenerator(11).entries(60))
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		for _, open := range []struct {
			column []byte
			read   func([]byte) error
		}{{enc.Head, readAllOfHead}, {enc.List, readAllOfList}, {enc.Body, readAllOfBody}} {
			b := append([]byte(nil), open.column[:len(open.column)-4]...)
			for range 1 + r.IntN(3) {
				b[1+r.IntN(min(len(b)-1, 200))] = byte(r.Uint32())
			}
			if err := open.read(seal(b, 0)); err != nil && !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
		}
	}
}

func readAllOfHead(b []byte) error {
	h, err := OpenHead(b)
	if err != nil {
		return err
	}
	var row entry.Head
	for i := range h.Len() {
		h.Row(i, &row)
	}
	m, err := NewMatcher(&entry.Filter{
		Kinds: []entry.Kind{entry.KindAPIRequest}, CustomerIDs: []uuid.UUID{row.CustomerID}, Methods: []string{"GET"},
		StatusCode: entry.IntRange{In: []int{200}}, DurationMS: entry.FloatRange{Min: new(float64)},
	})
	if err != nil {
		return err
	}
	h.Match(m, nil)
	return nil
}

func readAllOfList(b []byte) error {
	l, err := OpenList(b)
	if err != nil {
		return err
	}
	var row entry.List
	for i := range l.Len() {
		if err := l.Row(i, &row); err != nil {
			return err
		}
	}
	return nil
}

func readAllOfBody(b []byte) error {
	body, err := OpenBody(b)
	if err != nil {
		return err
	}
	var d entry.Detail
	for i := range body.Len() {
		if err := body.Read(i, &d); err != nil {
			return err
		}
	}
	return nil
}
