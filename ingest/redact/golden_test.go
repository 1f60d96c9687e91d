package redact_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is one case: what goes in, and what must come out.
type golden struct {
	Name string `json:"name"`
	// Kind is text, body, url or header.
	Kind string `json:"kind"`
	// Type is the content type of a body, or the name of a header.
	Type string `json:"type,omitempty"`
	In   string `json:"in"`
	Out  string `json:"out"`
}

// TestGolden compares every redaction case with testdata/cases.json. With
// -update the outputs are written: read the diff before you commit it. Parts of
// a secret stand apart in the file, as sk_{}live_, so that no scanner of
// repositories takes an example for a leak.
func TestGolden(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "cases.json")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var cases []golden
	require.NoError(t, json.Unmarshal(raw, &cases))

	for i, c := range cases {
		in := strings.ReplaceAll(c.In, "{}", "")
		out, redacted := redactCase(t, c, in)
		require.Equal(t, in != out || strings.Contains(in, "[redacted]"), redacted, "%s: says whether it changed", c.Name)
		again, _ := redactCase(t, c, out)
		require.Equal(t, out, again, "%s: a second run changes nothing", c.Name)
		if *update {
			cases[i].Out = out
			continue
		}
		require.Equal(t, c.Out, out, c.Name)
	}
	if *update {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		require.NoError(t, enc.Encode(cases))
		require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o600))
	}
}

func redactCase(t *testing.T, c golden, in string) (string, bool) {
	t.Helper()
	r := redact.Builtin()
	switch c.Kind {
	case "text":
		out, redacted := r.Text([]byte(in), nil)
		return string(out), redacted
	case "body":
		out, redacted := r.Body(c.Type, []byte(in), nil)
		return string(out), redacted
	case "url":
		return r.URL(in)
	case "header":
		return r.Header(c.Type, in)
	}
	require.Failf(t, "unknown kind", "%q", c.Kind)
	return "", false
}
