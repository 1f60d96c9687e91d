package redact_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/ingest/redact"
)

const (
	letters  = "abcdefghijklmnopqrstuvwxyz"
	lettered = letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

func randomText(alphabet string, least, most int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), least, most, -1)
}

// plantedToken draws a secret that its form alone gives away. The second result
// is the part that must not survive.
func plantedToken(t *rapid.T) (token, core string) {
	core = randomText(lettered, 48, 48).Draw(t, "core")
	switch rapid.IntRange(0, 9).Draw(t, "form") {
	case 0:
		return "sk_live_" + core, core
	case 1:
		return "xoxb-1234-" + core, core
	case 2:
		return "ghp_" + core, core
	case 3:
		return "eyJhbGciOiJIUzI1NiJ9.eyJ" + core + "." + core, core
	case 4:
		core = randomText("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 16).Draw(t, "id")
		return "AKIA" + core, core
	case 5:
		core = randomText("0123456789", 11, 11).Draw(t, "digits")
		core = withLuhn("4111" + core)
		return core, core
	case 6:
		return "Bearer " + core, core
	case 7:
		return "-----BEGIN PRIVATE KEY-----\n" + core + "\n" + core + "==\n-----END PRIVATE KEY-----", core
	case 8:
		return "glpat-" + core, core
	default:
		return "weir_" + core, core
	}
}

func withLuhn(d string) string {
	sum := 0
	for i := range len(d) {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return d + string(rune('0'+(10-sum%10)%10))
}

// document draws a JSON value with secrets at random places, and the same value
// as it must come out.
func document(t *rapid.T, depth int, cores *[]string) (in, out any) {
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind <= 2 && depth > 0:
		inObject, outObject := map[string]any{}, map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			name := randomText("bdfhjlmnvxz", 3, 8).Draw(t, "name")
			inObject[name], outObject[name] = document(t, depth-1, cores)
			if rapid.IntRange(0, 3).Draw(t, "sensitive") == 0 {
				core := randomText(lettered, 24, 24).Draw(t, "value")
				*cores = append(*cores, core)
				name = rapid.SampledFrom([]string{"access_token", "clientSecret", "Password", "api-key", "session.id"}).Draw(t, "sensitive name")
				inObject[name], outObject[name] = any([]any{map[string]any{name: core}, core}), "[redacted]"
			}
		}
		return inObject, outObject
	case kind == 3 && depth > 0:
		inArray, outArray := []any{}, []any{}
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			i, o := document(t, depth-1, cores)
			inArray, outArray = append(inArray, i), append(outArray, o)
		}
		return inArray, outArray
	case kind == 4 && depth > 0: // a text that holds JSON
		i, o := document(t, depth-1, cores)
		inText, err := json.Marshal(map[string]any{"x": i})
		require.NoError(t, err)
		outText, err := json.Marshal(map[string]any{"x": o})
		require.NoError(t, err)
		return string(inText), string(outText)
	case kind <= 7:
		token, core := plantedToken(t)
		*cores = append(*cores, core)
		before := rapid.SampledFrom([]string{"", "got ", "ä\"", "\n", "<a> & ", "x;"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " then", "\" ä", "\t", "\\ "}).Draw(t, "after")
		shown := "[redacted]"
		if strings.HasPrefix(token, "Bearer ") {
			shown = "Bearer [redacted]"
		}
		return before + token + after, before + shown + after
	case kind == 8:
		n := rapid.Int32().Draw(t, "number")
		return n, n
	default:
		s := rapid.StringOf(rapid.RuneFrom([]rune("abc äöü\n\"\\/{}[],.<>"))).Draw(t, "text")
		return s, s
	}
}

func TestNoSecretSurvivesInJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var cores []string
		in, want := document(t, 4, &cores)
		src, err := json.Marshal(in)
		require.NoError(t, err)
		expected, err := json.Marshal(want)
		require.NoError(t, err)
		// Of two members with one name only the second was written.
		cores = slices.DeleteFunc(cores, func(core string) bool { return !strings.Contains(string(src), core) })
		if rapid.Bool().Draw(t, "escape everything") {
			src = escapeLetters(src)
			expected = nil
		}
		out, redacted := redact.Builtin().Body("application/json", src, nil)
		require.Equal(t, len(cores) > 0, redacted)
		for _, core := range cores {
			require.NotContains(t, string(out), core)
		}
		require.True(t, json.Valid(out))
		if expected != nil {
			require.Equal(t, string(expected), string(out), "all else stays byte for byte")
			return
		}
		var got any
		require.NoError(t, json.Unmarshal(out, &got))
		text, err := json.Marshal(got)
		require.NoError(t, err)
		for _, core := range cores {
			require.NotContains(t, string(text), core, "not when it is read either")
		}
	})
}

// escapeLetters writes each letter e of JSON's strings as an escape.
func escapeLetters(src []byte) []byte {
	const hex = "0123456789abcdef"
	var out []byte
	inString := false
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			out = append(out, c)
			i++
			c = src[i]
			if c == 'u' {
				out = append(out, src[i:i+4]...)
				i += 4
				c = src[i]
			}
		case inString && (c == 'e' || c == 's' || c == '1'):
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

func TestNoSecretSurvivesElsewhere(t *testing.T) {
	t.Parallel()
	r := redact.Builtin()
	rapid.Check(t, func(t *rapid.T) {
		token, core := plantedToken(t)
		name := rapid.SampledFrom([]string{"q", "access_token", "client_secret", "state"}).Draw(t, "name")
		pairs := url.Values{"a": {"b c"}, name: {token}, "next": {"https://x.example/?" + url.Values{"t": {token}}.Encode()}}

		form, redacted := r.Body("application/x-www-form-urlencoded", []byte(pairs.Encode()), nil)
		require.True(t, redacted)
		require.NotContains(t, string(form), core)
		require.Contains(t, string(form), "a=b+c")

		for _, raw := range []string{
			"https://x.example/p?" + pairs.Encode() + "#top",
			"/cb#" + pairs.Encode(),
			"https://x.example/" + url.PathEscape(token) + "/a%20b",
		} {
			got, redacted := r.URL(raw)
			require.True(t, redacted, raw)
			require.NotContains(t, got, core)
		}

		value, redacted := r.Header("X-Note", "see "+token)
		require.True(t, redacted)
		require.NotContains(t, value, core)

		text, redacted := r.Text([]byte("prefix\n"+token+"\nsuffix"), nil)
		require.True(t, redacted)
		require.NotContains(t, string(text), core)
		require.True(t, strings.HasPrefix(string(text), "prefix\n") && strings.HasSuffix(string(text), "\nsuffix"))

		xml, redacted := r.Body("text/xml", []byte("<a><b c='1'>"+strings.ReplaceAll(token, "-", "&#45;")+"</b></a>"), nil)
		require.True(t, redacted)
		require.NotContains(t, string(xml), core)

		multipart, redacted := r.Body("multipart/form-data; boundary=zz",
			[]byte("--zz\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n"+token+"\r\n--zz--\r\n"), nil)
		require.True(t, redacted)
		require.NotContains(t, string(multipart), core)
	})
}
