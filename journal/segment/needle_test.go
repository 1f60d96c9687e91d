package segment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/journal/entry"
)

func TestFoldedToASCIIAreAll(t *testing.T) {
	t.Parallel()
	found := map[rune]rune{}
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if folded := fold(r); folded < utf8.RuneSelf {
			found[r] = folded
		}
	}
	require.Equal(t, found, foldedToASCII)
}

func TestNeedleIsTheLongestPlainTerm(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"": "", "ab": "", "abc": "abc", "abc Defg": "defg", `"two words" x`: "two words", "müller gmbh": "gmbh",
		"/v3/contacts ok": "", `c:\temp one`: "one", "a-1001": "a-1001",
	} {
		s, err := ParseSearch(query)
		require.NoError(t, err)
		got := ""
		if s.needle != nil {
			got = s.needle.text
		}
		require.Equal(t, want, got, query)
	}
}

// pieces are what texts and searches are made of here: cases, escapes, characters that are folded into ASCII, words that
// are cut at the boundaries of texts.
var pieces = []string{
	"kiosk", "KIOSK", "Kio", "sk", "ski", "s", "k", "i", " ", "  ", "\n", "-", "_", "1001", "a-1001", ".", "/", `\/`, `\\`, `\`, `"`, `\"`, `\n`,
	`\u`, `\u004b`, `\u004B`, `\u0069`, `\u0131`, `\u0130`, `\u212a`, `\u017f`, `\u0026`, `\ud83d\ude00`, `\ud83d`, "\u0130", "\u0131", "\u017f", "\u212a", "ü", "京", "\xff",
}

func drawPieces(t *rapid.T, name string, most int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, most).Draw(t, name), "")
}

// spelled writes a text as it may stand in JSON or elsewhere: a letter in any case, by its number, or as another that is
// folded into it.
func spelled(t *rapid.T, s string) string {
	var b strings.Builder
	for i := range len(s) {
		forms := []string{s[i : i+1], strings.ToUpper(s[i : i+1]), s[i : i+1], fmt.Sprintf(`\u%04x`, s[i]), fmt.Sprintf(`\u%04X`, s[i])}
		for odd, folded := range foldedToASCII {
			if byte(folded) == s[i] {
				forms = append(forms, string(odd), fmt.Sprintf(`\u%04x`, odd))
			}
		}
		slices.Sort(forms)
		b.WriteString(rapid.SampledFrom(forms).Draw(t, "form"))
	}
	return b.String()
}

func oneTerm(t term) []term { return []term{t} }

var spelledTerms = []string{"kiosk", "a-1001", "ski", "no such thing", "acme", "disk 7"}

func drawSpelled(t *rapid.T) (term, s string) {
	term = rapid.SampledFrom(spelledTerms).Draw(t, "term")
	return term, drawPieces(t, "before", 2) + " " + spelled(t, term) + " " + drawPieces(t, "after", 2)
}

func TestNeedleIsInTermsHoweverTheyAreSpelled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		term, s := drawSpelled(t)
		one := newTerm(term)
		if json := rapid.Bool().Draw(t, "json"); one.in(normalize(nil, s, json)) {
			require.True(t, newNeedle(oneTerm(one)).in(s), "%q in %q", term, s)
		}
	})
}

func TestNeedleIsInWhateverItsTermIsIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := newTerm(drawPieces(t, "term", 4))
		n := newNeedle(oneTerm(one))
		if n == nil {
			t.Skip("no plain term")
		}
		s, json := drawPieces(t, "text", 12), rapid.Bool().Draw(t, "json")
		if one.in(normalize(nil, s, json)) {
			require.True(t, n.in(s), "%q in %q", n.text, s)
			require.True(t, n.in("x"+s+"x"), "%q in %q and more", n.text, s)
		}
		if utf8.ValidString(s) && isPlainText(s) {
			require.Equal(t, strings.Contains(strings.ToLower(s), n.text), n.in(s), "%q in %q", n.text, s)
		}
	})
}

// isPlainText tells whether nothing in a text stands for anything else.
func isPlainText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || r == '\\' })
}

// narrowed asks Narrow of all positions, frame by frame.
func narrowed(t require.TestingT, search *Search, enc *Encoded) (kept []int) {
	head, err := OpenHead(enc.Head)
	require.NoError(t, err)
	list, err := OpenList(enc.List)
	require.NoError(t, err)
	body, err := OpenBody(enc.Body)
	require.NoError(t, err)
	for i := 0; i < head.Len(); {
		from, to := body.Frame(i)
		require.Equal(t, i, from)
		var all []int
		for ; i < to; i++ {
			all = append(all, i)
		}
		some, err := search.Narrow(head, list, body, all)
		require.NoError(t, err)
		kept = append(kept, some...)
	}
	return kept
}

func requireNarrowed(t require.TestingT, query string, enc *Encoded) (kept, matching []int) {
	search, err := ParseSearch(query)
	require.NoError(t, err)
	kept = narrowed(t, search, enc)
	for i, e := range unpacked(t, enc) {
		if search.Matches(e) {
			matching = append(matching, i)
			require.Contains(t, kept, i, "%q: %+v", query, e)
		}
	}
	return kept, matching
}

func TestNarrowKeepsWhatMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		query := rapid.SampledFrom(spelledTerms).Draw(t, "query")
		for _, e := range entries {
			_, s := drawSpelled(t)
			switch rapid.IntRange(0, 8).Draw(t, "where") {
			case 0:
				e.URL = s
			case 1:
				e.ErrorCode = strings.ToValidUTF8(s, "")
			case 2:
				e.EventType = s
			case 3:
				e.Identifiers = []entry.Identifier{{Key: "k", Value: s}}
			case 4:
				e.Detail = &entry.Detail{RequestBody: &entry.Body{Text: `{"a":"` + s}}
			case 5:
				e.Detail = &entry.Detail{ResponseBody: &entry.Body{Text: s}}
			case 6:
				e.Detail = &entry.Detail{ResponseHeaders: []entry.Header{{Name: "x", Value: s}}}
			case 7:
				e.Detail = &entry.Detail{Metadata: []byte(`{"a":"` + s)}
			}
		}
		requireNarrowed(t, `"`+query+`"`, encoded(t, entries))
	})
}

func TestNarrowDropsMostOfARareWord(t *testing.T) {
	t.Parallel()
	entries := newGenerator(31).entries(1000)
	entries[700].Detail = &entry.Detail{ResponseBody: &entry.Body{Text: `{"note":"a Quizzaciously rare word"}`}}
	entries[20].Message = "quizzaciously"
	enc := encoded(t, entries)
	kept, matching := requireNarrowed(t, "QUIZZACIOUSLY", enc)
	require.Equal(t, []int{20, 700}, matching)
	require.Equal(t, matching, kept)
	kept, _ = requireNarrowed(t, "/", enc)
	require.Len(t, kept, 1000, "no plain term")
}

func TestNarrowTellsOfDamage(t *testing.T) {
	t.Parallel()
	enc := encoded(t, newGenerator(32).entries(300))
	search, err := ParseSearch("word")
	require.NoError(t, err)
	head, err := OpenHead(enc.Head)
	require.NoError(t, err)
	for _, broken := range []string{"list", "body"} {
		list, err := OpenList(enc.List)
		require.NoError(t, err)
		body, err := OpenBody(enc.Body)
		require.NoError(t, err)
		frames := &list.frames
		if broken == "body" {
			frames = &body.frames
		}
		frames.list[0].packed = slices.Repeat([]byte{7}, len(frames.list[0].packed))
		_, err = search.Narrow(head, list, body, []int{0, 1})
		require.ErrorIs(t, err, ErrDamaged, broken)
	}
}
