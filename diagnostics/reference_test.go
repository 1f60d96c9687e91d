package diagnostics

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is read by hand is what these expressions, encoding/json and net/url read.
var (
	refPairs    = regexp.MustCompile(`["'“”]?([A-Za-z_@][A-Za-z0-9_.@-]{0,60})["'“”]?\s*(?:[:=]|=>)\s*["'“”]?([^"'“”,}\]\n]{1,200})`)
	refElements = regexp.MustCompile(`^<[?!]?[A-Za-z][\w.:-]*(\s[^<]*)?/?>`)
	refPage     = regexp.MustCompile(`(?i)<(!doctype html|html|head|body|p|div|title|h1|center)[\s>]`)
	refForm     = regexp.MustCompile(`^[A-Za-z0-9_.\[\]%-]+=[^\s=&]*(&[A-Za-z0-9_.\[\]%-]+=[^\s=&]*)+$`)
	refScripts  = regexp.MustCompile(`(?is)<(script|style|svg)\b.*?</(script|style|svg)>`)
	refTags     = regexp.MustCompile(`(?s)<[^>]*>`)
	refMarks    = regexp.MustCompile(`(?i)data-translate="([a-z_]+)"|class="(cf-[a-z-]+)"`)
	refSigns    = regexp.MustCompile(`(?i)error|fault|"ok"|success|succeeded|"status"|"result"|"ack"|"stat"|exception|"[a-z_]*code"|"ret"|"errno"`)
)

// foldsOddly tells whether a text has the long s or the sign of Kelvin, which those expressions take for s and k.
func foldsOddly(s string) bool { return strings.ContainsAny(s, "\u017f\u212a") }

func refStripTags(body string) string {
	var said []string
	for _, m := range refMarks.FindAllStringSubmatch(body, mostMarks) {
		said = append(said, m[1]+m[2])
	}
	text := refTags.ReplaceAllString(refScripts.ReplaceAllString(body, " "), " \n ")
	return htmlEntities.Replace(text) + " \n " + strings.Join(said, " ")
}

// seeds are texts of all the kinds that a body has, whole and broken.
var seeds = []string{
	"", "{}", "[]", `{"a":1,"b":{"C":[{"d":"x\ny"},null,true,-1.5e+7]},"":"\ud83d\ude00\ud800"}`, `{"a":[1,]}`, `{"a":01}`, `{"a" 1}`, `{"a":"\x"}`, `[1 2]`, `{"a":{`, `[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]`,
	`"text"`, `"te\"xt" x`, `{'error': {'code': 403, "msg": ""}, a => "b", c:  ,d=` + "\n,e: \n\"", "“status”:“error”, 12ab.c = x", strings.Repeat("n", 70) + ":v" + strings.Repeat("w", 300) + "k=v",
	"a=b&c=d%20e", "a=b&=c", "a=b&c=d e", "<a b='c'/>", "<?xml version='1.0'?><r><e>text</e></r>", "<!DOCTYPE html><html><p >a &amp; b</p>", "<h1>x", "<a\t<b>", "<>", "<p", "<a/>",
	`<div class="cf-error-x" data-translate="blocked_why"><script>if(a<b)</script >x</style><Style>y</svg>z<svg`, `{"errno":1}`, `"resultCode"`, `"_code"x`, "Exception", "SUCCESs", "\x02ok\"",
}

func seed(f *testing.F) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
	}
}

func FuzzMarkup(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		if foldsOddly(s) || s == "" {
			return
		}
		require.Equal(t, refElements.MatchString(s), startsWithElement(s))
		require.Equal(t, refPage.MatchString(s), isPage(s))
		require.Equal(t, len(s) < 8<<10 && refForm.MatchString(s), isForm(s))
		require.Equal(t, refSigns.MatchString(s), hasSign(s))
		require.Equal(t, fold(refStripTags(s), mostText), fold(stripTags(s), mostText))
	})
}

func FuzzLoose(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		var want, got [][2]string
		for _, m := range refPairs.FindAllStringSubmatch(s, mostFields) {
			want = append(want, [2]string{strings.ToLower(m[1]), strings.TrimSpace(m[2])})
		}
		c := &content{}
		c.loose(s)
		for _, field := range c.fields {
			got = append(got, [2]string{field.path, field.value})
		}
		require.Equal(t, want, got)
	})
}

func FuzzSplitURL(f *testing.F) {
	for _, s := range []string{"https://api.example.com/v1/token?x=y", "http://h:80/a", "https://h", "https://[::1]/a", "https://u@h/a%20b#c", "h/a", "https://a b/", "https://h?q/r", "%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, path := splitURL(s)
		u, err := url.Parse(s)
		if err != nil {
			require.Equal(t, []string{"", s}, []string{host, path})
			return
		}
		require.Equal(t, []string{u.Hostname(), u.Path}, []string{host, path})
	})
}

// refJSON walks JSON by encoding/json, and is false where it is wrong.
func refJSON(d *json.Decoder, path string, depth int, listed bool, say func(path, value string, listed bool)) bool {
	if depth > mostDepth {
		var passed json.RawMessage
		return d.Decode(&passed) == nil
	}
	token, err := d.Token()
	if err != nil {
		return false
	}
	switch v := token.(type) {
	case json.Delim:
		if !d.More() {
			say(path, map[json.Delim]string{'{': "{}", '[': "[]"}[v], listed)
		}
		for d.More() {
			inner := path
			if v == '{' {
				name, err := d.Token()
				if err != nil {
					return false
				}
				if inner = strings.ToLower(name.(string)); path != "" {
					inner = path + "." + inner
				}
			}
			if !refJSON(d, inner, depth+1, listed || v == '[', say) {
				return false
			}
		}
		_, err = d.Token()
		return err == nil
	case string:
		say(path, v, listed)
	case json.Number:
		say(path, v.String(), listed)
	case bool:
		say(path, strconv.FormatBool(v), listed)
	case nil:
		say(path, "null", listed)
	}
	return true
}

func FuzzJSON(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.TrimSpace(strings.ToValidUTF8(s, " "))
		if s == "" || s[0] != '{' && s[0] != '[' {
			return
		}
		var want content
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		right := refJSON(d, "", 0, false, want.add)
		got := &content{}
		r := jsonReader{c: got, s: s}
		require.Equal(t, right, r.value("", 0))
		require.Equal(t, want.fields, got.fields)
	})
}
