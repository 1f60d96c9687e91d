package diagnostics

import (
	"strings"
	"testing"
	"unicode"
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
		"v1.2":                             " v1 2 ",
		"WebHook OAuth2":                   " webhook oauth2 ",
		"HTTPOAuthError GraphQLErrors":     " http oauth error graphql errors ",
		"GitHubSpot LastTimeStamp ÉtatÀuR": " github spot last timestamp état àu r ",
		"http:// xhttps://a.b/c)d":         " x d ",
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

// refOneWord is what is read where it stands.
var refOneWord = strings.NewReplacer("WebHook", "Webhook", "webHook", "webhook", "OData", "Odata", "GraphQL", "Graphql", "OAuth", "Oauth", "UserName", "Username",
	"userName", "username", "TimeOut", "Timeout", "TimeStamp", "Timestamp", "timeStamp", "timestamp", "PassWord", "Password", "GitHub", "Github", "PayPal", "Paypal",
	"QuickBooks", "Quickbooks", "HubSpot", "Hubspot", "LinkedIn", "Linkedin")

// refFold is fold, one character after the other.
func refFold(s string, most int) string {
	var b strings.Builder
	var last rune
	word := false
	gap := func() {
		if word {
			b.WriteByte(' ')
		}
		word, last = false, 0
	}
	s = refOneWord.Replace(s)
	for i := 0; i < len(s) && b.Len() < most; {
		if n := address(s[i:]); n > 0 {
			gap()
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		rest := s[i:]
		switch {
		case r == '\\' && rest != "" && isSpaceEscape(rest[0]):
			gap()
			i++
			continue
		case (r == '\'' || r == '’') && word && startsWithLetter(rest):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			gap()
			continue
		}
		if word && unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsUpper(last) && startsWithLower(rest)) {
			gap()
		}
		if b.Len() == 0 {
			b.WriteByte(' ')
		}
		word, last = true, r
		b.WriteRune(unicode.ToLower(r))
	}
	gap()
	return b.String()
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{`InvalidGrant: can't https://x.y/z \n ÀB`, "HTTPOAuth xwebHook GraphQLError aTimeOut ODataX l’été 12AB", "GitHubSpot TimeOutimeStamp PayPalQuickBooks"} {
		f.Add(s, 1<<20)
		f.Add(s, 9)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = max(most, 1)
		folded := fold(s, most)
		require.Equal(t, refFold(s, most), folded)
		require.True(t, utf8.ValidString(folded))
		require.NotContains(t, folded, "  ")
		if folded != "" {
			require.True(t, strings.HasPrefix(folded, " ") && strings.HasSuffix(folded, " "), "%q", folded)
		}
	})
}
