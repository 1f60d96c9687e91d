package diagnostics

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// labelled is a real answer, and what a careful reader called it.
type labelled struct {
	ID, Provider, Direction, Method, URL string
	Status                               int
	ResponseHeaders                      map[string]string `json:"response_headers"`
	ResponseBody                         string            `json:"response_body"`
	TransportError                       string            `json:"transport_error"`
	Expected                             Category
	Acceptable                           []Category
}

func (l *labelled) observation() *Observation {
	o := &Observation{ID: l.ID, Provider: l.Provider, Direction: l.Direction, Method: l.Method, URL: l.URL, Status: l.Status, Body: l.ResponseBody, TransportError: l.TransportError}
	for name, value := range l.ResponseHeaders {
		o.Headers = append(o.Headers, Header{Name: name, Value: value})
	}
	return o
}

func readLabelled(tb testing.TB) []labelled {
	tb.Helper()
	dir := os.Getenv("WEIR_TEST_DATA")
	if dir == "" {
		tb.Skip("WEIR_TEST_DATA does not say where the real answers are")
	}
	return readLabels(tb, filepath.Join(dir, "errors", "responses.jsonl"))
}

func readLabels(tb testing.TB, path string) (list []labelled) {
	tb.Helper()
	f, err := os.Open(path)
	require.NoError(tb, err)
	defer f.Close() //nolint:errcheck // It is only read.
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l labelled
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &l))
		list = append(list, l)
	}
	require.NoError(tb, lines.Err())
	return list
}

func TestRealAnswers(t *testing.T) {
	t.Parallel()
	c, err := Builtin()
	require.NoError(t, err)
	list := readLabelled(t)
	exact, acceptable := 0, 0
	for i := range list {
		l := &list[i]
		d := c.Diagnose(l.observation())
		switch {
		case d.Category == l.Expected:
			exact++
			acceptable++
		case slices.Contains(l.Acceptable, d.Category):
			acceptable++
			t.Logf("%s %s: %s (%s, %.2f %q), the reader said %s", l.ID, l.Provider, d.Category, d.Entry, d.Confidence, d.Signals, l.Expected)
		default:
			t.Logf("%s %s %d: WRONG %s (%s, %.2f %q), the reader said %s of %.300q %s", l.ID, l.Provider, l.Status, d.Category, d.Entry, d.Confidence, d.Signals, l.Expected, l.ResponseBody, l.TransportError)
		}
	}
	t.Logf("%d answers: %.1f %% exact, %.1f %% acceptable", len(list), 100*float64(exact)/float64(len(list)), 100*float64(acceptable)/float64(len(list)))
	require.Greater(t, exact*100, 92*len(list))
	require.Greater(t, acceptable*100, 97*len(list))
}

// Answers that were written from memory, of providers most of which have no entries of their own.
func TestWrittenAnswers(t *testing.T) {
	t.Parallel()
	c, exact := builtin(t), 0
	list := readLabels(t, filepath.Join("testdata", "answers.jsonl"))
	wrong := 0
	for i := range list {
		l := &list[i]
		d := c.Diagnose(l.observation())
		switch {
		case d.Category == l.Expected:
			exact++
		case !slices.Contains(l.Acceptable, d.Category):
			wrong++
			t.Logf("%s %s %d: %s (%s, %q), and not %s: %.200s%.200s", l.ID, l.Provider, l.Status, d.Category, d.Entry, d.Signals, l.Expected, l.ResponseBody, l.TransportError)
		}
	}
	require.Greater(t, exact*100, 92*len(list))
	require.Less(t, wrong*100, 2*len(list))
}
