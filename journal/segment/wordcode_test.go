package segment

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// apart takes a frame apart and packs it.
func apart(raw []byte) []byte {
	var c wordCoder
	c.split(raw)
	return c.appendPacked(nil, newCompressor(zstd.SpeedFastest))
}

func requireJoins(t *testing.T, raw []byte) {
	t.Helper()
	got, err := joinWords(nil, apart(raw), len(raw))
	require.NoError(t, err)
	require.Equal(t, string(raw), string(got))
}

func TestWordsJoin(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "a", "ab", "abc", "abc abc", "abc  abc", " abc abc ", "abc\tabc", "abcabc abc", "the the the", "The the THE",
		"1", "12", "123456789", "1234567890", "12345678901", "12345678901234567890123", "a1b22c333dddd4444", "abc12 12 abc 12abc",
		"fifteenletterss sixteenlettersss seventeenletterss", strings.Repeat("letters", 100), strings.Repeat("7", 100),
		"zoë", "日本語 abc 日本語", "abc\xff\xfe\x80abc", "\x00\x01\x7f\x80\xcf\xd0\xf4\xf5\xfd\xfe\xff", `{"id":12,"name":"abc abc"}`,
		"abcdefgh abcdefghi abcdefghij abcdefgh abcdefg", "customer customers customerservice customer",
	} {
		requireJoins(t, []byte(raw))
	}
}

// More words than a dictionary has, each at first once, so that short codes, long ones and none are all there.
func TestWordsBeyondTheDictionary(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for i := range 3 * mostCoded {
		word := i
		if i > 2*mostCoded {
			word = r.IntN(mostCoded + 1000)
		}
		b = append(b, "wxyz"[i%4])
		for n := word + 26; n > 0; n /= 26 {
			b = append(b, 'a'+byte(n%26))
		}
		b = fmt.Appendf(b, " %d", r.IntN(1000))
	}
	requireJoins(t, b)
}

func TestWordsOfRandomPieces(t *testing.T) {
	t.Parallel()
	pieces := []string{" ", " ", "  ", `","`, "a", "Of", "the", "order", "Salesforce", "sixteenlettersss", "averyverylongword", "7", "42", "1234567890", "é", "\xfe", "\x80", "\n"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		var b []byte
		for range r.IntN(400) {
			b = append(b, pieces[r.IntN(len(pieces))]...)
		}
		requireJoins(t, b)
	}
}

// A coder that is used again remembers nothing.
func TestWordCoderAgain(t *testing.T) {
	t.Parallel()
	var c wordCoder
	z := newCompressor(zstd.SpeedFastest)
	for _, raw := range []string{strings.Repeat("some words of some order 1234 ", 500), "few", strings.Repeat("Others é ", 99)} {
		c.split([]byte(raw))
		got, err := joinWords(nil, c.appendPacked(nil, z), len(raw))
		require.NoError(t, err)
		require.Equal(t, raw, string(got))
	}
}

// What repeats whole stretches is compressed as a whole; what says other things in the same words is taken apart.
func TestFramesTakeTheFormThatSuitsThem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	vocabulary := make([]string, 2000)
	for i := range vocabulary {
		for range 2 + r.IntN(3) {
			vocabulary[i] += string([]byte{"bcdfgklmnprst"[r.IntN(13)], "aeiou"[r.IntN(5)]})
		}
	}
	var prose, records []byte
	for len(prose) < 100_000 {
		prose = append(append(prose, vocabulary[int(float64(len(vocabulary))*r.Float64()*r.Float64())]...), ' ')
	}
	tokens := make([]string, 300)
	for i := range tokens {
		raw := make([]byte, 60)
		for k := range raw {
			raw[k] = byte(r.Uint32())
		}
		tokens[i] = base64.StdEncoding.EncodeToString(raw)
	}
	for len(records) < 100_000 {
		records = fmt.Appendf(records, `{"token":"%s"},`, tokens[r.IntN(len(tokens))])
	}
	w := &NewEncoder().body.frames
	for i, raw := range [][]byte{prose, records, prose} {
		w.left = 0 // a trial
		for range 2 * trialSoon {
			w.reset()
			w.add(raw, 1, w.choose(len(raw)))
			require.EqualValues(t, []int{formWords, formCompressed, formWords}[i], w.packed[0])
		}
	}
}

// A trial costs three frames, so there are few while they say the same, and soon another when one does not.
func TestTrialsAreRareWhileTheyAgree(t *testing.T) {
	t.Parallel()
	prose := []byte(strings.Repeat("some words of some order 1234 ", 10))
	w := &NewEncoder().body.frames
	between := func(raw []byte) int {
		n := 0
		for w.choose(leastSplit) != formEither {
			n++
		}
		w.addShorter(raw)
		return n
	}
	require.Equal(t, 0, between(prose))
	for _, n := range []int{trialSoon, 2 * trialSoon, 4 * trialSoon} {
		require.Equal(t, n, between(prose))
	}
	for range 10 {
		between(prose)
	}
	require.Equal(t, trialLate, between(prose))
	w.plain = !w.plain // as if the last one had said something else
	between(prose)
	require.Equal(t, trialSoon, between(prose))
}

func TestJoinWordsRefusesWhatIsDamaged(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.Repeat(`{"order":1234,"note":"the order was late, the customer was not"} é `, 300))
	packed := apart(raw)
	for _, n := range []int{0, len(raw) - 1, len(raw) + 1, 1 << 40} {
		_, err := joinWords(nil, packed, n)
		require.ErrorIs(t, err, ErrDamaged, n)
	}
	for cut := range packed {
		_, err := joinWords(nil, packed[:cut], len(raw))
		require.ErrorIs(t, err, ErrDamaged, cut)
	}
	_, err := joinWords(nil, append(packed, 0), len(raw))
	require.ErrorIs(t, err, ErrDamaged)
}

func FuzzWords(f *testing.F) {
	f.Add([]byte(`{"order":1234,"note":"the order was late"}`))
	f.Add([]byte("\xff8\x97\x94\x8c\xe9\xe8\\\xee\x81\r\xea\xd1g\xa5s"))
	// What lies behind a frame is overwritten, and that is not the test's.
	f.Fuzz(func(t *testing.T, raw []byte) { requireJoins(t, slices.Clip(raw)) })
}

func FuzzJoinWords(f *testing.F) {
	f.Add(apart([]byte(strings.Repeat("the order 1234 was late é ", 40))), 1040)
	f.Add([]byte{2, 2, 1, 1, 2, 2, 5, 5, 0x80, 0xf5, 7, '1', '2', 1, 0, 'a', 'b', 'c'}, 5)
	f.Fuzz(func(t *testing.T, packed []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		if got, err := joinWords(nil, packed, n); err == nil {
			require.Len(t, got, n)
		} else {
			require.ErrorIs(t, err, ErrDamaged)
		}
	})
}
