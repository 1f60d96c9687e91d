package term

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const someDay = int64(20_500) * dayMicros

// find looks a term up as package journal does: in the rows of its buckets.
func find(t *testing.T, rows []Row, hash int64) (spans []Span) {
	t.Helper()
	buckets := Buckets([]int64{hash})
	for _, r := range rows {
		if !slices.Contains(buckets, r.Bucket) {
			continue
		}
		var err error
		spans, err = Find(spans, r.Day, r.Packed, hash)
		require.NoError(t, err)
	}
	return spans
}

func covers(spans []Span, micros int64) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.First <= micros && micros <= s.Last })
}

func draw(r *rand.Rand, n int) []Term {
	list := make([]Term, n)
	for i := range list {
		list[i] = Term{Hash: int64(r.Uint64()), Micros: someDay + r.Int64N(3*dayMicros)} //nolint:gosec // Any bits do.
		if i > 0 && r.IntN(4) == 0 {
			list[i].Hash = list[r.IntN(i)].Hash
		}
	}
	return list
}

// Whatever number of commits there was, and whatever was merged, a term is found wherever it is.
func TestTermsAreFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 31, 70, 1000, 20_000} {
		var rows []Row
		var all []Term
		for range 3 {
			terms := draw(r, size)
			all = append(all, terms...)
			rows = append(rows, Pack(slices.Clone(terms))...)
		}
		byDay := map[int64][][]byte{}
		for _, row := range rows {
			byDay[row.Day] = append(byDay[row.Day], row.Packed)
		}
		var merged []Row
		for day, packed := range byDay {
			m, err := Merge(day, packed)
			require.NoError(t, err)
			require.LessOrEqual(t, len(m), 1<<mostBits)
			merged = append(merged, m...)
		}
		require.LessOrEqual(t, len(merged), len(rows))
		for _, term := range all[:min(len(all), 500)] {
			require.True(t, covers(find(t, rows, term.Hash), term.Micros))
			require.True(t, covers(find(t, merged, term.Hash), term.Micros))
		}
		require.Empty(t, find(t, merged, 42))
	}
}

// A row has some tens of terms: fewer would cost bytes, more would make lookups read what they do not look for.
func TestRowsOfACommit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for size, want := range map[int]int{1: 1, 31: 1, 300: 16, 5000: 256, 100_000: 256} {
		terms := make([]Term, size)
		for i := range terms {
			terms[i] = Term{Hash: int64(r.Uint64()), Micros: someDay} //nolint:gosec // Any bits do.
		}
		require.Len(t, Pack(terms), want, "%d terms", size)
	}
	require.Empty(t, Pack(nil))
}

func TestSpans(t *testing.T) {
	t.Parallel()
	at := someDay + 5_000_000
	rows := Pack([]Term{{7 << 40, at + 900_500}, {7 << 40, at}, {7 << 40, at + dayMicros}, {7 << 40, at - dayMicros}})
	require.Len(t, rows, 3)
	require.Equal(t, []Span{
		{at - dayMicros, at - dayMicros + 999}, {at, at + 900_999}, {at + dayMicros, at + dayMicros + 999},
	}, find(t, rows, 7<<40))

	late := Pack([]Term{{7 << 40, at + 1_800_000}})
	far := Pack([]Term{{7 << 40, at + 60_000_000}})
	merged, err := Merge(someDay, [][]byte{far[0].Packed, rows[1].Packed, late[0].Packed})
	require.NoError(t, err)
	require.Equal(t, []Span{{at, at + 1_800_999}, {at + 60_000_000, at + 60_000_999}}, find(t, merged, 7<<40))

	before := Pack([]Term{{1, -1}})
	require.Equal(t, []Span{{-1000, -1}}, find(t, before, 1))
}

func TestDamagedRows(t *testing.T) {
	t.Parallel()
	row := Pack([]Term{{1, someDay}, {1, someDay + 5_000_000}})[0].Packed
	for _, bad := range [][]byte{nil, {2}, row[:5], row[:1+recordSize], append([]byte{9}, row[1:]...)} {
		_, err := Find(nil, someDay, bad, 1)
		require.ErrorIs(t, err, ErrDamaged)
		_, err = Merge(someDay, [][]byte{bad})
		require.ErrorIs(t, err, ErrDamaged)
	}
}

// What can be merged is merged for good, and loses nothing.
func FuzzMerge(f *testing.F) {
	f.Add(Pack([]Term{{1, someDay}, {1, someDay + 5_000_000}, {2, someDay}})[0].Packed, int64(1))
	f.Fuzz(func(t *testing.T, packed []byte, hash int64) {
		merged, err := Merge(someDay, [][]byte{packed})
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		var again [][]byte
		for _, row := range merged {
			again = append(again, row.Packed)
		}
		twice, err := Merge(someDay, again)
		require.NoError(t, err)
		require.Equal(t, merged, twice)
		spans, err := Find(nil, someDay, packed, hash)
		require.NoError(t, err)
		for _, s := range spans {
			require.True(t, covers(find(t, merged, hash), s.First))
		}
	})
}
