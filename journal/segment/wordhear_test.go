package segment

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

// heardIn are the words that a bodyWriter finds in a frame of the entries, by listening to a wordCoder or by looking.
func heardIn(t *testing.T, entries []*entry.Entry, listening bool) []uint32 {
	t.Helper()
	w := &newEncoder(newCompressor(zstd.SpeedFastest)).body
	if !listening {
		w.frames.words = nil
	}
	var found wordSet
	found.reset()
	w.frames.reset()
	w.found = &found
	w.frame(entries, leastSplit)
	require.Equal(t, listening, w.frames.pause > 0)
	list := found.all()
	slices.Sort(list)
	return list
}

func entriesOf(r *rand.Rand, text func(r *rand.Rand) string) []*entry.Entry {
	list := make([]*entry.Entry, 40)
	body := func() *entry.Body {
		s := text(r)
		return &entry.Body{Text: s, SizeBytes: len(s)}
	}
	for i := range list {
		d := &entry.Detail{RequestHeaders: []entry.Header{{Name: "X-Request-Id", Value: text(r)}}, Metadata: []byte(text(r))}
		if r.IntN(3) > 0 {
			d.RequestBody = body()
		}
		if r.IntN(3) > 0 {
			d.ResponseBody = body()
		}
		list[i] = &entry.Entry{Detail: d}
	}
	return list
}

var heardPieces = []string{
	" ", ",", `":"`, "_", "-", "a", "of", "Order", "order", "salesforce", "sixteenlettersss", "seventeenletterss", strings.Repeat("long", 20),
	"7", "42", "1234567890", "12345678901234567", "a1b2c3d4", "x9", "order7", "7order", "ABC",
}

func TestListeningFindsTheSameWords(t *testing.T) {
	t.Parallel()
	plain := func(r *rand.Rand) string {
		s := "{"
		for range r.IntN(60) {
			s += heardPieces[r.IntN(len(heardPieces))]
		}
		return s + "}"
	}
	for seed := range uint64(100) {
		entries := entriesOf(rand.New(rand.NewPCG(seed, 1)), plain)
		require.Equal(t, heardIn(t, entries, false), heardIn(t, entries, true), seed)
	}
}

// Texts that are not plain are looked through: no word of theirs may be missing. Others may seem to be there.
func TestListeningMissesNoWord(t *testing.T) {
	t.Parallel()
	pieces := append([]string{"é", "Zoë", "日本", `\n`, `\u00fc`, `\`, "\xff"}, heardPieces...)
	wild := func(r *rand.Rand) string {
		s := ""
		for range r.IntN(60) {
			s += pieces[r.IntN(len(pieces))]
		}
		return s
	}
	for seed := range uint64(200) {
		entries := entriesOf(rand.New(rand.NewPCG(seed, 2)), wild)
		heard := heardIn(t, entries, true)
		for _, hash := range heardIn(t, entries, false) {
			_, there := slices.BinarySearch(heard, hash)
			require.True(t, there, seed)
		}
	}
}

// Bodies that are not text have no words.
func TestBase64IsNotListenedTo(t *testing.T) {
	t.Parallel()
	entries := entriesOf(rand.New(rand.NewPCG(1, 3)), func(*rand.Rand) string { return "{some words}" })
	entries[7].Detail.RequestBody = &entry.Body{Text: "c2VjcmV0+d29yZHM=", Base64: true}
	require.Equal(t, heardIn(t, entries, false), heardIn(t, entries, true))
}

func TestHashOfLetters(t *testing.T) {
	t.Parallel()
	for n := 1; n <= longestCoded; n++ {
		word := []byte("AbCdEfGhIjKlMnOpQ"[:n])
		var padded [longestCoded]byte
		copy(padded[:], word)
		low, high := binary.LittleEndian.Uint64(padded[:]), binary.LittleEndian.Uint64(padded[8:])
		require.Equal(t, hashWord(word, 0, n), hashLetters(low, high, n), n)
	}
}
