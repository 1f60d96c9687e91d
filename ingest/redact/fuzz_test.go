package redact_test

import (
	"encoding/json"
	"testing"

	"github.com/weirhq/weir/ingest/redact"
)

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		contactJSON,
		`{"password":"x","a":[{"token":1}],"s":"{\"secret\":\"a\"}"}`,
		`{"\u0061pi_key":"\u0065yJhbGciOi.eyJ.x","n":4111111111111111}`,
		`[{"value":"a","name":"password"},"a=b&token=c",null,-0.5e+1]`,
		`{"a":"\ud83d\ude00 Bearer abc123 \ud800"} {"b":1}`, `[[[[`, `{"password":{"a`,
	} {
		f.Add([]byte(s))
	}
	r := redact.Builtin()
	f.Fuzz(func(t *testing.T, src []byte) {
		out, redacted := r.JSON(src, nil)
		if !redacted && string(out) != string(src) {
			t.Fatalf("changed without saying so: %q", out)
		}
		if !json.Valid(src) {
			return
		}
		if !json.Valid(out) {
			t.Fatalf("no JSON any more: %q became %q", src, out)
		}
		if twice, _ := r.JSON(out, nil); string(twice) != string(out) {
			t.Fatalf("a second run changes %q to %q", out, twice)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Bearer abc123", "password='x' {\"token\": [1]} https://a:b@c", "4111 1111 1111 1111",
		"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "<a token='x'><password>y</password>",
		"--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--b--",
	} {
		f.Add(s, "text/plain")
		f.Add(s, "text/xml")
		f.Add(s, "multipart/form-data; boundary=b")
		f.Add(s, "application/x-www-form-urlencoded")
	}
	r, err := redact.Compile(redact.Policy{Fields: []string{"pin"}, Patterns: []string{`x\d+`}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src, contentType string) {
		out, redacted := r.Body(contentType, []byte(src), nil)
		if !redacted && string(out) != src {
			t.Fatalf("changed without saying so: %q", out)
		}
		r.Header(contentType, src)
		once, _ := redact.Builtin().Text([]byte(src), nil)
		twice, _ := redact.Builtin().Text(once, nil)
		if string(once) != string(twice) {
			t.Fatalf("a second run changes %q to %q", once, twice)
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"https://a:b@c.example/p%20q?token=x&y=%zz#id_token=z", "//a:b@c?x", "?%74oken=a", "#?token=", "http://[::1?key=a b",
	} {
		f.Add(s)
	}
	r := redact.Builtin()
	f.Fuzz(func(t *testing.T, raw string) {
		once, redacted := r.URL(raw)
		if !redacted && once != raw {
			t.Fatalf("changed without saying so: %q", once)
		}
		if twice, _ := r.URL(once); twice != once {
			t.Fatalf("a second run changes %q to %q", once, twice)
		}
	})
}
