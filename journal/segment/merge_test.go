package segment

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/journal/entry"
)

func TestMergeKeepsAllEntriesInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var in []Encoded
		var all []*entry.Entry
		for range rapid.IntRange(0, 4).Draw(t, "segments") {
			entries := drawEntries(t)
			in = append(in, *encoded(t, entries))
			all = append(all, entries...)
		}
		sortEntries(all)
		size := rapid.IntRange(1, 50).Draw(t, "size")
		out, err := Merge(in, size)
		require.NoError(t, err)
		var got []*entry.Entry
		for i := range out {
			require.NoError(t, out[i].Verify())
			require.LessOrEqual(t, out[i].Entries, size)
			got = append(got, unpacked(t, &out[i])...)
		}
		requireSame(t, all, got)
		require.Len(t, out, (len(all)+size-1)/size)
	})
}

// What is merged is like what came together, but packed more tightly.
func TestMergeIsLikeEncodingAtOnce(t *testing.T) {
	t.Parallel()
	entries := newGenerator(40).entries(500)
	var in []Encoded
	for from := 0; from < len(entries); from += 50 {
		in = append(in, *encoded(t, entries[from:from+50]))
	}
	out, err := Merge(in, 5000)
	require.NoError(t, err)
	require.Len(t, out, 1)
	want, got := *encoded(t, entries), out[0]
	require.Less(t, got.Size(), want.Size())
	require.Equal(t, want.Head, got.Head)
	require.Equal(t, want.Tokens, got.Tokens)
	for _, e := range []*Encoded{&want, &got} {
		e.Head, e.List, e.Tokens, e.Body, e.Checksum = nil, nil, nil, nil, 0
	}
	require.Equal(t, want, got)
}

func TestDropKeepsTheOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		gone := rapid.SliceOfN(rapid.Bool(), len(entries), len(entries)).Draw(t, "gone")
		var want []*entry.Entry
		for i, e := range entries {
			if !gone[i] {
				want = append(want, e)
			}
		}
		enc := encoded(t, entries)
		got, err := Drop(*enc, func(i int, id uuid.UUID) bool {
			require.Equal(t, entries[i].ID, id)
			return gone[i]
		})
		require.NoError(t, err)
		require.Equal(t, len(want), got.Entries)
		switch len(want) {
		case 0:
			require.Equal(t, Encoded{}, got)
		case len(entries):
			require.Equal(t, *enc, got)
		default:
			requireSame(t, want, unpacked(t, &got))
		}
	})
}

func TestMergeAndDropTellDamage(t *testing.T) {
	t.Parallel()
	good, bad := encoded(t, newGenerator(41).entries(5)), encoded(t, newGenerator(42).entries(5))
	bad.List[len(bad.List)/2] ^= 1
	_, err := Merge([]Encoded{*good, *bad}, 100)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "segment 1 of 2")
	_, err = Drop(*bad, func(int, uuid.UUID) bool { return true })
	require.ErrorIs(t, err, ErrDamaged)
}
