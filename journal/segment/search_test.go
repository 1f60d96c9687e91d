package segment

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	e := newGenerator(30).entries(1)[0]
	e.URL = "https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx?name=M%C3%BCller"
	e.Message = "Session expired or invalid"
	e.ErrorCode = "INVALID_SESSION_ID"
	e.Identifiers = []entry.Identifier{{Key: "order_id", Value: "A-1001"}}
	e.Detail = &entry.Detail{
		RequestHeaders: []entry.Header{{Name: "X-Correlation-Id", Value: "886313e1-3b8a-5372-9b90-0c9aee199e5d"}},
		RequestBody:    &entry.Body{Text: `{"name":"M\u00fcller GmbH","path":"C:\\new","note":"first\nsecond","to":"foo.bar@example.com","say":"he said \"no\""}`},
		ResponseBody:   &entry.Body{Text: "<a>Größe: 東京タワー 12,5 C:\\temp ЗАКАЗ</a>"},
		Metadata:       []byte(`{"worker":"sync-7"}`),
	}
	enc := encoded(t, []*entry.Entry{e})
	for query, want := range map[string]bool{
		"":                                     true,
		"  ":                                   true,
		"expired":                              true,
		"EXPIRED session":                      true,
		"expire":                               false, // a word is found whole
		"xpired":                               false,
		"expired nowhere":                      false,
		`"session expired"`:                    true,
		`"expired session"`:                    false,
		`"session expired`:                     true,  // a quote that is not closed
		`"ession expired"`:                     false, // quoted words are whole, too
		"session":                              true,  // in INVALID_SESSION_ID
		"invalid_session_id":                   true,
		"session_id":                           true,
		"a-1001":                               true,
		"1001":                                 true,
		"a-100":                                false,
		"or":                                   true, // too short for the filter, but found
		"of":                                   false,
		"886313e1-3b8a-5372-9b90-0c9aee199e5d": true,
		"0C9AEE199E5D":                         true,
		"9b90-0c9aee199e5d":                    true,
		"x-correlation-id":                     true,
		"müller":                               true, // escaped in JSON
		"MÜLLER":                               true,
		"second":                               true, // behind an escaped line break
		"nsecond":                              false,
		`c:\new`:                               true,
		`c:\temp`:                              true,
		"foo.bar@example.com":                  true,
		"bar@example":                          true,
		"/services/data/v60.0":                 true,
		"services/data":                        true,
		"größe":                                true,
		"GRÖSSE":                               false, // ß has one letter
		"京タ":                                   true,  // characters are words where there are no spaces
		"заказ":                                true,
		"sync-7":                               true,
		"order_id":                             false, // identifiers are found by value
		"12,5":                                 true,
		`"GmbH","path"`:                        true, // a quote inside of a term is a character
	} {
		s, err := ParseSearch(query)
		require.NoError(t, err, query)
		require.Equal(t, want, s.Matches(e), query)
		if want {
			require.True(t, s.MayMatch(enc.Tokens), query)
		}
	}
	s, err := ParseSearch("nowhere")
	require.NoError(t, err)
	require.False(t, s.MayMatch(enc.Tokens))
	require.True(t, s.MayMatch(nil), "what cannot be read may match")
	require.True(t, s.MayMatch([]byte{9, 0, 0, 0, 0, 0, 0, 0}), "what cannot be read may match")
}

func TestSearchIsBounded(t *testing.T) {
	t.Parallel()
	for _, query := range []string{strings.Repeat("x", maxSearchBytes+1), strings.Repeat("x ", maxSearchTerms+1)} {
		_, err := ParseSearch(query)
		var e *errs.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, errs.BadInput, e.Code)
		require.Equal(t, []string{"filter", "search"}, e.Field)
	}
	s, err := ParseSearch(strings.Repeat("x ", maxSearchTerms))
	require.NoError(t, err)
	require.Len(t, s.terms, maxSearchTerms)
}

func TestEncodedDataIsNotSearched(t *testing.T) {
	t.Parallel()
	e := newGenerator(31).entries(1)[0]
	e.Detail = &entry.Detail{RequestBody: &entry.Body{Text: base64.StdEncoding.EncodeToString([]byte("some file")), Base64: true}}
	s, err := ParseSearch(e.Detail.RequestBody.Text)
	require.NoError(t, err)
	require.False(t, s.Matches(e))
	require.False(t, s.MayMatch(encoded(t, []*entry.Entry{e}).Tokens))
}

// Whatever part of whatever text is searched for: when an entry matches, the filter says that it may.
func TestFilterNeverHidesAMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		enc := encoded(t, entries)
		e := rapid.SampledFrom(entries).Draw(t, "an entry to find")
		var all []string
		eachText(e, func(s string, json bool) bool {
			if s != "" {
				all = append(all, s, string(normalize(nil, s, json)))
			}
			return true
		})
		all = append(all, "nothing at all")
		var query strings.Builder
		for range rapid.IntRange(1, 3).Draw(t, "terms") {
			s := rapid.SampledFrom(all).Draw(t, "text")
			from := rapid.IntRange(0, len(s)).Draw(t, "from")
			to := rapid.IntRange(from, min(len(s), from+250)).Draw(t, "to")
			quote := rapid.SampledFrom([]string{"", `"`}).Draw(t, "quote")
			query.WriteString(quote + s[from:to] + quote + " ")
		}
		s, err := ParseSearch(query.String())
		if err != nil {
			t.Skip("too long")
		}
		for i, it := range unpacked(t, enc) {
			require.Equal(t, s.Matches(entries[i]), s.Matches(it))
			if s.Matches(it) {
				require.True(t, s.MayMatch(enc.Tokens), "%q matches %v", query.String(), it)
			}
		}
	})
}

// The words of a text are those of its normal form, and none but where letters and digits meet something else.
func TestWordsAreThoseOfTheNormalText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawBodyText(t)
		json := rapid.Bool().Draw(t, "json")
		require.Equal(t, wordsOf(string(normalize(nil, s, json)), false), wordsOf(s, json))
	})
}

func wordsOf(s string, json bool) map[uint32]bool {
	var w wordSet
	w.reset()
	w.eachWord(s, json)
	found := map[uint32]bool{}
	for _, hash := range w.all() {
		found[hash] = true
	}
	return found
}

// Filters are stored: another hash would hide what was written before.
func TestHashWordNeverChanges(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]uint32{"session": 0xcf683aba, "invalid": 0xc1cb6981, "0c9aee199e5d": 0xb4819aad, "müller": 0xbc911e51} {
		require.Equal(t, want, hashWord([]byte(word), 0, len(word)), word)
		require.Equal(t, want, hashWord([]byte("a "+strings.ToUpper(word)+" behind"), 2, len(word)), word)
	}
}

func TestFilterSeesFourInAThousandThatAreNotThere(t *testing.T) {
	t.Parallel()
	var w wordSet
	w.reset()
	for i := range uint32(10_000) {
		w.add(uint32(mix(uint64(i) + 1)))
	}
	filter := w.appendTo(nil)
	seen := 0
	for i := range uint32(100_000) {
		if hasBits(filter, uint32(mix(uint64(i)+1e9))) {
			seen++
		}
	}
	require.Less(t, seen, 400)
}

func TestFilterIsBounded(t *testing.T) {
	t.Parallel()
	var w wordSet
	w.reset()
	const words = mostWords + 1000
	for i := range uint32(words) {
		w.add(uint32(mix(uint64(i) + 1)))
	}
	filter := w.appendTo(nil)
	require.Len(t, filter, mostWords*bitsPerWord/8)
	for i := range uint32(words) {
		require.True(t, hasBits(filter, uint32(mix(uint64(i)+1))))
	}
}
