package diagnostics

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of real traffic that succeeded nothing is called a problem, unless its body says that it is one.
func TestRealTrafficThatSucceeded(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("WEIR_TEST_DATA")
	if dir == "" {
		t.Skip("WEIR_TEST_DATA does not say where the real traffic is")
	}
	file, err := os.Open(filepath.Join(dir, "traffic.ndjson.gz"))
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // It is only read.
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 16<<20)
	looked, wrong := 0, 0
	for lines.Scan() {
		o, err := ReadRecord(lines.Bytes())
		if err != nil || o.Status < 200 || o.Status >= 400 {
			continue
		}
		looked++
		d := builtin(t).Diagnose(o)
		if d.Category == None || d.Category == DeprecationWarning {
			continue
		}
		if !saysError([]byte(o.Body)) {
			wrong++
			t.Errorf("%s %s %d is called %s by %s: %.300q", o.ID, o.URL, o.Status, d.Category, d.Entry, o.Body)
		}
	}
	require.NoError(t, lines.Err())
	require.Positive(t, looked)
	require.Zero(t, wrong)
}

// saysError tells whether an answer holds an error, by itself or within json, as Reddit has it.
func saysError(body []byte) bool {
	var b struct {
		Error  string
		Errors []json.RawMessage
		JSON   struct{ Errors []json.RawMessage }
	}
	return json.Unmarshal(body, &b) == nil && (b.Error != "" || len(b.Errors) > 0 || len(b.JSON.Errors) > 0)
}
