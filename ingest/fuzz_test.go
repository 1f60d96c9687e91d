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
	f.Fuzz(func(t *testing.T, text []byte) {
		d.setup(tenantA, noon, p)
		whole := d.doc.parse(text, true) == complete && skipSpace(text, d.doc.i) == len(text)
		require.Equal(t, json.Valid(text), whole, "%q: %s at %d", text, d.doc.problem, d.doc.i)
		if !whole {
			return
		}
		for _, n := range d.doc.nodes {
			require.True(t, json.Valid(text[n.start:n.end]))
		}
		var want any
		if d.doc.nodes[0].shape == isString && json.Unmarshal(text, &want) == nil {
			// Both put U+FFFD for what is no UTF-8, one for a byte or one for a run of them.
			got := d.doc.string(&d.doc.nodes[0], &d.arena)
			require.Equal(t, squash(want.(string)), squash(got))
		}
		d.event()
		c := newCutter(bytes.NewReader(text), FormJSON, -1, &d.doc)
		for found, err := c.next(); err == nil && found != foundEnd; found, err = c.next() {
			d.event()
		}
	})
}

func squash(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}
