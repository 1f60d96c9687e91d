package redact_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
)

// TestTraffic runs recorded traffic through the redactor: valid JSON stays valid
// and a second run changes nothing. It logs which names were redacted, most
// frequent first, for a reader to look for names that only look alike.
func TestTraffic(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEIR_TEST_DATA")
	if dir == "" {
		t.Skip("WEIR_TEST_DATA is not set: it names a directory with traffic.ndjson.gz, events one a line")
	}
	file, err := os.Open(filepath.Join(dir, "traffic.ndjson.gz"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 16<<20)

	r := redact.Builtin()
	byName := map[string]int{}
	examples := map[string]string{}
	events, changed := 0, 0
	for lines.Scan() {
		events++
		src := lines.Bytes()
		out, redacted := r.JSON(src, nil)
		require.True(t, json.Valid(out), "event %d is no JSON any more", events)
		if !redacted {
			continue
		}
		changed++
		again, _ := r.JSON(out, nil)
		require.Equal(t, string(out), string(again), "event %d changes when it is redacted twice", events)
		var before, after any
		require.NoError(t, json.Unmarshal(src, &before))
		require.NoError(t, json.Unmarshal(out, &after))
		compare("", before, after, func(name string, was, is any) {
			byName[name]++
			if _, ok := examples[name]; !ok {
				b, _ := json.Marshal([]any{was, is})
				examples[name] = string(b[:min(len(b), 300)])
			}
		})
	}
	require.NoError(t, lines.Err())
	require.Positive(t, changed)

	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return byName[b] - byName[a] })
	t.Logf("%d of %d events redacted", changed, events)
	for _, name := range names {
		t.Logf("%6d %-32s %s", byName[name], name, examples[name])
	}
}

// compare reports the values that differ, with the name they stand under.
func compare(name string, before, after any, report func(name string, was, is any)) {
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			for k, v := range b {
				compare(k, v, a[k], report)
			}
			return
		}
	case []any:
		if a, ok := after.([]any); ok && len(a) == len(b) {
			for i := range b {
				compare(name, b[i], a[i], report)
			}
			return
		}
	default:
		if before == after {
			return
		}
	}
	report(name, before, after)
}
