package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"api_request","data":{"method":"GET","url":"https://a.example/1","response":{"status":400,"body":{"code":"x"}}}}`))
	f.Add([]byte(`{"type":"node_run","flow_run":"r","data":{"node":"n","status":"failed","logs":[{"message":"\ud83d\ude00"}]}}`))
	f.Add([]byte("[1e5,-0.1,\"\\u00e9\",{\"a\":null,\"b\":[true,false]}]"))
	f.Add([]byte(`{"type":"log","id":"\u0000","metadata":{"a":{"b":[[]]}},"x":1,"data":{"base64":"aGk="}}`))
	d := &decoder{}
	p := testPolicy(f, redact.Policy{})
	var session redact.Session
	f.Fuzz(func(t *testing.T, text []byte) {
		d.setup(tenantA, noon, p)
		whole := d.doc.parse(text, true) == complete && skipSpace(text, d.doc.i) == len(text)
		require.Equal(t, json.Valid(text), whole, "%q: %s at %d", text, d.doc.problem, d.doc.i)
		if !whole {
			return
		}
		for _, n := range d.doc.nodes {
			require.True(t, json.Valid(text[n.Start:n.End]))
		}
		var want any
		if d.doc.nodes[0].Shape == isString && json.Unmarshal(text, &want) == nil {
			// Both put U+FFFD for what is no UTF-8, one for a byte or one for a run of them.
			got := d.doc.string(&d.doc.nodes[0], &d.arena)
			require.Equal(t, squash(want.(string)), squash(got))
		}
		sameRedaction(t, &session, &d.doc, text)
		d.event()
		c := newCutter(bytes.NewReader(text), FormJSON, -1, &d.doc)
		for found, err := c.next(); err == nil && found != foundEnd; found, err = c.next() {
			d.event()
		}
	})
}

// FuzzRedactNodes redacts what was read already as it redacts its text.
func FuzzRedactNodes(f *testing.F) {
	for _, seed := range []string{
		`{"password":"x","a":[{"token":1},{},[]],"s":"{\"secret\":\"a\"}","tokens":{"in":1,"out":2},"auth":{"key":{"pwd":1}}}`,
		`{"\u0061pi_key":"\u0065yJhbGciOi.eyJ.x","n":4111111111111111,"m":-4111111111111111,"password":"","secret":null}`,
		`[{"value":"a","name":"password"},{"name":"token","x":{},"value":"b"},{"value":{"a":"b=c"},"key":"secret"},"a=b&token=c",null,-0.5e+1]`,
		`{"a":[[[[[[[[{"session":"b"}]]]]]]]],"sk_live_4eC39HqLyjWDarjtT1zdp7dc":"https://a:b@c.example/?token=d"}`,
		`{"long iban=secret name":1,"iban: \"secret\" name":2,"long password=x name":3,"X-Shop: abcdefgh":4}`,
		`{"iban":{"a":[1]},"n":1234567,"x":" {\"password\":[1]} "}`,
	} {
		f.Add([]byte(seed))
	}
	var session redact.Session
	f.Fuzz(func(t *testing.T, text []byte) {
		var doc document
		if doc.parse(text, true) == complete && skipSpace(text, doc.i) == len(text) {
			sameRedaction(t, &session, &doc, text)
		}
	})
}

// ownRules are those of a tenant.
var ownRules = func() *redact.Redactor {
	r, err := redact.Compile(redact.Policy{Headers: []string{"x-shop"}, Fields: []string{"iban"}, Patterns: []string{`\d{7}`, `[xy]+z`}})
	if err != nil {
		panic(err)
	}
	return r
}()

// sameRedaction compares a session, which remembers names and is of one tenant and another by turns, with redactors.
func sameRedaction(t *testing.T, session *redact.Session, doc *document, text []byte) {
	t.Helper()
	for root := range doc.nodes {
		n := &doc.nodes[root]
		if doc.deep || n.Shape != isObject && n.Shape != isArray {
			continue
		}
		for _, kind := range []string{"", "text/plain", "multipart/mixed; boundary=x"} {
			for _, r := range []*redact.Redactor{redact.Builtin(), ownRules} {
				want, changed := r.Body(kind, text[n.Start:n.End], nil)
				session.Reset(r)
				got, redacted := session.Nodes(kind, text, doc.nodes, uint32(root), nil)
				require.Equal(t, string(want), string(got), kind)
				require.Equal(t, changed, redacted)
			}
		}
	}
}

func squash(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}
