package diagnostics

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFoldTakesNamesApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "",
		" \n":                         "",
		"invalid_grant":               " invalid grant ",
		"InvalidAuthenticationToken":  " invalid authentication token ",
		"ETIMEDOUT":                   " etimedout ",
		"HTTPError: 404":              " http error 404 ",
		"The OAuth token is expired!": " the oauth token is expired ",
		"can't be blank":              " cant be blank ",
		"can’t be 'blank'":            " cant be blank ",
		`line\nbreak`:                 " line break ",
		"Überschreitung der Grenze":   " überschreitung der grenze ",
		"see https://example.com/rate-limit#x, then retry": " see then retry ",
		"v1.2":           " v1 2 ",
		"WebHook OAuth2": " webhook oauth2 ",
	} {
		require.Equal(t, want, fold(text, 1000), text)
	}
	require.LessOrEqual(t, len(fold(strings.Repeat("word ", 1000), 100)), 110)
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	text := fold("Request was throttled. Retry later", 1000)
	require.True(t, newPhrase("throttl*").in(text))
	require.False(t, newPhrase("throttl").in(text))
	require.True(t, newPhrase("RequestWas").in(text))
	require.Equal(t, []string{"was", "throttled"}, newPhrase("was throttled").words())
	require.Empty(t, newPhrase("throttl*").words())
}

func FuzzFold(f *testing.F) {
	f.Add("InvalidGrant: can't https://x.y/z \\n ÀB")
	f.Fuzz(func(t *testing.T, s string) {
		folded := fold(s, 1<<20)
		require.True(t, utf8.ValidString(folded))
		require.NotContains(t, folded, "  ")
		if folded != "" {
			require.True(t, strings.HasPrefix(folded, " ") && strings.HasSuffix(folded, " "), "%q", folded)
		}
	})
}
